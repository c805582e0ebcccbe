"""What groups explain anew in each half day, against going through it read by read."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.leaks.attribute import steady
from kulla.leaks.attribute.rowsets import RowSets
from kulla.leaks.attribute.target import Target, target
from kulla.leaks.attribute.whenfirst import fresh
from kulla.leaks.intervals import from_rows

COUNT = 300


def goal(draw: np.random.Generator) -> Target:
    first = draw.integers(0, 900, COUNT)
    intervals = from_rows(np.arange(COUNT), first, first + draw.integers(1, 100, COUNT), COUNT)
    return target(np.sort(draw.integers(1, 200, COUNT)).astype(np.uint32), intervals, steady(5000), (0, 1000))


def slowly(
    rows_of: list[list[int]], leaked: Target, cell: list[int], of: list[int], many: int
) -> dict[tuple[int, int], tuple[float, float]]:  # fmt: skip
    """Summed weight, and weighted log_stood, by cell and half day before."""
    last: dict[tuple[int, int], int] = {}
    sums: dict[tuple[int, int], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for here, each in zip(cell, of, strict=True):
        group, half = divmod(here, many)
        for row in rows_of[each]:
            before = last.get((group, row), -1)
            if before < half:
                sums[here, before][0] += float(leaked.weight[row])
                sums[here, before][1] += float(leaked.weight[row] * leaked.log_stood[row])
                last[group, row] = half
    return {key: (value[0], value[1]) for key, value in sums.items()}


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 5, 40]))
def test_rows_are_counted_once_a_half_day_with_the_half_day_before(seed: int, many: int) -> None:
    draw = np.random.default_rng(seed)
    leaked = goal(draw)
    # Some sets are long, so that a group is gone through cell by cell, and others short, so that pairs are sorted.
    longest = draw.choice([4, len(leaked)], 12)
    rows_of = [
        sorted(draw.choice(len(leaked), int(draw.integers(1, longest[at] + 1)), replace=False).tolist())
        for at in range(12)
    ]
    begin = np.cumsum([0, *(len(each) for each in rows_of)])
    sets = RowSets(np.zeros(0, np.int32), begin, np.concatenate(rows_of).astype(np.int32), len(leaked))
    drawn = {(int(draw.integers(0, 4 * many)), int(draw.integers(0, 12))) for _ in range(int(draw.integers(0, 60)))}
    cell, of = (np.array([each[at] for each in sorted(drawn)], np.int64) for at in (0, 1))
    sums: dict[tuple[int, int], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for here, before, weight, stood in zip(*fresh(sets, leaked, cell, of, many), strict=True):
        sums[int(here), int(before)][0] += float(weight)
        sums[int(here), int(before)][1] += float(stood)
    wanted = slowly(rows_of, leaked, cell.tolist(), of.tolist(), many)
    assert sums.keys() == wanted.keys()
    for key, (weight, stood) in wanted.items():
        assert sums[key] == pytest.approx([weight, stood])
