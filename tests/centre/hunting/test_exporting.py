"""Events as files."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lakes import NOON, table

from kulla.centre.hunting.exporting import COLUMNS, as_csv, as_ndjson, safe

EVIL = "=cmd|' /C calc'!A0"


@given(st.text(st.sampled_from("=+-@\t\r\n| \xa0\uff1dab"), max_size=6))
def test_no_cell_begins_a_formula(text: str) -> None:
    cell = safe(text)
    assert cell in (text, f"'{text}")
    assert cell.lstrip(" \xa0")[:1] not in {"=", "+", "-", "@", "\t", "\r", "\n", "|", "\uff1d"}


@pytest.mark.parametrize("raw", [EVIL, " =1", "line\r\nend", 'a "quoted", text', "ë", None])
def test_csv_reads_back(raw: str | None) -> None:
    batches = table([{"raw": raw, "host": EVIL, "fields": [("a", "1"), ("a", "2"), ("b", None)]}]).to_batches()
    head, row = csv.reader(io.StringIO(b"".join(as_csv(batches)).decode(), newline=""))
    told = dict(zip(head, row, strict=True))
    assert tuple(head) == COLUMNS
    assert told["host"] == f"'{EVIL}"
    assert told["raw"] == ("" if raw is None else safe(raw))
    assert json.loads(told["fields"]) == {"a": ["1", "2"], "b": None}
    assert told["time"] == NOON.isoformat()


def test_ndjson_is_whole() -> None:
    events = table([{"raw": EVIL, "fields": {"a": "x"}}, {"time": None}])
    rows = [json.loads(line) for line in b"".join(as_ndjson(events.to_batches())).splitlines()]
    assert [row["raw"] for row in rows] == [EVIL, None]
    assert rows[0]["fields"] == {"a": "x"}
    assert rows[1]["time"] is None
    assert set(rows[0]) == set(COLUMNS)
