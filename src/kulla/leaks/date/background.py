"""Rows that were not copied at the moment in question: when else, as a density that is estimated from the rows.

A row's interval [a, b) says that it was copied at or after a and before b. So each change of a record in the file is
an observation, "before" or "after", of when its row was copied (interval-censored data), and the density of copying
times is found by EM (B. W. Turnbull, The empirical distribution function with arbitrarily grouped, censored and
truncated data, 1976), in few steps.
A uniform density in its stead, as the first prototype had it, holds a row of last month and one of two years ago for
equally likely; then a few rows from the future of a moment cost no more than a few stale ones, and the region misses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kulla.leaks.intervals import Intervals

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

CELLS: Final = 256
"""Into how many cells the history is cut; the ends of intervals are rounded to them here, and only here."""
_FLOOR: Final = 0.02
"""Share of the density that is uniform whatever the rows say."""
_DOUBT: Final = 5.0
"""Rows of a later time that are not believed: what is pasted into an extract is older, and a few rows may be chance."""
_PRIOR: Final = (1.0, 12.0)
"""What is believed of the share before rows are seen: as if one row of thirteen had been found to be stray."""
_RARE: Final = 6.0
"""Weight of `belief`, half of `_PRIOR`'s. At 12, 9 of 28 files of 640 rows with a fifth of stale ones were told as two
pieces or more (at 0: 3); at 0, 19 of 56 shuffled files of two pieces were told as one (at 12: 10)."""
_ROUNDS: Final = 30


def belief(share: float) -> float:
    """How little a share of stray rows is believed before rows are seen, ln of 0 … 1: 0 for none.

    Without it one moment and half of the rows stray "of any time" is as good a story as two moments.
    """
    return _RARE * float(np.log1p(-share))


@dataclass(frozen=True, slots=True)
class Background:
    """A density of copying times over a history, and the share of rows that follow it.

    Attributes:
        horizon: the history, [first, last).
        cells: mass of each of CELLS equal cells; together 1.
        share: of the rows.
    """

    horizon: tuple[int, int]
    cells: Floats
    share: float

    def of(self, intervals: Intervals) -> Floats:
        """For each row the probability, under the density, of a moment in its intervals."""
        low, high = _places(intervals, self.horizon)
        total = np.concatenate([np.zeros(1), np.cumsum(self.cells)])
        mass = np.bincount(intervals.row, total[high] - total[low], len(intervals))
        return np.asarray((1 - _FLOOR) * mass + _FLOOR * _uniform(intervals, self.horizon), np.float64)


def flat(horizon: tuple[int, int], until: int | None = None, share: float = 0.05) -> Background:
    """A uniform one, over the whole history or up to a moment."""
    cells = np.full(CELLS, 1.0)
    if until is not None:
        cells[_cell(until, horizon) + 1 :] = 0.0
    return Background(horizon, cells / cells.sum(), share)


def fitted(
    intervals: Intervals, kind: Ints, known: Floats, horizon: tuple[int, int], start: Background, bins: int = 8,
    moment: int | None = None,
) -> Background:  # fmt: skip
    """The density and share that make the rows most probable.

    Args:
        kind: for each row a small number, its place in `known`.
        known: how probable a row of each kind is if it is not of the background (for one moment: 0 outside, 1 inside).
        bins: in how many equal steps the density may vary; divides CELLS. 0: as it is in `start`.
        moment: after which stray rows are not expected, and the first `_DOUBT` of them not believed; None: anywhere.
    """
    groups, weight, of_kind, even = _grouped(intervals, kind, horizon)
    row, low, high = groups
    inside, count, per = known[of_kind], len(weight), CELLS // max(bins, 1)
    cells, share = start.cells.copy(), start.share
    after = CELLS if moment is None else _cell(moment, horizon) + 1
    for _ in range(_ROUNDS):
        total = np.concatenate([np.zeros(1), np.cumsum(cells)])
        mass = (1 - _FLOOR) * np.bincount(row, total[high] - total[low], count) + even
        share = _share(weight, inside, mass)
        if not bins:
            break
        # Of each group: how many of its rows are of the background, per unit of density.
        of_it = weight * share * (1 - _FLOOR) / ((1 - share) * inside + share * mass)
        change = np.bincount(low, of_it[row], CELLS + 1) - np.bincount(high, of_it[row], CELLS + 1)
        cells = cells * np.cumsum(change)[:-1]
        later = float(cells[after:].sum())
        cells[after:] *= max(later - _DOUBT, 0.0) / max(later, 1e-9)
        cells += 1e-6
        cells = np.repeat(cells.reshape(bins, per).mean(1), per)
        cells /= cells.sum()
    return Background(horizon, cells, share)


def _grouped(
    intervals: Intervals, kind: Ints, horizon: tuple[int, int]
) -> tuple[tuple[Ints, ...], Floats, Ints, Floats]:
    """Rows that look alike counted together: (group, low, high of each interval), rows, kind, uniform part by group."""
    low, high = _places(intervals, horizon)
    counts, side = intervals.counts, CELLS + 1
    single, several = counts == 1, np.flatnonzero(counts > 1)
    at = intervals.offsets[:-1][single]
    key = (kind[single] * side + low[at]) * side + high[at]
    tally = np.bincount(key)
    keys = np.flatnonzero(tally)
    length = _FLOOR * _uniform(intervals, horizon)
    even = np.bincount(key, length[single])[keys] / tally[keys]
    some = intervals.take(several)
    more_low, more_high = _places(some, horizon)
    return (
        (
            np.concatenate([np.arange(len(keys)), len(keys) + some.row]),
            np.concatenate([keys // side % side, more_low]),
            np.concatenate([keys % side, more_high]),
        ),
        np.concatenate([tally[keys], np.ones(len(several))]),
        np.concatenate([keys // side**2, kind[several]]),
        np.concatenate([even, length[several]]),
    )


def _share(weight: Floats, inside: Floats, mass: Floats) -> float:
    """The most probable share, by halving where the slope (which falls) passes 0."""
    low, high = 1e-9, 1 - 1e-9
    slope = mass - inside
    told = np.abs(slope) > 1e-12
    weight, inside, slope = weight[told], inside[told], slope[told]
    for _ in range(30):
        middle = (low + high) / 2
        rise = float((weight * slope / np.maximum(inside + middle * slope, 1e-300)).sum())
        rise += _PRIOR[0] / middle - _PRIOR[1] / (1 - middle)
        low, high = (middle, high) if rise > 0 else (low, middle)
    return (low + high) / 2


def _places(intervals: Intervals, horizon: tuple[int, int]) -> tuple[Ints, Ints]:
    """The cells where intervals begin and end, rounded."""
    lo, hi = horizon
    scale = CELLS / max(hi - lo, 1)
    low = np.rint((np.clip(intervals.first, lo, hi) - lo) * scale).astype(np.int64)
    high = np.rint((np.clip(intervals.last, lo, hi) - lo) * scale).astype(np.int64)
    return low, high


def _cell(moment: int, horizon: tuple[int, int]) -> int:
    return int(np.clip((moment - horizon[0]) * CELLS // max(horizon[1] - horizon[0], 1), 0, CELLS - 1))


def _uniform(intervals: Intervals, horizon: tuple[int, int]) -> Floats:
    """The share of the history that each row's intervals cover; never 0 for a row that has one."""
    lo, hi = horizon
    return np.asarray(np.maximum(intervals.lengths(lo, hi) / max(hi - lo, 1), 1e-9 * intervals.some), np.float64)
