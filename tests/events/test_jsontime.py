"""Times of a whole column are those of `events.times`, one by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kulla.events.jsontime import QUALITIES, read_times
from kulla.events.times import Times

CLOCK = datetime(2026, 1, 5, tzinfo=UTC)
ZONES: list[tzinfo | None] = [None, UTC, ZoneInfo("Europe/Tirane"), timezone(timedelta(hours=-3, minutes=-30))]

written = st.builds(
    lambda moment, between, digits, suffix: (
        moment.strftime("%Y-%m-%d") + between + moment.strftime("%H:%M:%S") + digits + suffix
    ),
    st.datetimes(datetime(1900, 1, 2), datetime(2200, 1, 1)),
    st.sampled_from("T  t"),
    st.one_of(st.just(""), st.from_regex(r"\A[.,][0-9]{0,11}\Z")),
    st.sampled_from(["", "Z", "z", "+02:00", "-0330", "+00", " UTC", "+25:00", "+01:60", "-23:59", "x"]),
)
odd = st.one_of(
    st.sampled_from(["", "1700000000", "1700000000123", "1700000000.5", "05/Jan/2026:10:11:12 +0100",
                     "2024-02-30T00:00:00Z",
                     "2024-12-31T23:59:60Z", "2024-13-01T00:00:00", "0000-01-01T00:00:00Z",
                     "2024-01-01", "Jan  5 10:11:12",
                     "2024-01-01T24:00:00Z", "2024-01-01T00:00:00.Z", "2024-1-1 1:02:03", "9" * 30,
                     "2024-01-01T00:00:00Zé"]),
    st.text("0123456789-:T Z.+", max_size=36),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(written, odd), max_size=12), st.sampled_from(ZONES))
@example(["2024-03-31T02:30:00", "2024-10-27 02:30:00.1234567"], ZONES[2])
def test_a_column_is_read_as_each_of_its_times_is(texts: list[str], zone: tzinfo | None) -> None:
    time, quality = read_times(pa.array(texts, pa.large_string()), zone, CLOCK)
    reader = Times(zone, CLOCK)
    for text, when, grade in zip(texts, time.tolist(), quality.tolist(), strict=True):
        known, word = reader.any(text)
        assert (when if grade else None, QUALITIES[grade]) == (known, word if known is not None else "missing"), text


@pytest.mark.parametrize("text", ["2023-08-15T05:33:54.101Z", "2023-08-15T07:33:54.101+02:00", "1692077634101"])
def test_what_names_its_zone_is_exact(text: str) -> None:
    time, quality = read_times(pa.array([text]), ZoneInfo("Europe/Tirane"))
    assert (time.tolist(), QUALITIES[quality[0]]) == ([1692077634101000], "exact")


def test_a_slice_is_read_as_itself() -> None:
    values = pa.array(["x", "2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z"], pa.large_string()).slice(1, 1)
    assert read_times(values, None)[0].tolist() == [1704067200000000]
