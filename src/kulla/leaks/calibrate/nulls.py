"""Leaks that no logged read made: states of the register as an unlogged copy or an unlogged crawl would have them.

They are made of a world without a value and of a real log, from which parts that make sense are taken: the records of
one statement, of several, a stretch of record numbers, the records that a real account read, moved to others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from kulla.leaks.attribute.index import Index
from kulla.leaks.attribute.population import Population, population
from kulla.leaks.attribute.target import runs
from kulla.leaks.world import World

Ints = npt.NDArray[np.int64]
Records = npt.NDArray[np.uint32]
Shape = Literal["random", "range", "set", "sets", "moved", "values"]

SHAPES: Final[tuple[Shape, ...]] = ("random", "range", "set", "sets", "moved", "values")
"""Which records: by lot; neighbours by number; those of one statement of the log; of several; those that one account
read within some days, each number moved by the same step; by number among those with the same value of a column, one
value after the other, as of whoever goes page by page through what offices are responsible for."""
DAY: Final = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Standing:
    """The versions of a world by record, so that those of a record at a moment are found at once."""

    world: World
    order: Ints
    bounds: Ints
    records: Records

    def population(self) -> Population:
        """How many records the world had at each moment."""
        world = self.world
        return population(world.record[self.order], world.first[self.order], world.last[self.order])

    def at(self, records: Records, moments: Ints) -> Ints:
        """The latest version of each record that stood at its moment; records without one are left out."""
        return self.held(records, moments)[1]

    def held(self, records: Records, moments: Ints) -> tuple[Ints, Ints]:
        """(Place in `records`, the latest version that stood at its moment) of those that have one."""
        place = np.minimum(np.searchsorted(self.records, records), len(self.records) - 1)
        known = self.records[place] == records
        given = np.flatnonzero(known)
        place, moments = place[known], moments[known]
        which, at = runs(self.bounds[place], self.bounds[place + 1])
        version = self.order[at]
        stood = (self.world.first[version] <= moments[which]) & (self.world.last[version] > moments[which])
        which, version = which[stood], version[stood]
        last = np.append(np.diff(which) != 0, True)[: len(which)]
        return given[which[last]], np.asarray(version[last], np.int64)


def standing(world: World) -> Standing:
    """A world's versions by record and beginning."""
    order = np.lexsort((world.first, world.record))
    records, begin = np.unique(world.record[order], return_index=True)
    return Standing(world, order, np.append(begin, len(order)).astype(np.int64), records)


def orders(by_record: Standing) -> tuple[Records, ...]:
    """For each column that sorts the register into 5 to N / 20 parts: its records part by part, by number in each."""
    world, last = by_record.world, by_record.order[by_record.bounds[1:] - 1]
    found = []
    for name in sorted(world.cells):
        value = world.cells[name][last]
        if 5 <= len(np.unique(value)) <= len(last) // 20:
            found.append(by_record.records[np.lexsort((by_record.records, value))])
    return tuple(found)


def chosen(
    known: Index, records: Records, shape: Shape, size: int, draw: np.random.Generator, values: Sequence[Records] = ()
) -> Records:  # fmt: skip
    """About `size` of the register's records, in the order in which a thief would have them. values: `orders`."""
    size = min(size, len(records))
    if shape == "range":
        first = int(draw.integers(len(records) - size + 1))
        return records[first : first + size]
    if shape in ("set", "sets"):
        found = _sets(known, size, shape == "set", draw)
        if len(found):
            return found[np.isin(found, records)]
    if shape == "moved":
        found = _moved(known, records, size, draw)
        if len(found):
            return found
    if shape == "values" and values:
        order = values[int(draw.integers(len(values)))]
        return np.asarray(np.roll(order, -int(draw.integers(len(order))))[:size], np.uint32)
    return draw.choice(records, size, replace=False)


def _sets(known: Index, size: int, single: bool, draw: np.random.Generator) -> Records:
    usable = np.flatnonzero((known.sizes >= 2) & (known.sizes <= 2 * size))
    if single:
        usable = usable[2 * known.sizes[usable] >= size]
    if not len(usable):
        return np.zeros(0, np.uint32)
    if single:
        return known.records(int(draw.choice(usable)))
    parts: list[Records] = []
    for code in draw.permutation(usable).tolist():
        parts.append(known.records(code))
        if sum(map(len, parts)) >= size:
            break
    return _first(np.concatenate(parts))[:size]


def _moved(known: Index, records: Records, size: int, draw: np.random.Generator) -> Records:
    """What one account read from some moment on, every record moved by one step around the register."""
    log = known.log
    single = np.flatnonzero(log.record > 0)
    if not len(single):
        return np.zeros(0, np.uint32)
    actor = known.actor[single[int(draw.integers(len(single)))]]
    own = single[known.actor[single] == actor]
    own = own[np.argsort(log.start[own], kind="stable")]
    own = own[int(draw.integers(len(own))) :]
    found = _first(log.record[own])[:size]
    place = np.searchsorted(records, found[np.isin(found, records)])
    return records[(place + int(draw.integers(len(records)))) % len(records)]


def _first(records: Records) -> Records:
    """Each record once, in the order of its first coming."""
    _, at = np.unique(records, return_index=True)
    return records[np.sort(at)]


def moments(count: int, span: tuple[int, int], days: float, draw: np.random.Generator) -> Ints:
    """When each of `count` rows was taken, ascending: at once somewhere in the span, or over some days of it."""
    length = min(int(days * DAY), span[1] - span[0] - 1)
    first = int(draw.integers(span[0], span[1] - length))
    return first + np.sort(draw.integers(0, length + 1, count)) if length else np.full(count, first)
