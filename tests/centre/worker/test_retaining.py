"""Retention drops what is old, and nothing that a legal hold covers: on a real lake."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from centrecast import Cast
from django.utils import timezone
from lakes import table

from kulla.centre.alerts.models import Alert
from kulla.centre.audit.models import Entry
from kulla.centre.cases.actions import open_case
from kulla.centre.cases.actions.holds import ask_to_lift, lift, place_hold
from kulla.centre.folder import Centre
from kulla.centre.worker.retaining import Retaining, policy
from kulla.errors import ConfigError
from kulla.lake import Lake

pytestmark = pytest.mark.django_db
SCOPE = frozenset({("civil", "tax"), ("civil", "health")})


def _with(here: Centre, **retention: object) -> Centre:
    return replace(here, told=replace(here.told, more={"retention": retention}))


def test_without_a_number_nothing_is_dropped(here: Centre) -> None:
    assert policy(here) is None


@pytest.mark.parametrize("told", [{"days": "many"}, {"days": 3, "of": 4}, {"days": 3, "of": {"civil": 4}}])
def test_what_cannot_be_read_is_refused(here: Centre, told: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="retention"):
        policy(_with(here, **told))


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


def _raws(lake: Lake) -> set[str]:
    return {raw for batch in lake.search("", SCOPE) for raw in batch.column("raw").to_pylist()}
