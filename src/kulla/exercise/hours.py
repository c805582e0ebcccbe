"""At which moment of the day an account reads, by its habits."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from kulla.exercise.staff import Roster
from kulla.exercise.workdays import HOUR, Day

Times = NDArray[np.int64]

_OFFICE: Final = np.cumsum([0, 5, 8, 10, 10, 9, 8, 6, 3, 3, 6, 8, 8, 7, 6, 4, 2, 1]) / 104.0
"""Shares of the day's reads done after each half hour since the account's start: busy mornings, a lunch break."""
_SHIFTS: Final = (6.0, 14.0, 22.0)
_EVENING: Final = 0.22
"""Share of a late account's reads that fall into the evening."""


def moments(roster: Roster, day: Day, account: NDArray[np.integer], stream: np.random.Generator) -> Times:
    """Microseconds of UTC at which each of the accounts reads; accounts of people only, repeated at will."""
    traits = roster.traits
    drawn = stream.random(account.size)
    hours = traits.start[account] + np.interp(drawn, _OFFICE, np.arange(_OFFICE.size) / 2.0)
    evening = traits.late[account] & (stream.random(account.size) < _EVENING)
    hours = np.where(evening, 17.0 + 6.5 * drawn**1.5, hours)
    # A shift lasts a week: the same account has the same one from Monday to Sunday.
    week = day.date.toordinal() // 7
    shift = np.array(_SHIFTS)[(account * 7 + week) % 3]
    hours = np.where(traits.shifts[account], shift + 8.0 * drawn, hours)
    return (day.midnight + hours * HOUR).astype(np.int64)


def runs_of_moments(
    roster: Roster, day: Day, account: NDArray[np.integer], counts: NDArray[np.integer], pause: float,
    stream: np.random.Generator,
) -> Times:  # fmt: skip
    """For each account a run of `counts` moments, about `pause` seconds apart, beginning within its hours."""
    begin = moments(roster, day, account, stream)
    gaps = (stream.gamma(2.0, pause / 2.0, int(counts.sum())) * 1e6).astype(np.int64) + 200_000
    passed = np.cumsum(gaps)
    ends = np.cumsum(counts)
    base = np.concatenate([[0], passed[ends[:-1] - 1]]) if counts.size else passed
    made: Times = np.repeat(begin - base, counts) + passed
    return made
