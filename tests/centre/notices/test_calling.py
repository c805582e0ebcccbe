"""Calling out, minute by minute: each thing once, to the next when nobody answers, whatever stops in between."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from centrealerts import incoming
from centrecast import Cast
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone
from mailserver import free_port

from kulla.centre.alerts import actions as triage
from kulla.centre.alerts.actions import AsOf
from kulla.centre.alerts.models import Alert
from kulla.centre.alerts.upsert import upsert
from kulla.centre.audit.models import Entry as Audit
from kulla.centre.cases import actions as cases
from kulla.centre.cases.actions.duties import add_bearer, decide
from kulla.centre.cases.models import Case
from kulla.centre.folder import Centre
from kulla.centre.notices import calling, gathering, jobs, rota, saying
from kulla.centre.notices.models import Kind, Notice, Progress, Shift, Standing, Telling, Way
from kulla.centre.notices.ways import ways
from kulla.errors import OutputError

pytestmark = pytest.mark.django_db
Configure = Callable[..., Centre]
START = datetime.now(UTC).replace(microsecond=0)
SMTP_OUT = {"host": "127.0.0.1", "security": "none", "from": "centre@kulla.example"}


def minute(number: float) -> datetime:
    return START + timedelta(minutes=number)


class Inbox:
    """A mail server on loopback: what it took, and whether it takes anything."""

    def __init__(self) -> None:
        self.got: list[Envelope] = []
        self.refuse = False

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.refuse:
            return "451 later"
        self.got.append(envelope)
        return "250 OK"

    def to(self) -> list[str]:
        return [each.rcpt_tos[0] for each in self.got]


@pytest.fixture
def smtp() -> Iterator[tuple[Inbox, int]]:
    inbox = Inbox()
    controller = Controller(inbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield inbox, controller.port
    controller.stop()


@contextmanager
def webhook(status: int = 200) -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    got: list[tuple[dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook?k=1", got
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def crew(people: Cast, configure: Configure, smtp: tuple[Inbox, int]) -> Centre:
    """Analyst and officer of the civil zone on duty, in this order; mail goes out."""
    for name in ("analyst-civil", "officer-civil", "director-civil"):
        people[name].email = f"{name}@kulla.example"
        people[name].save()
    for order, name in enumerate(("analyst-civil", "officer-civil"), 1):
        rota.add_shift(people["director-civil"], people[name], "civil", minute(-60), minute(600), order)
    centre = configure(
        mail={"smtp": {**SMTP_OUT, "port": smtp[1]}}, notices={"level": "high", "minutes": 10, "rounds": 2}
    )
    gathering.gather(minute(-1), ways(centre.told))  # the first look: what was before is not told
    return centre


def alert(host: str = "srv1", **more: Any) -> Alert:
    value = incoming(host=host, **more)
    upsert([value])
    return Alert.objects.get(uid=value.alert.id)


def tick(centre: Centre, number: float) -> str:
    try:
        jobs.tick(centre, minute(number))
    except OutputError as error:
        return str(error)
    return ""


def test_an_alert_calls_who_is_first_then_the_next(crew: Centre, smtp: tuple[Inbox, int], people: Cast) -> None:
    alert(level="medium")
    assert tick(crew, 0) == ""
    assert smtp[0].got == []
    alert("srv2", level="critical")
    for number in (1, 1, 2, 5):  # the same minute twice, too
        tick(crew, number)
    assert smtp[0].to() == ["analyst-civil@kulla.example"]
    text = bytes(smtp[0].got[0].content).decode()  # type: ignore[arg-type]
    assert "1 alert of level Critical in zone Civil" in text
    assert f"https://kulla.example.al:8443/notices/notice/{Notice.objects.get().uid}/" in text
    for secret in ("srv2", "tax", "Title", "rule"):
        assert secret not in text
    tick(crew, 11)
    tick(crew, 21)
    assert smtp[0].to() == [f"{each}@kulla.example" for each in ("analyst-civil", "officer-civil", "analyst-civil")]
    assert rota.acknowledge(people["officer-civil"], Notice.objects.get())
    assert not rota.acknowledge(people["analyst-civil"], Notice.objects.get())
    tick(crew, 40)
    assert len(smtp[0].got) == 3
    assert Notice.objects.get().known_by == people["officer-civil"]


def test_nobody_answers(crew: Centre, smtp: tuple[Inbox, int]) -> None:
    alert()
    said = [tick(crew, number) for number in range(0, 60, 10)]
    assert len(smtp[0].got) == 4  # two people, two rounds
    assert Notice.objects.get().standing == Standing.UNHEARD
    assert "acknowledged by nobody" in said[-1]
    alert("srv9")
    tick(crew, 61)
    assert Notice.objects.count() == 2


def test_a_storm_is_one_call(crew: Centre, smtp: tuple[Inbox, int], people: Cast) -> None:
    for number in range(30):
        alert(f"srv{number}")
    tick(crew, 0)
    alert("later")
    tick(crew, 1)
    assert len(smtp[0].got) == 1
    notice = Notice.objects.get()
    assert (notice.count, len(notice.refs)) == (31, 31)
    rota.acknowledge(people["analyst-civil"], notice)
    Notice.objects.update(known=minute(2))
    alert("after")
    tick(crew, 3)
    assert len(smtp[0].got) == 1  # who acknowledged is at the queue
    tick(crew, 13)
    assert len(smtp[0].got) == 2


def test_alerts_taken_in_hand_call_nobody(crew: Centre, smtp: tuple[Inbox, int], people: Cast) -> None:
    alert()
    gathering.gather(minute(0), ways(crew.told))
    triage.acknowledge(people["analyst-civil"], Alert.objects.all(), AsOf.now())
    tick(crew, 0)
    assert smtp[0].got == []
    assert Notice.objects.get().standing == Standing.KNOWN


def test_an_alert_that_comes_to_stand_late_is_not_passed_over(crew: Centre) -> None:
    early, late = alert("a"), alert("b")
    Alert.objects.filter(pk=early.pk).update(status="closed")  # as if it were not there yet
    tick(crew, 0)
    Alert.objects.filter(pk=early.pk).update(status="new")
    tick(crew, 1)
    assert Notice.objects.get().count == 2
    Alert.objects.update(made=minute(-60))
    tick(crew, 2)
    assert Progress.objects.get(name="calls").alert == late.pk
    assert Notice.objects.get().count == 2


def test_zones_keep_to_themselves(crew: Centre, smtp: tuple[Inbox, int]) -> None:
    alert(constituent="navy")
    assert "nobody to go to" in tick(crew, 0)
    assert smtp[0].got == []
    assert Notice.objects.get().standing == Standing.NOBODY


def test_somebody_put_on_the_rota_is_called_at_last(crew: Centre, smtp: tuple[Inbox, int], people: Cast) -> None:
    alert(constituent="navy")
    tick(crew, 0)
    officer = people["officer-military"]
    officer.email = "m@kulla.example"
    officer.save()
    rota.add_shift(people["administrator-military"], officer, "military", minute(0), minute(60))
    assert tick(crew, 10) == ""
    assert smtp[0].to() == ["m@kulla.example"]


def test_a_server_that_is_down_is_tried_again_and_given_up(crew: Centre, smtp: tuple[Inbox, int]) -> None:
    alert()
    smtp[0].refuse = True
    assert "did not take" in tick(crew, 0)
    row = Telling.objects.get()
    assert (row.state, row.tries, row.due) == (Way.WAITING, 1, minute(1))
    tick(crew, 0.5)
    assert Telling.objects.get().tries == 1
    smtp[0].refuse = False
    tick(crew, 1)
    row = Telling.objects.get()
    assert (row.state, row.tries, row.error) == (Way.SENT, 2, "")
    Telling.objects.update(state=Way.WAITING, tries=len(calling.BACK_OFF), due=minute(2))
    smtp[0].refuse = True
    assert "given up" in tick(crew, 2)
    assert Telling.objects.get().state == Way.FAILED


def test_what_is_known_meanwhile_is_not_sent(crew: Centre, smtp: tuple[Inbox, int]) -> None:
    alert()
    smtp[0].refuse = True
    tick(crew, 0)
    smtp[0].refuse = False
    Notice.objects.update(standing=Standing.KNOWN, due=None)
    tick(crew, 1)
    assert smtp[0].got == []
    assert Telling.objects.get().state == Way.DROPPED


def test_what_was_cut_short_is_sent_again_after_a_while(
    crew: Centre, smtp: tuple[Inbox, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    alert()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(calling, "_send", killed)
        with pytest.raises(KeyboardInterrupt):
            jobs.tick(crew, minute(0))
    assert Telling.objects.get().state == Way.SENDING
    tick(crew, 1)
    assert smtp[0].got == []  # it may still be on its way
    tick(crew, 6)
    assert len(smtp[0].got) == 1
    assert Telling.objects.get().state == Way.SENT


@pytest.mark.parametrize("after", ["_alerts", "_assignments", "_clocks"])
def test_a_look_that_is_cut_short_leaves_nothing_half(
    crew: Centre, smtp: tuple[Inbox, int], monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    alert()
    real = getattr(gathering, after)

    def killed(*given: Any) -> int:
        real(*given)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(gathering, after, killed)
        with pytest.raises(KeyboardInterrupt):
            jobs.tick(crew, minute(0))
    assert not Notice.objects.exists()
    tick(crew, 0)
    assert Notice.objects.get().count == 1
    assert len(smtp[0].got) == 1


def test_an_assignment_calls_whom_it_concerns_alone(crew: Centre, smtp: tuple[Inbox, int], people: Cast) -> None:
    alert(level="low")
    triage.assign(people["officer-civil"], Alert.objects.all(), AsOf.now(), people["analyst-civil"])
    case = cases.open_case(people["officer-civil"], "x", "civil")
    cases.change(people["officer-civil"], case, case.version, {"lead": people["director-civil"]})
    case.refresh_from_db()
    cases.change(people["director-civil"], case, case.version, {"lead": people["director-civil"], "title": "y"})
    for number in (0, 0, 30):
        tick(crew, number)
    assert sorted(smtp[0].to()) == ["analyst-civil@kulla.example", "director-civil@kulla.example"]
    assert b"assigned to you" in bytes(smtp[0].got[0].content)  # type: ignore[arg-type]
    triage.assign(people["analyst-civil"], Alert.objects.all(), AsOf.now(), people["officer-civil"])
    triage.assign(people["analyst-civil"], Alert.objects.all(), AsOf.now(), people["analyst-civil"])  # one's own hand
    tick(crew, 40)
    assert smtp[0].to()[2:] == ["officer-civil@kulla.example"]
    assert Progress.objects.get(name="calls").entry == Audit.objects.latest("seq").seq


def running_clock(people: Cast, **more: Any) -> Case:
    officer = people["officer-civil"]
    case = cases.open_case(officer, "x", "civil", people.places["tax"], **more)
    bearer = add_bearer(officer, case, "entity", "Tax", "eu")
    decide(officer, bearer, "aware", "nis2", START, "they rang")
    return case


def test_clocks_tell_each_mark_once(crew: Centre, people: Cast) -> None:
    running_clock(people)
    # Early warning: 24 h. Notification: 72 h.
    expected = {11: [], 12.5: [50], 12.6: [50], 19.5: [50, 80], 24.5: [50, 80, 100], 36.5: [50, 80, 100, 50]}
    for hours, marks in expected.items():
        for _ in range(2):
            gathering.gather(START + timedelta(hours=hours), ways(crew.told))
        assert list(Notice.objects.order_by("pk").values_list("mark", flat=True)) == marks, hours
    assert {row.person for row in Notice.objects.select_related("person")} == {people["officer-civil"]}
    # Of one clock only the highest still waits for somebody.
    assert [row.standing for row in Notice.objects.order_by("pk")] == ["known", "known", "open", "open"]


def test_after_a_silence_the_highest_mark_is_told(crew: Centre, people: Cast) -> None:
    running_clock(people)
    gathering.gather(START + timedelta(hours=30), ways(crew.told))
    assert list(Notice.objects.values_list("mark", flat=True)) == [100]


def test_a_corrected_clock_has_marks_of_its_own(crew: Centre, people: Cast) -> None:
    case = running_clock(people)
    gathering.gather(START + timedelta(hours=13), ways(crew.told))
    early = START - timedelta(hours=8)
    decide(people["officer-civil"], case.bearers.get(), "aware", "nis2", early, "they knew before")
    gathering.gather(START + timedelta(hours=13), ways(crew.told))
    assert list(Notice.objects.order_by("pk").values_list("mark", flat=True)) == [50, 80]


def test_an_exercise_calls_on_its_pages_alone(crew: Centre, smtp: tuple[Inbox, int], people: Cast) -> None:
    running_clock(people, exercise=True)
    tick(crew, 60 * 13)
    notice = Notice.objects.get()
    assert notice.exercise
    assert smtp[0].got == []
    assert [row.channel for row in notice.tellings.all()] == ["page"]


def test_webhooks_are_signed_and_say_little(people: Cast, configure: Configure) -> None:
    with webhook() as (url, got):
        centre = configure(
            {"webhook-duty.secret": "k" * 32},
            notices={
                "hosts": ["127.0.0.1"],
                "webhooks": {"duty": {"url": url, "zones": ["civil"]}, "other": {"url": url, "zones": ["military"]}},
            },
        )
        gathering.gather(minute(-1), ways(centre.told))
        alert()
        tick(centre, 0)
        tick(centre, 0)
    assert len(got) == 1
    headers, body = got[0]
    assert headers["Kulla-Signature"] == saying.signature(b"k" * 32, body, minute(0))
    told = json.loads(body)
    assert (told["kind"], told["level"], told["zone"], told["event"]) == ("level", "high", "civil", "notice")
    assert b"srv1" not in body
    assert set(told) == {"event", "id", "kind", "level", "mark", "zone", "count", "since", "text", "link"}


def test_a_webhook_that_refuses_or_is_private_is_told(people: Cast, configure: Configure) -> None:
    with webhook(500) as (url, _):
        for hosts, why in (([], "only https"), (["127.0.0.1"], "answered 500")):
            centre = configure(
                {"webhook-duty.secret": "k"},
                notices={"hosts": hosts, "webhooks": {"duty": {"url": url, "zones": ["civil"]}}},
            )
            Progress.objects.all().delete()
            Notice.objects.all().delete()
            gathering.gather(minute(-1), ways(centre.told))
            alert(f"srv-{why}")
            said = tick(centre, 0)
            assert why in said
            assert "k=1" not in said


def test_who_may_be_on_the_rota(people: Cast) -> None:
    director, now = people["director-civil"], timezone.now()
    with pytest.raises(PermissionDenied):
        rota.add_shift(people["analyst-civil"], people["analyst-civil"], "civil", now, now + timedelta(hours=1))
    for person in ("analyst-tax", "owner-civil", "analyst-military", "nobody"):
        with pytest.raises(ValidationError):
            rota.add_shift(director, people[person], "civil", now, now + timedelta(hours=1))
    with pytest.raises(ValidationError):
        rota.add_shift(director, people["analyst-civil"], "civil", now, now)
    row = rota.add_shift(director, people["analyst-civil"], "civil", now, now + timedelta(hours=1))
    assert calling.on_duty("civil", now) == [people["analyst-civil"]]
    assert calling.on_duty("civil", now + timedelta(hours=1)) == []
    people["analyst-civil"].memberships.all().delete()
    assert calling.on_duty("civil", now) == []
    rota.remove_shift(director, row)
    assert not Shift.objects.exists()


def test_whose_mail_is_missing_is_told_on_the_page(crew: Centre, smtp: tuple[Inbox, int], people: Cast) -> None:
    people["analyst-civil"].email = ""
    people["analyst-civil"].save()
    alert()
    tick(crew, 0)
    row = Telling.objects.get()
    assert (row.channel, row.state, row.person) == ("page", Way.NONE, people["analyst-civil"])
    assert Notice.objects.get().kind == Kind.LEVEL


def test_people_are_called_in_their_language(crew: Centre, smtp: tuple[Inbox, int], people: Cast) -> None:
    notice = Notice(pk=7, kind="level", level="high", zone="civil")
    subject, body = saying.letter(crew.told, notice, "sq", False)
    assert f"/notices/notice/{notice.uid}/" in body
    assert subject.startswith("[Qendra] ")
