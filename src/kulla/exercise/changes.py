"""When registers change: commit times in working hours with month-start peaks, long transactions, and versions of them.

Times are microseconds since 1970, UTC, as int64; working hours are local hours of the exercise's zone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from kulla.errors import UsageError
from kulla.exercise import draw
from kulla.exercise.draw import Floats, Ints
from kulla.exercise.habits import RegisterHabits

HOUR: Final = 3_600_000_000
"""Microseconds of an hour."""
OPEN: Final = np.iinfo(np.int64).max
"""The end of a version that still holds."""

_HOLIDAYS = {(1, 1), (1, 2), (3, 14), (3, 22), (5, 1), (9, 5), (11, 28), (11, 29), (12, 8), (12, 25)}
"""Public holidays with a fixed date (month, day)."""
_BUSY = (1.1, 1.4, 1.4, 1.2, 0.7, 0.9, 0.9, 0.4)
"""How busy each eighth of the working day is: most in the morning, least at noon and before closing."""


@dataclass(frozen=True)
class Calendar:
    """The span of an exercise, `months` calendar months from `start` on, and how likely each day is for a commit.

    Month 0 is the first of the span; months before it are negative.
    """

    start: date
    months: int
    habits: RegisterHabits
    zone: str

    def __post_init__(self) -> None:
        if self.start.day != 1:
            raise UsageError("an exercise starts on the first day of a month")
        if not 1 <= self.months <= 120:
            raise UsageError(f"--months {self.months}: give 1 to 120")

    @cached_property
    def days(self) -> tuple[date, ...]:
        """Every day of the span."""
        return tuple(self.start + timedelta(n) for n in range((self.month(self.months) - self.start).days))

    @cached_property
    def midnights(self) -> Ints:
        """When each day of the span begins, and, last, when the span ends."""
        zone = ZoneInfo(self.zone)
        every = (*self.days, self.month(self.months))
        return np.array([_micros(datetime(d.year, d.month, d.day, tzinfo=zone)) for d in every], dtype=np.int64)

    @property
    def begins(self) -> int:
        """When the span begins: its first local midnight."""
        return int(self.midnights[0])

    @property
    def ends(self) -> int:
        """When the span ends; no change lies there or later."""
        return int(self.midnights[-1])

    def month(self, number: int) -> date:
        """The first day of that month of the span."""
        total = self.start.year * 12 + self.start.month - 1 + number
        return date(total // 12, total % 12 + 1, 1)

    @cached_property
    def month_at(self) -> Ints:
        """Index into `days` where each month begins, and, last, their number."""
        return np.array([(self.month(m) - self.start).days for m in range(self.months + 1)], dtype=np.int64)

    @cached_property
    def weights(self) -> Floats:
        """Weights of the days summed up, from 0: one longer than `days`."""
        habits, parts = self.habits, []
        for m in range(self.months):
            days = self.days[self.month_at[m] : self.month_at[m + 1]]
            works = np.array([d.weekday() < 5 and (d.month, d.day) not in _HOLIDAYS for d in days])
            early = works & (np.cumsum(works) <= habits.month_start_days)
            shares = ((early, habits.month_start), (works & ~early, 1 - habits.month_start), (~works, habits.weekend))
            day = sum(mask * share / max(1, int(mask.sum())) for mask, share in shares)
            parts.append(day / np.sum(day) * habits.seasons[days[0].month - 1])
        return np.concatenate([[0.0], np.cumsum(np.concatenate(parts))])

    def month_of(self, time: Ints) -> Ints:
        """In which month of the span each time lies."""
        return np.searchsorted(self.midnights[self.month_at], time, side="right") - 1

    def moments(self, seed: int, purpose: str, number: Ints, month: Ints | None = None) -> Ints:
        """A commit time for each number, in working hours: anywhere in the span, or in the month given for it."""
        low, high = 0.0, float(self.weights[-1])
        bounds: tuple[float | Floats, float | Floats] = (low, high)
        if month is not None:
            bounds = (self.weights[self.month_at[month]], self.weights[self.month_at[month + 1]])
        at = bounds[0] + draw.uniform(seed, purpose + "/day", number) * (bounds[1] - bounds[0])
        return self.timed(seed, purpose, number, at)

    def timed(self, seed: int, purpose: str, number: Ints, weight: Floats) -> Ints:
        """The commit time on the day where that sum of weights falls, at an hour of its own."""
        day = np.clip(np.searchsorted(self.weights, weight, side="right") - 1, 0, len(self.days) - 1)
        busy = np.concatenate([[0.0], np.cumsum(_BUSY)]) / sum(_BUSY)
        share = np.interp(draw.uniform(seed, purpose + "/hour", number), busy, np.linspace(0, 1, busy.size))
        hours = self.habits.from_hour + share * (self.habits.to_hour - self.habits.from_hour)
        return self.midnights[day] + self._shift[day] + (hours * HOUR).astype(np.int64)

    @cached_property
    def _shift(self) -> Ints:
        """What to add to local midnight plus hours where the clocks change at night: −1, 0 or +1 hour by day."""
        return np.diff(self.midnights) - 24 * HOUR

    def long_ones(self, seed: int, register: str) -> tuple[Ints, Ints]:
        """When the register's long transactions started and were committed: `long_per_month` for each month."""
        number = np.arange(self.months * self.habits.long_per_month)
        purpose, each = f"{register}/long", max(1, self.habits.long_per_month)
        committed = self.moments(seed, purpose, number, number // each)
        lasted = (0.1 + 0.9 * draw.uniform(seed, purpose + "/length", number)) * self.habits.long_hours * HOUR
        return committed - lasted.astype(np.int64), committed

    def commits(self, seed: int, register: str, purpose: str, number: Ints) -> Ints:
        """Commit times of changes: each its own, or, for the habits' share, that of a long transaction of its month."""
        time = self.moments(seed, purpose, number)
        each = self.habits.long_per_month
        if not each or not self.habits.long_share:
            return time
        _, committed = self.long_ones(seed, register)
        among = self.month_of(time) * each + draw.below(seed, purpose + "/which", number, each)
        return np.where(draw.chance(seed, purpose + "/long", number, self.habits.long_share), committed[among], time)


@dataclass(frozen=True, slots=True)
class Events:
    """Changes of one kind: which record (0 …) changes, and when."""

    kind: str
    record: Ints
    time: Ints


@dataclass(frozen=True, slots=True)
class History:
    """Versions in the order of records and time, not overlapping.

    Attributes:
        record: of each version.
        since, until: its interval; `OPEN` for no end.
        count: by kind, how many changes of it the version has seen.
    """

    record: Ints
    since: Ints
    until: Ints
    count: Mapping[str, Ints]


def arrivals(calendar: Calendar, seed: int, register: str, kind: str, number: Ints, rate: float | Floats) -> Events:
    """Changes of a kind at random: `rate` for each subject and month. Subjects are drawn by number, records are places.

    Subjects of one number (the members of a household) change at the same times.
    """
    purpose = f"{register}/{kind}"
    count = draw.poisson(seed, purpose, number, np.asarray(rate) * calendar.months)
    record, which = draw.runs(count)
    return Events(kind, record, calendar.commits(seed, register, purpose, number[record] * 64 + which))


def history(since: Ints, changes: Sequence[Events], ending: str = "") -> History:
    """Versions of records that begin at `since` (`OPEN`: never) and change as told.

    A change at or before the beginning is left out; changes of a record at one time make one version. Changes of the
    kind `ending` end the record: what follows is left out.
    """
    record = np.concatenate([np.zeros(0, np.int64), *(e.record for e in changes)])
    time = np.concatenate([np.zeros(0, np.int64), *(e.time for e in changes)])
    kind = np.concatenate([np.zeros(0, np.int64), *(np.full(e.record.size, k) for k, e in enumerate(changes))])
    over = _ends(since.size, [e for e in changes if e.kind == ending])
    keep = (time > since[record]) & (time < over[record])
    record, time, kind = record[keep], time[keep], kind[keep]
    order = np.lexsort((time, record))
    record, time, kind = record[order], time[order], kind[order]
    exists = (since < OPEN) & (since < over)
    merged = np.flatnonzero(_last(record, time))
    sizes = exists + np.bincount(record[merged], minlength=since.size)
    owner, place = draw.runs(sizes)
    start = np.where(place == 0, since[owner], 0)
    start[place > 0] = time[merged]
    until = np.where(np.append(owner[1:] == owner[:-1], [False]), np.append(start[1:], [OPEN]), over[owner])
    count = {}
    for k, e in enumerate(changes):
        if e.kind != ending:
            seen = np.concatenate([[0], np.cumsum(kind == k)])
            first = np.searchsorted(record, owner, side="left")
            upto = np.full(owner.size, 0)
            upto[place > 0] = seen[merged + 1]
            count[e.kind] = np.where(place == 0, 0, upto - seen[first])
    return History(owner, start, until, count)


def before(events: Events, time: Ints) -> Ints:
    """How many of the events of each record lie before each of its times (an array of records × times)."""
    result = np.zeros(time.shape, dtype=np.int64)
    np.add.at(result, events.record, (time[events.record] > events.time[:, None]).astype(np.int64))
    return result


def _last(record: Ints, time: Ints) -> NDArray[np.bool_]:
    """Whether each is the last of its record at its time."""
    same = (record[1:] == record[:-1]) & (time[1:] == time[:-1])
    return np.append(~same, [True])[: record.size]


def _ends(records: int, endings: Sequence[Events]) -> Ints:
    over = np.full(records, OPEN, dtype=np.int64)
    for each in endings:
        np.minimum.at(over, each.record, each.time)
    return over


def _micros(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000
