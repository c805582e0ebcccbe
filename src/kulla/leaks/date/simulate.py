"""Leaks drawn from a register's own history, at a known time, to see how far the dating of such leaks goes wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from kulla.leaks.intervals import Intervals
from kulla.leaks.world import Drawn, Noise, World, drawn

_DAY: Final = 86_400_000_000
_OFFICE: Final = (7, 8, 0.7)
"""Extractions of office hours: from which hour UTC, for how many hours, and what share of all."""
_TIMES: Final = 500
"""Older times that stale rows of various times are drawn from."""

Ints = np.ndarray[tuple[int], np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Stock:
    """A world made ready: its versions in the order of records and time.

    Attributes:
        world: with versions sorted; group, standing: of the leaked columns (see `World.groups`).
        starts: where each record's versions begin, and, last, their number; place: of each version's record in it.
    """

    world: World
    group: Ints
    standing: Intervals
    starts: Ints
    place: Ints

    def leak(self, versions: Ints, noise: Noise, draw: np.random.Generator) -> Drawn:
        """A leak of these versions, as `world.drawn` makes it, looking at their records alone. No use its `version`."""
        record = np.unique(self.place[versions])
        low, count = self.starts[record], np.diff(self.starts)[record]
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(count)])
        some = np.arange(int(offsets[-1])) - np.repeat(offsets[:-1] - low, count)
        at = offsets[np.searchsorted(record, self.place[versions])] + versions - self.starts[self.place[versions]]
        world = self.world
        few = replace(world, record=world.record[some], first=world.first[some], last=world.last[some], cells={})
        return drawn(few, (self.group[some], self.standing), at, noise, draw)


def stock(world: World, columns: Sequence[str]) -> Stock:
    """The world made ready for leaks of these columns."""
    order = np.lexsort((world.first, world.record))
    cells = {name: words[order] for name, words in world.cells.items()}
    world = replace(world, record=world.record[order], first=world.first[order], last=world.last[order], cells=cells)
    group, standing = world.groups(columns)
    fresh = np.append([True], world.record[1:] != world.record[:-1])
    starts = np.append(np.flatnonzero(fresh), len(fresh)).astype(np.int64)
    return Stock(world, group, standing, starts, np.cumsum(fresh) - 1)


def moment(horizon: tuple[int, int], draw: np.random.Generator, within: tuple[float, float] = (0.15, 0.97)) -> int:
    """When an extraction happens: on any day of that part of the history, mostly in office hours."""
    first, last = horizon
    at = int(first + (last - first) * draw.uniform(*within))
    hour, hours, share = _OFFICE
    if draw.random() < share:
        at = at - at % _DAY + int((hour + hours * draw.random()) * _DAY / 24)
    return min(max(at, first + 1), last - 1)


def stale_times(horizon: tuple[int, int], taken: int, several: bool, draw: np.random.Generator) -> tuple[int, ...]:
    """Older times, one or various, anywhere in the history before."""
    return tuple((horizon[0] + (taken - horizon[0]) * draw.random(_TIMES if several else 1)).astype(np.int64).tolist())


def sample(of: Stock, taken: int, size: int, draw: np.random.Generator) -> Ints:
    """So many of the versions that could be read at a moment, at random; all of them when there are fewer."""
    rows = of.world.rows_at(taken)
    return np.sort(draw.choice(rows, min(size, len(rows)), replace=False))
