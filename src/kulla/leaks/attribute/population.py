"""How many records a register had at each moment: what a copy of it, or a read of all of it, could have given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kulla.leaks.intervals import FOREVER

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_SECOND: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Population:
    """The records of a register over time.

    ever: how many there ever were; begun, ended: seconds UTC, ascending, at which a record began to be readable, and
    at which it was no longer. A record that came back has several of each.
    """

    ever: int
    begun: Ints
    ended: Ints

    def at(self, moments: Ints) -> Floats:
        """How many records could be read at each moment (microseconds UTC), at least 1."""
        seconds = moments // _SECOND
        here = np.searchsorted(self.begun, seconds, "right") - np.searchsorted(self.ended, seconds, "right")
        return np.asarray(np.maximum(here, 1), np.float64)

    def within(self, first: Ints, last: Ints) -> Floats:
        """How many stretches, so about how many records, could be read at some moment of [first, last]."""
        begun = np.searchsorted(self.begun, last // _SECOND, "right")
        ended = np.searchsorted(self.ended, first // _SECOND, "right")
        return np.asarray(np.clip(begun - ended, 1, max(self.ever, 1)), np.float64)


def steady(records: int) -> Population:
    """A register whose records all stood all the time."""
    return Population(max(records, 1), np.full(max(records, 1), np.iinfo(np.int64).min), np.zeros(0, np.int64))


def population(record: npt.NDArray[np.uint32], first: Ints, last: Ints) -> Population:
    """The population of versions sorted by record; last FOREVER where a version has not ended."""
    if not len(record):
        return steady(1)
    if ((record[1:] == record[:-1]) & (first[1:] < first[:-1])).any():
        order = np.lexsort((first, record))
        record, first, last = record[order], first[order], last[order]
    start, stop = first // _SECOND, np.where(last == FOREVER, np.int64(-1), last // _SECOND)
    base = int(start.min())
    open_end = int(max(start.max(), stop.max())) + 1 - base
    stop = np.where(stop < 0, open_end, stop - base)
    # Within a record the greatest end so far: each record's ends are lifted above those of the one before.
    place = np.cumsum(np.append(False, record[1:] != record[:-1]))
    width = np.int64(open_end + 1)
    reached = np.maximum.accumulate(stop + place * width) - place * width
    fresh = np.append(True, (record[1:] != record[:-1]) | (start[1:] - base > reached[:-1]))
    at = np.flatnonzero(fresh)
    ended = reached[np.append(at[1:], len(record)) - 1]
    return Population(int(place[-1]) + 1, np.sort(start[at]), np.sort(ended[ended < open_end] + base))
