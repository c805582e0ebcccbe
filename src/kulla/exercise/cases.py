"""Cases: why honest staff looks somebody up. A case is a number of the account's own; everything of it follows from it.

So no list of cases is held: a look-up of today that goes back to a case of last month computes the same person again,
and the explanations on file can be made without the reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kulla.exercise import draw
from kulla.exercise.shelves import Shelves
from kulla.exercise.staff import Roster
from kulla.exercise.staffhabits import StaffHabits
from kulla.exercise.workdays import Day

Ints = NDArray[np.int64]

_SKEW = 1.6
"""Exponent of the uniform place in a remit's order: a tenth of the persons get a quarter of the look-ups."""


@dataclass(frozen=True, slots=True)
class Opened:
    """Cases opened on a day: whose, about whom (person), of which kind, on file from and to (microseconds UTC)."""

    account: Ints
    person: Ints
    appointment: NDArray[np.bool_]
    since: Ints
    until: Ints


class Cases:
    """The open cases of all accounts of people, moved on day by day.

    today: the span in force of each account, -1 when it has none.
    """

    def __init__(self, roster: Roster, habits: StaffHabits, shelves: Shelves, register: str, seed: int) -> None:
        self._roster, self._habits, self._people = roster, habits, shelves
        self._seed, self._register = seed, register
        self.count = np.zeros(roster.people, dtype=np.int64)
        self._floor = np.zeros(roster.people, dtype=np.int64)
        self._low = np.array([span.low for span in roster.spans], dtype=np.int64)
        self._high = np.array([span.high for span in roster.spans], dtype=np.int64)
        self.today = np.full(roster.people, -1, dtype=np.int64)
        self._spans = _by_day(roster)

    def begin(self, day: Day) -> None:
        """Move on to the next day: whoever has a new span starts with new cases."""
        for number in self._spans.get(day.index, ()):
            account = self._roster.spans[number].account
            self.today[account] = number
            self._floor[account] = self.count[account]
        for number in self._spans.get(-day.index - 1, ()):
            if self.today[self._roster.spans[number].account] == number:
                self.today[self._roster.spans[number].account] = -1

    def slice_of(self, account: NDArray[np.integer]) -> tuple[Ints, Ints]:
        """First place and end of each account's remit in the shelves' orders."""
        span = self.today[account]
        return self._people.start[self._low[span]], self._people.start[self._high[span]]

    def remit_of(self, account: NDArray[np.integer]) -> tuple[Ints, Ints]:
        """First municipality and end of each account's remit."""
        span = self.today[account]
        return self._low[span], self._high[span]

    def look_ups(self, account: Ints, pace: NDArray[np.float64], stream: np.random.Generator) -> tuple[Ints, Ints]:
        """A case for each look-up, new or one of before, and its person. account: ascending; pace: cases a day."""
        again = stream.random(account.size) < self._habits.revisits
        age = stream.exponential(self._habits.case_days, account.size) * pace
        old = self.count[account] - 1 - age.astype(np.int64)
        again &= old >= self._floor[account]
        new = np.cumsum(~again)
        before = np.searchsorted(account, account)
        base = np.where(before > 0, new[before - 1], 0)
        case = np.where(again, old, self.count[account] + new - base - 1)
        self.count += np.bincount(account[~again], minlength=self.count.size)
        return case, self.person(account, case)

    def person(self, account: Ints, case: Ints) -> Ints:
        """The person whom a case is about; -1 for one without a record in any register."""
        key = account.astype(np.int64) << 32 | case
        name = f"case/{self._register}"
        people = self._people
        low, high = self.slice_of(account)
        place = draw.uniform(self._seed, name, key)
        where = draw.uniform(self._seed, f"{name}/where", key)
        out = self._roster.traits.outside[account]
        far = where < out / 2
        near = ~far & (where < out)
        span_low, span_high = self.remit_of(account)
        low = np.where(far, 0, np.where(near, people.start[np.maximum(span_low - 3, 0)], low))
        high = np.where(far, people.by_id.size,
                        np.where(near, people.start[np.minimum(span_high + 3, people.places)], high))  # fmt: skip
        at = low + (place**_SKEW * (high - low)).astype(np.int64)
        found = people.mixed[np.minimum(at, people.by_id.size - 1)].astype(np.int64)
        missing = (where > 1 - self._habits.no_record) | (high <= low)
        if people.others.size:
            return np.where(missing, people.others[(place * people.others.size).astype(np.int64)], found)
        return np.where(missing, -1, found)

    def opened(self, before: Ints, day: Day) -> Opened:
        """The cases opened since the counts `before` that are on file."""
        account, place = draw.runs(np.maximum(self.count - before, 0))
        case = before[account] + place
        key = account.astype(np.int64) << 32 | case
        name = f"file/{self._register}"
        kept = draw.uniform(self._seed, name, key) < self._roster.traits.on_file[account]
        account, case, key = account[kept], case[kept], key[kept]
        person = self.person(account, case)
        known = person >= 0
        account, key, person = account[known], key[known], person[known]
        late = draw.chance(self._seed, f"{name}/late", key, self._habits.late_files)
        appointment = draw.chance(self._seed, f"{name}/appointment", key, 0.25)
        lead = 6.0 * draw.uniform(self._seed, f"{name}/lead", key)
        shift = np.where(late, 1.0 + lead / 3.0, np.where(appointment, 0.0, -lead))
        life = np.where(appointment, 1.0, 20.0 + 3.0 * self._habits.case_days * (1.0 + lead / 6.0))
        micro = 86_400_000_000
        since = day.midnight + (shift * micro).astype(np.int64)
        return Opened(account, person, appointment, since, since + (life * micro).astype(np.int64))


def _by_day(roster: Roster) -> dict[int, list[int]]:
    """The spans that begin on a day, and under -day - 1 those that end before it."""
    found: dict[int, list[int]] = {}
    for number, span in enumerate(roster.spans):
        found.setdefault(span.first, []).append(number)
        found.setdefault(-span.stop - 1, []).append(number)
    return found


def each_day(roster: Roster, cases: Cases) -> Iterator[Day]:
    """The days in order, the cases moved on to each."""
    for day in roster.calendar:
        cases.begin(day)
        yield day
