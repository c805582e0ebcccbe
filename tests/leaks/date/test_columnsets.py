"""Columns that were taken at different times are told apart, and those of one time are not."""

from __future__ import annotations

import numpy as np

from kulla.leaks.date import column_sets
from kulla.leaks.intervals import FOREVER, Intervals, from_rows

END = 10_000


def copied(draw: np.random.Generator, count: int, moment: int, stale: float = 0.0) -> Intervals:
    """A column of rows as they stood at a moment; a share of them as at an older one."""
    first, last = np.zeros(count, np.int64), np.full(count, FOREVER)
    for row in range(count):
        times = np.sort(draw.integers(1, END, draw.poisson(2)))
        at = int(np.searchsorted(times, moment if draw.random() >= stale else moment // 3, "right"))
        first[row] = times[at - 1] if at else 0
        last[row] = times[at] if at < len(times) else FOREVER
    return from_rows(np.arange(count), first, last, count)


def test_columns_of_two_times_come_out_as_two_sets() -> None:
    draw = np.random.default_rng(1)
    columns = {name: copied(draw, 300, at) for name, at in (("pay", 3_000), ("phone", 6_500), ("employer", 3_000))}
    assert column_sets(columns, (0, END)) == (("pay", "employer"), ("phone",))


def test_columns_of_one_time_are_one_set_though_some_rows_are_stale() -> None:
    for seed in range(12):
        draw = np.random.default_rng(seed)
        columns = {name: copied(draw, 250, 6_000, 0.15) for name in ("pay", "phone", "employer")}
        assert column_sets(columns, (0, END)) == (("pay", "phone", "employer"),)


def test_a_column_that_never_changed_joins_the_first_set() -> None:
    draw = np.random.default_rng(2)
    born = from_rows(np.arange(300), np.zeros(300, np.int64), np.full(300, FOREVER), 300)
    columns = {"born": born, "phone": copied(draw, 300, 5_000), "pay": copied(draw, 300, 2_000)}
    assert column_sets(columns, (0, END)) == (("born", "phone"), ("pay",))


def test_nothing_left_of_the_history_leaves_one_set() -> None:
    none = from_rows(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64), 3)
    assert column_sets({"a": none, "b": none}, (0, END), seen=0) == (("a", "b"),)
    assert column_sets({"a": none, "b": none}, (0, END)) == (("a", "b"),)
