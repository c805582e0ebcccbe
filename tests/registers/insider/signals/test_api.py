"""The surprise of a count against the obvious way to compute it, account by account and window by window."""

from __future__ import annotations

from math import log10, sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from insiderreads import at, clerks, day_reads, plain_context, read, watched_days

from kulla.registers.insider.baseline import rarity
from kulla.registers.insider.signals._api import MOST, SHAPE, WIDEST, WINDOWS, count_surprise
from kulla.registers.insider.state import State
from kulla.registers.insider.watch import watch_day

NAMES = [row["account"] for row in clerks().to_pylist()][:3]
DAYS = 14
COUNTS = st.lists(st.lists(st.integers(0, 3), min_size=3, max_size=3), min_size=DAYS, max_size=DAYS)


def day(number: int, counts: list[int]) -> list[dict[str, Any]]:
    """One look-up of each account, and so many that fail."""
    rows = [read(name, at(number, 8), [n + 1]) for n, name in enumerate(NAMES)]
    return rows + [read(name, at(number, 9, n), outcome="error")
                   for name, count in zip(NAMES, counts, strict=True) for n in range(count)]  # fmt: skip


def obvious(past: list[list[int]], now: list[int], clump: float) -> list[float]:
    total, days = [sum(each) for each in past], len(past[0])
    rate = max(sum(total) / (3 * days), 0.5 / (3 * days))
    between = sum((each / days - rate) ** 2 for each in total) / 3 - rate / days
    shape = min(max(rate**2 / max(between, 1e-12), SHAPE[0]), SHAPE[1])
    beyond = sum((x - t / days) ** 2 - t / days for t, each in zip(total, past, strict=True) for x in each)
    square = sum((t / days) ** 2 * days for t in total)
    excess = max(min(max(beyond / square if square else 0.0, 0.0), WIDEST), clump)
    found = []
    for each, count in zip(past, now, strict=True):
        best = 0.0
        for window in WINDOWS:
            split = max(len(each) - (window - 1), 0)
            old, recent = each[:split], each[split:]
            own = (sum(old) + shape) / (len(old) + shape / rate)
            size = 1 / (1 / (shape + sum(old)) + excess / sqrt(len(recent) + 1))
            value = rarity(np.array([sum(recent) + count * 1.0]), np.array([own * (len(recent) + 1)]), np.array([size]))
            best = max(best, float(value[0]) - log10(len(WINDOWS)) if count else 0.0)
        found.append(min(best, MOST))
    return found


@given(COUNTS, st.lists(st.integers(0, 9), min_size=3, max_size=3))
@settings(max_examples=12, deadline=None)
def test_it_is_the_obvious_one(past: list[list[int]], now: list[int]) -> None:
    state, told = State(), plain_context()
    watched_days(state, told, (day(number, counts) for number, counts in enumerate(past)))
    today = watch_day(state, day_reads(day(DAYS, now)), told).today
    found = count_surprise(today, "broken", today.facts.broken, 1.0)[0]
    by_name = dict(zip(today.facts.subjects, found.tolist(), strict=True))
    expected = obvious([[counts[n] for counts in past] for n in range(3)], now, 1.0)
    assert [by_name[name] for name in NAMES] == pytest.approx(expected, abs=1e-4)


def test_of_so_many_look_ups_some_meet_nobody() -> None:
    state, told = State(), plain_context()
    for number in range(DAYS):
        rows = [read(name, at(number, 9, n), [n + 1] if n else []) for name in NAMES for n in range(20)]
        watched_days(state, told, [rows])
    few = [read(NAMES[0], at(DAYS, 9, n), []) for n in range(4)]
    many = [read(NAMES[1], at(DAYS, 9, n), [n] if n >= 4 else []) for n in range(60)]
    today = watch_day(state, day_reads(few + many), told).today
    told_by = ("lookups", today.facts.lookups)
    found, expected = count_surprise(today, "missed", today.facts.missed, 0.5, told_by)
    assert today.facts.missed.tolist() == [4.0, 4.0]
    assert expected == pytest.approx([0.2, 3.0], rel=0.05)
    assert found[0] > 2 > 0.3 > found[1]
