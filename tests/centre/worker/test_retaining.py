"""Retention drops what is old, and nothing that a legal hold covers: on a real lake."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from centrecast import Cast
from django.core.exceptions import ValidationError
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from lakes import NOON, table

from kulla.centre.alerts import actions as alerts
from kulla.centre.alerts.models import Alert
from kulla.centre.alerts.upsert import EVIDENCE
from kulla.centre.audit.models import Entry
from kulla.centre.cases.actions import open_case
from kulla.centre.cases.actions.holds import ask_to_lift, lift, place_hold
from kulla.centre.folder import Centre
from kulla.centre.worker import leaping
from kulla.centre.worker.models import Health, Kind
from kulla.centre.worker.retaining import Retaining, drop, holds, joined, policy
from kulla.errors import ConfigError, InputError
from kulla.lake import Lake, Policy, retention

pytestmark = pytest.mark.django_db
SCOPE = frozenset({("civil", "tax"), ("civil", "health")})


def _with(here: Centre, **retention: object) -> Centre:
    return replace(here, told=replace(here.told, more={"retention": retention}))


def test_without_a_number_nothing_is_dropped(here: Centre) -> None:
    assert policy(here) is None


@pytest.mark.parametrize(
    "told",
    [
        {"days": "many"},
        {"days": True},
        {"days": 0},
        {"days": 3, "of": 4},
        {"days": 3, "of": {"civil": 4}},
        {"of": {"civil/tax": 4}},
        {"dayz": 3},
    ],
)
def test_what_cannot_be_read_is_refused(here: Centre, told: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="retention"):
        policy(_with(here, **told))


def test_the_example_of_the_docs_is_read(here: Centre) -> None:
    docs = Path(__file__).resolve().parents[3] / "docs" / "run-a-centre.md"
    example = docs.read_text("utf-8").partition("```toml\n[retention]")[2].partition("```")[0]
    assert policy(_with(here, **tomllib.loads(example))) == Policy(
        400, {("civil", "taxes"): 1100, ("military", "navy"): 180}
    )


def test_old_events_go_and_held_ones_stay(here: Centre, people: Cast, tmp_path: Path) -> None:
    officer, old, now = people["officer-civil"], timezone.now() - timedelta(days=50), timezone.now()
    with Lake(tmp_path / "lake") as lake:
        for number, place in enumerate(("tax", "health")):
            rows = table(
                [{"time": old, "raw": f"alerted {place}"}, {"time": old, "raw": f"other {place}"},
                 {"time": old - timedelta(days=9), "raw": f"older {place}"}, {"time": now, "raw": f"new {place}"}],
                place, ingest=now,
            )  # fmt: skip
            assert lake.append(rows, f"{number:064x}", 0)
            if place == "tax":
                alerted = rows["event_id"][0].as_py()
        evidence = [{"kind": "event", "id": alerted.hex()}, {"kind": "event", "id": "zz"}, {"kind": "read", "id": "1"}]
        alert = Alert.objects.create(
            uid="a", title="a", group="a", zone="civil", constituent=people.places["tax"], evidence=evidence
        )
        case = open_case(officer, "case", "civil", people.places["tax"], alerts=[alert])
        hold = place_hold(officer, case, "order", old - timedelta(days=10), old - timedelta(days=8))
        Retaining(lake)(_with(here, days=30))
        assert _raws(lake) == {"alerted tax", "older tax", "new tax", "new health"}
        assert Entry.objects.get(action="lake.retain").detail["dropped"] == 4
        ask_to_lift(officer, hold, "over")
        lift(people["director-civil"], hold)
        Retaining(lake)(_with(here, days=30))
        assert _raws(lake) == {"new tax", "new health"}


def _alert(people: Cast, uid: str, **values: object) -> Alert:
    return Alert.objects.create(
        uid=uid, kind="detection", title=uid, group=uid, zone="civil", constituent=people.places["tax"],
        **values,
    )  # fmt: skip


def test_of_an_alert_with_more_events_than_it_names_all_are_held_and_that_is_told(
    here: Centre, people: Cast, tmp_path: Path
) -> None:
    """Alerts name their first events only; the five others of this one are nowhere but in its span."""
    officer, old = people["officer-civil"], timezone.now() - timedelta(days=50)
    minutes = [old + timedelta(minutes=n) for n in range(6)]
    with Lake(tmp_path / "lake") as lake:
        for number, place in enumerate(("tax", "health")):
            events = [{"time": at, "raw": f"{place} {n}"} for n, at in enumerate(minutes)]
            events += [{"time": old - timedelta(minutes=5), "raw": "before"}, {"time": None, "raw": "no time"}]
            rows = table(events, place, ingest=old)
            assert lake.append(rows, f"{number:064x}", 0)
            if place == "tax":
                first = rows["event_id"][0].as_py().hex()
        alert = _alert(
            people, "a", events=6, first=minutes[0], last=minutes[-1], evidence=[{"kind": "event", "id": first}]
        )
        case = open_case(officer, "case", "civil", people.places["tax"], alerts=[alert])
        hold = place_hold(officer, case, "order")
        done = drop(lake, Policy(30), dry=True)
        assert "all events in the time of 1 alerts" in "".join(done.lines())
        assert not Health.objects.filter(kind=Kind.HELD).exists()
        Retaining(lake)(_with(here, days=30))
        assert _raws(lake) == {*(f"tax {n}" for n in range(6)), "no time"}
        told = Health.objects.get(kind=Kind.HELD, until=None)
        assert (told.zone, told.text[:8]) == ("civil", "1 alerts")
        assert Entry.objects.get(action="lake.retain").detail["wide"] == 1
        ask_to_lift(officer, hold, "over")
        lift(people["director-civil"], hold)
        Retaining(lake)(_with(here, days=30))
        assert _raws(lake) == set()
        assert not Health.objects.filter(kind=Kind.HELD, until=None).exists()


def test_alerts_that_name_all_their_events_hold_no_span(people: Cast) -> None:
    ids = [{"kind": "event", "id": f"{n:032x}"} for n in range(4)]
    now = timezone.now()
    alerts = [
        _alert(people, "whole", events=4, first=now, last=now, evidence=ids),
        Alert.objects.create(uid="r", kind="insider", title="r", group="r", zone="civil", events=9,
                             constituent=people.places["tax"], evidence=[{"kind": "read", "id": "1"}]),
    ]  # fmt: skip
    case = open_case(people["officer-civil"], "case", "civil", people.places["tax"], alerts=alerts)
    place_hold(people["officer-civil"], case, "order")
    (one,) = holds()
    assert len(one.event_ids) == 4


def test_an_alert_without_a_time_holds_all_of_its_constituent(people: Cast) -> None:
    case = open_case(
        people["officer-civil"], "case", "civil", people.places["tax"],
        alerts=[_alert(people, "a", events=3), _alert(people, "b", events=3, first=timezone.now())],
    )  # fmt: skip
    place_hold(people["officer-civil"], case, "order")
    (one,) = holds()
    assert (one.zone, one.constituent, one.since, one.until, one.event_ids) == ("civil", "tax", None, None, frozenset())


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9)), min_size=1))
def test_joined_spans_cover_the_same_moments(pairs: list[tuple[int, int]]) -> None:
    spans = [(NOON + timedelta(hours=a), NOON + timedelta(hours=a + b)) for a, b in pairs]
    found = list(joined(spans))
    for half in range(-1, 110):
        at = NOON + timedelta(minutes=30 * half)
        assert any(a <= at <= b for a, b in spans) == any(a and b and a <= at <= b for a, b in found)
    assert len(found) <= len(spans)


def test_a_hold_placed_while_events_are_judged_is_honoured(
    here: Centre, people: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer, old = people["officer-civil"], timezone.now() - timedelta(days=50)
    case = open_case(officer, "case", "civil", people.places["tax"])
    judge, left = retention.judge, [1]

    def meanwhile(*arguments: Any, **named: Any) -> retention.Verdict:
        if left.pop() if left else 0:
            place_hold(officer, case, "order", query="kept")
        return judge(*arguments, **named)

    monkeypatch.setattr(retention, "judge", meanwhile)
    with Lake(tmp_path / "lake") as lake:
        lake.append(
            table([{"time": old, "raw": "kept"}, {"time": old, "raw": "other"}], "tax", ingest=old), "0" * 64, 0
        )
        Retaining(lake)(_with(here, days=30))
        assert _raws(lake) == {"kept"}


def test_an_alert_that_grows_while_events_are_judged_is_held_as_it_has_grown(
    here: Centre, people: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many alerts as before, and one that now stands for another old event."""
    officer, old = people["officer-civil"], timezone.now() - timedelta(days=50)
    judge, left = retention.judge, [1]
    with Lake(tmp_path / "lake") as lake:
        rows = table([{"time": old, "raw": "late"}, {"time": old, "raw": "other"}], "tax", ingest=old)
        lake.append(rows, "0" * 64, 0)
        alert = _alert(people, "a", events=1, first=old, last=old, evidence=[{"kind": "event", "id": "00" * 16}])
        place_hold(officer, open_case(officer, "case", "civil", people.places["tax"], alerts=[alert]), "order")
        named = [*alert.evidence, {"kind": "event", "id": rows["event_id"][0].as_py().hex()}]

        def meanwhile(*arguments: Any, **more: Any) -> retention.Verdict:
            if left.pop() if left else 0:
                Alert.objects.filter(pk=alert.pk).update(events=2, evidence=named)
            return judge(*arguments, **more)

        monkeypatch.setattr(retention, "judge", meanwhile)
        Retaining(lake)(_with(here, days=30))
        assert _raws(lake) == {"late"}


def test_an_alert_that_can_name_no_more_is_held_by_its_time(people: Cast) -> None:
    """Of correlations the greater count stands while names add up: it says less than there is."""
    now = timezone.now()
    ids = [{"kind": "event", "id": f"{n:032x}"} for n in range(EVIDENCE)]
    alert = _alert(people, "many", events=EVIDENCE - 200, first=now, last=now, evidence=ids)
    place_hold(
        people["officer-civil"],
        open_case(people["officer-civil"], "case", "civil", people.places["tax"], alerts=[alert]), "order",
    )  # fmt: skip
    assert [bool(each.event_ids) for each in holds()] == [True, False]


def test_what_is_dropped_and_that_it_was_stand_or_fall_together(
    people: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = timezone.now() - timedelta(days=50)
    with Lake(tmp_path / "lake") as lake:
        lake.append(table([{"time": old, "raw": "a"}], "tax", ingest=old), "0" * 64, 0)
        with monkeypatch.context() as patch:
            patch.setattr("kulla.centre.worker.retaining.record", _breaks)
            with pytest.raises(RuntimeError):
                drop(lake, Policy(30))
        assert _raws(lake) == {"a"}
        with monkeypatch.context() as patch:
            patch.setattr(lake.log, "commit", _breaks)
            with pytest.raises(RuntimeError):
                drop(lake, Policy(30))
        assert not Entry.objects.filter(action="lake.retain").exists()


def _breaks(*_: object, **__: object) -> None:
    raise RuntimeError


def test_an_alert_does_not_leave_a_case_under_a_hold(people: Cast) -> None:
    """One person would lift the hold by moving what it covers."""
    analyst, officer = people["analyst-civil"], people["officer-civil"]
    case = open_case(officer, "held", "civil", people.places["tax"])
    other = open_case(officer, "other", "civil", people.places["tax"])
    alert = _alert(people, "a", rule_id="r")
    rows = Alert.objects.filter(pk=alert.pk)
    alerts.escalate(analyst, rows, alerts.AsOf.now(), case)
    hold = place_hold(officer, case, "order")
    for act in (
        lambda: alerts.escalate(analyst, rows, alerts.AsOf.now(), other),
        lambda: open_case(analyst, "new", "civil", people.places["tax"], alerts=list(rows)),
        lambda: alerts.undo(analyst),
    ):
        with pytest.raises(ValidationError, match="legal hold"):
            act()
    alert.refresh_from_db()
    assert alert.case == case
    alerts.close(analyst, rows, alerts.AsOf.now(), "true")
    alerts.undo(analyst)
    ask_to_lift(officer, hold, "over")
    lift(people["director-civil"], hold)
    alerts.escalate(analyst, rows, alerts.AsOf.now(), other)
    alert.refresh_from_db()
    assert alert.case == other


def test_holds_that_never_rest_end_in_words(people: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, count = timezone.now() - timedelta(days=50), iter(range(99))
    monkeypatch.setattr("kulla.centre.worker.retaining._stamp", lambda: next(count))
    with Lake(tmp_path / "lake") as lake:
        lake.append(table([{"time": old, "raw": "a"}], "tax", ingest=old), "0" * 64, 0)
        with pytest.raises(InputError, match="nothing was dropped; try again"):
            drop(lake, Policy(30))
        assert _raws(lake) == {"a"}


def test_no_night_drops_what_a_wrong_number_or_clock_says(
    here: Centre, people: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = timezone.now()
    with Lake(tmp_path / "lake") as lake:
        rows = [{"time": now - timedelta(days=days), "raw": f"{days}"} for days in (1, 20, 90, 200)]
        lake.append(table(rows, "tax", ingest=now), "0" * 64, 0)
        retain = Retaining(lake)
        retain(_with(here, days=150, of={"civil/tax": 160}))
        assert _raws(lake) == {"1", "20", "90"}
        for told in ({"days": 15}, {"days": 150, "of": {"civil/tax": 16}}, {"days": 15, "of": {"civil/tax": 160}}):
            with pytest.raises(ConfigError, match="nothing was dropped"):
                retain(_with(here, **told))
        with monkeypatch.context() as later:
            later.setattr(timezone, "now", lambda: now + timedelta(days=900))
            with pytest.raises(ConfigError, match="clock"):
                retain(_with(here, days=150))
        assert _raws(lake) == {"1", "20", "90"}
        retain(_with(here, days=140, of={"civil/tax": 140}))
        leaping.remember(here.state, Policy(80), now.date())  # as a person does it
        retain(_with(here, days=80))
        assert _raws(lake) == {"1", "20"}
        (here.state / leaping.FILE).write_text("[")
        with pytest.raises(ConfigError, match="cannot be read"):
            retain(_with(here, days=80))


def test_a_misspelt_constituent_drops_nothing(here: Centre, people: Cast, tmp_path: Path) -> None:
    with Lake(tmp_path / "lake") as lake, pytest.raises(ConfigError, match="no constituent taxs in zone civil"):
        Retaining(lake)(_with(here, days=30, of={"civil/taxs": 1100}))


def test_a_query_that_cannot_be_read_is_refused_when_it_is_placed(people: Cast) -> None:
    """At night it would keep retention from dropping anything."""
    case = open_case(people["officer-civil"], "case", "civil", people.places["tax"])
    with pytest.raises(ValidationError, match="column 1"):
        place_hold(people["officer-civil"], case, "order", query="(host:a")


def _raws(lake: Lake) -> set[str]:
    return {raw for batch in lake.search("", SCOPE) for raw in batch.column("raw").to_pylist()}
