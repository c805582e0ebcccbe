"""The window of extraction: against a slow likelihood, and on cases with a known answer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.leaks.date import Drops, shipped_drops, window
from kulla.leaks.date.background import CELLS, Background, fitted, flat
from kulla.leaks.date.profile import Profile, sweep
from kulla.leaks.date.region import depths
from kulla.leaks.date.window import dated, told_by
from kulla.leaks.intervals import FOREVER, Intervals, from_rows

HORIZON = (0, 1_000)
DROPS = Drops((1,), (1.0,), ((3.0,),))

quick = settings(max_examples=40, deadline=None)
ends = st.tuples(st.integers(-20, 990), st.integers(1, 400) | st.just(FOREVER))
rows_of_ends = st.lists(st.lists(ends, min_size=0, max_size=3), min_size=1, max_size=25)


def made(rows: list[list[tuple[int, int]]]) -> Intervals:
    """Intervals of rows given as (first, length)."""
    flat_ = [(row, a, b if b == FOREVER else a + b) for row, some in enumerate(rows) for a, b in some]
    row, first, last = (np.array([each[k] for each in flat_], np.int64) for k in range(3))
    return from_rows(row, first, last, len(rows))


def stands(intervals: Intervals, row: int, moment: int) -> bool:
    low, high = intervals.offsets[row], intervals.offsets[row + 1]
    return any(a <= moment < b for a, b in zip(intervals.first[low:high], intervals.last[low:high], strict=True))


def slow(intervals: Intervals, gain: list[float], moment: int) -> float:
    """The likelihood at a moment, row by row."""
    return sum(gain[row] for row in range(len(intervals)) if stands(intervals, row, moment))


@quick
@given(rows_of_ends, st.data())
def test_the_sweep_is_the_slow_sum_at_every_moment(rows: list[list[tuple[int, int]]], data: st.DataObject) -> None:
    intervals = made(rows)
    gain = data.draw(st.lists(st.floats(0.1, 9), min_size=len(rows), max_size=len(rows)))
    profile = sweep(intervals, np.array(gain), HORIZON)
    assert profile.edges[0] == 0
    assert profile.edges[-1] == 1_000
    for moment in [*profile.edges[:-1].tolist(), 0, 1, 500, 999]:
        assert profile.heights[profile.plateau(moment)] == pytest.approx(slow(intervals, gain, moment), abs=1e-6)


@quick
@given(rows_of_ends)
def test_the_likelihood_is_that_of_the_fitted_background(rows: list[list[tuple[int, int]]]) -> None:
    intervals = made(rows)
    found = dated(intervals, HORIZON, HORIZON)
    telling = intervals.take(told_by(intervals, HORIZON))
    stray = found.background.share * found.background.of(telling)
    for at, moment in enumerate(found.profile.edges[:-1].tolist()):
        inside = np.array([stands(telling, row, moment) for row in range(len(telling))], float)
        full = np.log((1 - found.background.share) * inside + stray).sum() - np.log(stray).sum()
        assert found.profile.heights[at] == pytest.approx(full, abs=1e-6)


@quick
@given(rows_of_ends)
def test_the_region_holds_the_best_and_is_ascending_and_disjoint(rows: list[list[tuple[int, int]]]) -> None:
    found = window(made(rows), HORIZON, DROPS)
    assert any(a <= found.best[0] and found.best[1] <= b for a, b in found.spans)
    flat_ = [moment for span in found.spans for moment in span]
    assert flat_ == sorted(flat_)
    assert len(set(flat_)) == len(flat_)
    assert 0 <= found.contradicted <= found.rows
    assert len(found.curve) <= 400


@quick
@given(rows_of_ends)
def test_depths_are_never_more_than_the_plain_ones(rows: list[list[tuple[int, int]]]) -> None:
    profile = dated(made(rows), HORIZON, HORIZON).profile
    depth = depths(profile)
    assert (depth <= profile.heights.max() - profile.heights + 1e-9).all()
    assert depth[profile.best] == 0


@quick
@given(rows_of_ends, st.floats(0.01, 0.5))
def test_a_background_gives_the_share_of_the_history_that_a_row_covers(
    rows: list[list[tuple[int, int]]], share: float
) -> None:
    intervals = made(rows)
    given_ = flat(HORIZON, share=share).of(intervals)
    plain = intervals.lengths(*HORIZON) / 1_000
    assert np.abs(given_ - plain).max(initial=0) <= 3 * 1 / CELLS + 1e-9


def history(draw: np.random.Generator, count: int, taken: int, changes: float = 1.2) -> Intervals:
    """Rows as they stood at `taken`, each with some changes at random before and after."""
    rows = []
    for _ in range(count):
        times = np.sort(draw.integers(1, 1_000, draw.poisson(changes))).tolist()
        edges = [0, *times, FOREVER]
        at = max(k for k, each in enumerate(edges) if each <= taken)
        rows.append([(edges[at], edges[at + 1] - edges[at] if edges[at + 1] < FOREVER else FOREVER)])
    return made(rows)


def both(a: Intervals, b: Intervals) -> Intervals:
    offsets = np.concatenate([a.offsets, b.offsets[1:] + a.offsets[-1]])
    return Intervals(offsets, np.concatenate([a.first, b.first]), np.concatenate([a.last, b.last]))


def test_rows_of_one_time_are_dated_to_the_plateau_where_all_stand() -> None:
    intervals = history(np.random.default_rng(1), 400, 600)
    found = window(intervals, HORIZON, DROPS)
    assert found.contradicted == 0
    assert found.spans == (found.best,)
    assert found.best[0] <= 600 < found.best[1]
    assert found.best[1] - found.best[0] < 30
    assert not found.open_end


def test_stale_rows_move_the_arg_max_but_not_the_region() -> None:
    missed = covered = 0
    for seed in range(40):
        draw = np.random.default_rng(seed)
        intervals = both(history(draw, 160, 600), history(draw, 40, 350))
        naive = sweep(intervals, np.ones(200), HORIZON)
        missed += naive.plateau(600) != naive.best
        covered += any(a <= 600 < b for a, b in window(intervals, HORIZON, shipped_drops()).spans)
    assert missed >= 4
    assert covered >= 37


def test_a_commit_of_many_rows_is_no_proof_against_rows_that_were_pasted_together() -> None:
    """Whole employers, each changed at one commit, are stale: the best time must not shut out the one before them."""
    draw = np.random.default_rng(3)
    single = history(draw, 300, 600, 0.6)
    # Commits of 12 rows each: before 580 either all new or (each fourth) all stale; the last before 600 is a stale one.
    clumps = [
        [[(0, int(at))] if k % 4 == 3 else [(int(at), FOREVER)] for _ in range(12)]
        for k, at in enumerate(np.linspace(40, 598, 32))
    ]
    intervals = both(single, made([row for clump in clumps for row in clump]))
    found = dated(intervals, HORIZON, HORIZON)
    plain = found.profile.heights.max() - found.profile.heights
    at = found.profile.plateau(600)
    assert found.depth[at] <= 3.0 < plain[at]


def test_a_later_row_or_two_are_not_believed_but_many_are() -> None:
    draw = np.random.default_rng(5)
    old = history(draw, 300, 400)
    few, many = both(old, history(draw, 3, 800)), both(old, history(draw, 120, 800))
    horizon = HORIZON
    for intervals, least, most in ((few, 0.0, 0.02), (many, 0.15, 0.4)):
        kind = intervals.holds(400).astype(np.int64)
        found = fitted(intervals, kind, np.array([0.0, 1.0]), horizon, flat(horizon), moment=400)
        later = found.share * found.cells[int(CELLS * 0.45) :].sum()
        assert least <= later <= most


def test_past_periods_stay_readable_so_the_window_is_not_before() -> None:
    """Declarations filed early, a few corrected late, none ever replaced: the last correction bounds it from below."""
    filed = [[(100 + k % 9, FOREVER)] for k in range(200)]
    found = window(made([*filed, [(700, FOREVER)], [(640, FOREVER)]]), HORIZON, DROPS)
    assert found.spans == ((700, FOREVER),)
    assert found.open_end
    seen = window(made([*filed, [(700, FOREVER)]]), HORIZON, DROPS, seen=850)
    assert seen.spans == ((700, 850),)
    assert seen.open_end


def test_bounds_from_elsewhere_hold() -> None:
    intervals = history(np.random.default_rng(2), 10, 500, 0.2)
    found = window(intervals, HORIZON, DROPS, seen=700, earliest=450)
    assert found.spans[0][0] >= 450
    assert found.spans[-1][1] <= 700


def test_a_clock_that_may_be_off_widens_the_region_by_that_on_both_sides() -> None:
    intervals = history(np.random.default_rng(1), 400, 600)
    plain, wide = (window(intervals, HORIZON, DROPS, clock=clock) for clock in (0, 7))
    assert wide.spans == ((plain.spans[0][0] - 7, plain.spans[0][1] + 7),)
    assert wide.best == plain.best


def test_without_a_row_the_window_is_all_that_may_be() -> None:
    none = made([[], []])
    assert window(none, HORIZON, DROPS).spans == ((0, FOREVER),)
    assert window(none, HORIZON, DROPS, seen=300).spans == ((0, 300),)
    assert window(none, HORIZON, DROPS).rows == 0


def test_of_equal_plateaus_the_longest_is_the_best() -> None:
    edges = np.array([0, 10, 20, 60, 100])
    zeros = np.zeros(4)
    profile = Profile(edges, np.array([1.0, 2.0, 2.0, 0.0]), zeros, zeros, edges[:4] * 0, edges[:4] * 0)
    assert profile.best == 2


def test_silent_rows_change_nothing_but_the_count() -> None:
    intervals = history(np.random.default_rng(4), 120, 600)
    silent = both(intervals, made([[(-5, FOREVER)]] * 500))
    assert window(silent, HORIZON, DROPS).spans == window(intervals, HORIZON, DROPS).spans
    assert window(silent, HORIZON, DROPS).rows == 620


def test_the_background_finds_where_stray_rows_are_from() -> None:
    draw = np.random.default_rng(8)
    intervals = both(history(draw, 700, 900, 4.0), history(draw, 300, 250, 4.0))
    kind = intervals.holds(900).astype(np.int64)
    found: Background = fitted(intervals, kind, np.array([0.0, 1.0]), HORIZON, flat(HORIZON), moment=900)
    assert 0.2 < found.share < 0.4
    assert found.cells[: CELLS // 2].sum() > 0.6
    assert found.cells.sum() == pytest.approx(1.0)


def test_rows_that_all_tell_nothing_leave_the_whole_history() -> None:
    found = window(made([[(-5, FOREVER)]] * 3), HORIZON, DROPS)
    assert found.spans == ((0, FOREVER),)
    assert found.rows == 3
    assert found.open_end


def test_one_row_is_dated_to_its_interval() -> None:
    found = window(made([[(300, 50)]]), HORIZON, DROPS)
    assert found.best == (300, 350)
    assert any(a <= 300 and b >= 350 for a, b in found.spans)
