"""Periods of law in hours, days and months: when they end.

Regulation (EEC, Euratom) No 1182/71 of 3 June 1971 (OJ L 124, 8.6.1971, p. 1), article 3:

- (1) the hour, or the day, during which the event occurs is not counted;
- (2) a period in hours ends with the expiry of its last hour; one in months with the expiry of the last hour of the day
  that has the same date as the day from which it runs, or of the month's last day where there is no such date;
- (3) holidays and weekends are counted;
- (4) a period *not* expressed in hours whose last day is a holiday, a Sunday or a Saturday ends with the expiry of the
  last hour of the next working day. A period of 72 hours is therefore never lengthened by a weekend.
- (5) says that a period of two days or more includes at least two working days. Whether that reaches periods expressed
  in hours is disputed; it is not relied on here, so that no time told is later than any reading allows.

Two ends are told of each period. `aim`: hours counted from the very moment, days and months without (4). `latest`: the
end by the reading that the law is given, which is never before `aim`.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal, get_args
from zoneinfo import ZoneInfo

Unit = Literal["hours", "days", "months"]
Reading = Literal["moment", "1182/71"]
READINGS: Final[tuple[Reading, ...]] = get_args(Reading)
"""`moment`: hours from the very moment, no day is moved. `1182/71`: as the Regulation says."""

_WRITTEN: Final = re.compile(r"([1-9][0-9]{0,3}) (hour|day|month)s?")


@dataclass(frozen=True, slots=True)
class Period:
    """A length of time as a law writes it.

    >>> Period.of("72 hours")
    Period(amount=72, unit='hours')
    """

    amount: int
    unit: Unit

    @classmethod
    def of(cls, text: str) -> Period:
        """From words such as `24 hours`, `1 month`. Raises ValueError for others."""
        found = _WRITTEN.fullmatch(text.strip())
        if not found:
            raise ValueError("a period is written as 24 hours, 10 days or 1 month")
        units: dict[str, Unit] = {"hour": "hours", "day": "days", "month": "months"}
        return cls(int(found[1]), units[found[2]])


@dataclass(frozen=True, slots=True)
class Ends:
    """The two ends of a period, UTC. What is done at the very end is in time."""

    aim: datetime
    latest: datetime


def ends(
    start: datetime, period: Period, zone: ZoneInfo, reading: Reading, holidays: Collection[date] = frozenset()
) -> Ends:
    """When a period that runs from an event ends.

    start: aware. zone: where the duty-bearer is, whose days and hours count. holidays: days there that are no working
    days, besides Saturdays and Sundays; one that is not named makes the time told earlier, never later.
    Raises ValueError for a start without zone.
    """
    if start.tzinfo is None:
        raise ValueError("a moment without a time zone starts no period")
    if period.unit == "hours":
        return _hours(start.astimezone(UTC), period.amount, zone, reading)
    day = _last_day(start.astimezone(zone).date(), period)
    aim = _midnight_after(day, zone)
    if reading == "moment":
        return Ends(aim, aim)
    while day.weekday() >= 5 or day in holidays:
        day += timedelta(days=1)
    return Ends(aim, _midnight_after(day, zone))


def _hours(start: datetime, amount: int, zone: ZoneInfo, reading: Reading) -> Ends:
    # In UTC, so that 72 hours are 72 hours on the days when clocks are changed.
    aim = start + timedelta(hours=amount)
    if reading == "moment":
        return Ends(aim, aim)
    local = start.astimezone(zone)
    into = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return Ends(aim, start - into + timedelta(hours=amount + 1))


def _last_day(day: date, period: Period) -> date:
    if period.unit == "days":
        return day + timedelta(days=period.amount)
    month = day.month - 1 + period.amount
    year, month = day.year + month // 12, month % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def _midnight_after(day: date, zone: ZoneInfo) -> datetime:
    """The end of a day's last hour. Where that midnight is skipped or comes twice, the first moment of the next day."""
    after = day + timedelta(days=1)
    return datetime(after.year, after.month, after.day, tzinfo=zone).astimezone(UTC)
