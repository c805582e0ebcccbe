"""The days of an exercise: which are worked, how busy the season is, and when local midnight is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from kulla.exercise.staffhabits import StaffHabits

ZONE: Final = ZoneInfo("Europe/Tirane")
SECOND: Final = 1_000_000
HOUR: Final = 3600 * SECOND


@dataclass(frozen=True, slots=True)
class Day:
    """One day.

    Attributes:
        index: days since the exercise's first.
        date: in the country.
        holiday: a public holiday; beside: a day next to one.
        factor: season × weekday × start of the month, for people in office hours; season: the month's alone.
        midnight: local midnight in microseconds of UTC.
    """

    index: int
    date: date
    holiday: bool
    beside: bool
    factor: float
    season: float
    midnight: int

    @property
    def weekend(self) -> bool:
        """Saturday or Sunday."""
        return self.date.weekday() >= 5

    @property
    def worked(self) -> bool:
        """Whether offices are open."""
        return not (self.weekend or self.holiday)

    def at(self, hours: float) -> int:
        """Microseconds of UTC at that local hour; beyond 24 the next day."""
        return self.midnight + int(hours * HOUR)


def midnight(day: date) -> int:
    """Local midnight of a day in microseconds of UTC."""
    return round(datetime(day.year, day.month, day.day, tzinfo=ZONE).timestamp()) * SECOND


def day_of(habits: StaffHabits, start: date, index: int) -> Day:
    """The day `index` days after `start`."""
    today = start + timedelta(days=index)
    holidays = set(habits.holidays)
    beside = any((today + timedelta(days=step)).strftime("%m-%d") in holidays for step in (-1, 1))
    month_start = _worked_before(habits, today) < 5
    season = habits.seasons[today.month - 1]
    factor = season * habits.weekdays[today.weekday()] * (habits.month_start if month_start else 1.0)
    return Day(index, today, today.strftime("%m-%d") in holidays, beside, factor, season, midnight(today))


def _worked_before(habits: StaffHabits, today: date) -> int:
    """Working days of the month before today."""
    earlier = (today.replace(day=day) for day in range(1, today.day))
    return sum(each.weekday() < 5 and each.strftime("%m-%d") not in habits.holidays for each in earlier)
