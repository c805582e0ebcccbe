from __future__ import annotations

import csv
import io
import json
import re
from datetime import datetime

import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_hits import Row, facts, table, week

from kulla.hunt.findings import Findings, findings
from kulla.hunt.hits import HITS
from kulla.hunt.summary import Facts
from kulla.hunt.writers import CsvWriter, JsonlWriter, NavigatorWriter, ParquetWriter, Writer
from kulla.hunt.writers.csv import COLUMNS

BASE = week(1).rows[0]
NASTY = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.sampled_from(
        [
            "=cmd|' /C calc'!A0",
            "'x",
            "\t=1",
            " =1",
            "</script>",
            "a\x00b",
            "\u202egnp.exe",
            "\r\n",
            '"',
            "＝1",
            "é" * 5000,
        ]
    ),
)
EVENT = st.dictionaries(NASTY, st.one_of(st.none(), NASTY), max_size=4)


@st.composite
def a_row(draw: st.DrawFn) -> Row:
    return {
        **BASE, "time": draw(st.one_of(st.none(), st.integers(-(10**15), 4 * 10**15))), "rule_title": draw(NASTY),
        "host": draw(st.one_of(st.none(), NASTY)), "file": draw(NASTY), "record": draw(st.integers(-5, 2**62)),
        "tags": draw(st.lists(st.sampled_from(["attack.t1059", "attack.execution", "x"]), max_size=3)),
        "event": json.dumps(draw(EVENT), indent=draw(st.sampled_from([None, 1]))),
    }  # fmt: skip


def written(writer: Writer, rows: list[Row], about: Facts | None = None) -> bytes:
    out = io.BytesIO()
    writer.write(out, findings([table(rows)], about or Facts()))
    return out.getvalue()


@settings(max_examples=60, deadline=None)
@given(st.lists(a_row(), max_size=4))
def test_jsonl_gives_back_what_was_written(rows: list[Row]) -> None:
    lines = written(JsonlWriter(), rows).split(b"\n")
    assert lines.pop() == b""
    for row, line in zip(rows, lines, strict=True):
        hit = json.loads(line)
        for name in ("rule_id", "rule_title", "level", "tags", "host", "file", "record"):
            assert hit[name] == row[name]
        assert hit["event"] == json.loads(str(row["event"]))
        assert hit["why"]["condition"] == "selection"
        assert hit["logsource"] == {"product": "windows", "category": "process_creation", "service": None}
        if row["time"] is not None:
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", hit["time"])
            back = datetime.fromisoformat(hit["time"]) - datetime.fromisoformat("1970-01-01T00:00:00Z")
            assert back.days * 86_400_000_000 + back.seconds * 1_000_000 + back.microseconds == row["time"]


@settings(max_examples=60, deadline=None)
@given(st.lists(a_row(), max_size=4))
def test_csv_gives_back_what_was_written_and_holds_no_formula(rows: list[Row]) -> None:
    text = written(CsvWriter(), rows).decode()
    csv.field_size_limit(10**7)
    cells = list(csv.reader(io.StringIO(text, newline="")))
    assert tuple(cells[0]) == COLUMNS
    for row, line in zip(rows, cells[1:], strict=True):
        assert not any(cell.strip(" ").startswith(("=", "+", "-", "@", "\t", "\r")) for cell in line)
        values = {name: cell.removeprefix("'") for name, cell in zip(COLUMNS, line, strict=True)}
        for name in ("rule_title", "file", "record", "event"):
            assert values[name] == str(row[name])
        assert values["host"] == (row["host"] or "")


@settings(max_examples=30, deadline=None)
@given(st.lists(a_row(), max_size=4))
def test_parquet_gives_back_what_was_written(rows: list[Row]) -> None:
    read = pq.read_table(io.BytesIO(written(ParquetWriter(), rows)))
    assert read.schema.equals(HITS)
    assert read.equals(table(rows))


# The documented format: property → (type, required). attack-navigator, layers/spec/v4.5/layerformat.md
LAYER = {
    "versions": (dict, False), "name": (str, True), "description": (str, False), "domain": (str, True),
    "sorting": (int, False), "layout": (dict, False), "hideDisabled": (bool, False), "techniques": (list, False),
    "gradient": (dict, False), "legendItems": (list, False), "showTacticRowBackground": (bool, False),
    "selectTechniquesAcrossTactics": (bool, False), "selectSubtechniquesWithParent": (bool, False),
}  # fmt: skip
TECHNIQUE = {
    "techniqueID": (str, True), "comment": (str, False), "enabled": (bool, False), "score": (int, False),
    "metadata": (list, False), "showSubtechniques": (bool, False),
}  # fmt: skip


def holds(value: dict[str, object], spec: dict[str, tuple[type, bool]]) -> None:
    assert set(value) <= set(spec)
    for name, (kind, required) in spec.items():
        assert name in value or not required
        assert name not in value or isinstance(value[name], kind)


def test_navigator_layer_keeps_to_its_format() -> None:
    made = week(1)
    layer = json.loads(written(NavigatorWriter(), made.rows, facts(made)))
    holds(layer, LAYER)
    assert layer["versions"] == {"navigator": "4.9.0", "layer": "4.5"}
    assert layer["domain"] == "enterprise-attack"
    assert layer["gradient"]["maxValue"] > layer["gradient"]["minValue"]
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in layer["gradient"]["colors"])
    for technique in layer["techniques"]:
        holds(technique, TECHNIQUE)
        assert re.fullmatch(r"T\d{4}(\.\d{3})?", technique["techniqueID"])
    scores = {technique["techniqueID"]: technique for technique in layer["techniques"]}
    assert scores["T1190"]["score"] == 300
    assert scores["T1190"]["comment"] == "Path Traversal Attempt"


def test_nothing_found_is_still_whole() -> None:
    nothing: Findings = findings([], Facts())
    for writer in (CsvWriter(), JsonlWriter(), ParquetWriter(), NavigatorWriter()):
        out = io.BytesIO()
        writer.write(out, nothing)
        assert out.getvalue() or writer.suffix == ".jsonl"
