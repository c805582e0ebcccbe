"""The window as it may be told away from the owner's site: no few rows decide it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.leaks.date.counted import HOUR, PRIVACY, contradicting, counted
from kulla.leaks.discretion import Discretion
from kulla.leaks.intervals import FOREVER, Intervals, from_rows

SPAN = (0, 48 * HOUR)
ROWS = 100


def rows(*kinds: tuple[int, int, int]) -> Intervals:
    """So many rows each that stood from one hour to another."""
    counts, first, last = (np.array(each, np.int64) for each in zip(*kinds, strict=True))
    total = int(counts.sum())
    return from_rows(np.arange(total), np.repeat(first, counts) * HOUR, np.repeat(last, counts) * HOUR, total)


def told(intervals: Intervals, seed: int) -> tuple[int, int]:
    draws = Discretion(False, bytes(32), str(seed).encode()).blurs
    return counted(intervals, intervals, SPAN, FOREVER, ROWS, draws)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(-3 * HOUR, 50 * HOUR), st.integers(1, 30 * HOUR)), min_size=1, max_size=30))
def test_contradicting_rows_are_counted_hour_by_hour(some: list[tuple[int, int]]) -> None:
    """Against the count at every moment at which a row begins or ends, and at every full hour."""
    span = (HOUR // 2, 47 * HOUR + 5)
    intervals = [(first, first + length) for first, length in some]
    first, last = np.array(intervals).T
    made = from_rows(np.arange(len(some)), first, last, len(some))
    moments = sorted({*range(0, span[1], HOUR), *(m for pair in intervals for m in pair), span[0]})
    held = {m: sum(a <= m < b for a, b in intervals) for m in moments if span[0] <= m < span[1]}
    most = max(held.values())
    for hour, depth in enumerate(contradicting(made, span).tolist()):
        begin, end = max(hour * HOUR, span[0]), min((hour + 1) * HOUR, span[1])
        before = max((m for m in held if m <= begin), default=span[0])
        inside = [count for m, count in held.items() if begin <= m < end or m == before]
        assert depth == most - max(inside)


def test_a_window_reaches_to_where_a_hundred_rows_contradict() -> None:
    """A thousand rows of each of two turns, and ten rows that would bound it closer."""
    some = rows((1000, 10, 48), (1000, 0, 30), (10, 15, 20))
    windows = [told(some, seed) for seed in range(50)]
    assert set(windows) == {(10 * HOUR, 30 * HOUR)}


def test_what_few_rows_bound_is_told_as_unbounded() -> None:
    windows = [told(rows((1000, 0, 48), (40, 10, 20)), seed) for seed in range(400)]
    assert np.mean([window == (0, FOREVER) for window in windows]) > 0.9


@pytest.mark.parametrize("hour", [24, 40])
def test_a_row_more_hardly_changes_the_chance_of_any_window(hour: int) -> None:
    """Thousands of crafted files, a hundred known rows that begin late, and a guess: whether it does too."""
    files = 2000
    wrong = [told(rows((300, 0, 48), (100, hour, 48)), seed)[0] for seed in range(files)]
    right = [told(rows((300, 0, 48), (101, hour, 48)), seed + files)[0] for seed in range(files)]
    for begin in {*wrong, *right}:
        one, other = wrong.count(begin) / files, right.count(begin) / files
        assert abs(one - other) <= max(one, other) * np.expm1(PRIVACY) + 4 * np.sqrt((one + other) / files)
    decided = abs(np.mean(np.array(wrong) > 0) - np.mean(np.array(right) > 0))
    assert decided < 0.08


def test_a_window_is_never_empty_and_lies_within_the_span() -> None:
    for seed in range(200):
        begin, end = told(rows((200, 0, 10), (200, 38, 48)), seed)
        assert 0 <= begin < end
