from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kulla.centre.law.periods import Period, ends

ZONES = [ZoneInfo(name) for name in ("Europe/Tirane", "Europe/Brussels", "UTC", "Asia/Kolkata", "Atlantic/Azores")]
moments = st.datetimes(datetime(2000, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))


def hours_by_walking(start: datetime, amount: int, zone: ZoneInfo) -> datetime:
    """Article 3(1) and (2)(a), word by word: leave out the hour of the event, then count hours one by one."""
    at = start.astimezone(zone).replace(second=0, microsecond=0)
    while True:  # to the end of the hour in which the event lies
        at = (at.astimezone(UTC) + timedelta(minutes=1)).astimezone(zone)
        if at.minute == 0:
            break
    for _ in range(amount):
        at = (at.astimezone(UTC) + timedelta(hours=1)).astimezone(zone)
    return at.astimezone(UTC)


@given(moments, st.sampled_from([24, 72]), st.sampled_from(ZONES))
def test_hours_are_those_of_the_regulation_counted_one_by_one(start: datetime, amount: int, zone: ZoneInfo) -> None:
    told = ends(start, Period(amount, "hours"), zone, "1182/71")
    assert told.latest == hours_by_walking(start, amount, zone)
    assert told.aim == start + timedelta(hours=amount)
    assert ends(start, Period(amount, "hours"), zone, "moment") == type(told)(told.aim, told.aim)


def months_by_walking(day: date, amount: int) -> date:
    """The same date `amount` months on, or the last day before that month's end."""
    month = day.replace(day=1)
    for _ in range(amount):
        month = (month + timedelta(days=32)).replace(day=1)
    last = (month + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return min(month + timedelta(days=day.day - 1), last)


@given(moments, st.integers(1, 14), st.sampled_from(ZONES), st.frozensets(st.dates(date(2000, 1, 1), date(2039, 1, 1))))
def test_months_end_with_a_day_and_on_a_working_day(
    start: datetime, amount: int, zone: ZoneInfo, holidays: frozenset[date]
) -> None:
    told = ends(start, Period(amount, "months"), zone, "1182/71", holidays)
    day = months_by_walking(start.astimezone(zone).date(), amount)
    assert (told.aim - timedelta(microseconds=1)).astimezone(zone).date() == day
    assert told.aim.astimezone(zone).date() == day + timedelta(days=1)
    while day.weekday() in (5, 6) or day in holidays:
        day += timedelta(days=1)
    assert (told.latest - timedelta(microseconds=1)).astimezone(zone).date() == day


def test_days_leave_out_the_day_of_the_event() -> None:
    told = ends(datetime(2026, 6, 1, 0, 0, tzinfo=UTC), Period.of("10 days"), ZoneInfo("UTC"), "1182/71")
    assert told.aim == datetime(2026, 6, 12, tzinfo=UTC)
    assert told.latest == datetime(2026, 6, 12, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "72", "72 h", "0 hours", "-1 month", "1.5 days", "1 week", "24  hours"])
def test_a_period_is_written_in_one_way(text: str) -> None:
    with pytest.raises(ValueError, match="24 hours"):
        Period.of(text)
    with pytest.raises(ValueError, match="time zone"):
        ends(datetime(2026, 1, 1), Period(1, "hours"), ZoneInfo("UTC"), "moment")
