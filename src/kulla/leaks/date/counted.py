"""The window of extraction as it may be told away from a register's own site: by rows counted, with noise.

The likelihood's region ends where two rows contradict, so one crafted row could decide where. Here each hour of the
history is asked, from its beginning on and from its end back, whether fewer than about `rows` rows contradict: the
first hour of which that is so bounds the window. Both the number and each answer have Laplace noise (the sparse vector
technique: Dwork and Roth, The Algorithmic Foundations of Differential Privacy, 2014, algorithm 1). So one row more or
less changes the chance of any beginning by at most e^PRIVACY, and of any end, however the others were chosen. Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from kulla.leaks.date.profile import Floats, sweep
from kulla.leaks.dated import Span
from kulla.leaks.intervals import Intervals

PRIVACY: Final = 0.25
"""What one row may change, as the logarithm of a ratio of chances, of a beginning and of an end each."""
HOUR: Final = 3_600_000_000

Draws = Callable[[str, int], Floats]
"""Draws of Laplace noise of scale 1, by the name of what they are for: `Discretion.blurs`."""


def counted(first: Intervals, last: Intervals, span: Span, end: int, rows: int, draws: Draws) -> Span:
    """[begin, end) in whole hours, outwards, within the span.

    Args:
        first, last: of the rows that tell of the beginning, and of the end: all rows of a piece taken at one time, the
            first and the last of a crawl.
        span: where in the history it can have been taken; end: what its last moment stands for.
        rows: about how many rows must contradict for an hour to be left out.
        draws: the noise.
    """
    low = _asked(contradicting(first, span), rows, draws("from", _hours(span) + 1))
    high = len(_grid(span)) - 1 - _asked(contradicting(last, span)[::-1], rows, draws("to", _hours(span) + 1))
    low, high = min(low, high), max(low, high)
    grid = _grid(span)
    return max(int(grid[low]), span[0]), end if high == len(grid) - 1 else int(grid[high]) + HOUR


def contradicting(intervals: Intervals, span: Span) -> Floats:
    """For each hour of the span by how many rows fewer hold, at its best moment, than at the best of all."""
    profile = sweep(intervals, np.ones(len(intervals)), span)
    depth = profile.heights.max() - profile.heights
    grid = np.maximum(_grid(span), span[0])
    begin = np.searchsorted(profile.edges[1:-1], grid, "right")
    final = np.searchsorted(profile.edges[1:-1], np.append(grid[1:], span[1]), "left")
    return np.asarray(np.minimum(np.minimum.reduceat(depth, begin), depth[final]))


def _asked(depth: Floats, rows: int, draws: Floats) -> int:
    """The place of the first hour at which, with noise, fewer rows contradict; the first of all where there is none."""
    below = depth + 4 / PRIVACY * draws[1:] <= rows + 2 / PRIVACY * draws[0]
    return int(np.argmax(below))


def _grid(span: Span) -> np.ndarray:
    first = span[0] // HOUR * HOUR
    return first + HOUR * np.arange(_hours(span), dtype=np.int64)


def _hours(span: Span) -> int:
    return -(-span[1] // HOUR) - span[0] // HOUR
