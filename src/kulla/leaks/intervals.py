"""For each leaked row, when all its recognised cells could be read together: half-open intervals in microseconds, UTC.

Commit time: an interval begins when the values became visible to a query and ends when they no longer were. A row may
have several (a value that came back), or none (it never stood so).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

FOREVER = int(np.iinfo(np.int64).max)
"""The end of an interval that has not ended."""


@dataclass(frozen=True, slots=True)
class Intervals:
    """Intervals of rows, one row after the other; those of a row are disjoint and ascending.

    Attributes:
        offsets: rows + 1 ascending numbers; row r has the intervals offsets[r] … offsets[r + 1] - 1.
        first, last: of each interval, [first, last).
    """

    offsets: Ints
    first: Ints
    last: Ints

    def __len__(self) -> int:
        """How many rows."""
        return len(self.offsets) - 1

    @property
    def counts(self) -> Ints:
        """How many intervals each row has."""
        return np.diff(self.offsets)

    @property
    def some(self) -> Mask:
        """Which rows have one."""
        return self.counts > 0

    @property
    def row(self) -> Ints:
        """The row of each interval."""
        return np.repeat(np.arange(len(self)), self.counts)

    def take(self, rows: Ints) -> Intervals:
        """The intervals of these rows, in this order."""
        counts = self.counts[rows]
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
        at = np.arange(int(offsets[-1])) - np.repeat(offsets[:-1] - self.offsets[rows], counts)
        return Intervals(offsets, self.first[at], self.last[at])

    def holds(self, moment: int) -> Mask:
        """Which rows stood so at a moment."""
        return self.meets(moment, moment + 1)

    def meets(self, first: int, last: int) -> Mask:
        """Which rows stood so at some moment of [first, last)."""
        hit = (self.first < last) & (self.last > first)
        out = np.zeros(len(self), bool)
        out[self.row[hit]] = True
        return out

    def lengths(self, first: int, last: int) -> Ints:
        """For how long within [first, last) each row stood so."""
        inside = np.maximum(np.minimum(self.last, last) - np.maximum(self.first, first), 0)
        return np.bincount(self.row, inside, len(self)).astype(np.int64)


def from_rows(rows: Ints, first: Ints, last: Ints, count: int) -> Intervals:
    """Intervals from a list of (row, first, last) in any order; those of a row that touch or overlap are joined."""
    kept = last > first
    rows, first, last = rows[kept], first[kept], last[kept]
    order = np.lexsort((first, rows))
    rows, first, last = rows[order], first[order], last[order]
    if len(rows):
        # The furthest end so far in the row: rows are told apart by giving each its own stretch of ranks.
        reach = _running_end(rows, last)
        fresh = np.ones(len(rows), bool)
        fresh[1:] = (rows[1:] != rows[:-1]) | (first[1:] > reach[:-1])
        starts = np.flatnonzero(fresh)
        rows, first = rows[starts], first[starts]
        last = np.maximum.reduceat(last, starts)
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.bincount(rows, minlength=count))])
    return Intervals(offsets, first, last)


def _running_end(rows: Ints, last: Ints) -> Ints:
    """The greatest `last` up to each place within its row."""
    ends, rank = np.unique(last, return_inverse=True)
    step = len(ends) + 1
    groups = np.cumsum(np.concatenate([np.zeros(1, bool), rows[1:] != rows[:-1]]))
    running = np.maximum.accumulate(groups * step + rank)
    return np.asarray(ends[running - groups * step], np.int64)
