"""The filters of pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from kulla.centre.site.templatetags.kulla import get, span, when


def test_a_time_is_told_in_the_readers_zone_and_in_utc() -> None:
    with timezone.override("Europe/Tirane"):
        told = str(when(datetime(2026, 7, 1, 22, 30, tzinfo=UTC)))
    assert "2026-07-02 00:30" in told
    assert "22:30Z" in told
    assert 'datetime="2026-07-01T22:30:00+00:00"' in told
    assert when(None) == "–"


@pytest.mark.parametrize(("zone", "at"), [("Europe/Tirane", datetime.max), ("America/New_York", datetime.min)])
def test_a_time_at_the_calendars_ends_breaks_no_page(zone: str, at: datetime) -> None:
    """Files bear such times, and one of them must not close a case's page."""
    with timezone.override(zone):
        assert f"{at:%H:%M}Z" in str(when(at.replace(tzinfo=UTC)))


@pytest.mark.parametrize(
    ("seconds", "told"), [(0, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (3600, "1 h"), (90061, "1 d 1 h")]
)
def test_lengths_have_two_units_at_most(seconds: int, told: str) -> None:
    assert span(timedelta(seconds=seconds)) == told


def test_get_of_what_is_no_mapping_is_nothing() -> None:
    assert get({"a": 1}, "a") == 1
    assert get(None, "a") is None
