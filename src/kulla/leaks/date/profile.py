"""A log-likelihood along time: a step function over the moments at which some row's interval begins or ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kulla.leaks.intervals import Intervals

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Profile:
    """Plateaus of a step function; plateau i is [edges[i], edges[i + 1]), and edge i is where it begins.

    Attributes:
        edges: ascending, one more than plateaus; the first and the last are the bounds of what was asked.
        heights: of each plateau, nats.
        up, down: how much the rows that begin, and those that end, at each plateau's first moment add and take; 0 at
            the first plateau.
        begins, ends: how many rows these are.
    """

    edges: Ints
    heights: Floats
    up: Floats
    down: Floats
    begins: Ints
    ends: Ints

    def plateau(self, moment: int) -> int:
        """The plateau that a moment lies on; the nearest one for a moment outside."""
        return int(np.clip(np.searchsorted(self.edges, moment, "right") - 1, 0, len(self.heights) - 1))

    @property
    def best(self) -> int:
        """The plateau that is highest; of equal ones the longest."""
        level = self.heights.max()
        equal = np.flatnonzero(self.heights >= level - 1e-7 * max(1.0, abs(level)))
        return int(equal[np.argmax(np.diff(self.edges)[equal])])


def sweep(intervals: Intervals, gain: Floats, span: tuple[int, int]) -> Profile:
    """Σ over rows of `gain` where the moment lies in one of the row's intervals, for each moment of the span.

    Only moments inside the span at which something changes are sorted, so rows that never changed cost no sort.
    """
    lo, hi = span
    weight = np.repeat(gain, intervals.counts)
    first, last = np.maximum(intervals.first, lo), np.minimum(intervals.last, hi)
    here = first < last
    begin, end = here & (first > lo), here & (last < hi)
    times = np.concatenate([first[begin], last[end]])
    moments, place = np.unique(times, return_inverse=True)
    cut, count = int(begin.sum()), len(moments) + 1
    opens, closes = place[:cut] + 1, place[cut:] + 1
    up = np.bincount(opens, weight[begin], count).astype(np.float64)
    down = np.bincount(closes, weight[end], count).astype(np.float64)
    return Profile(
        np.concatenate([np.array([lo], np.int64), moments, np.array([hi], np.int64)]),
        float(weight[here & ~begin].sum()) + np.cumsum(up - down), up, down,
        np.bincount(opens, minlength=count), np.bincount(closes, minlength=count),
    )  # fmt: skip
