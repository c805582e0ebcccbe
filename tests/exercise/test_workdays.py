from __future__ import annotations

from datetime import UTC, date, datetime

from kulla.exercise.staffhabits import StaffHabits
from kulla.exercise.workdays import day_of, midnight

HABITS = StaffHabits()


def test_midnight_follows_the_clocks_of_the_country() -> None:
    assert datetime.fromtimestamp(midnight(date(2025, 1, 10)) / 1e6, UTC).hour == 23
    assert datetime.fromtimestamp(midnight(date(2025, 7, 10)) / 1e6, UTC).hour == 22


def test_weekends_and_holidays_are_not_worked() -> None:
    days = [day_of(HABITS, date(2025, 11, 24), index) for index in range(7)]
    assert [day.worked for day in days] == [True, True, True, True, False, False, False]
    assert days[4].holiday
    assert days[6].weekend
    assert not days[6].holiday


def test_the_first_five_working_days_of_a_month_are_busier() -> None:
    days = [day_of(HABITS, date(2025, 3, 1), index) for index in range(14)]
    busy = [day.factor / HABITS.seasons[2] / HABITS.weekdays[day.date.weekday()] > 1.01 for day in days]
    assert [day.date.day for day, is_busy in zip(days, busy, strict=True) if is_busy] == [1, 2, 3, 4, 5, 6, 7]
