"""The situation: every figure counts what the reader sees, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from centrealerts import incoming
from centrecast import Cast
from django.test import Client
from django.utils import timezone

from kulla.centre.alerts.models import Alert
from kulla.centre.alerts.upsert import upsert
from kulla.centre.cases.actions import open_case
from kulla.centre.cases.actions.duties import add_bearer, decide
from kulla.centre.situation import figures
from kulla.centre.worker.models import SourceFile

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def _alert(people: Cast, uid: str, place: str, level: str = "high", **more: object) -> Alert:
    where = people.places[place]
    values = {"title": uid, "group": uid, "zone": where.zone, "constituent": where, "level": level, **more}
    return Alert.objects.create(uid=uid, **values)


def test_levels_by_zone_within_sight(people: Cast) -> None:
    _alert(people, "a", "tax")
    _alert(people, "b", "health", "critical")
    _alert(people, "c", "navy")
    _alert(people, "d", "tax", status="closed")
    zones, table = figures.by_level(people["director-civil"])
    assert zones == ["civil"]
    assert {key: counts for key, _name, counts in table if any(counts)} == {"critical": [1], "high": [1]}
    zones, table = figures.by_level(people["everything"])
    assert zones == ["civil", "joint", "military"]
    assert {key: counts for key, _name, counts in table if any(counts)} == {"critical": [1, 0, 0], "high": [1, 0, 1]}
    assert figures.by_level(people["analyst-tax"])[1][1][2] == [1]
    assert figures.by_level(people["auditor-civil"])[0] == []


def test_times_are_medians_of_what_is_seen(people: Cast) -> None:
    now = timezone.now()
    for at, hours in enumerate((1, 3, 5)):
        row = _alert(people, f"a{at}", "tax", first=now - hours * HOUR)
        Alert.objects.filter(pk=row.pk).update(made=now, acknowledged=now + 2 * HOUR, status="acknowledged")
    waiting = _alert(people, "w", "health")
    Alert.objects.filter(pk=waiting.pk).update(made=now - 9 * HOUR)
    _alert(people, "n", "navy", first=now - 1000 * HOUR)
    told = figures.times(people["director-civil"])
    assert (told.detect, told.acknowledge, told.close) == (3 * HOUR, 2 * HOUR, None)
    assert (told.backlog, told.oldest) == (1, now - 9 * HOUR)
    assert figures.times(people["nobody"]) == figures.Times(None, None, None, 0, None)


def test_the_most_pressing_clock_comes_first(people: Cast) -> None:
    officer = people["officer-civil"]
    for title, hours in (("late", 30), ("soon", 20)):
        case = open_case(officer, title, "civil", people.places["tax"])
        bearer = add_bearer(officer, case, "entity", title, "eu")
        decide(officer, bearer, "aware", "nis2", timezone.now() - hours * HOUR, "read")
    told = [(each.case.title, each.clock.duty.id) for each in figures.clocks(people["director-civil"])]
    assert told[:2] == [("late", "early_warning"), ("soon", "early_warning")]
    assert figures.clocks(people["director-military"]) == []


def test_silent_constituents_come_first(people: Cast) -> None:
    now = timezone.now()
    tax, health = people.places["tax"], people.places["health"]
    for place, hours in ((tax, 1), (health, 30)):
        SourceFile.objects.create(
            sha256=place.name, name="x", zone="civil", constituent=place, ended=now - hours * HOUR
        )
    told = [(each.constituent.name, each.silent) for each in figures.sources(people["director-civil"])]
    assert told == [("health", True), ("tax", False)]
    assert [each.constituent.name for each in figures.sources(people["director-joint"])] == ["border"]


def test_coverage_counts_techniques_with_rules_data_and_hits(people: Cast) -> None:
    before = {each.name: each for each in figures.coverage(people["director-civil"])}
    assert before["execution"].rules > 0
    assert before["execution"].data == before["execution"].fired == 0
    tags, detail = ("attack.execution", "attack.t1059.001"), {"logsource": {"product": "windows"}}
    upsert([incoming("tax", at=timezone.now(), tags=tags, detail=detail)])
    after = {each.name: each for each in figures.coverage(people["director-civil"])}
    assert after["execution"].fired == 1
    assert 0 < after["execution"].data <= after["execution"].rules <= after["execution"].all
    assert {each.name: each for each in figures.coverage(people["director-military"])} == before


@pytest.mark.parametrize("who", ["director-civil", "auditor-civil", "liaison-joint", "everything"])
def test_the_page_opens(people: Cast, enter: Callable[[str], Client], who: str) -> None:
    assert enter(who).get("/situation/").status_code == 200


def test_the_page_is_not_for_everybody(enter: Callable[[str], Client]) -> None:
    assert enter("owner-civil").get("/situation/").status_code == 404
