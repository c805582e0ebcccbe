"""Times as logs write them, made into microseconds since 1970 in UTC, with how far they can be trusted.

A time that names its offset is exact. One without is read in the source's zone (UTC when none is given) and is
"zone assumed". RFC 3164 writes no year either: it is the nearest at or before the file's clock ("year assumed",
which implies that the zone is assumed too). What cannot be read is missing, never an error.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

from kulla.events.schema import EXACT, MISSING, YEAR_ASSUMED, ZONE_ASSUMED, TimeQuality

Instant = tuple[int | None, TimeQuality]
"""Microseconds since 1970-01-01T00:00Z (None when missing) and the quality of that."""

NO_TIME: Instant = (None, MISSING)

MONTHS = {
    "Jan": 1, "Feb": 2, "Mar": 3, "Apr": 4, "May": 5, "Jun": 6, "Jul": 7, "Aug": 8, "Sep": 9, "Oct": 10, "Nov": 11,
    "Dec": 12,
}  # fmt: skip

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = datetime(1970, 1, 1)
_ISO = re.compile(
    r"(\d{4})[-/.](\d\d?)[-/.](\d\d?)"
    r"(?:[T ,_]+(\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?(?: ?(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?))?)?\Z",
    re.ASCII,
)
_NAMED = re.compile(
    r"(?:[A-Z][a-z]{2},? )?(?:(\d{1,2})[ /-]([A-Z][a-z]{2})|([A-Z][a-z]{2}) +(\d{1,2}))(?:[ /-](\d{4}))?"
    r"[ :T](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?: (\d{4})(?!\d))?(?: ?(Z|UTC|GMT|[+-]\d\d:?\d\d))?\Z",
    re.ASCII,
)
_AMERICAN = re.compile(
    r"(\d{1,2}|[A-Z][a-z]{2})[/ ](\d{1,2})(?:/|, )(\d{4}),? (\d{1,2}):(\d\d)(?::(\d\d)(?:\.(\d+))?)? ?([AaPp])[Mm]\Z",
    re.ASCII,
)
_NUMBER = re.compile(r"\d{9,20}(?:\.\d+)?\Z", re.ASCII)

_CACHED = 4096
_SLACK = timedelta(days=1)
"""A log may run a little ahead of the clock of the machine that copied it."""


def microseconds(moment: datetime) -> int:
    """An aware datetime as microseconds since 1970 in UTC.

    >>> microseconds(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
    1000000
    """
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def _fraction(digits: str | None) -> int:
    """Digits behind the point of a second, in microseconds; what is finer is cut off."""
    return int(digits[:6].ljust(6, "0")) if digits else 0


def _offset(text: str) -> tzinfo:
    if text in ("Z", "UTC", "GMT"):
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[3:].lstrip(":") or 0)
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


class Times:
    """Reads the times of one source.

    `zone` holds for times that carry none; None means UTC. `clock` is the latest moment the source can speak of
    (when the file was last written); None means now.
    """

    def __init__(self, zone: tzinfo | None = None, clock: datetime | None = None) -> None:
        self._zone = zone or UTC
        self._fixed = self._zone is UTC
        self._latest = ((clock or datetime.now(UTC)) + _SLACK).astimezone(self._zone).date()
        self._hours: dict[str, int | None] = {}
        self._offset_hours: dict[str, Instant] = {}

    def iso(self, text: str) -> Instant:
        """ISO 8601 or RFC 3339, also with a blank for the T, slashes, a comma before the fraction, or a date alone.

        >>> Times().iso("1970-01-01T02:00:01.5+02:00")
        (1500000, 'exact')
        """
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return self._iso_slowly(text)
        return self._instant(moment)

    def _iso_slowly(self, text: str) -> Instant:
        found = _ISO.match(text)
        if found is None:
            return NO_TIME
        year, month, day, hour, minute, second, digits, offset = found.groups()
        numbers = (int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0))
        return self._build(numbers, digits, offset)

    def _instant(self, moment: datetime) -> Instant:
        try:
            if moment.tzinfo is None:
                if self._fixed:
                    delta = moment - _NAIVE_EPOCH
                    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds, ZONE_ASSUMED
                return microseconds(moment.replace(tzinfo=self._zone)), ZONE_ASSUMED
            return microseconds(moment), EXACT
        except (OverflowError, ValueError):
            return NO_TIME

    def _build(self, numbers: tuple[int, int, int, int, int, int], digits: str | None, offset: str | None) -> Instant:
        year, month, day, hour, minute, second = numbers
        leap = second == 60
        try:
            zone = _offset(offset) if offset else None
            moment = datetime(year, month, day, hour, minute, 59 if leap else second, _fraction(digits), zone)
        except ValueError:
            return NO_TIME
        time, quality = self._instant(moment)
        return (time + 1_000_000 if leap and time is not None else time), quality

    def bsd(self, text: str) -> Instant:
        """RFC 3164's `Mmm dd hh:mm:ss`, exactly 15 characters, the year inferred.

        >>> Times(clock=datetime(2026, 1, 2, tzinfo=UTC)).bsd("Dec 31 23:00:00")[0] == microseconds(
        ...     datetime(2025, 12, 31, 23, tzinfo=UTC))
        True
        """
        start = self._hours.get(text[:9], -1)
        if start == -1:
            start = self._hour(text[:9])
        if start is None or len(text) != 15:
            return NO_TIME
        try:
            minute, second = int(text[10:12]), int(text[13:15])
        except ValueError:
            return NO_TIME
        if minute > 59 or second > 60:
            return NO_TIME
        return start + (minute * 60 + second) * 1_000_000, YEAR_ASSUMED

    def _hour(self, text: str) -> int | None:
        """When the hour `Mmm dd hh` began, remembered: a log has few hours and many lines."""
        start: int | None
        try:
            month, day, hour = MONTHS[text[:3]], int(text[4:6]), int(text[7:9])
            year = self.year(month, day)
            start = microseconds(datetime(year, month, day, hour, tzinfo=self._zone))
        except (KeyError, ValueError, OverflowError):
            start = None
        if len(self._hours) >= _CACHED:
            self._hours.clear()
        self._hours[text] = start
        return start

    def year(self, month: int, day: int) -> int:
        """The latest year in which that day exists and is not after the clock. Raises ValueError for no day."""
        for year in range(self._latest.year, max(self._latest.year - 9, 1), -1):
            try:
                if date(year, month, day) <= self._latest:
                    return year
            except ValueError:
                continue
        raise ValueError("no such day of the year")

    def named(self, text: str) -> Instant:
        """Times that name the month: Apache's `05/Jan/2026:10:11:12 +0100`, ctime, RFC 2822, Cisco.

        >>> Times().named("01/Jan/1970:01:00:01 +0100")
        (1000000, 'exact')
        """
        found = _NAMED.match(text)
        if found is None:
            return NO_TIME
        day, month, month2, day2, year, hour, minute, second, digits, year2, offset = found.groups()
        number = MONTHS.get(month or month2)
        if number is None:
            return NO_TIME
        dayno = int(day or day2)
        written = year or year2
        try:
            yearno = int(written) if written else self.year(number, dayno)
        except ValueError:
            return NO_TIME
        time, quality = self._build((yearno, number, dayno, int(hour), int(minute), int(second)), digits, offset)
        return time, quality if written or time is None else YEAR_ASSUMED

    def common(self, text: str) -> Instant:
        """The common log format's `05/Jan/2026:10:11:12 +0100`: as `named`, which reads each hour only once.

        >>> Times().common("01/Jan/1970:01:00:01 +0100")
        (1000000, 'exact')
        """
        minute, second = text[15:17], text[18:20]
        whole = len(text) == 26 and text[14] == text[17] == ":" and text.isascii() and (minute + second).isdigit()
        if not whole or minute > "59" or second > "59":
            return self.named(text)
        hour = text[:14] + text[20:]
        start = self._offset_hours.get(hour)
        if start is None:
            if len(self._offset_hours) >= _CACHED:
                self._offset_hours.clear()
            start = self._offset_hours[hour] = self.named(f"{text[:14]}:00:00{text[20:]}")
        if start[0] is None:
            return NO_TIME
        return start[0] + (int(minute) * 60 + int(second)) * 1_000_000, start[1]

    def epoch(self, text: str) -> Instant:
        """A number of seconds, milli-, micro- or nanoseconds since 1970, told apart by its size.

        >>> Times().epoch("1767607872.5")
        (1767607872500000, 'exact')
        """
        if _NUMBER.match(text) is None:
            return NO_TIME
        whole, _, digits = text.partition(".")
        if len(whole) <= 11:
            return int(whole) * 1_000_000 + _fraction(digits), EXACT
        if len(whole) <= 14:
            return int(whole) * 1_000 + _fraction(digits) // 1_000, EXACT
        return (int(whole) if len(whole) <= 17 else int(whole) // 1_000), EXACT

    def any(self, text: str) -> Instant:
        """Whatever of the above fits, or `1/5/2026 3:04:05 PM` and `Jan 5, 2026 3:04:05 PM`; else missing."""
        text = text.strip()
        if not text or len(text) > 64:
            return NO_TIME
        for read in (self.iso if "-" in text or text[4:5] in "/." else self.named, self.named, self.epoch):
            instant = read(text)
            if instant[0] is not None:
                return instant
        return self._american(text)

    def _american(self, text: str) -> Instant:
        found = _AMERICAN.match(text)
        if found is None:
            return NO_TIME
        month, day, year, hour, minute, second, digits, half = found.groups()
        number = MONTHS.get(month, 0) if month.isalpha() else int(month)
        hours = int(hour) % 12 + (12 if half in "Pp" else 0)
        numbers = (int(year), number, int(day), hours, int(minute), int(second or 0))
        return self._build(numbers, digits, None)
