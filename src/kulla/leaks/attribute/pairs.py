"""Which read can explain which row: the records it returned, the state it saw, the columns it gave.

Reads of more than half of the leaked records are kept apart as *wide*: their rows are counted by a sweep over time and
never listed, since a log has thousands of them and a leak has a million rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kulla.leaks.attribute.index import SMALL, Index
from kulla.leaks.attribute.target import Target, runs

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

TENTH: Final = 0.1
"""Reads of unknown extent whose template never gave as many as this share of the leaked records are left out."""
_BLOCK: Final = 1 << 22


class Held:
    """Sums over rows that stood so at some moment of given stretches of time, by a sweep over their ends.

    A row with several intervals counts once for each that meets the stretch: for ranking; `Explained.rows` is exact.
    """

    def __init__(self, target: Target, rows: Ints) -> None:
        offsets = target.intervals.offsets
        which, at = runs(offsets[rows], offsets[rows + 1])
        weight = target.weight[rows[which]]
        values = np.stack([weight, weight * target.log_stood[rows[which]]])
        self._first, self._begun = _cumulated(target.intervals.first[at], values)
        self._last, self._ended = _cumulated(target.intervals.last[at], values)

    def sums(self, first: Ints, last: Ints) -> tuple[Floats, Floats]:
        """Weight, and weighted `log_stood`, of the rows standing within [first, last], both inclusive."""
        begun = self._begun[:, np.searchsorted(self._first, last, side="right")]
        ended = self._ended[:, np.searchsorted(self._last, first, side="right")]
        return begun[0] - ended[0], begun[1] - ended[1]

    @property
    def moments(self) -> Ints:
        """When a row begins to stand: between two of them the sums only fall."""
        return self._first


def _cumulated(times: Ints, values: Floats) -> tuple[Ints, Floats]:
    order = np.argsort(times, kind="stable")
    return times[order], np.concatenate([np.zeros((2, 1)), np.cumsum(values[:, order], axis=1)], axis=1)


@dataclass(frozen=True, slots=True)
class Explained:
    """What the reads of a log can explain of a target.

    Attributes:
        read, row: the pairs of narrow reads, read ascending within its kind; a pair is there once.
        wide: reads of more than half of the leaked records, or of unknown extent; explained, stood: for each of them
            the summed weight of its rows and their weighted `log_stood`.
        usable: reads that gave all of the piece's columns, or nobody knows which.
        bounds, places: for each narrow bitmap the leaked records that it holds.
        beyond: for each wide bitmap the leaked records that it does not hold.
        slack: microseconds by which the audit's clock may be off.
    """

    index: Index
    target: Target
    read: Ints
    row: Ints
    wide: Ints
    explained: Floats
    stood: Floats
    usable: Mask
    bounds: Ints
    places: Ints
    beyond: Mapping[int, Ints]
    slack: int

    def rows(self, read: int) -> Ints:
        """The rows that one read explains, ascending: exact, for narrow and wide ones."""
        log, target = self.index.log, self.target
        code, record = int(log.bitmap[read]), log.record[read]
        if record > 0:
            places = target.find(np.array([record], np.uint32)).astype(np.int64)
            rows = target.rows_of(places[places >= 0])[1]
        elif code >= 0 and code not in self.beyond:
            rows = target.rows_of(self.places[self.bounds[code] : self.bounds[code + 1]])[1]
        elif code >= 0 or self.index.size[read] < 0:
            kept = np.ones(len(target), bool)
            if code >= 0:
                kept[target.rows_of(self.beyond[code])[1]] = False
            rows = np.flatnonzero(kept)
        else:
            return np.zeros(0, np.int64)
        first, last = int(log.start[read]) - self.slack, int(log.stop[read]) + self.slack
        return rows[target.meets(rows, np.full(len(rows), first), np.full(len(rows), last))]


def explained(index: Index, target: Target, columns: tuple[str, ...], clock: float) -> Explained:
    """What the log's reads explain of the target. columns: the piece's; clock: seconds."""
    log, slack = index.log, int(clock * 1e6)
    usable = _usable(index, columns)
    bounds, places, beyond = _leaked(index, target, np.unique(log.bitmap[usable & (log.bitmap >= 0)]))
    is_wide = np.zeros(len(index.sizes) + 1, bool)
    is_wide[list(beyond)] = True
    wide = usable & is_wide[log.bitmap] & (log.record == 0)
    reach = index.reach
    wide |= usable & (index.size < 0) & ((reach < 0) | (reach >= TENTH * target.total))
    found = [_singles(index, target, usable, slack), _narrow(index, target, usable & ~wide, bounds, places, slack)]
    read, row = (np.concatenate(each) for each in zip(*found, strict=True))
    which = np.flatnonzero(wide)
    sums = _wide(index, target, which, beyond, slack)
    return Explained(index, target, read, row, which, *sums, usable, bounds, places, beyond, slack)


def _usable(index: Index, columns: tuple[str, ...]) -> Mask:
    """A statement that gives no column of the register (a count) gives no row; unknown columns could be any."""
    needed = set(columns)
    fits = [each is None or (bool(each) and needed <= set(each)) for each in index.log.column_sets]
    return np.array([*fits, True])[index.log.columns]


def _leaked(index: Index, target: Target, used: Ints) -> tuple[Ints, Ints, dict[int, Ints]]:
    """For each bitmap in use the leaked records it holds; for wide ones those it does not hold."""
    found = target.find(index.members)
    owner: Ints = np.repeat(np.arange(len(index.sizes)), np.diff(index.bounds))
    hit = np.flatnonzero(found >= 0)
    owner, place = owner[hit], found[hit].astype(np.int64)
    opened = [code for code in used.tolist() if index.sizes[code] > SMALL]
    beyond: dict[int, Ints] = {}
    more_owner: list[Ints] = [owner]
    more_place: list[Ints] = [place]
    everyone = np.ones(len(target.records), bool)
    for code in opened:
        inside = target.find(index.records(code))
        inside = inside[inside >= 0].astype(np.int64)
        if 2 * len(inside) > len(target.records):
            rest = everyone.copy()
            rest[inside] = False
            beyond[code] = np.flatnonzero(rest)
        else:
            more_owner.append(np.full(len(inside), code, np.int64))
            more_place.append(np.asarray(inside, np.int64))
    counts = np.bincount(owner, minlength=len(index.sizes))
    for code in np.flatnonzero(2 * counts > len(target.records)).tolist():
        rest = everyone.copy()
        rest[place[owner == code]] = False
        beyond[code] = np.flatnonzero(rest)
    owner, place = np.concatenate(more_owner), np.concatenate(more_place)
    order = np.argsort(owner, kind="stable")
    bounds = np.searchsorted(owner[order], np.arange(len(index.sizes) + 1))
    return bounds.astype(np.int64), place[order], beyond


def _singles(index: Index, target: Target, usable: Mask, slack: int) -> tuple[Ints, Ints]:
    log = index.log
    places = target.find(log.record)
    some = np.flatnonzero(usable & (log.record > 0) & (places >= 0))
    which, row = target.rows_of(places[some])
    return _met(index, target, some[which], row, slack)


def _narrow(
    index: Index, target: Target, usable: Mask, bounds: Ints, places: Ints, slack: int
) -> tuple[Ints, Ints]:  # fmt: skip
    """Pairs of reads with bitmaps, some millions at a time."""
    log = index.log
    some = np.flatnonzero(usable & (log.bitmap >= 0) & (log.record == 0))
    code = log.bitmap[some]
    counts = bounds[code + 1] - bounds[code]
    some, code = some[counts > 0], code[counts > 0]
    ends = np.cumsum(bounds[code + 1] - bounds[code])
    parts = []
    for part in np.split(np.arange(len(some)), np.flatnonzero(np.diff(ends // _BLOCK)) + 1):
        which, at = runs(bounds[code[part]], bounds[code[part] + 1])
        again, row = target.rows_of(places[at])
        parts.append(_met(index, target, some[part][which[again]], row, slack))
    read, row = (np.concatenate(each) for each in zip(*parts, strict=True))
    return read, row


def _met(index: Index, target: Target, read: Ints, row: Ints, slack: int) -> tuple[Ints, Ints]:
    hit = target.meets(row, index.log.start[read] - slack, index.log.stop[read] + slack)
    return read[hit], row[hit]


def _wide(
    index: Index, target: Target, wide: Ints, beyond: Mapping[int, Ints], slack: int
) -> tuple[Floats, Floats]:  # fmt: skip
    first, last = index.log.start[wide] - slack, index.log.stop[wide] + slack
    weight, stood = Held(target, np.arange(len(target))).sums(first, last)
    code = index.log.bitmap[wide]
    for each, places in beyond.items():
        here = np.flatnonzero(code == each)
        if len(places) and len(here):
            less = Held(target, target.rows_of(places)[1]).sums(first[here], last[here])
            weight[here] -= less[0]
            stood[here] -= less[1]
    return weight, stood
