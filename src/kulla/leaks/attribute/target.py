"""The piece of a leak as attribution sees it: distinct exact rows, the records they are about, when each stood so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kulla.leaks.attribute.population import Population
from kulla.leaks.intervals import Intervals

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_LEAST = 1_000_000
"""A state that stood for less than a second is taken to have stood for one: nothing is infinitely telling."""


@dataclass(frozen=True, slots=True)
class Target:
    """Rows to be explained, n of them, about u records.

    A row that repeats another (same record, same intervals) counts once. The rows of one record share a weight of 1:
    whoever reads a record gets all its entries, so they are one draw, not several. What a read says of the times of
    several entries counts their mean, which is less than they say: the safe side.

    Attributes:
        records: record numbers, ascending; row_of: place in the piece of each row; owner: place in `records` of each
            row, ascending; begin: u + 1 numbers, the rows of record i are begin[i] … begin[i + 1] - 1.
        weight: of each row, summing to u.
        intervals: of each row.
        log_stood: logarithm of the share of the horizon that each row stood so. stood: its weighted sum, the piece
            as rows pasted from anywhere and any time, against 1/N a row.
        register: how many records the register had at each moment; `population` is N, those it ever had.
        horizon: [first, last).
    """

    records: npt.NDArray[np.uint32]
    row_of: Ints
    owner: Ints
    begin: Ints
    weight: Floats
    intervals: Intervals
    log_stood: Floats
    register: Population
    horizon: tuple[int, int]
    place: npt.NDArray[np.int32]
    stood: float

    def __len__(self) -> int:
        """How many rows."""
        return len(self.row_of)

    @property
    def population(self) -> int:
        """How many records the register ever had."""
        return max(self.register.ever, 1)

    @property
    def total(self) -> float:
        """The sum of the weights: how many records."""
        return float(len(self.records))

    def find(self, records: npt.NDArray[np.uint32]) -> npt.NDArray[np.int32]:
        """The place in `records` of each record number, -1 for those not leaked."""
        return self.place[np.minimum(records, len(self.place) - 1)]

    def rows_of(self, places: npt.NDArray[np.integer]) -> tuple[Ints, Ints]:
        """The rows of the records at those places: (which of the places, row)."""
        return runs(self.begin[places], self.begin[places + 1])

    def meets(self, rows: npt.NDArray[np.integer], first: Ints, last: Ints) -> Mask:
        """Which of the rows stood so at some moment of [first, last], both inclusive; arrays of one length."""
        offsets, starts, ends = self.intervals.offsets, self.intervals.first, self.intervals.last
        if len(starts) == len(self):  # one interval each, as in an exact history of one month: half the time
            return np.asarray((starts[rows] <= last) & (ends[rows] > first), bool)
        low, many = offsets[rows], (offsets[rows + 1] - offsets[rows])
        hit = np.asarray((starts[low] <= last) & (ends[low] > first), bool)
        for step in range(1, int(many.max(initial=0))):
            some = np.flatnonzero((many > step) & ~hit)
            at = low[some] + step
            hit[some] = (starts[at] <= last[some]) & (ends[at] > first[some])
        return hit

    def stretches(self, rows: npt.NDArray[np.integer]) -> tuple[npt.NDArray[np.integer], npt.NDArray[np.integer]]:
        """The intervals of some rows: (which of the rows, place in `intervals`)."""
        offsets = self.intervals.offsets
        if len(self.intervals.first) == len(self):
            return np.arange(len(rows)), rows
        return runs(offsets[rows], offsets[rows.astype(np.int64) + 1])

    def meets_all(self, first: int, last: int) -> Mask:
        """Which of all rows stood so at some moment of [first, last], both inclusive."""
        return self.intervals.meets(first, last + 1)


def dot(left: Floats, right: Floats) -> float:
    """The sum of products, without the library of linear algebra: its threads wait for each other on a busy machine."""
    return float((left * right).sum())


def distinct(values: npt.NDArray[np.int32] | Ints) -> Ints:
    """The distinct values, ascending; for short arrays, which numpy's own hashes at a fixed cost of 0.2 ms."""
    ordered = np.sort(values)
    return np.asarray(ordered[np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]], np.int64)


def in_order(values: Ints) -> Ints:
    """The stable order of whole numbers from 0 up, by 16 bits at a time: a tenth of what comparing takes for 25 M."""
    order: Ints | None = None
    most = int(values.max(initial=0))
    for shift in range(0, max(most.bit_length(), 1), 16):
        digit = (values >> shift).astype(np.uint16)
        by = np.argsort(digit if order is None else digit[order], kind="stable")
        order = by if order is None else order[by]
    return np.zeros(0, np.int64) if order is None else order


def runs(first: Ints, stop: Ints) -> tuple[Ints, Ints]:
    """All whole numbers of the stretches [first, stop): (which stretch, the number)."""
    counts = stop - first
    which = np.repeat(np.arange(len(counts)), counts)
    ends = np.cumsum(counts)
    return which, np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - counts - first, counts)


def target(
    record: npt.NDArray[np.uint32], intervals: Intervals, register: Population, horizon: tuple[int, int]
) -> Target:  # fmt: skip
    """The target of a piece. Rows without an interval are left out: they are no copies of the register's state."""
    kept = np.flatnonzero(intervals.some & (record > 0))
    order = kept[np.lexsort((intervals.first[intervals.offsets[kept]], record[kept]))]
    order = order[_fresh(record[order], intervals.take(order))]
    records, begin = np.unique(record[order], return_index=True)
    bounds = np.append(begin, len(order)).astype(np.int64)
    many = np.diff(bounds)
    owner = np.repeat(np.arange(len(records)), many)
    place = np.full(int(records.max(initial=0)) + 2, -1, np.int32)
    place[records] = np.arange(len(records))
    standing = intervals.take(order)
    length = max(horizon[1] - horizon[0], 1)
    stood = np.maximum(standing.lengths(*horizon), _LEAST) / max(length, _LEAST)
    weight, log_stood = 1.0 / many[owner], np.log(np.minimum(stood, 1.0))
    return Target(
        records, order, owner, bounds, weight, standing, log_stood, register, horizon, place,
        dot(weight, log_stood),
    )  # fmt: skip


def _fresh(record: npt.NDArray[np.uint32], intervals: Intervals) -> Mask:
    """Which rows, sorted by record and first interval, do not repeat the row before."""
    fresh = np.ones(len(record), bool)
    if len(record) > 1:
        low = intervals.offsets[:-1]
        first, last, many = intervals.first[low], intervals.last[low], intervals.counts
        fresh[1:] = np.any([each[1:] != each[:-1] for each in (record, first, last, many)], axis=0)
    return fresh
