"""Mixtures over classes of alike rows, against the likelihood counted row by row."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.leaks.attribute import steady
from kulla.leaks.attribute.mixture import Pool, _most, _start, best, fitted, gains, pool
from kulla.leaks.attribute.target import target
from kulla.leaks.intervals import from_rows


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1))
def test_alike_rows_together_are_worth_what_each_is_worth_alone(seed: int) -> None:
    draw = np.random.default_rng(seed)
    count = int(draw.integers(2, 60))
    first = draw.integers(0, 900, count)
    goal = target(
        np.sort(draw.integers(1, 40, count)).astype(np.uint32),
        from_rows(np.arange(count), first, first + draw.integers(1, 100, count), count), steady(500), (0, 1000),
    )  # fmt: skip
    everything = np.arange(len(goal))
    levels = np.array([0.25, 0.5, 1.0])
    components: list[tuple[np.ndarray, np.ndarray | float, float]] = [
        (everything, levels[draw.integers(0, 3, len(goal))], 0.0)
    ]
    for _ in range(int(draw.integers(1, 6))):
        rows = everything[draw.random(len(goal)) < draw.random()]
        components.append((rows, float(draw.integers(1, 9)), float(draw.random())))
    made = pool(goal, components)
    assert made.total == pytest.approx(goal.total)
    assert len(made.weight) <= len(goal)
    fit = best(made, range(len(made)), [0, 1])
    mixed = np.zeros(len(goal))
    for at, share in zip(fit.chosen, fit.shares, strict=True):
        rows, density, _ = components[at]
        mixed[rows] += share * density
    value = float((goal.weight * np.log(mixed)).sum()) - sum(components[at][2] for at in fit.chosen)
    assert fit.value == pytest.approx(value, abs=1e-6)


def some_pool(draw: np.random.Generator) -> Pool:
    """Component 0 gives every row; others give some, a few of them far more than it does."""
    count = int(draw.integers(2, 40))
    rows = [np.arange(count), *(np.flatnonzero(draw.random(count) < draw.random()) for _ in range(6))]
    density = [draw.choice([0.25, 0.5, 1.0, 4.0, 60.0], len(each)) for each in rows]
    bounds = np.cumsum([0, *(len(each) for each in rows)])
    price = np.array([0.0, *(5 * draw.random(6))])
    return Pool(draw.random(count) + 0.1, bounds, np.concatenate(rows), np.concatenate(density), price)


@settings(max_examples=100)
@given(st.integers(0, 2**32 - 1), st.floats(-5, 50))
def test_only_components_that_gain_less_than_asked_are_passed_over(seed: int, least: float) -> None:
    made = some_pool(np.random.default_rng(seed))
    density = fitted(made, [0]).density
    chosen = np.array([1, 2, 4, 6])
    every = gains(made, density, chosen)
    some = gains(made, density, chosen, least)
    passed = np.isneginf(some)
    assert some[~passed].tolist() == pytest.approx(every[~passed].tolist())
    assert (every[passed] < least).all()


@settings(max_examples=100)
@given(st.integers(0, 2**32 - 1))
def test_no_share_gains_more_than_the_bound(seed: int) -> None:
    draw = np.random.default_rng(seed)
    count = int(draw.integers(1, 20))
    weight, ratio = draw.random(count), np.exp(4 * draw.standard_normal(count))
    total = float(weight.sum() + draw.choice([0.0, 5.0]))
    bound = _most(np.array([weight.sum()]), np.array([(weight * ratio).sum()]), total)[0]
    for share in (1e-9, 0.01, 0.1, 0.5, 0.9, 0.999):
        gain = (weight * np.log(1 - share + share * ratio)).sum() + (total - weight.sum()) * np.log1p(-share)
        assert gain <= bound


@settings(max_examples=100)
@given(st.integers(0, 2**32 - 1))
def test_each_row_starts_with_the_last_of_the_components_that_give_it_most(seed: int) -> None:
    made = some_pool(np.random.default_rng(seed))
    picked = np.array([0, 2, 3, 5])
    wanted = np.zeros(len(picked))
    for row in range(len(made.weight)):
        most = [
            max([*made.density[low:high][made.rows[low:high] == row], -1.0])
            for low, high in zip(made.bounds[picked], made.bounds[picked + 1], strict=True)
        ]
        wanted[max(at for at, value in enumerate(most) if value == max(most))] += made.weight[row] / made.total
    assert _start(made, *made.part(picked), len(picked)).tolist() == pytest.approx((wanted + 1e-3).tolist())


def test_half_a_million_alike_rows_are_one() -> None:
    count = 500
    always = from_rows(np.arange(count), np.zeros(count, np.int64), np.full(count, 1000), count)
    goal = target(np.arange(1, count + 1, dtype=np.uint32), always, steady(1000), (0, 1000))
    made = pool(goal, [(np.arange(count), 1.0, 0.0), (np.arange(count), 2.0, 1.0), (np.arange(7), 5.0, 1.0)])
    assert sorted(made.weight.tolist()) == [7.0, 493.0]
    assert gains(made, fitted(made, [0]).density, np.array([1, 2])).shape == (2,)
