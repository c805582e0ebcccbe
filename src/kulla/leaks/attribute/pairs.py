"""Which read can explain which row: the records it returned, the state it saw, the columns it gave.

Reads of more than half of the leaked records are kept apart as *wide*: their rows are counted by a sweep over time and
never listed, since a log has thousands of them and a leak has a million rows. Of the others those of one bitmap that
saw the same state share a set of rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kulla.leaks.attribute.index import SMALL, Index
from kulla.leaks.attribute.rowsets import Codes, Part, RowSets, Source, row_sets
from kulla.leaks.attribute.target import Target, runs

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

TENTH: Final = 0.1
"""Reads of unknown extent whose template never gave as many as this share of the leaked records are left out."""


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
        sets: the rows of narrow reads; weight, log_stood: of each set the summed weight, and weighted `log_stood`.
        wide: reads of more than half of the leaked records, or of unknown extent; explained, stood: for each of them
            the summed weight of its rows and their weighted `log_stood`.
        usable: reads that gave all of the piece's columns, or nobody knows which.
        bounds, places: for each narrow bitmap the leaked records that it holds.
        beyond: for each wide bitmap the leaked records that it does not hold.
        slack: microseconds by which the audit's clock may be off.
    """

    index: Index
    target: Target
    sets: RowSets
    weight: Floats
    log_stood: Floats
    wide: Ints
    explained: Floats
    stood: Floats
    usable: Mask
    bounds: Ints
    places: Codes
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
    used = np.bincount(log.bitmap[usable & (log.bitmap >= 0)], minlength=len(index.sizes))
    bounds, places, beyond = _leaked(index, target, np.flatnonzero(used))
    is_wide = np.zeros(len(index.sizes) + 1, bool)
    is_wide[list(beyond)] = True
    wide = usable & is_wide[log.bitmap] & (log.record == 0)
    reach = index.reach
    wide |= usable & (index.size < 0) & ((reach < 0) | (reach >= TENTH * target.total))
    sets = _narrow(index, target, usable & ~wide, bounds, places, slack)
    which = np.flatnonzero(wide)
    sums = _wide(index, target, which, beyond, slack)
    weight, stood = sets.sums(target.weight), sets.sums(target.weight * target.log_stood)
    return Explained(index, target, sets, weight, stood, which, *sums, usable, bounds, places, beyond, slack)


def _usable(index: Index, columns: tuple[str, ...]) -> Mask:
    """A statement that gives no column of the register (a count) gives no row; unknown columns could be any."""
    needed = set(columns)
    fits = [each is None or (bool(each) and needed <= set(each)) for each in index.log.column_sets]
    return np.array([*fits, True])[index.log.columns]


def _leaked(index: Index, target: Target, used: Ints) -> tuple[Ints, Codes, dict[int, Ints]]:
    """For each bitmap in use the leaked records it holds; for wide ones those it does not hold. used: ascending."""
    found = target.find(index.members)
    hit = found >= 0
    ends, place = np.append(0, np.cumsum(hit))[index.bounds], found[hit]
    counts, half = np.diff(ends), len(target.records) / 2
    beyond = {
        code: _rest(target, place[ends[code] : ends[code + 1]]) for code in np.flatnonzero(counts > half).tolist()
    }
    parts, at = [], 0
    for code in used[index.sizes[used] > SMALL].tolist():
        inside = target.find(index.records(code))
        inside = inside[inside >= 0]
        if len(inside) > half:
            beyond[code] = _rest(target, inside)
        else:
            parts += [place[at : ends[code]], inside]
            at, counts[code] = int(ends[code]), len(inside)
    return np.append(0, np.cumsum(counts)), np.concatenate([*parts, place[at:]]), beyond


def _rest(target: Target, places: Codes) -> Ints:
    """The leaked records at other places than these."""
    rest = np.ones(len(target.records), bool)
    rest[places] = False
    return np.flatnonzero(rest)


def _narrow(
    index: Index, target: Target, usable: Mask, bounds: Ints, places: Codes, slack: int
) -> RowSets:  # fmt: skip
    """The rows of reads of one record, and of those with a bitmap."""
    log = index.log
    single = np.flatnonzero(usable & (log.record > 0))
    place = target.find(log.record[single])
    single, place = single[place >= 0], place[place >= 0]
    everything: Codes = np.arange(len(target), dtype=np.int32)
    several = np.flatnonzero(usable & (log.bitmap >= 0) & (log.record == 0))
    many = np.concatenate([[0], np.cumsum(target.begin[places + 1] - target.begin[places])])
    rows = target.rows_of(places)[1].astype(np.int32)
    parts: list[Part] = []
    for begin, row, read, source in (
        (target.begin, everything, single, place),
        (many[bounds], rows, several, log.bitmap[several]),
    ):
        first, last = log.start[read] - slack, log.stop[read] + slack
        parts += Source(target, begin, row, read, source.astype(np.int64), first, last).parts()
    return row_sets(len(log), len(target), parts)


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
