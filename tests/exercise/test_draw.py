from __future__ import annotations

import numpy as np
import pytest

from kulla.exercise import draw


def test_a_slice_draws_what_the_whole_draws() -> None:
    whole = draw.bits(7, "x", np.arange(200_000))
    assert np.array_equal(draw.bits(7, "x", np.arange(70_000, 140_000)), whole[70_000:140_000])
    assert int(draw.bits(7, "x", 123)) == whole[123]
    assert np.unique(whole).size == whole.size


def test_seed_and_purpose_make_other_draws() -> None:
    number = np.arange(1000)
    base = draw.uniform(1, "x", number)
    for other in (draw.uniform(2, "x", number), draw.uniform(1, "y", number)):
        assert abs(np.corrcoef(base, other)[0, 1]) < 0.15


def test_uniform_fills_its_range_evenly() -> None:
    drawn = draw.uniform(3, "u", np.arange(100_000))
    counts = np.bincount((drawn * 20).astype(int), minlength=20)
    assert drawn.min() >= 0
    assert drawn.max() < 1
    # 5,000 are expected in each of 20 bins, with a standard deviation of 69.
    assert np.abs(counts - 5000).max() < 5 * 69


def test_normal_and_poisson_have_their_moments() -> None:
    number = np.arange(50_000)
    normal = draw.normal(1, "n", number)
    assert normal.mean() == pytest.approx(0, abs=0.03)
    assert normal.std() == pytest.approx(1, abs=0.03)
    for mean in (0.1, 2.0, 7.0):
        counts = draw.poisson(1, "p", number, mean)
        assert counts.mean() == pytest.approx(mean, rel=0.05)
        assert counts.var() == pytest.approx(mean, rel=0.08)


def test_choice_follows_the_weights_and_below_its_limits() -> None:
    number = np.arange(40_000)
    shares = np.bincount(draw.choice(5, "c", number, [1, 0, 3]), minlength=3) / number.size
    assert shares == pytest.approx([0.25, 0, 0.75], abs=0.02)
    limits = number % 7 + 1
    drawn = draw.below(5, "b", number, limits)
    assert (drawn >= 0).all()
    assert (drawn < limits).all()
    assert set(drawn[limits == 7].tolist()) == set(range(7))


def test_runs_count_within_each() -> None:
    owner, place = draw.runs(np.array([0, 3, 1]))
    assert owner.tolist() == [1, 1, 1, 2]
    assert place.tolist() == [0, 1, 2, 0]
