"""Tails against sums of exact fractions."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kulla.leaks.recognise.evidence import beyond_chance, log_excess, log_tail


def exact(hits: int, trials: int, share: Fraction) -> Fraction:
    return sum(
        (math.comb(trials, k) * share**k * (1 - share) ** (trials - k) for k in range(max(hits, 0), trials + 1)),
        Fraction(0),
    )


def log_of(number: Fraction) -> float:
    """ln of a fraction far below what a float holds."""
    return math.log(number.numerator) - math.log(number.denominator)


@given(st.integers(1, 60), st.data(), st.integers(1, 99))
def test_tails_are_exact(trials: int, data: st.DataObject, percent: int) -> None:
    hits = data.draw(st.integers(0, trials))
    share = Fraction(percent, 100)
    assert log_tail(hits, trials, percent / 100) == pytest.approx(log_of(exact(hits, trials, share)), abs=1e-9)


def test_tails_far_below_what_a_float_holds() -> None:
    assert log_tail(3000, 3000, 0.01) == pytest.approx(3000 * math.log(0.01))
    assert log_tail(1400, 2000, 0.3) == pytest.approx(log_of(exact(1400, 2000, Fraction(3, 10))), rel=1e-9)


def test_ends() -> None:
    assert log_tail(0, 5, 0.1) == 0
    assert log_tail(6, 5, 0.9) == -math.inf
    assert log_tail(1, 5, 0.0) == -math.inf
    assert log_tail(5, 5, 1.0) == 0
    assert log_excess(3, 3, 0, 0) == 0


def test_more_pairs_tried_ask_for_more() -> None:
    chance = log_excess(12, 100, 0, 1000)
    assert beyond_chance(chance, 100)
    assert not beyond_chance(chance, 10**9)
    assert not beyond_chance(log_excess(30, 1000, 30, 1000), 1)
