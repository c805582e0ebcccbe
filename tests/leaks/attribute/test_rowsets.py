"""Sets of rows shared by reads, against what each read explains by the obvious rule."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.leaks.attribute import steady
from kulla.leaks.attribute.rowsets import SHARED, RowSets, Source, blocks, row_sets, together
from kulla.leaks.attribute.target import Target, target
from kulla.leaks.intervals import from_rows


def some_target(draw: np.random.Generator, count: int, most: int) -> Target:
    """Rows with one to `most` intervals each, about fewer records."""
    many = draw.integers(1, most + 1, count)
    row = np.repeat(np.arange(count), many)
    first = draw.integers(0, 900, len(row))
    intervals = from_rows(row, first, first + draw.integers(1, 100, len(row)), count)
    return target(draw.integers(1, count + 1, count).astype(np.uint32), intervals, steady(5000), (0, 1000))


def slowly(goal: Target, rows: list[int], first: int, last: int) -> list[int]:
    """Which of the rows stood so at some moment of [first, last]."""
    spans = goal.intervals
    return [
        row for row in rows
        if any(
            spans.first[at] <= last and spans.last[at] > first
            for at in range(int(spans.offsets[row]), int(spans.offsets[row + 1]))
        )
    ]  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 3]), st.booleans())
def test_each_read_has_the_rows_of_its_source_that_it_saw(seed: int, most: int, wide: bool) -> None:
    draw = np.random.default_rng(seed)
    goal = some_target(draw, SHARED + 400 if wide else 40, most)
    sources = [
        np.sort(draw.choice(len(goal), int(draw.integers(0, len(goal) + 1)), replace=False)) for _ in range(4)
    ] + [np.arange(len(goal))]
    begin = np.cumsum([0, *(len(each) for each in sources)])
    log, count = 60, 30
    read = np.sort(draw.choice(log, count, replace=False))
    source = draw.integers(0, len(sources), count)
    first = draw.integers(0, 1000, count)
    last = first + draw.integers(0, 60, count)
    made = Source(goal, begin, np.concatenate(sources).astype(np.int32), read, source, first, last).parts()
    found = row_sets(log, len(goal), made)
    wanted = {
        int(one): slowly(goal, sources[of].tolist(), int(a), int(b))
        for one, of, a, b in zip(read, source, first, last, strict=True)
    }
    for one in range(log):
        rows = found.listed(found.of[[one]]).tolist() if found.of[one] >= 0 else []
        assert rows == wanted.get(one, [])
    assert (found.sizes > 0).all()


def test_reads_that_saw_the_same_state_of_many_records_share_their_rows() -> None:
    count = SHARED
    intervals = from_rows(np.arange(count), np.arange(count) % 2 * 50, np.full(count, 100), count)
    goal = target(np.arange(1, count + 1, dtype=np.uint32), intervals, steady(5000), (0, 100))
    times = np.array([10, 20, 60, 70, 30])
    begin, row = np.array([0, count]), np.arange(count, dtype=np.int32)
    made = Source(goal, begin, row, np.arange(5), np.zeros(5, np.int64), times, times).parts()
    found = row_sets(5, count, made)
    assert sorted(found.sizes.tolist()) == [count // 2, count]
    assert found.of[0] == found.of[1] == found.of[4] != found.of[2] == found.of[3]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([30, 2000]))
def test_union_and_sums_are_those_of_plain_sets(seed: int, count: int) -> None:
    draw = np.random.default_rng(seed)
    plain = [sorted(draw.choice(count, int(draw.integers(1, count)), replace=False).tolist()) for _ in range(6)]
    begin = np.cumsum([0, *(len(each) for each in plain)])
    found = RowSets(np.zeros(0, np.int32), begin, np.concatenate(plain).astype(np.int32), count)
    for size in (0, 1, 2, 6):
        some = draw.choice(6, size, replace=False)
        assert found.union(some).tolist() == sorted(set().union(*(plain[at] for at in some)))
        assert found.listed(some).tolist() == [row for at in some for row in plain[at]]
    values = draw.random(count)
    assert found.sums(values).tolist() == pytest.approx([values[each].sum() for each in plain])


@given(st.lists(st.integers(0, 50)), st.integers(1, 80))
def test_blocks_hold_every_neighbour_once(sizes: list[int], most: int) -> None:
    found = blocks(np.array(sizes, np.int64), most)
    assert [at for low, high in found for at in range(low, high)] == list(range(len(sizes)))
    assert all(sum(sizes[low + 1 : high]) < most for low, high in found)


def test_stretches_are_put_together_whether_long_or_short() -> None:
    values = np.arange(1000, dtype=np.int32)
    for stretches in ([(3, 3), (5, 9)], [(0, 400), (100, 700)], [(7, 9)], []):
        first, stop = (np.array([each[at] for each in stretches], np.int64) for at in (0, 1))
        assert together(values, first, stop).tolist() == [n for a, b in stretches for n in range(a, b)]
