from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kulla.errors import ConfigError, UsageError
from kulla.exercise.changes import OPEN, Calendar, Events, arrivals, before, history
from kulla.exercise.habits import RegisterHabits

ZONE = "Europe/Tirane"
CALENDAR = Calendar(date(2024, 1, 1), 24, RegisterHabits(), ZONE)


def local(times: np.ndarray[tuple[int], np.dtype[np.int64]]) -> list[datetime]:
    return [datetime.fromtimestamp(t / 1e6, ZoneInfo(ZONE)) for t in times.tolist()]


def test_commits_lie_in_working_hours_whatever_the_clocks_do() -> None:
    times = CALENDAR.moments(1, "x", np.arange(20_000))
    assert all(8 <= each.hour < 16 for each in local(times))
    assert times.min() >= CALENDAR.begins
    assert times.max() < CALENDAR.ends


def test_working_hours_hold_on_the_days_when_clocks_change() -> None:
    weekends = Calendar(date(2024, 1, 1), 12, RegisterHabits(weekend=1.0), ZONE)
    told = local(weekends.moments(1, "x", np.arange(60_000)))
    changed = [each for each in told if each.date() in {date(2024, 3, 31), date(2024, 10, 27)}]
    assert {each.date() for each in changed} == {date(2024, 3, 31), date(2024, 10, 27)}
    assert all(8 <= each.hour < 16 for each in changed)


def test_months_start_busy_and_weekends_are_quiet() -> None:
    told = local(CALENDAR.moments(1, "x", np.arange(20_000)))
    assert np.mean([each.day <= 9 for each in told]) > 0.45
    assert np.mean([each.weekday() >= 5 for each in told]) < 0.04
    assert np.mean([each.month == 8 for each in told]) < 0.07


def test_a_month_can_be_told() -> None:
    month = np.arange(5000) % 24
    times = CALENDAR.moments(1, "x", np.arange(5000), month)
    assert np.array_equal(CALENDAR.month_of(times), month)


def test_long_transactions_gather_changes_at_their_commit() -> None:
    started, committed = CALENDAR.long_ones(1, "civil")
    assert started.size == 24 * 4
    assert (started < committed).all()
    assert (committed - started).max() <= 3 * 3_600_000_000
    times = CALENDAR.commits(1, "civil", "x", np.arange(20_000))
    inside = np.isin(times, committed)
    assert inside.mean() == pytest.approx(0.12, abs=0.02)
    assert np.unique(times[~inside]).size > 0.99 * (~inside).sum()
    none = Calendar(CALENDAR.start, 24, RegisterHabits(long_share=0.0), ZONE)
    assert not np.isin(none.commits(1, "civil", "x", np.arange(2000)), committed).any()


def test_arrivals_come_at_their_rate_and_alike_for_one_number() -> None:
    number = np.repeat(np.arange(10_000), 2)
    events = arrivals(CALENDAR, 1, "civil", "move", number, 0.01)
    assert events.record.size / number.size == pytest.approx(0.24, rel=0.1)
    first = {(int(r) // 2, int(t)) for r, t in zip(events.record, events.time, strict=True) if r % 2 == 0}
    second = {(int(r) // 2, int(t)) for r, t in zip(events.record, events.time, strict=True) if r % 2}
    assert first == second


EVENTS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9), st.sampled_from(["a", "b", "end"])), max_size=25)
SINCE = st.lists(st.one_of(st.integers(0, 9), st.just(OPEN)), min_size=4, max_size=4)


def plainly(since: list[int], events: list[tuple[int, int, str]]) -> list[tuple[int, int, int, int, int]]:
    """Versions of each record told one change after the other."""
    rows = []
    for record, start in enumerate(since):
        mine = [(t, kind) for r, t, kind in events if r == record]
        end = min([t for t, kind in mine if kind == "end"], default=OPEN)
        if start == OPEN or start >= end:
            continue
        cuts = sorted({start, *(t for t, kind in mine if kind != "end" and start < t < end)})
        for cut, until in zip(cuts, [*cuts[1:], end], strict=True):
            seen = [kind for t, kind in mine if start < t <= cut]
            rows.append((record, cut, until, seen.count("a"), seen.count("b")))
    return rows


@given(SINCE, EVENTS)
def test_history_is_what_the_plain_way_tells(since: list[int], events: list[tuple[int, int, str]]) -> None:
    def of(kind: str) -> Events:
        mine = [(r, t) for r, t, k in events if k == kind]
        return Events(kind, np.array([r for r, _ in mine], np.int64), np.array([t for _, t in mine], np.int64))

    story = history(np.array(since, dtype=np.int64), [of("a"), of("end"), of("b")], ending="end")
    told = zip(story.record, story.since, story.until, story.count["a"], story.count["b"], strict=True)
    assert [tuple(map(int, row)) for row in told] == plainly(since, events)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9)), max_size=12))
def test_before_counts_events_before_each_time(events: list[tuple[int, int]]) -> None:
    times = np.array([[0, 5, 9], [3, 3, 10], [1, 2, OPEN]])
    given_ = Events("x", np.array([r for r, _ in events], np.int64), np.array([t for _, t in events], np.int64))
    wanted = [
        [sum(r == row and t < time for r, t in events) for time in line] for row, line in enumerate(times.tolist())
    ]
    assert before(given_, times).tolist() == wanted


@pytest.mark.parametrize(("start", "months"), [(date(2024, 1, 2), 3), (date(2024, 1, 1), 0), (date(2024, 1, 1), 999)])
def test_a_span_that_cannot_be_is_refused(start: date, months: int) -> None:
    with pytest.raises(UsageError):
        Calendar(start, months, RegisterHabits(), ZONE)


def test_habits_that_cannot_be_are_refused() -> None:
    for wrong in ({"from_hour": 17}, {"long_share": 1.5}, {"seasons": (1.0,) * 11}, {"seasons": (0.0,) * 12}):
        with pytest.raises(ConfigError, match=next(iter(wrong))):
            RegisterHabits(**wrong)
