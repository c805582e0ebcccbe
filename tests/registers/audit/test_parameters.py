"""Bound parameters as JSON."""

from __future__ import annotations

import csv
import io

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.registers.audit.parameters import from_csv, from_detail, text, values

texts = st.text(st.sampled_from('ab,"\\\n\t é\x01'), max_size=4)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(texts, min_size=1, max_size=3), min_size=1, max_size=3))
def test_what_pgaudit_writes_is_read(rows: list[list[str]]) -> None:
    lines = []
    for row in rows:
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerow(row)
        line = out.getvalue().removesuffix("\n")
        lines.append("" if row == [""] else line)
    found = [values(each) for each in from_csv(pa.array(lines, pa.large_string())).to_pylist()]
    assert found == [[each or None for each in row] for row in rows]


def test_what_is_no_csv_is_one_value() -> None:
    assert from_csv(pa.array(['"a"b', None], pa.large_string())).to_pylist() == [text(['"a"b']), None]


def test_details() -> None:
    assert from_detail("parameters: $1 = 'a, $2 = ''b''', $2 = NULL, $3 = ''") == text(["a, $2 = 'b'", None, None])
    assert from_detail("Parameters: $2 = 'x'") is None
    assert from_detail("prepare: SELECT 1") is None
