from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.registers.insider import sketch

TOUCHES = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 5000), st.integers(0, 120)), max_size=200)


def filled(touches: list[tuple[int, int, int]]) -> sketch.Days:
    cells = sketch.empty(3)
    for account, record, day in touches:
        sketch.add(cells, np.array([account]), np.array([record], np.uint32), day)
    return cells


@given(TOUCHES, TOUCHES)
@settings(max_examples=30, deadline=None)
def test_merging_two_is_seeing_both(one: list[tuple[int, int, int]], other: list[tuple[int, int, int]]) -> None:
    np.testing.assert_array_equal(sketch.merged(filled(one), filled(other)), filled(one + other))


@given(TOUCHES, st.integers(0, 120))
@settings(max_examples=30, deadline=None)
def test_a_window_holds_what_was_met_in_it(touches: list[tuple[int, int, int]], since: int) -> None:
    inside = filled([each for each in touches if each[2] >= since])
    np.testing.assert_allclose(sketch.distinct(filled(touches), since), sketch.distinct(inside, 0))


def test_counts_are_right_to_within_three_standard_errors() -> None:
    rng = np.random.default_rng(1)
    for count in (1, 10, 100, 1000, 30_000, 1_000_000):
        cells = sketch.empty(1)
        records = rng.choice(4_000_000, count, replace=False).astype(np.uint32)
        sketch.add(cells, np.zeros(count, np.int64), records, 5)
        assert abs(sketch.distinct(cells, 0)[0] / count - 1) < 0.2
    assert sketch.distinct(sketch.empty(2), 0).tolist() == [0, 0]


def test_a_person_met_again_counts_once() -> None:
    cells = filled([(0, 77, day) for day in range(50)])
    assert round(sketch.distinct(cells, 0)[0]) == 1
    assert sketch.distinct(cells, 50)[0] == 0
