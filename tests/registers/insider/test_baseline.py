from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.registers.insider.baseline import AFTER, ENOUGH, LEAST, MAD, change, rarity, robust

DAYS = st.lists(st.one_of(st.just(float("nan")), st.integers(0, 60).map(math.log1p)), min_size=1, max_size=40)


@given(DAYS)
@settings(max_examples=100, deadline=None)
def test_median_and_scale_are_the_obvious_ones(days: list[float]) -> None:
    known = [each for each in days if not math.isnan(each)]
    found = robust(np.array([days]))
    assert found.days[0] == len(known)
    if known:
        middle = float(np.median(known))
        assert found.centre[0] == pytest.approx(middle)
        spread = MAD * float(np.median([abs(each - middle) for each in known]))
        assert found.scale[0] == pytest.approx(max(spread, 1 / math.sqrt(math.exp(middle)), LEAST))
    else:
        assert math.isnan(found.centre[0])


@given(DAYS)
@settings(max_examples=100, deadline=None)
def test_change_is_the_best_of_all_days(days: list[float]) -> None:
    values = np.array([days])
    base = robust(values)
    best, where = float("-inf"), -1
    for k in range(len(days)):
        inside = [(at, min(max(each - base.centre[0], -3 * base.scale[0]), 3 * base.scale[0]))
                  for at, each in enumerate(days) if not math.isnan(each)]  # fmt: skip
        after, before = [v for at, v in inside if at >= k], [v for at, v in inside if at < k]
        if math.isnan(days[k]) or len(before) < ENOUGH or len(after) > AFTER:
            continue
        ratio = (np.mean(after) - np.mean(before)) / (base.scale[0] * math.sqrt(1 / len(after) + 1 / len(before)))
        if ratio > best + 1e-9:
            best, where = float(ratio), k
    found, at = change(values, base)
    if where < 0:
        assert math.isnan(found[0])
        assert at[0] == -1
    else:
        assert found[0] == pytest.approx(best, abs=1e-6)


def test_a_lasting_rise_is_dated_and_one_odd_day_is_none() -> None:
    rng = np.random.default_rng(3)
    quiet = np.log1p(rng.poisson(20, 120).astype(float))
    risen = np.log1p(rng.poisson(20, 120).astype(float) + np.where(np.arange(120) >= 90, 10, 0))
    odd = quiet.copy()
    odd[80] = math.log1p(5000)
    values = np.stack([quiet, risen, odd])
    found, at = change(values, robust(values))
    assert found[1] > 6 > 4 > max(found[0], found[2])
    assert abs(int(at[1]) - 90) <= 3


def exact(count: int, mean: float, size: float) -> float:
    rest = mean / (mean + size)
    below = sum(
        math.exp(math.lgamma(x + size) - math.lgamma(size) - math.lgamma(x + 1) + size * math.log(1 - rest)
                 + x * math.log(rest))
        for x in range(count)
    )  # fmt: skip
    return -math.log10(max(1 - below, 1e-300))


@pytest.mark.parametrize(("count", "mean", "size"), [(1, 0.01, 1.0), (3, 0.5, 2.0), (20, 8.0, 4.0), (6, 2.0, 0.5)])
def test_rarity_is_the_tail_of_the_negative_binomial(count: int, mean: float, size: float) -> None:
    found = rarity(np.array([float(count)]), np.array([mean]), np.array([size]))[0]
    assert found == pytest.approx(exact(count, mean, size), abs=0.35)
    assert rarity(np.array([mean]), np.array([mean]), np.array([size]))[0] == 0
