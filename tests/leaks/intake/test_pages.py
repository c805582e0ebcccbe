"""HTML, PDF, Access and Parquet: what is theirs alone."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from accessmade import DATE, INT32, MONEY, TEXT, access
from leakfiles import HEADER, PEOPLE, read_here, rows, tables
from leakforms import pdf

from kulla.errors import InputError
from kulla.leaks.intake import markup
from kulla.leaks.intake._api import Fact, Problem

PLAIN = [[cell.replace("Ç", "C").replace("ë", "e") for cell in person] for person in PEOPLE]


def facts(path: Path) -> dict[str, str]:
    return {sent.key: sent.text for sent in read_here(path) if isinstance(sent, Fact)}


def test_html_spans_entities_and_encodings(tmp_path: Path) -> None:
    path = tmp_path / "paga.xls"
    text = """<html><head><meta charset="windows-1250"><meta name="ProgId" content="Excel.Sheet"></head><body>
    <table><tr><td><table>
    <tr><th rowspan=2>Bashkia</th><th colspan="2">Personi</th></tr><tr><th>NID</th><th>Emri</th></tr>
    <tr><td rowspan="2">Tirana</td><td>J1</td><td>&Ccedil;el\u00eb</td></tr><tr><td>J2</td><td>B&amp;C<br>d</td></tr>
    <tr><td>Vlora</td><td>J3</td><td>Šarić</td></tr></table></td></tr></table></body></html>"""
    path.write_bytes(text.encode("cp1250"))
    (table,) = tables(path)
    assert table.headers == ("Bashkia", "Personi NID", "Personi Emri")
    assert rows(table) == [["Tirana", "J1", "Çelë"], ["Tirana", "J2", "B&Cd"], ["Vlora", "J3", "Šarić"]]
    assert facts(path)["application"] == "Excel.Sheet"


@pytest.mark.parametrize("span", ["colspan=999999999", "rowspan=999999999", "colspan=-1", "colspan=x"])
def test_absurd_spans_do_no_harm(span: str) -> None:
    cells = "".join(f"<tr><td {span}>a{at}</td><td {span}>b</td></tr>" for at in range(200))
    (table,) = markup.page(f"<table>{cells}</table>", 16_384).tables
    assert len(table.rows) == 200
    assert max(map(len, table.rows)) <= 16_384


def test_html_entities_are_html_s_own(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text(
        '<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]><html><body><table>'
        "<tr><td>NID</td><td>Emri</td></tr><tr><td>J1</td><td>&x;</td></tr></table></body></html>"
    )
    assert "root:" not in repr([rows(table) for table in tables(path)])


def test_a_page_without_a_table(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text("<html><body><p>x</p></body></html>")
    with pytest.raises(InputError, match="without a table"):
        read_here(path)


def test_a_table_over_pages_is_one(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf([[HEADER, *PLAIN[:2]], [HEADER, *PLAIN[2:]], [["a", "b"], ["c", "d"]]]))
    first, second = tables(path)
    assert (first.name, second.name) == ("pages 1 to 2", "page 3")
    assert rows(first) == PLAIN
    told = facts(path)
    assert (told["author"], told["producer"], told["page_count"]) == ("Agim", "Kulla", "3")


def test_a_pdf_without_lines_is_read_with_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf([[HEADER, *PLAIN]], ruled=False))
    (table,) = tables(path)
    assert rows(table) == PLAIN
    assert any("guessed" in note for note in table.notes)


def test_access_kinds(tmp_path: Path) -> None:
    columns = [("NID", TEXT), ("Paga", MONEY), ("Lindja", DATE), ("Nr", INT32)]
    path = tmp_path / "a.mdb"
    path.write_bytes(access("Paga", columns, [["J1", 450_005_000, 33_000.0, 7], ["J2", None, 33_000.5, None]]))
    (table,) = tables(path)
    assert table.headers == ("NID", "Paga", "Lindja", "Nr")
    assert rows(table) == [["J1", "45000.5", "1990-05-07", "7"], ["J2", None, "1990-05-07 12:00:00", None]]
    assert facts(path)["application"] == "Jet 4"


def test_access_rows_that_cannot_be_told_apart_are_refused(tmp_path: Path) -> None:
    data = bytearray(access("Paga", [("Nr", INT32), ("NID", TEXT)], [[1, "J1"], [2, "J2"]]))
    assert data[-3:] == b"\1\0\3"
    data[-3] = 0  # the first row says that it has no texts
    path = tmp_path / "a.mdb"
    path.write_bytes(data)
    assert tables(path) == []
    problems = [sent.text for sent in read_here(path) if isinstance(sent, Problem)]
    assert problems == ["table Paga: its columns are of different length, so its rows cannot be told apart"]


def test_parquet_kinds(tmp_path: Path) -> None:
    at = datetime(2021, 1, 5, 8, 30, tzinfo=UTC)
    table = pa.table({
        "i": pa.array([691234567, None], pa.int64()),
        "f": [1.5e11, float("nan")],
        "m": pa.array([Decimal("45000.50"), None], pa.decimal128(12, 2)),
        "d": [date(2021, 1, 5), None],
        "t": pa.array([at, at.replace(hour=0, minute=0)], pa.timestamp("us", "UTC")),
        "s": [{"a": "x", "b": {"c": 1}}, None],
        "l": [[1, 2], None],
        "b": [b"\xff", b"text"],
        "e": pa.array(["x", None]).dictionary_encode(),
        "o": [True, None],
    })  # fmt: skip
    out = io.BytesIO()
    pq.write_table(table, out)
    path = tmp_path / "a.parquet"
    path.write_bytes(out.getvalue())
    (found,) = tables(path)
    first = dict(zip(found.headers, rows(found)[0], strict=True))
    assert first == {"i": "691234567", "f": "150000000000", "m": "45000.5", "d": "2021-01-05",
                     "t": "2021-01-05 08:30:00", "s.a": "x", "s.b.c": "1", "l": "[1, 2]", "b": None, "e": "x",
                     "o": "true"}  # fmt: skip
    second = dict(zip(found.headers, rows(found)[1], strict=True))
    assert {name for name, cell in second.items() if cell} == {"t", "b"}
    assert second["t"] == "2021-01-05"
    assert "parquet-cpp" in facts(path)["application"]
