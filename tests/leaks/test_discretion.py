"""What may be told away from the owner's site."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kulla.leaks.discretion import Discretion
from kulla.leaks.trace import FEWEST

KEY = bytes(range(32))


def test_few_records_are_never_told() -> None:
    away = Discretion(False, KEY, b"x")
    assert {away.count(records, "exact") for records in range(FEWEST)} == {None}
    assert away.share(0.5, FEWEST - 1, "hits") is None
    assert not away.enough(FEWEST - 1)


@given(st.integers(FEWEST, 10**6), st.binary(max_size=8))
def test_counts_are_whole_hundreds_next_to_the_truth(records: int, seed: bytes) -> None:
    told = Discretion(False, KEY, seed).count(records, "exact")
    assert told is not None
    assert told % FEWEST == 0
    assert abs(told - records) < FEWEST


@given(st.integers(0, 10**6), st.floats(0, 1))
def test_the_owner_is_told_everything(records: int, share: float) -> None:
    owner = Discretion(True, KEY, b"x")
    assert owner.count(records, "exact") == records
    assert owner.share(share, records, "hits") == share


def test_a_difference_of_one_is_lost_in_thousands_of_files() -> None:
    """Two thousand files with 150 known rows each, half of them with a guess that is right: the counts tell nothing."""
    without = [Discretion(False, KEY, str(n).encode()).count(150, "exact") for n in range(1000)]
    right = [Discretion(False, KEY, str(n).encode()).count(151, "exact") for n in range(1000, 2000)]
    assert None not in without + right
    left, other = np.array(without, float), np.array(right, float)
    error = np.sqrt(left.var() / 1000 + other.var() / 1000)
    assert abs(other.mean() - left.mean()) < 3 * error
    assert error > 2  # the truth, a difference of one, is far below what can be seen


def test_the_draw_depends_on_the_whole_file_and_the_key() -> None:
    told = {Discretion(False, KEY, bytes([n])).count(150, "exact") for n in range(50)}
    assert told == {100, 200}
    keys = {Discretion(False, bytes([n]) * 32, b"x").count(150, "exact") for n in range(50)}
    assert keys == {100, 200}
