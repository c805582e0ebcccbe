"""Sums over an actor's reads within windows of time and within sessions: what each explains, counted without listing.

A row, or a record, counts once in a window however often it was read there. It is counted at its first read within the
window, which is one whose predecessor lies before the window's beginning.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kulla.leaks.attribute.index import SMALL
from kulla.leaks.attribute.pairs import Explained
from kulla.leaks.attribute.target import distinct, runs

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

DAY: Final = 86_400_000_000
WINDOWS: Final = (1, 3, 7, 15, 30, 60, 120, 1 << 20)
"""Lengths of the windows of crawls in days; each begins half a length after the one before."""
_LONG_AGO: Final = int(np.iinfo(np.int64).min)


@dataclass(frozen=True, slots=True)
class Cells:
    """Groups of reads, one item each: an actor's reads of one kind within one window, or of one session.

    actor: place among the kept actors; way: how reads were grouped; group: which of them; first, last: the window,
    [first, last); explained, stood: sums over the rows explained; touches: records read, counted each time.
    """

    actor: Ints
    way: Ints
    group: Ints
    first: Ints
    last: Ints
    explained: Floats
    stood: Floats
    touches: Floats

    def __len__(self) -> int:
        return len(self.actor)


@dataclass(frozen=True, slots=True)
class Touched:
    """The narrow reads of the kept actors.

    Attributes:
        actors: those kept, as places in the index.
        read, actor, time: places in the log, whose they are (place among `actors`) and when, by actor and time.
        bounds: the reads of each kept actor.
        pair, row: which of `read` explains which row.
        groups: four ways of grouping the reads of an actor: by template, by kind, all, by session.
        useful: which of `read` explain anything; seen: room for marking records while they are counted.
    """

    found: Explained
    actors: Ints
    read: Ints
    actor: Ints
    time: Ints
    bounds: Ints
    pair: Ints
    row: Ints
    groups: tuple[Ints, ...]
    useful: npt.NDArray[np.bool_]
    seen: npt.NDArray[np.bool_]

    def chosen(self, cells: Cells, at: int) -> Iterator[tuple[Ints, bool]]:
        """The reads of a cell, and again without those before its first and after its last that explains a row."""
        low, high = self.bounds[cells.actor[at]], self.bounds[cells.actor[at] + 1]
        inside = self.groups[int(cells.way[at])][low:high] == cells.group[at]
        inside &= (self.time[low:high] >= cells.first[at]) & (self.time[low:high] < cells.last[at])
        places = low + np.flatnonzero(inside)
        yield self.read[places], False
        useful = np.flatnonzero(self.useful[places])
        trimmed = places[useful[0] : useful[-1] + 1] if len(useful) else places
        if len(trimmed) < len(places):
            yield self.read[trimmed], True

    def size(self, reads: Ints) -> int:
        """How many distinct records these reads returned."""
        index = self.found.index
        record, code = index.log.record[reads], index.log.bitmap[reads]
        codes = distinct(code[(record == 0) & (code >= 0)])
        small = codes[index.sizes[codes] <= SMALL]
        listed = index.members[runs(index.bounds[small], index.bounds[small + 1])[1]]
        wide = [index.records(each) for each in codes[index.sizes[codes] > SMALL].tolist()]
        parts = [record[record > 0], listed, *wide]
        if any(int(part.max(initial=0)) >= len(self.seen) for part in parts):
            return len(np.unique(np.concatenate(parts)))
        for part in parts:
            self.seen[part] = True
        count = int(np.count_nonzero(self.seen))
        for part in parts:
            self.seen[part] = False
        return count


def touched(found: Explained, actors: Ints) -> Touched:
    """The narrow reads of these actors that gave the piece's columns."""
    index, log = found.index, found.index.log
    chosen = np.full(len(index.actors) + 1, -1, np.int64)
    chosen[actors] = np.arange(len(actors))
    plain = found.usable & (index.size > 0)
    plain[found.wide] = False
    own, whole = chosen[index.actor], np.where(index.pool >= 0, chosen[index.pool], -1)
    reads = [np.flatnonzero(plain & (each >= 0)) for each in (own, whole)]
    read, actor = np.concatenate(reads), np.concatenate([own[reads[0]], whole[reads[1]]])
    order = np.lexsort((log.start[read], actor))
    read, actor = read[order], actor[order]
    by_read = np.argsort(found.read, kind="stable")
    low, high = (np.searchsorted(found.read[by_read], read, side) for side in ("left", "right"))
    pair, at = runs(low, high)
    groups = (
        _codes(actor << 32 | (log.template[read].astype(np.int64) + 1)),
        actor * 2 + (index.size[read] > 1),
        actor,
        _codes(actor << 32 | index.run[read].astype(np.int64)),
    )
    bounds = np.searchsorted(actor, np.arange(len(actors) + 1))
    useful = np.zeros(len(read), bool)
    useful[pair] = True
    seen = np.zeros(2 * found.target.population + 2, bool)
    row = found.row[by_read[at]]
    return Touched(found, actors, read, actor, log.start[read], bounds, pair, row, groups, useful, seen)


def _codes(values: Ints) -> Ints:
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def crawls(reads: Touched) -> Cells:
    """Every window in which an actor's reads of one template, of one kind or of all kinds explain a row."""
    before = [_before(reads, way) for way in range(3)]
    return _joined([_windows(reads, way, before[way], days) for way in range(3) for days in WINDOWS])


def sessions(reads: Touched) -> Cells:
    """Every session in which a kept actor's reads explain a row."""
    return _windows(reads, 3, _before(reads, 3), WINDOWS[-1])


def _joined(parts: list[Cells]) -> Cells:
    return Cells(*(np.concatenate([getattr(each, name) for each in parts]) for name in Cells.__dataclass_fields__))


def _windows(reads: Touched, way: int, before: Ints, days: int) -> Cells:
    group, target, step = reads.groups[way], reads.found.target, days * DAY // 2
    start = int(reads.time.min()) if len(reads.time) else 0
    place = (reads.time - start) // step
    many, groups = int(place.max(initial=0)) + 1, int(group.max(initial=-1)) + 1
    weight = target.weight[reads.row]
    stood = weight * target.log_stood[reads.row]
    size = reads.found.index.size[reads.read]
    sums = np.zeros((3, groups * many))
    for back in (0, 1) if many > 1 else (0,):
        inside = place >= back
        cell = group * many + place - back
        kept = inside[reads.pair] & (before < (start + (place - back) * step)[reads.pair])
        cells = cell[reads.pair][kept]
        for row, (at, value) in enumerate(((cells, weight[kept]), (cells, stood[kept]), (cell[inside], size[inside]))):
            sums[row] += np.bincount(at, value, groups * many)
    some = np.flatnonzero(sums[0] > 0)
    owner = np.zeros(groups, np.int64)
    owner[group] = reads.actor
    first = start + (some % many) * step
    return Cells(
        owner[some // many], np.full(len(some), way), some // many, first, first + 2 * step, *(s[some] for s in sums)
    )


def _before(reads: Touched, way: int) -> Ints:
    """For each pair when the same group explained the same row before; long ago where it did not."""
    group, row, time = reads.groups[way][reads.pair], reads.row, reads.time[reads.pair]
    order = np.lexsort((time, row, group))
    before = np.full(len(order), _LONG_AGO)
    same = (np.diff(group[order]) == 0) & (np.diff(row[order]) == 0)
    before[order[1:][same]] = time[order[:-1][same]]
    return before
