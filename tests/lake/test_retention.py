from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import lakes
import pytest
from lakes import NOON, SCOPE

from kulla.errors import ConfigError
from kulla.lake import Hold, Lake, Policy, QueryError

TODAY = (NOON + timedelta(days=10)).date()
EVENTS = [{"raw": f"day {n}", "time": NOON + timedelta(days=n)} for n in range(10) for _ in range(3)]
TABLE = lakes.table(EVENTS, ingest=NOON + timedelta(days=10))
BOTH = SCOPE | {("military", "mod")}


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    with Lake(tmp_path) as made:
        made.append(TABLE, "aa" * 32, 0)
        made.append(lakes.table(EVENTS, "mod", "military", ingest=NOON + timedelta(days=10)), "aa" * 32, 0)
        yield made


def raws(lake: Lake) -> list[str]:
    return sorted(raw for batch in lake.search("", SCOPE) for raw in batch["raw"].to_pylist())


def test_days_older_than_the_policy_go(lake: Lake) -> None:
    done = lake.retain(Policy(5), [], TODAY)
    assert raws(lake) == [f"day {n}" for n in range(5, 10) for _ in range(3)]
    assert done.oldest == date(2026, 5, 16)
    assert done.dropped == 2 * 15
    assert done.lines()[0] == "civil/mof 2026-05-11: 3 events dropped"
    assert lake.retain(Policy(5), [], TODAY).fates == []
    assert lake.check(deep=True) == []
    assert len(lake.vacuum(0)) == 10


def test_a_constituent_may_have_days_of_its_own(lake: Lake) -> None:
    lake.retain(Policy(5, {("military", "mod"): 9}), [], TODAY)
    assert lake.count("", SCOPE) == 15
    assert lake.count("", BOTH - SCOPE) == 27


IDS = TABLE["event_id"].to_pylist()
HOLDS = [
    (Hold("a", zone="civil"), 30),
    (Hold("a", constituent="mof"), 30),
    (Hold("a", zone="military"), 3),
    (Hold("a", since=NOON + timedelta(days=2), until=NOON + timedelta(days=4)), 9),
    (Hold("a", event_ids=frozenset([IDS[0], IDS[4]])), 5),
    (Hold("a", query='"day 1" or "day 2"'), 9),
    (Hold("a", query='"day 1" or "day 2"', since=NOON + timedelta(days=2)), 6),
    (Hold("a", event_ids=frozenset([IDS[0]]), query='"day 1"'), 3),
    (Hold("a", query="nothing"), 3),
]


@pytest.mark.parametrize(("hold", "left"), HOLDS)
def test_what_a_hold_covers_stays(lake: Lake, hold: Hold, left: int) -> None:
    done = lake.retain(Policy(1), [hold], TODAY)
    assert lake.count("", SCOPE) == left
    held = sum(each.held.get("a", 0) for each in done.fates if each.zone == "civil")
    assert held == left - 3
    if held:
        assert any("by hold a" in line for line in done.lines())
    again = lake.retain(Policy(1), [hold], TODAY)
    assert again.dropped == 0
    assert lake.count("", SCOPE) == left
    lake.vacuum(0)
    assert lake.count("", SCOPE) == left
    assert lake.check(deep=True) == []


def test_several_holds_each_keep_theirs_and_each_is_named(lake: Lake) -> None:
    done = lake.retain(
        Policy(1), [Hold("a", query='"day 1"'), Hold("b", zone="civil", query='"day 1" or "day 3"')], TODAY
    )
    assert raws(lake) == sorted(["day 1"] * 3 + ["day 3"] * 3 + ["day 9"] * 3)
    assert [each.held for each in done.fates if each.zone == "civil" and each.held] == [{"a": 3, "b": 3}, {"b": 3}]


def test_undated_events_go_by_their_intake(tmp_path: Path) -> None:
    events: list[lakes.Made] = [{"time": None}, {"time": NOON - timedelta(days=9000)}]
    with Lake(tmp_path) as lake:
        lake.append(lakes.table(events), "aa" * 32, 0)
        lake.retain(Policy(11), [], TODAY)
        assert lake.count("", SCOPE) == 2
        lake.retain(Policy(5), [Hold("a", until=NOON)], TODAY)
        assert lake.count("", SCOPE) == 2
        lake.retain(Policy(5), [Hold("a", since=NOON)], TODAY)
        assert lake.count("", SCOPE) == 2  # without a time, or with one not to be believed: no span can tell
        lake.retain(Policy(5), [], TODAY)
        assert lake.count("", SCOPE) == 0


def test_nothing_is_dropped_on_a_mistake(lake: Lake) -> None:
    with pytest.raises(ConfigError, match="one day at least"):
        lake.retain(Policy(0), [], TODAY)
    with pytest.raises(QueryError):
        lake.retain(Policy(1), [Hold("a", query="(")], TODAY)
    lake.retain(Policy(10**9), [], TODAY)
    assert lake.count("", SCOPE) == len(EVENTS)


def test_what_holds_keep_is_told_as_retention_would_do_it(lake: Lake) -> None:
    """Events, files, and those that are there by the holds alone; nothing outside of the scope counts."""
    first, other = TABLE["event_id"].to_pylist()[0], TABLE["event_id"].to_pylist()[29]
    holds = [Hold("ids", event_ids=frozenset([first, other])), Hold("day", "civil", query='"day 1"')]
    told = lake.held(holds, BOTH, Policy(5), TODAY)
    assert (told.events, told.files, told.due) == (5, 3, 4)
    assert lake.held(holds, BOTH, None, TODAY).due == 0
    assert lake.held(holds, BOTH - SCOPE, Policy(5), TODAY).events == 0
    dropped = lake.retain(Policy(5), holds, TODAY)
    assert sum(sum(each.held.values()) for each in dropped.fates) == told.due
    assert lake.held(holds, BOTH, Policy(5), TODAY) == told
