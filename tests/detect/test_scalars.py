"""Numbers, addresses and times as they stand in events."""

from __future__ import annotations

import datetime as dt
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.detect import cidr, numbers, timeparts
from kulla.detect.regex import compile_regex, found
from kulla.detect.rule import Regex
from kulla.detect.timeparts import RANGES
from kulla.errors import RuleError


@settings(max_examples=200, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**60), 2**60))
def test_numbers_are_read_back(value: float) -> None:
    assert numbers.number(repr(value)) == float(value)
    assert numbers.number(f" {value!r}") is None


@pytest.mark.parametrize("text", ["", "x", "0x", "1_0", "٣", "nan", "inf", "1e999", "9" * 500, "0x" + "f" * 300, "1,5"])
def test_what_is_no_number(text: str) -> None:
    assert numbers.number(text) is None


@settings(max_examples=200, deadline=None)
@given(st.ip_addresses(), st.integers(0, 32), st.ip_addresses(v=4))
def test_addresses_are_inside_as_the_library_says(address: object, bits: int, base: object) -> None:
    network = ip_network(f"{base}/{bits}", strict=False)
    plain = ip_address(str(address))
    mapped = getattr(plain, "ipv4_mapped", None)
    assert cidr.inside(str(address), network) is (plain in network or (mapped is not None and mapped in network))


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=12))
def test_no_text_breaks_the_readers(text: str) -> None:
    cidr.inside(text, ip_network("::/0"))
    numbers.number(text)
    for unit in RANGES:
        timeparts.part(text, unit)
    found(Regex("a"), text)


@settings(max_examples=200, deadline=None)
@given(st.datetimes(dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30)), st.integers(-23, 23))
def test_times_are_read_in_utc(moment: dt.datetime, hours: int) -> None:
    zone = dt.timezone(dt.timedelta(hours=hours))
    text = moment.replace(tzinfo=zone).isoformat()
    utc = moment - dt.timedelta(hours=hours)
    assert [timeparts.part(text, unit) for unit in ("year", "month", "day", "hour", "minute", "week")] == [
        utc.year, utc.month, utc.day, utc.hour, utc.minute, utc.isocalendar().week,
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["2026-13-01", "2026-02-30T00:00:00Z", "26-01-05", "10:00", "2026-01-05T25:00:00"])
def test_what_is_no_time(text: str) -> None:
    assert timeparts.part(text, "year") is None


def test_unix_time_in_every_unit() -> None:
    for digits in ("1767654000", "1767654000000", "1767654000000000", "1767654000000000000", "1767654000.5"):
        assert (timeparts.part(digits, "year"), timeparts.part(digits, "hour")) == (2026, 23)


@pytest.mark.parametrize("expression", ["(", "a(?=b)", r"(a)\1", "(?:a{1000}){1000}", "a" * 20_000, "\ud800", "[z-a]"])
def test_expressions_that_are_refused(expression: str) -> None:
    with pytest.raises(RuleError):
        compile_regex(Regex(expression))


def test_an_expression_costs_linear_time() -> None:
    assert not found(Regex("(a*)*b"), "a" * 50_000)
