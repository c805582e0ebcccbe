"""Sums over windows and sessions, made of half days, against going through every window read by read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.leaks.attribute import index, steady
from kulla.leaks.attribute.pairs import Explained, explained
from kulla.leaks.attribute.readlog import EXACT, PER_READ, ReadLog, empty
from kulla.leaks.attribute.target import target
from kulla.leaks.attribute.windows import DAY, WINDOWS, Cells, crawls, sessions, touched
from kulla.leaks.intervals import from_rows

HOUR = DAY // 24
RECORDS = 12
Row = tuple[int, int, int, int, float, float, float]
"""Actor, way, first, last of a window, weight and weighted log_stood explained, records read."""


def log_of(draw: np.random.Generator, count: int, days: float) -> ReadLog:
    """Reads of one record each, of three accounts, two templates and a few sessions."""
    start = np.sort(draw.integers(0, round(days * DAY), count)) + 5 * DAY
    small = {name: draw.integers(0, high, count).astype(np.int32) for name, high in
             (("account", 3), ("session", 4), ("template", 2))}  # fmt: skip
    nothing = {name: np.full(count, -1, getattr(empty(), name).dtype) for name in
               ("end_user", "grade", "client", "application", "kind", "file", "bitmap")}  # fmt: skip
    rest: dict[str, Any] = {
        "start": start, "stop": start, "columns": np.zeros(count, np.int32), "extent": np.full(count, EXACT, np.int8),
        "rows": np.ones(count, np.int64), "record": draw.integers(1, RECORDS + 6, count).astype(np.uint32),
        "sealed": np.zeros(count, np.int8), "line_from": np.arange(count), "lines": np.ones(count, np.int32),
        "line_hash": np.zeros((count, 16), np.uint8), "read_id": np.zeros((count, 16), np.uint8),
    }  # fmt: skip
    arrays = small | nothing | rest
    assert arrays.keys() == set(PER_READ)
    return ReadLog(**arrays, accounts=("a", "b", "c"), column_sets=(("x",),))


def found_of(draw: np.random.Generator, count: int, days: float) -> Explained:
    """A leak of some records, each with a few rows that stood at different times, and what the reads explain of it."""
    rows = 2 * RECORDS
    record = np.sort(draw.integers(1, RECORDS + 1, rows)).astype(np.uint32)
    first = draw.integers(0, round((days + 6) * DAY), rows)
    intervals = from_rows(np.arange(rows), first, first + draw.integers(HOUR, (round(days) + 2) * DAY, rows), rows)
    horizon = (0, round((2 * days + 20) * DAY))
    goal = target(record, intervals, steady(50), horizon)
    return explained(index(log_of(draw, count, days)), goal, ("x",), 0.0)


def slowly(found: Explained) -> tuple[list[Row], list[Row]]:
    """Every window of each actor's reads of a template, and of all; and every session."""
    log, goal, known = found.index.log, found.target, found.index
    narrow = np.setdiff1d(np.flatnonzero(found.usable), found.wide)
    begin, end = int(log.start[narrow].min(initial=2**62)), int(log.start[narrow].max(initial=0))
    windows: list[Row] = []
    whole: list[Row] = []
    for actor in range(len(known.actors)):
        mine = [read for read in narrow.tolist() if known.actor[read] == actor]
        groups = [(0, [r for r in mine if log.template[r] == each]) for each in (0, 1)] + [(1, mine)]
        for way, reads in groups:
            for days in WINDOWS:
                step = days * DAY // 2
                starts = range(begin, end + 1, step)
                windows += [_window(found, actor, way, reads, first, first + 2 * step) for first in starts]
        for run in sorted({int(known.run[read]) for read in mine}):
            reads = [read for read in mine if known.run[read] == run]
            whole.append(_window(found, actor, 2, reads, begin, begin + 2 * (WINDOWS[-1] * DAY // 2)))
    assert len(goal)
    return [row for row in windows if row[4] > 0], [row for row in whole if row[4] > 0]


def _window(found: Explained, actor: int, way: int, reads: list[int], first: int, last: int) -> Row:
    log, goal = found.index.log, found.target
    inside = [read for read in reads if first <= log.start[read] < last]
    rows: set[int] = set()
    for read in inside:
        for row in range(len(goal)):
            at = np.array([log.start[read]], np.int64)
            if goal.records[goal.owner[row]] == log.record[read] and goal.meets(np.array([row]), at, at)[0]:
                rows.add(row)
    each = sorted(rows)
    weight = float(goal.weight[each].sum())
    stood = float((goal.weight[each] * goal.log_stood[each]).sum())
    return actor, way, first, last, weight, stood, float(len(inside))


def listed(cells: Cells) -> list[Row]:
    names = ("actor", "way", "first", "last", "explained", "stood", "touches")
    return list(zip(*(getattr(cells, name).tolist() for name in names), strict=True))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.sampled_from([0.3, 2.5, 20.0]))
def test_windows_and_sessions_are_summed_as_if_gone_through_one_by_one(seed: int, count: int, days: float) -> None:
    found = found_of(np.random.default_rng(seed), count, days)
    reads = touched(found, np.arange(len(found.index.actors)))
    for made, wanted in zip((crawls(reads), sessions(reads)), slowly(found), strict=True):
        mine = sorted(listed(made))
        assert [row[:4] for row in mine] == [row[:4] for row in sorted(wanted)]
        for one, other in zip(mine, sorted(wanted), strict=True):
            assert one[4:] == pytest.approx(other[4:])
