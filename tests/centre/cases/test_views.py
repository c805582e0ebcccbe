"""The pages of cases, sent as a browser sends them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from centrecast import Cast
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from kulla.centre.cases import actions
from kulla.centre.cases.actions.holds import place_hold
from kulla.centre.cases.models import Case

pytestmark = pytest.mark.django_db
Enter = Callable[[str], Client]


@pytest.fixture
def case(people: Cast) -> Case:
    return actions.open_case(people["officer-civil"], "Leak <b>", "civil", people.places["tax"])


def test_a_case_from_opening_to_its_clocks(enter: Enter, people: Cast) -> None:
    client = enter("officer-civil")
    given = {"title": "Wiper", "zone": "civil", "constituent": "tax", "tlp": "AMBER", "pap": "GREEN"}
    page = client.post("/cases/new", given, follow=True)
    case = Case.objects.get()
    assert page.redirect_chain[-1][0] == f"/cases/{case.number}/"
    at = f"/cases/{case.number}"
    sent = {
        "entries": {"text": "seen"},
        "tasks": {"title": "call the owner"},
        "playbook": {"playbook": "ransomware-wiper"},
        "observables": {"values": "192.0.2.7\nevil[.]example", "indicator": "on"},
        "bearers": {"kind": "entity", "name": "Tax", "jurisdiction": "eu"},
        "holds": {"reason": "order"},
        "import": {"file": SimpleUploadedFile("t.csv", b"datetime,message\n2026-03-01T10:00:00Z,imported\n")},
    }
    for name, values in sent.items():
        assert client.post(f"{at}/{name}", values).status_code == 302, name
    bearer = case.bearers.get()
    decided = {
        f"b{bearer.uid}-what": "aware nis2",
        f"b{bearer.uid}-at": "2026-03-02T10:00",
        f"b{bearer.uid}-reason": "read",
    }
    client.post(f"{at}/bearers/{bearer.uid}/decide", decided)
    text = client.get(f"{at}/").content.decode()
    for each in ("seen", "call the owner", "evil.example", "imported", "order", "Early warning", "overdue"):
        assert each in text, each
    listed = client.get("/cases/").content.decode()
    assert "overdue" in listed
    moved = client.post(f"{at}/move", {"state": "contained", "version": Case.objects.get().version}, follow=True)
    assert "Contained" in moved.content.decode()


def test_two_who_edit_at_once_see_both_values(enter: Enter, people: Cast, case: Case) -> None:
    client, at = enter("analyst-civil"), f"/cases/{case.number}/edit"
    form = {"title": "mine", "priority": 2, "tlp": "AMBER", "pap": "AMBER", "version": case.version}
    actions.change(people["officer-civil"], case, case.version, {"title": "theirs"})
    page = client.post(at, form)
    assert page.status_code == 409
    text = page.content.decode()
    assert "theirs" in text
    assert 'value="mine"' in text
    assert client.post(at, {**form, "version": case.version + 1}).status_code == 302
    assert Case.objects.get().title == "mine"


def test_what_people_write_is_text(enter: Enter, case: Case) -> None:
    assert "<b>" not in enter("officer-civil").get(f"/cases/{case.number}/").content.decode()


def test_an_error_is_told_and_nothing_is_lost(enter: Enter, case: Case) -> None:
    page = enter("officer-civil").post(f"/cases/{case.number}/entries", {"text": ""}, follow=True)
    assert "What happened" in page.content.decode()
    assert enter("officer-civil").post(f"/cases/{case.number}/holds/99/ask").status_code == 404


def test_liaisons_read_and_do_not_write(enter: Enter, case: Case) -> None:
    client = enter("liaison-civil")
    text = client.get(f"/cases/{case.number}/").content.decode()
    assert "Write" not in text
    assert client.post(f"/cases/{case.number}/entries", {"text": "x"}).status_code == 404


def test_opening_a_strict_case_is_kept_in_the_audit(enter: Enter, people: Cast, case: Case) -> None:
    from kulla.centre.audit.models import Entry

    client = enter("officer-civil")
    client.get(f"/cases/{case.number}/")
    assert not Entry.objects.filter(action="cases.read").exists()
    actions.change(people["officer-civil"], case, case.version, {"tlp": "AMBER+STRICT"})
    client.get(f"/cases/{case.number}/")
    assert Entry.objects.filter(action="cases.read", actor="officer-civil").count() == 1


@pytest.mark.parametrize("page", ["edit", "drafts"])
def test_every_page_of_a_strict_case_is_kept_in_the_audit(
    enter: Enter, people: Cast, case: Case, page: str
) -> None:  # fmt: skip
    from kulla.centre.audit.models import Entry

    Case.objects.update(tlp="AMBER+STRICT")
    assert enter("officer-civil").get(f"/cases/{case.number}/{page}").status_code == 200
    assert Entry.objects.filter(action="cases.read", actor="officer-civil").count() == 1


def test_a_case_that_became_red_meanwhile_is_not_shown(enter: Enter, people: Cast, case: Case) -> None:
    client, at = enter("analyst-civil"), f"/cases/{case.number}/edit"
    form = {"title": "mine", "priority": 2, "tlp": "AMBER", "pap": "AMBER", "version": case.version}
    real = actions.change

    def overtaken(*given: object, **more: object) -> Case:
        now = Case.objects.get()
        real(people["officer-civil"], now, now.version, {"title": "for few eyes", "tlp": "RED"})
        return real(*given, **more)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(actions, "change", overtaken)
        page = client.post(at, form)
    assert page.status_code == 404
    assert "few eyes" not in page.content.decode()


@pytest.mark.parametrize("member", ["x", "9" * 30, "soldier"])
def test_members_are_chosen_from_the_page(enter: Enter, case: Case, member: str) -> None:
    sent = "analyst-military" if member == "soldier" else member
    page = enter("officer-civil").post(f"/cases/{case.number}/members", {"members": sent}, follow=True)
    assert "Choose people" in page.content.decode()
    assert not case.members.exists()


def test_observables_of_one_form_are_bounded(enter: Enter, case: Case) -> None:
    sent = {"values": "\n".join(f"h{n}.example" for n in range(1001))}
    page = enter("officer-civil").post(f"/cases/{case.number}/observables", sent, follow=True)
    assert "At most 1000" in page.content.decode()
    assert not case.observables.exists()


def test_a_form_takes_no_time_that_no_clock_tells(enter: Enter, case: Case) -> None:
    page = enter("officer-civil").post(
        f"/cases/{case.number}/entries", {"text": "x", "at": "0001-01-01T00:30"}, follow=True
    )
    assert "outside of what a case can hold" in page.content.decode()


def test_a_task_is_given_to_somebody_who_sees_the_case(enter: Enter, people: Cast, case: Case) -> None:
    task = actions.add_task(people["officer-civil"], case, "call")
    client, at = enter("officer-civil"), f"/cases/{case.number}/tasks/{task.uid}/assign"
    client.post(at, {"to": "analyst-tax"})
    task.refresh_from_db()
    assert task.assignee == people["analyst-tax"]
    assert "cannot see" in client.post(at, {"to": "analyst-military"}, follow=True).content.decode()
    client.post(at, {"to": ""})
    task.refresh_from_db()
    assert task.assignee is None


def test_a_hold_tells_what_it_covers(enter: Enter, people: Cast, case: Case) -> None:
    place_hold(people["officer-civil"], case, "order 9", query="srv-1")
    text = enter("officer-civil").get(f"/cases/{case.number}/").content.decode()
    assert "Held: 0 items of evidence; the events of 0 alerts." in text
    assert "And the events of Tax in this span that match." in text
