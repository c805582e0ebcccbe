"""Sums over an actor's reads within windows of time and within sessions: what each explains, counted without listing.

A row, or a record, counts once in a window however often it was read there. It is counted at its first read within the
window, which is one whose predecessor lies before the window's beginning.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import lgamma
from typing import Final

import numpy as np
import numpy.typing as npt

from kulla.leaks.attribute.index import SMALL
from kulla.leaks.attribute.pairs import Explained
from kulla.leaks.attribute.rowsets import together
from kulla.leaks.attribute.target import distinct, dot
from kulla.leaks.attribute.whenfirst import fresh

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

DAY: Final = 86_400_000_000
WINDOWS: Final = (1, 3, 7, 15, 30, 60, 120, 1 << 20)
"""Lengths of the windows of crawls in days; each begins half a length after the one before."""
SESSION: Final = 2
"""Place among the ways of grouping of that by session."""
HALF: Final = 0.5


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

    def take(self, places: Ints) -> Cells:
        """Some of them, in the order of places."""
        return Cells(*(getattr(self, name)[places] for name in Cells.__dataclass_fields__))


@dataclass(frozen=True, slots=True)
class Touched:
    """The narrow reads of the kept actors.

    Attributes:
        actors: those kept, as places in the index.
        read, actor, time: places in the log, whose they are (place among `actors`) and when, by actor and time.
        bounds: the reads of each kept actor.
        set: of each of `read` the set of the rows that it explains (a place in `found.sets`), -1 for none.
        groups: three ways of grouping the reads of an actor: by template, all, by session.
        share: of the records of each of `read`, how many it explains.
        seen: room for marking records while they are counted.
    """

    found: Explained
    actors: Ints
    read: Ints
    actor: Ints
    time: Ints
    bounds: Ints
    set: npt.NDArray[np.int32]
    groups: tuple[Ints, ...]
    share: Floats
    seen: npt.NDArray[np.bool_]

    def chosen(self, cells: Cells, at: int) -> Iterator[tuple[Ints, float]]:
        """The reads of a cell as places in `read`, each time with the nats it takes to say which are meant.

        All of them; those from the first to the last that explains a row; of these, those of which at least half of
        the records are explained. Who takes a register page by page goes on with their work meanwhile: with 31 other
        reads among 110 of a crawl, the whole cell has a third more records, and lost to an unlogged copy. Which k of n
        reads are meant costs the logarithm of their choices. And only of cells of which half was leaked: whoever goes
        through the whole register in its usual order passes by what any other crawl took, in one stretch.
        """
        low, high = self.bounds[cells.actor[at]], self.bounds[cells.actor[at] + 1]
        low, high = low + np.searchsorted(self.time[low:high], [cells.first[at], cells.last[at]])
        places = low + np.flatnonzero(self.groups[int(cells.way[at])][low:high] == cells.group[at])
        yield places, 0.0
        if 2 * cells.explained[at] < self.size(self.read[places]):
            return
        useful = np.flatnonzero(self.share[places] > 0)
        if not len(useful):
            return
        trimmed, bounds = places[useful[0] : useful[-1] + 1], 0.0
        if len(trimmed) < len(places):
            bounds = 2 * float(np.log(len(places) + 1))
            yield trimmed, bounds
        picked = trimmed[self.share[trimmed] >= HALF]
        if 0 < len(picked) < len(trimmed):
            yield picked, bounds + choices(len(trimmed), len(picked)) + float(np.log(len(trimmed)))

    @property
    def sessions(self) -> int:
        """In how many sessions a row is explained."""
        return int(np.count_nonzero(np.bincount(self.groups[SESSION][self.set >= 0])))

    def explains(self, places: Ints) -> tuple[float, float]:
        """Summed weight, and weighted `log_stood`, of the distinct rows that these of `read` explain; ascending."""
        sets = self.set[places]
        rows = self.found.sets.union(distinct(sets[sets >= 0]))
        target = self.found.target
        weight = target.weight[rows]
        return float(weight.sum()), dot(weight, target.log_stood[rows])

    def size(self, reads: Ints) -> int:
        """How many distinct records these reads returned."""
        index = self.found.index
        record, code = index.log.record[reads], index.log.bitmap[reads]
        codes = distinct(code[(record == 0) & (code >= 0)])
        small = codes[index.sizes[codes] <= SMALL]
        listed = together(index.members, index.bounds[small], index.bounds[small + 1])
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


def choices(many: int, few: int) -> float:
    """The logarithm of how many ways there are to choose `few` of `many`."""
    return lgamma(many + 1) - lgamma(few + 1) - lgamma(many - few + 1)


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
    templates, sessions = int(log.template.max(initial=-1)) + 2, int(index.run.max(initial=0)) + 1
    # A read may be there twice, its pool's and its hinted user's; the run of a pool's is another group.
    groups = (
        _codes(np.asarray(actor * templates + log.template[read] + 1, np.int64)),
        actor,
        _codes(index.run[read].astype(np.int64) + sessions * (actor != own[read])),
    )
    bounds = np.searchsorted(actor, np.arange(len(actors) + 1))
    # Record numbers run beyond the population where a register has gaps: payroll numbers are those of all persons.
    highest = max(int(log.record.max(initial=0)), int(index.members.max(initial=0)), 2 * found.target.population)
    seen = np.zeros(highest + 2, bool)
    sets = found.sets.of[read]
    share = np.append(found.weight, 0.0)[sets] / index.size[read]
    return Touched(found, actors, read, actor, log.start[read], bounds, sets, groups, share, seen)


def _codes(values: Ints) -> Ints:
    """The values numbered from 0 up in their order. They are not much more than as many as there are."""
    there = np.zeros(int(values.max(initial=-1)) + 1, bool)
    there[values] = True
    return (np.cumsum(there) - 1)[values]


def crawls(reads: Touched) -> Cells:
    """Every window in which an actor's reads of one template, or all of them, explain a row."""
    return _joined(
        [_windows(halves, days) for halves in (_halves(reads, way) for way in range(SESSION)) for days in WINDOWS]
    )


def sessions(reads: Touched, least: float = 0.0) -> Cells:
    """Every session in which a kept actor's reads explain a row; of less than `least` some may be missing."""
    return _windows(_halves(reads, SESSION, least), WINDOWS[-1])


def _joined(parts: list[Cells]) -> Cells:
    return Cells(*(np.concatenate([getattr(each, name) for each in parts]) for name in Cells.__dataclass_fields__))


@dataclass(frozen=True, slots=True)
class _Halves:
    """The reads and pairs of one way of grouping, by half days since the first read: all windows are made of these.

    What a pair of a read and a row adds to a window does not depend on anything but its group, its half day and the
    half day of the group's last pair with the same row before it (-1: none). Pairs that are alike in these are summed
    up. A pair whose predecessor lies in the same half day is first in no window.

    owner: of each group; group, at, before, explained, stood: of each item; cell, touches: group and half day
    (group · many + half) with reads, and how many records were read there, counted each time.
    """

    way: int
    start: int
    many: int
    owner: Ints
    group: Ints
    at: Ints
    before: Ints
    explained: Floats
    stood: Floats
    cell: Ints
    touches: Floats


def _halves(reads: Touched, way: int, least: float = 0.0) -> _Halves:
    """least: groups that cannot explain as much, by the rows of their sets without regard to repeats, are left out."""
    start = int(reads.time.min()) if len(reads.time) else 0
    # Sessions have one window, the whole log: by half days, 100,000 of them would need 36 M sums.
    half = (reads.time - start) // (DAY // 2) if way != SESSION else np.zeros(len(reads.time), np.int64)
    many, count = int(half.max(initial=0)) + 1, int(reads.groups[way].max(initial=-1)) + 1
    cell = reads.groups[way] * many + half
    touches = np.asarray(np.bincount(cell, reads.found.index.size[reads.read], count * many), np.float64)
    owner = np.zeros(count, np.int64)
    owner[reads.groups[way]] = reads.actor
    sets = reads.found.sets
    some = np.flatnonzero(reads.set >= 0)
    # A set counts once in a group's half day.
    once = distinct(cell[some] * len(sets) + reads.set[some])
    each, of = np.divmod(once, max(len(sets), 1))
    if least > 0:
        most = np.bincount(each // many, reads.found.weight[of])
        kept = most[each // many] >= least * (1 - 1e-9)
        each, of = each[kept], of[kept]
    at, before, explained, stood = fresh(sets, reads.found.target, each, of, many)
    read = np.flatnonzero(touches)
    return _Halves(way, start, many, owner, at // many, at % many, before, explained, stood, read, touches[read])


def _windows(halves: _Halves, days: int) -> Cells:
    step, count = days * DAY // 2, len(halves.owner)
    at, before = halves.at // days, halves.before // days
    owner, place = halves.cell // halves.many, halves.cell % halves.many // days
    many = (halves.many - 1) // days + 1
    sums = np.zeros((3, count * many))
    for back in (0, 1) if many > 1 else (0,):
        inside = place >= back
        kept = (at >= back) & (before < at - back)
        cells = halves.group[kept] * many + at[kept] - back
        cell = owner[inside] * many + place[inside] - back
        values = ((cells, halves.explained[kept]), (cells, halves.stood[kept]), (cell, halves.touches[inside]))
        for row, (where, value) in enumerate(values):
            sums[row] += np.bincount(where, value, count * many)
    some = np.flatnonzero(sums[0] > 0)
    first = halves.start + (some % many) * step
    return Cells(
        halves.owner[some // many], np.full(len(some), halves.way), some // many, first, first + 2 * step,
        *(s[some] for s in sums),
    )  # fmt: skip
