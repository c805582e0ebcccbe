"""A register's versions as arrays, and leaks drawn from them: what calibration and measurements are made on.

No value is needed for either, only which versions of a record have an equal cell. So a world can be made from an
imprint as well as from a history.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kulla.leaks.intervals import Intervals, from_rows

Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]

COPIED, ALTERED, STALE, INVENTED = range(4)
"""How a drawn row came about: as it stood; a cell changed; as it stood at an older time; no such person."""

_ODD: Final = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F))


@dataclass(frozen=True, slots=True)
class World:
    """Versions of one register.

    Attributes:
        record: record_no of each version, from 1 up.
        first, last: when it could be read, microseconds UTC, [first, last); last FOREVER when it still can.
        cells: column → a word for each version; equal for two versions of one record exactly when their cells are.
        records: how many records there are.
        horizon: [first, last) of the history; last is the moment up to which it vouches.
    """

    record: npt.NDArray[np.uint32]
    first: Ints
    last: Ints
    cells: Mapping[str, Words]
    records: int
    horizon: tuple[int, int]

    def rows_at(self, moment: int) -> Ints:
        """The versions that could be read at a moment, ascending."""
        return np.flatnonzero((self.first <= moment) & (self.last > moment))

    def groups(self, columns: Sequence[str]) -> tuple[Ints, Intervals]:
        """Versions that look alike in these columns: the group of each version, and when each group could be read.

        A leaked row that copies version v unaltered could have been read in the intervals of v's group.
        """
        word = self.record.astype(np.uint64) * _ODD[0]
        for place, name in enumerate(columns):
            word = (word ^ (word >> np.uint64(29))) * _ODD[1] + self.cells[name] * np.uint64(2 * place + 3)
        _, group = np.unique(word, return_inverse=True)
        group = group.astype(np.int64)
        return group, from_rows(group, self.first, self.last, int(group.max(initial=-1)) + 1)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A leak drawn from a world; one item for each row. `version` and `record` are those it was copied from (-1 and 0
    for INVENTED); `intervals` is empty for rows that are no exact copy."""

    version: Ints
    record: npt.NDArray[np.uint32]
    how: npt.NDArray[np.uint8]
    intervals: Intervals

    @property
    def exact(self) -> Mask:
        """Which rows are exact at some time."""
        return self.intervals.some


@dataclass(frozen=True, slots=True)
class Noise:
    """What happens to a leak. Shares of all rows; stale rows are as of `stale_at`, one time or several at random."""

    altered: float = 0.0
    invented: float = 0.0
    stale: float = 0.0
    stale_at: tuple[int, ...] = ()


CLEAN: Final = Noise()


def drawn(
    world: World, grouped: tuple[Ints, Intervals], versions: Ints, noise: Noise, draw: np.random.Generator
) -> Drawn:
    """A leak of the given versions, with noise.

    Args:
        grouped: `world.groups` of the leaked columns.
        versions: those copied, as `world.rows_at` gives them, whole or in part, in the file's order.
    """
    group, standing = grouped
    count = len(versions)
    how = np.zeros(count, np.uint8)
    lot = draw.random(count)
    how[lot < noise.altered] = ALTERED
    how[(lot >= noise.altered) & (lot < noise.altered + noise.invented)] = INVENTED
    aged = (lot >= noise.altered + noise.invented) & (lot < noise.altered + noise.invented + noise.stale)
    version = versions.astype(np.int64)
    if aged.any() and noise.stale_at:
        older = _older(world, world.record[version[aged]], draw.choice(np.array(noise.stale_at), int(aged.sum())))
        places = np.flatnonzero(aged)[older >= 0]
        version = version.copy()
        version[places] = older[older >= 0]
        how[places] = STALE
    record = np.where(how == INVENTED, 0, world.record[version]).astype(np.uint32)
    copied = (how == COPIED) | (how == STALE)
    intervals = _only(standing.take(group[version]), copied)
    return Drawn(np.where(how == INVENTED, -1, version), record, how, intervals)


def _older(world: World, records: npt.NDArray[np.uint32], moments: Ints) -> Ints:
    """For each record a version that stood at its moment, -1 where none did. Of several the first."""
    order = np.lexsort((world.first, world.record))
    sorted_records = world.record[order]
    low, high = (np.searchsorted(sorted_records, records, side) for side in ("left", "right"))
    out = np.full(len(records), -1, np.int64)
    for step in range(int((high - low).max(initial=0))):
        at = low + step
        inside = (at < high) & (out < 0)
        each = order[np.minimum(at, len(order) - 1)]
        hit = inside & (world.first[each] <= moments) & (world.last[each] > moments)
        out[hit] = each[hit]
    return out


def _only(intervals: Intervals, kept: Mask) -> Intervals:
    """The same with no interval for rows not kept."""
    here = np.repeat(kept, intervals.counts)
    counts = np.where(kept, intervals.counts, 0)
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
    return Intervals(offsets, intervals.first[here], intervals.last[here])
