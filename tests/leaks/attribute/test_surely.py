"""Copies that the history was made of are told apart by the rows that one held and another did not."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kulla.leaks.attribute.judge import FLOOR
from kulla.leaks.attribute.surely import likely, sight

HOUR = 3_600_000_000
HELD = st.integers(1, 40).flatmap(
    lambda rows: st.tuples(
        st.lists(arrays(bool, rows), min_size=1, max_size=5),
        arrays(np.float64, rows, elements=st.floats(0.01, 1.0)),
    )
)


@pytest.mark.parametrize(
    ("moment", "found"), [(HOUR, HOUR), (HOUR + 900_000, HOUR), (HOUR - 1_000_000, HOUR), (HOUR - 1_000_001, None)]
)
def test_a_copy_is_one_of_the_history_s_within_the_clock(moment: int, found: int | None) -> None:
    assert sight(moment, [0, HOUR, 2 * HOUR], 1.0) == found
    assert sight(moment, [], 1.0) is None


def test_the_nearest_is_taken() -> None:
    assert sight(HOUR, [HOUR - 400_000, HOUR + 300_000], 1.0) == HOUR + 300_000


def copies(both: int, one: int, other: int) -> list[np.ndarray]:
    """Rows that both of two copies held, that only the one did, and only the other."""
    rows = np.repeat([0, 1, 2], [both, one, other])
    return [rows != 2, rows != 1]


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        (3, 0, (True, True)),  # 9 to 1, three times over, is less than 1,000
        (4, 0, (True, False)),
        (0, 4, (False, True)),
        (0, 0, (True, True)),
        (40, 3, (True, False)),  # strays
        (40, 12, (True, True)),  # a file made of both
    ],
)
def test_how_many_rows_rule_a_copy_out(one: int, other: int, told: tuple[bool, bool]) -> None:
    held = copies(500, one, other)
    assert likely(held, np.ones(len(held[0])), FLOOR) == told


@given(HELD, st.floats(0.1, 20.0), st.randoms())
def test_one_that_held_most_is_never_ruled_out(
    drawn: tuple[list[np.ndarray], np.ndarray], margin: float, lot: random.Random
) -> None:  # fmt: skip
    held, weight = drawn
    told = likely(held, weight, margin)
    sums = [float(weight[each].sum()) for each in held]
    assert told[int(np.argmax(sums))]
    order = list(range(len(held)))
    lot.shuffle(order)
    assert likely([held[at] for at in order], weight, margin) == tuple(told[at] for at in order)
    assert all(wide for kept, wide in zip(told, likely(held, weight, margin + 5), strict=True) if kept)
