"""What can be done with alerts, its undoing, and what it does when two decide at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from centrealerts import incoming
from centrecast import Cast
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from kulla.centre.alerts import actions
from kulla.centre.alerts.actions import AsOf
from kulla.centre.alerts.models import Act, Alert, AlertGroup, Touched
from kulla.centre.alerts.upsert import upsert
from kulla.centre.audit.chain import faults
from kulla.centre.audit.models import Entry
from kulla.centre.cases.models import Case

pytestmark = pytest.mark.django_db

EVERY = Alert.objects.all


@pytest.fixture
def alerts(people: Cast) -> None:
    """Three alerts of one group of tax, one of each other constituent."""
    upsert([incoming(window=str(number)) for number in range(3)])
    upsert([incoming(name) for name in ("health", "navy", "border")])


def state(**wanted: object) -> list[tuple[object, ...]]:
    return sorted(Alert.objects.filter(**wanted).values_list("status", "reason", "assignee", "case"), key=str)


def test_acknowledging_takes_the_alerts_in_hand(people: Cast, alerts: None) -> None:
    outcome = actions.acknowledge(people["analyst-tax"], EVERY(), AsOf.now())
    group = AlertGroup.objects.get(constituent=people.places["tax"])
    assert (outcome.done, outcome.overtaken) == (3, 0)
    assert (group.status, group.acknowledged, group.assignee) == ("acknowledged", 3, people["analyst-tax"])
    assert group.open
    assert state(zone="military") == [("new", "", None, None)]
    entry = Entry.objects.get(action="alerts.acknowledge")
    assert (entry.zone, entry.detail["alerts"], len(entry.detail["ids"])) == ("civil", 3, 3)


@pytest.mark.parametrize("who", ["liaison-civil", "owner-tax", "auditor-civil", "administrator-civil", "nobody"])
def test_who_may_not_triage_changes_nothing(people: Cast, alerts: None, who: str) -> None:
    for verb in (actions.acknowledge, actions.reopen):
        with pytest.raises(PermissionDenied):
            verb(people[who], EVERY(), AsOf.now())
    with pytest.raises(PermissionDenied):
        actions.close(people[who], EVERY(), AsOf.now(), "true")
    assert not Act.objects.exists()


def test_an_act_reaches_the_actors_own_zone_alone(people: Cast, alerts: None) -> None:
    assert actions.close(people["analyst-military"], EVERY(), AsOf.now(), "benign").done == 1
    assert set(Alert.objects.filter(status="closed").values_list("zone", flat=True)) == {"military"}


def test_closing_wants_a_reason_and_gives_the_times(people: Cast, alerts: None) -> None:
    for wrong in ("", "because"):
        with pytest.raises(ValidationError):
            actions.close(people["analyst-tax"], EVERY(), AsOf.now(), wrong)
    actions.close(people["analyst-tax"], EVERY(), AsOf.now(), "false")
    row = Alert.objects.filter(status="closed").first()
    assert row is not None
    assert row.closed is not None
    assert row.acknowledged == row.closed
    group = AlertGroup.objects.get(constituent=people.places["tax"])
    assert (group.open, group.status, group.closed) == (False, "closed", 3)


def test_who_decided_meanwhile_goes_before(people: Cast, alerts: None) -> None:
    seen = AsOf.now()
    one = Alert.objects.filter(pk=Alert.objects.earliest("pk").pk)
    actions.close(people["officer-civil"], one, seen, "true")
    outcome = actions.close(people["analyst-tax"], EVERY(), seen, "false")
    assert (outcome.done, outcome.overtaken, outcome.by) == (2, 1, ("officer-civil",))
    assert state(constituent=people.places["tax"], reason="true") == [("closed", "true", None, None)]


def test_whoever_took_an_alert_meanwhile_keeps_it(people: Cast, alerts: None) -> None:
    seen = AsOf.now()
    one = Alert.objects.filter(pk=Alert.objects.earliest("pk").pk)
    actions.acknowledge(people["officer-civil"], one, seen)
    outcome = actions.close(people["analyst-tax"], EVERY(), seen, "false")
    assert (outcome.done, outcome.overtaken) == (2, 1)
    assert (one.get().status, one.get().assignee) == ("acknowledged", people["officer-civil"])


def test_what_came_after_the_page_is_left_alone(people: Cast, alerts: None) -> None:
    seen = AsOf.now()
    upsert([incoming(window="later")])
    assert actions.close(people["analyst-tax"], EVERY(), seen, "false").done == 3
    assert AlertGroup.objects.get(constituent=people.places["tax"]).new == 1


def test_assigning_needs_a_colleague_who_may_work_on_all(people: Cast, alerts: None) -> None:
    officer = people["officer-civil"]
    for wrong in ("analyst-military", "liaison-civil", "analyst-tax", "nobody"):
        with pytest.raises(ValidationError):
            actions.assign(people["analyst-civil"], EVERY(), AsOf.now(), people[wrong])
    assert actions.assign(people["analyst-civil"], EVERY(), AsOf.now(), officer).done == 4
    assert actions.assign(people["analyst-civil"], EVERY(), AsOf.now(), officer).done == 0
    assert actions.assign(people["analyst-civil"], EVERY(), AsOf.now(), None).done == 4


def test_nobody_is_given_findings_about_themselves(people: Cast, alerts: None) -> None:
    officer = people["officer-civil"]
    officer.register_account = "A.Hoxha"
    officer.save()
    upsert([incoming(account="a.hoxha", kind="insider")])
    with pytest.raises(ValidationError):
        actions.assign(people["analyst-civil"], Alert.objects.filter(kind="insider"), AsOf.now(), officer)


def test_undo_brings_back_what_was(people: Cast, alerts: None) -> None:
    analyst = people["analyst-civil"]
    actions.assign(analyst, Alert.objects.filter(constituent=people.places["health"]), AsOf.now(), analyst)
    before = state()
    actions.close(analyst, EVERY(), AsOf.now(), "false")
    outcome = actions.undo(analyst)
    assert (outcome.done, state()) == (4, before)
    assert AlertGroup.objects.get(constituent=people.places["tax"]).new == 3
    with pytest.raises(ValidationError):
        actions.undo(analyst)
    assert [*faults()] == []


def test_undo_is_for_who_did_it_and_for_a_while(people: Cast, alerts: None) -> None:
    actions.close(people["analyst-civil"], EVERY(), AsOf.now(), "false")
    with pytest.raises(ValidationError):
        actions.undo(people["officer-civil"])
    Act.objects.update(at=timezone.now() - actions.UNDO - timedelta(seconds=1))
    with pytest.raises(ValidationError):
        actions.undo(people["analyst-civil"])


def test_undo_leaves_what_another_decided_since(people: Cast, alerts: None) -> None:
    actions.acknowledge(people["analyst-civil"], EVERY(), AsOf.now())
    one = Alert.objects.filter(pk=Alert.objects.earliest("pk").pk)
    actions.close(people["officer-civil"], one, AsOf.now(), "true")
    outcome = actions.undo(people["analyst-civil"])
    assert (outcome.done, outcome.overtaken, outcome.by) == (3, 1, ("officer-civil",))
    assert one.get().status == "closed"


def test_escalation_opens_a_case_and_undo_leaves_it(people: Cast, alerts: None) -> None:
    rows = Alert.objects.filter(constituent=people.places["tax"])
    outcome = actions.escalate(people["analyst-civil"], rows, AsOf.now(), title="Intrusion")
    case = Case.objects.get()
    assert (outcome.case, outcome.done, case.title, case.constituent) == (case, 3, "Intrusion", people.places["tax"])
    group = AlertGroup.objects.get(constituent=people.places["tax"])
    assert (group.status, group.case, group.escalated) == ("escalated", case, 3)
    more = Alert.objects.filter(constituent=people.places["health"])
    assert actions.escalate(people["analyst-civil"], more, AsOf.now(), case=case).done == 1
    actions.undo(people["analyst-civil"])
    assert state(constituent=people.places["health"]) == [("new", "", None, None)]
    assert Case.objects.exists()


def test_a_case_is_of_one_zone(people: Cast, alerts: None) -> None:
    with pytest.raises(ValidationError):
        actions.escalate(people["everything"], EVERY(), AsOf.now(), title="All")
    assert not Case.objects.exists()
    assert not Act.objects.exists()


def test_reopening(people: Cast, alerts: None) -> None:
    analyst, rows = people["analyst-tax"], Alert.objects.filter(constituent=people.places["tax"])
    case = actions.escalate(analyst, rows[:1].model.objects.filter(pk=rows.earliest("pk").pk), AsOf.now()).case
    actions.close(analyst, rows, AsOf.now(), "true")
    actions.reopen(analyst, rows, AsOf.now())
    assert case is not None
    assert sorted(rows.values_list("status", "case"), key=str) == [
        ("escalated", case.pk), ("new", None), ("new", None),
    ]  # fmt: skip


def test_acts_over_several_zones_are_told_in_each(people: Cast, alerts: None) -> None:
    actions.close(people["everything"], EVERY(), AsOf.now(), "false")
    told = {entry.zone: entry.detail["alerts"] for entry in Entry.objects.filter(action="alerts.close")}
    assert told == {"civil": 4, "joint": 1, "military": 1}
    assert Touched.objects.count() == 6


def test_notes_bear_the_alerts_marks(people: Cast, alerts: None) -> None:
    row = Alert.objects.get(zone="military")
    with pytest.raises(PermissionDenied):
        actions.note(people["analyst-civil"], row, "x")
    with pytest.raises(ValidationError):
        actions.note(people["analyst-military"], row, "  ")
    note = actions.note(people["analyst-military"], row, "seen before")
    assert (note.zone, note.tlp) == ("military", "AMBER")
