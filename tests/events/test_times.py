"""Times as logs write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textlogs import at

from kulla.events.times import NO_TIME, Times, microseconds

TIRANE = ZoneInfo("Europe/Tirane")
CLOCK = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment", "quality"),
    [
        ("2026-01-05T10:11:12Z", "2026-01-05T10:11:12+00:00", "exact"),
        ("2026-01-05T10:11:12.123456789Z", "2026-01-05T10:11:12.123456+00:00", "exact"),
        ("2026-01-05 10:11:12,5", "2026-01-05T10:11:12.5+00:00", "zone assumed"),
        ("2026-01-05 10:11:12 +0200", "2026-01-05T08:11:12+00:00", "exact"),
        ("2026-01-05 10:11:12 UTC", "2026-01-05T10:11:12+00:00", "exact"),
        ("2026/01/05 10:11:12", "2026-01-05T10:11:12+00:00", "zone assumed"),
        ("2026-01-05 9:11", "2026-01-05T09:11:00+00:00", "zone assumed"),
        ("2026-06-30T23:59:60Z", "2026-07-01T00:00:00+00:00", "exact"),
        ("05/Jan/2026:10:11:12 +0100", "2026-01-05T09:11:12+00:00", "exact"),
        ("05/Jan/2026 10:11:12", "2026-01-05T10:11:12+00:00", "zone assumed"),
        ("Mon Jan 05 10:11:12.25 2026", "2026-01-05T10:11:12.25+00:00", "zone assumed"),
        ("Mon, 05 Jan 2026 10:11:12 GMT", "2026-01-05T10:11:12+00:00", "exact"),
        ("Jan 05 2026 10:11:12", "2026-01-05T10:11:12+00:00", "zone assumed"),
        ("Mar  1 10:11:12.123", "2026-03-01T10:11:12.123+00:00", "year assumed"),
        ("1767607872", "2026-01-05T10:11:12+00:00", "exact"),
        ("1767607872.25", "2026-01-05T10:11:12.25+00:00", "exact"),
        ("1767607872250", "2026-01-05T10:11:12.25+00:00", "exact"),
        ("1767607872250000", "2026-01-05T10:11:12.25+00:00", "exact"),
        ("1767607872250000000", "2026-01-05T10:11:12.25+00:00", "exact"),
        ("1/5/2026 12:04:05 AM", "2026-01-05T00:04:05+00:00", "zone assumed"),
        ("1/5/2026 3:04:05 PM", "2026-01-05T15:04:05+00:00", "zone assumed"),
        ("Jan 05, 2026 3:04:05 PM", "2026-01-05T15:04:05+00:00", "zone assumed"),
    ],
)
def test_any(text: str, moment: str, quality: str) -> None:
    assert Times(clock=CLOCK).any(text) == (at(moment), quality)


@pytest.mark.parametrize(
    "text", ["", "-", "hello", "2026-13-05T10:11:12", "12", "32/Jan/2026:10:11:12", "1/5/2026 3:04", "٣" * 12]
)
def test_what_is_no_time_is_missing(text: str) -> None:
    assert Times().any(text) == NO_TIME


def test_zone_of_times_without_one() -> None:
    times = Times(TIRANE, CLOCK)
    assert times.iso("2026-01-05T10:11:12") == (at("2026-01-05T09:11:12+00:00"), "zone assumed")
    assert times.iso("2026-07-05T10:11:12") == (at("2026-07-05T08:11:12+00:00"), "zone assumed")
    assert times.iso("2026-07-05T10:11:12Z") == (at("2026-07-05T10:11:12+00:00"), "exact")
    assert times.bsd("Jan  5 10:11:12") == (at("2026-01-05T09:11:12+00:00"), "year assumed")
    assert times.bsd("Jul  5 10:11:12") == (at("2025-07-05T08:11:12+00:00"), "year assumed")


@pytest.mark.parametrize(
    ("text", "year"),
    [("Mar  1 00:00:00", 2026), ("Mar  2 00:00:00", 2026), ("Mar  3 00:00:00", 2025), ("Dec 31 23:59:59", 2025)],
)
def test_year_is_the_nearest_before_the_clock(text: str, year: int) -> None:
    time, quality = Times(clock=CLOCK).bsd(text)
    assert time is not None
    assert (datetime.fromtimestamp(time / 1e6, UTC).year, quality) == (year, "year assumed")


def test_leap_day_is_of_a_leap_year() -> None:
    assert Times(clock=CLOCK).bsd("Feb 29 10:00:00")[0] == at("2024-02-29T10:00:00+00:00")
    assert Times(clock=CLOCK).bsd("Feb 30 10:00:00") == NO_TIME


@given(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)), st.integers(-840, 840))
def test_iso_agrees_with_datetime(naive: datetime, minutes: int) -> None:
    moment = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert Times().iso(moment.isoformat()) == (microseconds(moment), "exact")
    assert Times().any(moment.strftime("%Y/%m/%d %H:%M:%S.%f %z")) == (microseconds(moment), "exact")
    whole = moment.replace(microsecond=0)
    times, text = Times(), whole.strftime("%d/%b/%Y:%H:%M:%S %z")
    assert times.named(text) == times.common(text) == times.common(text) == (microseconds(whole), "exact")


@given(st.datetimes(datetime(2025, 3, 3), datetime(2026, 3, 1)))
def test_bsd_agrees_with_datetime(naive: datetime) -> None:
    moment = naive.replace(microsecond=0, tzinfo=UTC)
    text = f"{moment:%b} {moment.day:2d} {moment:%H:%M:%S}"
    assert Times(clock=CLOCK).bsd(text) == (microseconds(moment), "year assumed")
    assert Times(clock=CLOCK).named(text) == (microseconds(moment), "year assumed")


@given(st.text(max_size=30))
def test_never_raises(text: str) -> None:
    times = Times(TIRANE, CLOCK)
    for read in (times.iso, times.bsd, times.named, times.common, times.epoch, times.any):
        assert (read(text)[0] is None) == (read(text)[1] == "missing")
