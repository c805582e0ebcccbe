"""What can be done with a case."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from centrecast import Cast
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from kulla.centre.alerts.models import Alert
from kulla.centre.audit.chain import faults
from kulla.centre.audit.models import Entry as AuditEntry
from kulla.centre.cases import actions
from kulla.centre.cases.actions import holds
from kulla.centre.cases.actions.case import Changed, may_lead
from kulla.centre.cases.actions.duties import add_bearer, decide
from kulla.centre.cases.actions.observables import kind_of, plain
from kulla.centre.cases.clocks import clocks_of
from kulla.centre.cases.models import Case, Entry, Hold
from kulla.centre.people import door
from kulla.share.marks import Marks

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(people: Cast) -> Case:
    return actions.open_case(people["officer-civil"], "Leak", "civil", people.places["tax"])


def _alert(people: Cast, uid: str, place: str = "tax", **more: object) -> Alert:
    where = people.places[place]
    values = {"title": uid, "group": uid, "zone": where.zone, "constituent": where, **more}
    return Alert.objects.create(uid=uid, **values)


def test_numbers_count_within_the_year(people: Cast) -> None:
    officer = people["officer-civil"]
    year = timezone.now().year
    numbers = [actions.open_case(officer, f"case {n}", "civil").number for n in range(3)]
    assert numbers == [f"C-{year}-0000{n}" for n in (1, 2, 3)]


def test_a_case_takes_the_strictest_marks_of_its_alerts(people: Cast) -> None:
    alerts = [
        _alert(people, "a", tlp="GREEN", pap="RED", originators=["ally"]),
        _alert(people, "b", tlp="AMBER+STRICT", pap="CLEAR"),
    ]
    case = actions.open_case(people["analyst-civil"], "two", "civil", people.places["tax"], alerts=alerts)
    assert case.marks == Marks("AMBER+STRICT", "RED", ("ally",))
    assert list(case.entrys.values_list("ref", flat=True)) == ["alert:a", "alert:b"]
    assert {row.case_id for row in Alert.objects.all()} == {case.pk}
    assert actions.take_alerts(people["analyst-civil"], case, Alert.objects.all()) == 0


def test_alerts_of_another_zone_are_refused(people: Cast, case: Case) -> None:
    with pytest.raises(ValidationError, match="another zone"):
        actions.take_alerts(people["officer-civil"], case, [_alert(people, "n", "navy")])


@pytest.mark.parametrize("who", ["officer-military", "liaison-civil", "auditor-civil", "administrator-civil", "nobody"])
def test_who_may_not_open_a_case(people: Cast, who: str) -> None:
    with pytest.raises(PermissionDenied):
        actions.open_case(people[who], "x", "civil")


def test_of_two_who_change_a_case_the_second_is_told(people: Cast, case: Case) -> None:
    first = actions.change(people["analyst-civil"], case, case.version, {"title": "mine"})
    with pytest.raises(Changed):
        actions.change(people["officer-civil"], case, case.version, {"title": "theirs"})
    assert Case.objects.get(pk=case.pk).title == "mine"
    assert actions.change(people["officer-civil"], case, first.version, {"title": "theirs"}).title == "theirs"


def test_only_who_leads_loosens_a_mark(people: Cast, case: Case) -> None:
    analyst = people["analyst-civil"]
    case = actions.change(analyst, case, case.version, {"tlp": "AMBER+STRICT"})
    with pytest.raises(PermissionDenied):
        actions.change(analyst, case, case.version, {"tlp": "GREEN"})
    assert actions.change(people["officer-civil"], case, case.version, {"tlp": "GREEN"}).tlp == "GREEN"


def test_red_is_for_the_lead_and_the_members(people: Cast, case: Case) -> None:
    officer = people["officer-civil"]
    case = actions.change(officer, case, case.version, {"tlp": "RED"})
    actions.write_entry(officer, case, "for few eyes")
    for who, sees in (("analyst-civil", False), ("director-civil", False), ("officer-civil", True)):
        assert door.visible(people[who], Case.objects.all()).exists() is sees, who
        assert door.visible(people[who], Entry.objects.all()).exists() is sees, who
    actions.set_members(officer, case, [people["analyst-civil"]])
    assert door.visible(people["analyst-civil"], Entry.objects.all()).exists()


def test_members_and_lead_must_be_able_to_see(people: Cast, case: Case) -> None:
    officer = people["officer-civil"]
    for who in ("analyst-military", "auditor-civil"):
        with pytest.raises(ValidationError):
            actions.set_members(officer, case, [people[who]])
        with pytest.raises(ValidationError):
            actions.change(officer, case, case.version, {"lead": people[who]})
    assert people["analyst-tax"] in may_lead(case)
    assert people["analyst-military"] not in may_lead(case)


def test_a_case_is_closed_by_who_leads_when_nothing_is_open(people: Cast, case: Case) -> None:
    officer = people["officer-civil"]
    task = actions.add_task(officer, case, "call")
    bearer = add_bearer(officer, case, "controller", "Tax", "eu")
    decide(officer, bearer, "aware", "gdpr", timezone.now(), "told by the press")
    with pytest.raises(PermissionDenied):
        actions.move(people["analyst-civil"], case, "closed", case.version)
    with pytest.raises(ValidationError) as problem:
        actions.move(officer, case, "closed", case.version)
    assert len(problem.value.messages) == 2
    actions.skip_task(officer, task, "nobody to call")
    decide(officer, bearer, "void", "gdpr", timezone.now(), "no personal data")
    closed = actions.move(officer, case, "closed", case.version)
    assert closed.closed
    assert actions.move(officer, closed, "open", closed.version).closed is None


def test_no_alert_starts_a_clock_and_awareness_does(people: Cast, case: Case) -> None:
    officer = people["officer-civil"]
    actions.take_alerts(officer, case, [_alert(people, "a")])
    bearer = add_bearer(officer, case, "entity", "Tax", "eu")
    assert {clock.state for clock in clocks_of(case)} == {"not_started"}
    aware = datetime(2026, 3, 2, 9, tzinfo=UTC)
    decide(officer, bearer, "aware", "nis2", aware, "the duty officer read the alert")
    due = {clock.duty.id: clock.due for clock in clocks_of(case)}
    assert due["early_warning"] == aware + timedelta(hours=24)
    assert due["notification"] == aware + timedelta(hours=72)
    assert case.entrys.filter(source="decision", key=True).count() == 1


@pytest.mark.parametrize(
    ("verb", "subject", "ahead", "reason"),
    [("aware", "gdpr2", 0, "x"), ("boil", "nis2", 0, "x"), ("aware", "nis2", 3600, "x"), ("aware", "nis2", 0, " ")],
)
def test_a_decision_that_cannot_be(people: Cast, case: Case, verb: str, subject: str, ahead: int, reason: str) -> None:
    officer = people["officer-civil"]
    bearer = add_bearer(officer, case, "entity", "Tax", "eu")
    with pytest.raises(ValidationError):
        decide(officer, bearer, verb, subject, timezone.now() + timedelta(seconds=ahead), reason)


def test_awareness_is_for_who_leads(people: Cast, case: Case) -> None:
    bearer = add_bearer(people["officer-civil"], case, "entity", "Tax", "eu")
    with pytest.raises(PermissionDenied):
        decide(people["analyst-civil"], bearer, "aware", "nis2", timezone.now(), "x")


def test_a_playbook_gives_its_tasks_once(people: Cast, case: Case) -> None:
    analyst = people["analyst-civil"]
    count = actions.apply_playbook(analyst, case, "insider-leak")
    assert count == case.tasks.count() > 5
    assert actions.apply_playbook(analyst, case, "insider-leak") == 0
    assert case.tasks.exclude(due=None).exists()
    with pytest.raises(ValidationError):
        actions.apply_playbook(analyst, case, "no-such")


def test_a_task_is_done_skipped_with_a_reason_and_reopened(people: Cast, case: Case) -> None:
    analyst = people["analyst-civil"]
    task = actions.add_task(analyst, case, "call")
    with pytest.raises(ValidationError):
        actions.skip_task(analyst, task, " ")
    assert actions.finish_task(analyst, task).done_by == analyst
    assert actions.reopen_task(analyst, task).done is None


def test_a_hold_is_lifted_by_two(people: Cast, case: Case) -> None:
    officer, director = people["officer-civil"], people["director-civil"]
    hold = holds.place_hold(officer, case, "order 12/2026")
    with pytest.raises(ValidationError, match="asked"):
        holds.lift(director, hold)
    holds.ask_to_lift(officer, hold, "order withdrawn")
    with pytest.raises(ValidationError, match="two people"):
        holds.lift(officer, hold)
    with pytest.raises(PermissionDenied):
        holds.lift(people["analyst-civil"], hold)
    assert [each.pk for each in holds.standing()] == [hold.pk]
    holds.lift(director, hold)
    assert Hold.objects.get().lifted_by == director
    assert not holds.standing().exists()


def test_observables_are_plain_and_of_a_kind(people: Cast, case: Case) -> None:
    analyst = people["analyst-civil"]
    row, new = actions.add_observable(analyst, case, "EVIL[.]example")
    assert (row.kind, row.value, new) == ("domain", "evil.example", True)
    assert actions.add_observable(analyst, case, "evil.example")[1] is False
    assert not AuditEntry.objects.filter(detail__icontains="evil.example").exists()


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("2001:db8::1", "address"), ("a" * 64, "sha256"), ("d" * 40, "sha1"), ("D" * 32, "md5"), ("g" * 32, "other"),
        ("http://x.example/a?b", "url"), ("a@b.example", "mail"), ("cve-2026-12345", "vulnerability"),
        ("-", "other"), ("192.0.2.300", "other"),
    ],
)  # fmt: skip
def test_kinds_by_form(value: str, kind: str) -> None:
    assert kind_of(plain(value)) == kind


def test_cases_that_share_observables_within_sight(people: Cast, case: Case) -> None:
    other = actions.open_case(people["officer-civil"], "other", "civil", people.places["health"])
    hidden = actions.open_case(people["officer-military"], "hidden", "military", people.places["navy"])
    for who, each in (("officer-civil", case), ("officer-civil", other), ("officer-military", hidden)):
        actions.add_observable(people[who], each, "192.0.2.7")
    assert [row.pk for row in actions.related_by_observables(people["analyst-civil"], case)] == [other.pk]
    assert list(actions.related_by_observables(people["analyst-tax"], case)) == []


TIMELINE = """datetime,message,host
2026-03-01T10:00:00+00:00,first,srv1
never,no time,srv1
2026-03-01T10:05:00+00:00,second,srv1
"""


def test_a_timeline_is_imported_once_and_what_has_no_time_is_told(people: Cast, case: Case, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(TIMELINE)
    done = actions.import_timeline(people["analyst-civil"], case, path, "t.csv")
    assert (done.added, done.known, done.untimed, done.left) == (2, 0, (3,), False)
    assert [row.text for row in case.entrys.filter(source="import")] == ["first", "second"]
    again = actions.import_timeline(people["analyst-civil"], case, path, "t.csv")
    assert (again.added, again.known) == (0, 2)


def test_a_file_without_times_is_refused(people: Cast, case: Case, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(ValidationError, match=r"t\.csv"):
        actions.import_timeline(people["analyst-civil"], case, path, "t.csv")


def test_nothing_is_deleted_and_the_audit_holds(people: Cast, case: Case) -> None:
    analyst = people["analyst-civil"]
    entry = actions.write_entry(analyst, case, "wrong")
    actions.withdraw_entry(analyst, entry)
    assert case.entrys.get(pk=entry.pk).withdrawn
    assert list(faults()) == []


def test_red_is_never_for_nobody(people: Cast, case: Case) -> None:
    analyst, officer = people["analyst-civil"], people["officer-civil"]
    case = actions.change(officer, case, case.version, {"lead": None})
    with pytest.raises(ValidationError, match="lead or a member"):
        actions.change(analyst, case, case.version, {"tlp": "RED"})
    case = actions.change(analyst, case, case.version, {"tlp": "RED", "lead": analyst})
    with pytest.raises(ValidationError, match="lead or a member"):
        actions.change(analyst, case, case.version, {"lead": None})
    led = actions.open_case(officer, "led by nobody yet", "civil")
    led = actions.change(officer, led, led.version, {"lead": None})
    actions.take_alerts(analyst, led, [_alert(people, "r", tlp="RED")])
    assert door.visible(analyst, Case.objects.filter(pk=led.pk)).get().lead == analyst


def test_only_who_leads_ends_an_exercise(people: Cast, case: Case) -> None:
    analyst = people["analyst-civil"]
    case = actions.change(analyst, case, case.version, {"exercise": True})
    with pytest.raises(PermissionDenied):
        actions.change(analyst, case, case.version, {"exercise": False})
    assert not actions.change(people["officer-civil"], case, case.version, {"exercise": False}).exercise


def test_members_that_cannot_be_are_not_named(people: Cast, case: Case) -> None:
    with pytest.raises(ValidationError) as problem:
        actions.set_members(people["officer-civil"], case, [people["analyst-military"]])
    assert "military" not in str(problem.value)


def test_each_zone_counts_its_own_cases_and_those_that_the_opener_does_not_see(people: Cast) -> None:
    """With the opener's zones alone open in the database, as in a request."""
    year, red, plain = timezone.now().year, Marks("RED", "RED"), Marks("GREEN", "GREEN")
    numbers = []
    for who, zone, marks in (
        *(("officer-civil", "civil", red), ("officer-military", "military", plain)),
        *(("officer-military", "military", plain), ("director-civil", "civil", plain)),
    ):
        with door.zones(frozenset({zone})):
            numbers.append(actions.open_case(people[who], "case", zone, marks=marks).number)
    assert not door.visible(people["director-civil"], Case.objects.filter(number=numbers[0])).exists()
    assert numbers == [f"{name}-{year}-{n:05d}" for name, n in (("C", 1), ("M", 1), ("M", 2), ("C", 2))]


def test_what_hangs_on_a_case_bears_its_marks(people: Cast, tmp_path: Path) -> None:
    officer = people["officer-civil"]
    marks = Marks("AMBER", "RED", ("ally",), ("NOFORN",))
    case = actions.open_case(officer, "ally's", "civil", people.places["tax"], marks=marks)
    path = tmp_path / "t.csv"
    path.write_text(TIMELINE)
    actions.import_timeline(officer, case, path, "t.csv")
    actions.apply_playbook(officer, case, "insider-leak")
    actions.add_task(officer, case, "call")
    bearer = add_bearer(officer, case, "entity", "Tax", "eu")
    decide(officer, bearer, "aware", "nis2", timezone.now(), "read")
    holds.place_hold(officer, case, "order")
    actions.add_observable(officer, case, "evil.example")
    actions.move(officer, case, "contained", case.version)
    actions.take_alerts(officer, case, [_alert(people, "g", tlp="GREEN", originators=["sensor"])])
    parts = ("entrys", "tasks", "bearers", "decisions", "holds", "observables")
    found = {(name, row.marks) for name in parts for row in getattr(case, name).all()}
    assert {name for name, _marks in found} == set(parts)
    others = {row.marks for row in case.entrys.filter(source="alert")}
    assert {each for _name, each in found} == {marks, *others}
    assert {each.originators for each in others} == {("sensor",)}


def test_red_observables_join_no_cases_for_others(people: Cast, case: Case) -> None:
    """A case that was loosened keeps what is itself TLP:RED for its lead and members."""
    other = actions.open_case(people["director-civil"], "other", "civil", people.places["health"])
    for each in (case, other):
        actions.add_observable(people["officer-civil"], each, "192.0.2.7")
    for each in (case, other):
        each.observables.update(tlp="RED")
        assert list(actions.related_by_observables(people["analyst-civil"], case)) == []
        each.observables.update(tlp="AMBER")
    found = actions.related_by_observables(people["analyst-civil"], case)
    assert [vars(row)["shared"] for row in found] == [1]


@pytest.mark.parametrize("year", [1, 9999])
def test_a_time_that_no_clock_tells_is_refused(people: Cast, case: Case, year: int) -> None:
    with pytest.raises(ValidationError, match="outside"):
        actions.write_entry(people["officer-civil"], case, "x", datetime(year, 1, 1, tzinfo=UTC))


def test_alerts_do_not_leave_a_case_that_one_does_not_see(people: Cast, case: Case) -> None:
    officer, analyst = people["officer-civil"], people["analyst-civil"]
    alert = _alert(people, "a")
    actions.take_alerts(officer, case, [alert])
    mine = actions.open_case(analyst, "mine", "civil", people.places["tax"])
    alert.refresh_from_db()
    assert actions.take_alerts(analyst, mine, [alert]) == 1  # both cases are seen: it moves
    alert.refresh_from_db()
    actions.take_alerts(officer, case, [alert])
    current = Case.objects.get(pk=case.pk)
    actions.change(officer, current, current.version, {"tlp": "RED"})
    alert.refresh_from_db()
    with pytest.raises(ValidationError, match="do not see"):
        actions.take_alerts(analyst, mine, [alert])
    assert Alert.objects.get(pk=alert.pk).case_id == case.pk
