"""The pages, sent as a browser sends them, and what they are to each kind of person."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from centrealerts import incoming
from centrecast import Cast
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from kulla.centre.alerts.models import Alert
from kulla.centre.alerts.upsert import upsert
from kulla.centre.audit.models import Entry as Audit
from kulla.centre.cases.models import Case
from kulla.centre.folder import Centre
from kulla.centre.notices import letters, rota
from kulla.centre.notices.models import Letter, Notice, Report, Shift, Telling
from kulla.centre.notices.taking import take_message, write_down
from kulla.share.marks import Marks

pytestmark = pytest.mark.django_db
Enter = Callable[[str], Client]
Mail = Callable[..., bytes]
WATCH = ("analyst-civil", "officer-civil", "analyst-tax", "analyst-military", "nobody", "auditor-civil", "owner-tax")
"""Member, teammate, other constituent, other zone, nobody; and two whose roles are of other work."""


@pytest.fixture
def told(people: Cast, here: Centre) -> dict[str, Any]:
    """A report about `health` with a file, a letter about it, somebody on the rota, a notice about an alert."""
    analyst = people["analyst-civil"]
    report = write_down(
        analyst, "civil", people.places["health"], "Ana", "Secret matter", "b", Marks(), [("f", [b"x"])]
    )
    letter = letters.draft(analyst, report, "receipt", "en")
    now = timezone.now()
    shift = rota.add_shift(people["director-civil"], analyst, "civil", now, now + timedelta(hours=1))
    value = incoming("health", host="hidden-host")
    upsert([value])
    alert = Alert.objects.get()
    notice = Notice.objects.create(zone="civil", kind="level", level="high", made=now, refs=[f"alert:{alert.pk}"])
    return {"report": report, "letter": letter, "shift": shift, "notice": notice,
            "attachment": report.attachments.get()}  # fmt: skip


def pages(told: dict[str, Any]) -> dict[str, tuple[str, str, dict[str, str]]]:
    """Every address: method, path, form."""
    number, letter, notice = told["report"].number, told["letter"].uid, told["notice"].uid
    at = "/notices"
    return {
        "index": ("get", f"{at}/", {}), "new": ("get", f"{at}/new", {}), "letters": ("get", f"{at}/letters/", {}),
        "show": ("get", f"{at}/report/{number}/", {}),
        "act": ("post", f"{at}/report/{number}/mine", {}),
        "letter-new": ("post", f"{at}/report/{number}/letter", {"template": "receipt", "language": "en"}),
        "content": ("post", f"{at}/attachment/{told['attachment'].uid}", {}),
        "letter": ("get", f"{at}/letters/{letter}/", {}),
        "letter-act": ("post", f"{at}/letters/{letter}/discard", {}),
        "templates": ("get", f"{at}/templates/", {}), "template": ("get", f"{at}/templates/receipt/en", {}),
        "mine": ("get", f"{at}/mine/", {}), "notice": ("get", f"{at}/notice/{notice}/", {}),
        "acknowledge": ("post", f"{at}/notice/{notice}/acknowledge", {}), "rota": ("get", f"{at}/rota/", {}),
        "rota-remove": ("post", f"{at}/rota/{told['shift'].uid}/remove", {}),
        "channels": ("get", f"{at}/channels/", {}),
    }  # fmt: skip


EXPECTED: dict[str, tuple[int, ...]] = {
    #             analyst officer other military nobody auditor owner
    **dict.fromkeys(("index", "new", "letters", "mine", "rota", "channels"), (200, 200, 200, 200, 404, 404, 404)),
    **dict.fromkeys(("show", "letter", "content"), (200, 200, 404, 404, 404, 404, 404)),
    **dict.fromkeys(("act", "letter-new", "letter-act", "acknowledge"), (302, 302, 404, 404, 404, 404, 404)),
    "notice": (200, 200, 404, 404, 404, 404, 404),
    **dict.fromkeys(("templates", "template"), (404, 200, 404, 404, 404, 404, 404)),
    "rota-remove": (404, 404, 404, 404, 404, 404, 404),
}


def test_every_address_is_tried(told: dict[str, Any]) -> None:
    routes = {key for key in get_resolver("kulla.centre.notices.urls").reverse_dict if isinstance(key, str)}
    assert set(pages(told)) == set(EXPECTED) == routes


@pytest.mark.parametrize("name", EXPECTED)
def test_the_door(told: dict[str, Any], enter: Enter, name: str) -> None:
    method, path, form = pages(told)[name]
    for who, status in reversed(list(zip(WATCH, EXPECTED[name], strict=True))):
        answer = getattr(enter(who), method)(path, form)
        assert answer.status_code == status, who
        text = b"".join(answer.streaming_content) if answer.streaming else answer.content
        if who in WATCH[2:]:
            for secret in (b"Secret matter", told["report"].number.encode(), b"hidden-host"):
                assert secret not in text, who
    assert getattr(Client(), method)(path, form).status_code == 302


def test_only_who_keeps_the_rota_changes_it(told: dict[str, Any], enter: Enter, people: Cast) -> None:
    person = people["analyst-civil"].username
    times = {"start": "2026-03-02T10:00", "end": "2026-03-02T20:00"}
    form = {"zone": "civil", "person": person, "order": "1", **times}
    before = Shift.objects.count()
    enter("analyst-civil").post("/notices/rota/", form)
    assert Shift.objects.count() == before
    enter("director-civil").post("/notices/rota/", {**form, "zone": "military"})
    assert Shift.objects.count() == before
    assert enter("administrator-civil").post("/notices/rota/", form).status_code == 302
    assert Shift.objects.count() == before + 1
    assert enter("director-military").post(f"/notices/rota/{told['shift'].uid}/remove").status_code == 404
    assert enter("director-civil").post(f"/notices/rota/{told['shift'].uid}/remove").status_code == 302
    assert Shift.objects.count() == before


def test_a_report_from_form_to_case(enter: Enter, people: Cast, here: Centre) -> None:
    client = enter("analyst-civil")
    files = [SimpleUploadedFile("a.txt", b"1"), SimpleUploadedFile("b.txt", b"22")]
    form = {"zone": "civil", "constituent": "tax", "sender": "Ana", "subject": "Robbed <b>",
            "body": "all of it", "tlp": "RED", "pap": "AMBER", "attached": files}  # fmt: skip
    page = client.post("/notices/new", form, follow=True)
    report = Report.objects.get()
    assert page.redirect_chain[-1][0] == f"/notices/report/{report.number}/"
    text = page.content.decode()
    assert "<b>" not in text
    for each in ("a.txt", "b.txt", "all of it", "TLP:RED"):
        assert each in text
    assert Audit.objects.filter(action="notices.read").count() == 1
    assert client.post("/notices/new", {**form, "constituent": "navy"}).status_code == 200
    assert Report.objects.count() == 1
    at = f"/notices/report/{report.number}"
    client.post(f"{at}/close", {"why": "irrelevant"})
    assert "Not for this centre" in client.get(f"{at}/").content.decode()
    client.post(f"{at}/undo")
    client.post(f"{at}/case", {"title": "Robbery", "constituent": "tax"})
    case = Case.objects.get()
    assert (case.title, case.tlp, case.lead) == ("Robbery", "RED", people["analyst-civil"])
    assert "none of the list" not in client.get(f"{at}/").content.decode()
    got = client.post(f"/notices/attachment/{report.attachments.get(name='b.txt').uid}")
    assert b"".join(got.streaming_content) == b"22"  # type: ignore[attr-defined]
    assert got["Content-Type"] == "application/octet-stream"
    assert got["Content-Disposition"].startswith("attachment")
    assert "Choose what" in client.post(f"{at}/dance", follow=True).content.decode()


def test_each_zone_counts_its_own_receipts(enter: Enter, here: Centre) -> None:
    form = {"sender": "Ana", "subject": "S", "body": "b", "tlp": "AMBER", "pap": "AMBER"}
    for who, zone in (("analyst-military", "military"), ("analyst-civil", "civil"), ("analyst-military", "military")):
        answer = enter(who).post("/notices/new", {**form, "zone": zone}, follow=True)
        assert answer.redirect_chain[-1][0].startswith("/notices/report/R-")
    numbers = Report.objects.order_by("pk").values_list("number", flat=True)
    year = timezone.now().year
    assert list(numbers) == [f"R-M-{year}-00001", f"R-C-{year}-00001", f"R-M-{year}-00002"]


def test_a_strangers_page_is_text(enter: Enter, here: Centre, people: Cast, mail: Mail) -> None:
    evil = "<script>alert(1)</script>"
    row = take_message(mail(evil, evil, f'"{evil}" <a@b.example>', {f"{evil}.txt": b"x"}), "civil", "mail")
    for path in ("/notices/", f"/notices/report/{row.number}/"):
        assert "<script>alert" not in enter("analyst-civil").get(path).content.decode()


def test_a_claimed_thread_is_shown_only_to_who_sees_it(enter: Enter, here: Centre, people: Cast, mail: Mail) -> None:
    first = take_message(mail("TLP:RED first"), "civil", "mail")
    second = take_message(mail(f"Re: {first.number}"), "civil", "mail")
    for who, link in (("officer-civil", True), ("analyst-civil", False)):
        text = enter(who).get(f"/notices/report/{second.number}/").content.decode()
        assert (f"/notices/report/{first.number}/" in text) is link


def test_a_letter_is_changed_and_sent_by_other_means(told: dict[str, Any], enter: Enter) -> None:
    client, letter = enter("analyst-civil"), told["letter"]
    at = f"/notices/letters/{letter.uid}"
    client.post(f"{at}/", {"to": "ana@x.example", "subject": "S", "body": "B"})
    assert "nothing leaves it" in client.get(f"{at}/").content.decode()  # the tests' centre is an exercise
    assert "exercise" in client.post(f"{at}/handed", follow=True).content.decode()
    assert Letter.objects.get().state == "draft"
    assert "valid email" in client.post(f"{at}/", {"to": "x", "subject": "S", "body": "B"}).content.decode()
    assert client.post(f"{at}/burn").status_code == 404


def test_a_notice_shows_what_its_reader_sees(told: dict[str, Any], enter: Enter, people: Cast) -> None:
    notice = told["notice"]
    Telling.objects.create(notice=notice, zone="civil", person=people["analyst-civil"], channel="page", step=0)
    text = enter("analyst-civil").get("/notices/mine/").content.decode()
    assert "told to you" in text
    assert "told to you" not in enter("officer-civil").get("/notices/mine/").content.decode()
    assert "hidden-host" in enter("analyst-civil").get(f"/notices/notice/{notice.uid}/").content.decode()
    assert "hidden-host" not in enter("administrator-civil").get(f"/notices/notice/{notice.uid}/").content.decode()
    enter("officer-civil").post(f"/notices/notice/{notice.uid}/acknowledge")
    assert Notice.objects.get().known_by == people["officer-civil"]


def test_no_link_leads_where_its_reader_may_not_go(told: dict[str, Any], enter: Enter) -> None:
    for who in ("administrator-civil", "analyst-civil", "liaison-civil", "officer-civil"):
        client = enter(who)
        for path in ("/notices/", "/notices/mine/", "/notices/rota/", "/notices/channels/", "/notices/letters/"):
            page = client.get(path)
            links = (
                set(re.findall(r'href="(/notices/[^"?]*)"', page.content.decode())) if page.status_code == 200 else ()
            )
            for link in links:
                assert client.get(link).status_code == 200, (who, path, link)


def test_templates_are_edited(enter: Enter, here: Centre, people: Cast) -> None:
    client = enter("officer-civil")
    client.post("/notices/templates/receipt/sq", {"subject": "Tonat", "body": "x"})
    assert "Tonat" in client.get("/notices/templates/").content.decode()
    client.post("/notices/templates/receipt/sq", {"shipped": "1"})
    assert "Tonat" not in client.get("/notices/templates/").content.decode()
    assert client.get("/notices/templates/receipt/de").status_code == 404


def test_the_page_of_channels(enter: Enter, here: Centre, people: Cast, configure: Callable[..., Centre]) -> None:
    box = {"host": "mail.civil.example", "user": "r"}
    configure(
        mail={"boxes": {"a": box, "b": {**box, "host": "mail.navy.example", "zone": "military"}},
              "smtp": {"host": "smtp.example", "from": "desk@centre.example"}},
        notices={"webhooks": {"duty": {"url": "https://hooks.example/secret-path", "zones": ["civil"]}}},
        heartbeat={"file": "/nowhere/beat"}, exercise=True,
    )  # fmt: skip
    text = enter("analyst-civil").get("/notices/channels/").content.decode()
    for each in ("mail.civil.example", "not read yet", "smtp.example", "duty", "Last given"):
        assert each in text
    for each in ("mail.navy.example", "secret-path"):
        assert each not in text
    configure(mail={"boxes": {"a": {"host": "x", "security": "none"}}}, exercise=True)
    assert "this machine alone" in enter("analyst-civil").get("/notices/channels/").content.decode()
