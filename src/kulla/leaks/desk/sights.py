"""At which moments a reconstructed history knows the whole register: those of the copies that it was made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kulla.leaks.recognise.register import Ints

UNKNOWN: Final = int(np.iinfo(np.int64).min)
"""A known_ time that is not given: the version's own bound is exact."""
_MOST: Final = 8
"""Moments that are tried within the clock of one: a copy gives one, dates within rows may give some more."""
_ODD: Final = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0x165667B19E3779F9))


@dataclass(frozen=True, slots=True)
class Bounds:
    """Versions with what is possible and what is known of their times, microseconds UTC: [first, last) holds the true
    interval, [known_first, known_last) lies in it. A version seen several times has a row for each time."""

    record: npt.NDArray[np.uint32]
    first: Ints
    last: Ints
    known_first: Ints
    known_last: Ints

    def sights(self, moments: Sequence[int], slack: int) -> tuple[int, ...]:
        """The moments within `slack` of one of those asked for at which somebody looked and all that may have stood is
        known to have stood, ascending."""
        found: set[int] = set()
        for moment in moments:
            looked = self._looked(moment - slack, moment + slack)
            nearest = sorted(looked, key=lambda each: (abs(each - moment), each))[:_MOST]
            found.update(each for each in nearest if self._known(each))
        return tuple(sorted(found))

    def _looked(self, low: int, high: int) -> set[int]:
        """When rows were seen first or last, within [low, high]."""
        begun = self.known_first[(self.known_first >= low) & (self.known_first <= high)]
        ended = self.known_last[(self.known_last > low) & (self.known_last <= high + 1)] - 1
        return {int(each) for each in np.unique(np.concatenate([begun, ended]))}

    def _known(self, moment: int) -> bool:
        """Whether every version that may have stood at a moment is known to have."""
        possible = np.flatnonzero((self.first <= moment) & (self.last > moment))
        begun = np.where(self.known_first == UNKNOWN, self.first, self.known_first)[possible] <= moment
        ended = np.where(self.known_last == UNKNOWN, self.last, self.known_last)[possible] <= moment
        known = begun & ~ended
        doubted = possible[~known]
        return not len(doubted) or bool(np.isin(self._keys(doubted), self._keys(possible[known])).all())

    def _keys(self, rows: Ints) -> npt.NDArray[np.uint64]:
        """A word for each version: rows that tell of several sights of one have the same."""
        made = self.record[rows].astype(np.uint64) * _ODD[0]
        for times, odd in ((self.first, _ODD[1]), (self.last, _ODD[2])):
            made = (made ^ (made >> np.uint64(29))) * odd + times[rows].view(np.uint64)
        return made
