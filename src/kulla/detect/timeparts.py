"""Dates and times in the values of events, for the time modifiers."""

from __future__ import annotations

import datetime as dt
import re

from kulla.detect.rule import TimeUnit

RANGES: dict[TimeUnit, tuple[int, int]] = {
    "minute": (0, 59), "hour": (0, 23), "day": (1, 31), "week": (1, 53), "month": (1, 12), "year": (1, 9999),
}  # fmt: skip

_TIME = re.compile(
    r"(\d{4})[-/](\d\d)[-/](\d\d)"
    r"(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?\s?(Z|UTC|[+-]\d\d(?::?\d\d)?)?)?\Z",
    re.ASCII,
)
_EPOCH = re.compile(r"\d{9,11}(?:\.\d+)?\Z|\d{12,14}\Z|\d{15,17}\Z|\d{18,20}\Z", re.ASCII)


def part(text: str, unit: TimeUnit) -> int | None:
    """The part of the date or time that `text` is, in UTC; None when it is none, or has no such part.

    Read are ISO 8601 and its usual kin (`2026-01-05T10:20:30.5+01:00`, `2026/01/05 10:20`), without zone taken as
    UTC, and Unix time in seconds, milli-, micro- or nanoseconds by its number of digits. A mere date has no
    hour and no minute.

    >>> part("2026-01-05T23:30:00-02:00", "day"), part("1767654000", "hour"), part("2026-01-05", "hour")
    (6, 23, None)
    """
    moment, timed = _read(text)
    if moment is None or (not timed and unit in ("minute", "hour")):
        return None
    return moment.isocalendar().week if unit == "week" else int(getattr(moment, unit))


def _read(text: str) -> tuple[dt.datetime | None, bool]:
    if len(text) > 64:
        return None, False
    if match := _TIME.match(text):
        return _calendar(match)
    if _EPOCH.match(text):
        whole = text.partition(".")[0]
        seconds = int(whole) // 10 ** (3 * max(0, (len(whole) - 9) // 3))
        return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=seconds), True
    return None, False


def _calendar(match: re.Match[str]) -> tuple[dt.datetime | None, bool]:
    year, month, day, hour, minute, second, zone = match.groups()
    try:
        clock = (int(hour or 0), int(minute or 0), min(int(second or 0), 59))
        moment = dt.datetime(int(year), int(month), int(day), *clock, tzinfo=dt.UTC)
        return moment - _offset(zone), hour is not None
    except (ValueError, OverflowError):
        return None, False


def _offset(zone: str | None) -> dt.timedelta:
    if zone is None or zone in ("Z", "UTC"):
        return dt.timedelta(0)
    digits = zone[1:].replace(":", "")
    offset = dt.timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    return -offset if zone[0] == "-" else offset
