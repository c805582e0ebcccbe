"""Sets of leaked rows, one for all reads that returned the same records and saw the same state of them.

Lists of employees and municipalities are read again and again: of 10 M reads against 560,000 rows, 113 M pairs of read
and row are 2.2 million sets with 62 M rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from kulla.leaks.attribute.target import Target, distinct, runs

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

Each = TypeVar("Each", bound=np.generic)

LONG: Final = 32
"""Rows from which a set is worth a step of its own in Python; shorter ones are worked on together."""
SHARED: Final = 1024
"""Rows from which reads of one source are looked through for those that saw the same state."""
_BLOCK: Final = 1 << 21


@dataclass(frozen=True, slots=True)
class RowSets:
    """The rows that each read explains.

    Attributes:
        of: of each read of the log its set, -1 for reads that explain no row or whose rows are never listed.
        begin, row: the rows of set s, ascending: row[begin[s] : begin[s + 1]]; at least one.
        count: how many rows the target has.
    """

    of: Codes
    begin: Ints
    row: Codes
    count: int
    _seen: npt.NDArray[np.bool_] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_seen", np.zeros(self.count, bool))

    def __len__(self) -> int:
        """How many sets."""
        return len(self.begin) - 1

    @property
    def sizes(self) -> Ints:
        """How many rows each has."""
        return np.diff(self.begin)

    def listed(self, sets: npt.NDArray[np.integer]) -> Codes:
        """The rows of some sets, one set after the other; a row comes as often as it is in one."""
        first, stop = self.begin[sets], self.begin[np.asarray(sets) + 1]
        return together(self.row, first, stop)

    def union(self, sets: npt.NDArray[np.integer]) -> Ints:
        """The distinct rows of some sets, ascending."""
        rows = self.listed(sets)
        if len(sets) == 1:
            return rows.astype(np.int64)
        if 8 * len(rows) < self.count:
            return distinct(rows)
        # Marking rows costs nothing to undo; sorting all pairs of actor and row took 20 s for 25 M.
        self._seen[rows] = True
        found = np.flatnonzero(self._seen)
        self._seen[found] = False
        return found

    def sums(self, values: Floats) -> Floats:
        """Of each set the sum of its rows' values, added up row by row."""
        found = np.zeros(len(self))
        for low, high in blocks(self.sizes, _BLOCK):
            first, stop = self.begin[low], self.begin[high]
            which = np.repeat(np.arange(high - low, dtype=np.int32), self.sizes[low:high])
            found[low:high] = np.bincount(which, values[self.row[first:stop]], high - low)
        return found


def together(values: npt.NDArray[Each], first: Ints, stop: Ints) -> npt.NDArray[Each]:
    """values[first[0] : stop[0]], values[first[1] : stop[1]] and so on as one array."""
    many = len(first)
    if many == 1:
        return values[int(first[0]) : int(stop[0])]
    if many and int((stop - first).sum()) >= LONG * many:
        return np.concatenate([values[a:b] for a, b in zip(first.tolist(), stop.tolist(), strict=True)])
    return values[runs(first, stop)[1]]


def blocks(sizes: Ints, most: int) -> list[tuple[int, int]]:
    """Stretches [low, high) of neighbours: less than `most` in all, but for the first of each."""
    if not len(sizes):
        return []
    ends = np.cumsum(sizes)
    cuts = [0, *(np.flatnonzero(np.diff(ends // most)) + 1).tolist(), len(sizes)]
    return list(pairwise(cuts))


@dataclass(frozen=True, slots=True)
class Part:
    """Sets made at one go: of each of `read` its place in `size`; how many rows each set has, 0 is allowed; the rows.

    A read is in one part only.
    """

    read: Ints
    which: Ints
    size: Ints
    row: Codes


def row_sets(reads: int, count: int, parts: Sequence[Part]) -> RowSets:
    """The sets of some parts. reads: how many the log has; count: how many rows the target has."""
    of = np.full(reads, -1, np.int32)
    sizes, made = [np.zeros(1, np.int64)], 0
    for part in parts:
        some = part.size > 0
        of[part.read] = np.where(some, made + np.cumsum(some) - 1, -1)[part.which]
        sizes.append(part.size[some])
        made += int(some.sum())
    row = np.concatenate([np.zeros(0, np.int32), *(part.row for part in parts)])
    return RowSets(of, np.cumsum(np.concatenate(sizes)), row, count)


@dataclass(frozen=True, slots=True)
class Source:
    """What reads could explain were it not for time: source s is about row[begin[s] : begin[s + 1]], ascending.

    read, source: which read is of which source; first, last: the stretch that each saw, both inclusive.
    """

    target: Target
    begin: Ints
    row: Codes
    read: Ints
    source: Ints
    first: Ints
    last: Ints

    def parts(self) -> tuple[Part, ...]:
        """The reads' sets, of long sources each state once."""
        many = (self.begin[1:] - self.begin[:-1])[self.source]
        return (*self._short(np.flatnonzero((many > 0) & (many < SHARED))), self._long(np.flatnonzero(many >= SHARED)))

    def _short(self, some: Ints) -> list[Part]:
        """A set for each read, some millions of pairs at a time."""
        made = []
        begin, stop = self.begin[self.source[some]], self.begin[self.source[some] + 1]
        for low, high in blocks(stop - begin, _BLOCK):
            here = some[low:high]
            which, at = runs(begin[low:high], stop[low:high])
            row = self.row[at]
            hit = self.target.meets(row, self.first[here][which], self.last[here][which])
            size = np.bincount(which[hit], minlength=len(here))
            made.append(Part(self.read[here], np.arange(len(here)), size, row[hit]))
        return made

    def _long(self, some: Ints) -> Part:
        """Of a source's reads those between the same beginnings and ends of its rows' intervals saw the same rows."""
        some = some[np.argsort(self.source[some], kind="stable")]
        source = self.source[some]
        cuts = np.flatnonzero(np.diff(source, prepend=-1)).tolist()
        which, sizes, rows, made = np.zeros(len(some), np.int64), [], [], 0
        for low, high in pairwise([*cuts, len(some)]):
            row = self.row[self.begin[source[low]] : self.begin[source[low] + 1]]
            kind, found = _states(self.target, row, self.first[some[low:high]], self.last[some[low:high]])
            which[low:high] = made + kind
            made += len(found)
            sizes += [len(each) for each in found]
            rows += found
        row = np.concatenate(rows) if rows else np.zeros(0, np.int32)
        return Part(self.read[some], which, np.array(sizes, np.int64), row)


def _states(target: Target, row: Codes, first: Ints, last: Ints) -> tuple[Ints, list[Codes]]:
    """For stretches of time: (which of the sets of rows each met, those sets)."""
    owner, at = target.stretches(row)
    begun, ended = target.intervals.first[at], target.intervals.last[at]
    rank = np.searchsorted(np.sort(begun), last, side="right") * (len(at) + 1)
    rank += np.searchsorted(np.sort(ended), first, side="right")
    _, place, kind = np.unique(rank, return_index=True, return_inverse=True)
    found = []
    for one in place.tolist():
        hit = (begun <= last[one]) & (ended > first[one])
        found.append(row[hit] if len(at) == len(row) else row[distinct(owner[hit])])
    return kind, found
