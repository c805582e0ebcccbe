"""Times by the column are times one by one."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.events.formats._postgres import parse_time
from kulla.registers.audit.instants import instants
from kulla.registers.audit.lines import TEXT

START = datetime(2025, 10, 26, 0, 30)  # the hour that occurs twice


@st.composite
def stamps(draw: st.DrawFn) -> str:
    moment = START + timedelta(milliseconds=draw(st.integers(0, 10_000_000)))
    zone = draw(st.sampled_from(("CET", "CEST", "UTC", "+0130", "IST", "Europe/X", "-03")))
    text = f"{moment.isoformat(' ', 'milliseconds')} {zone}"
    return draw(st.sampled_from((text, text, text, text, text.replace(".", ""), "2025-02-30 10:00:00.000 CET", "x")))


@settings(deadline=None, max_examples=60)
@given(st.lists(stamps(), min_size=1, max_size=6), st.sampled_from((None, ZoneInfo("Europe/Tirane"), ZoneInfo("UTC"))))
def test_a_column_is_its_times(texts: list[str], zone: tzinfo | None) -> None:
    found = instants(pa.array(texts, TEXT), zone).to_pylist()
    assert found == [parse_time(text, zone)[0] for text in texts]
