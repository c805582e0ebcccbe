"""Extracts written and read back; files of unknown make."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kulla.errors import UnsafeInput
from kulla.events.sandbox import run_confined
from kulla.hunt.writers import csv as findings
from kulla.registers.extracts import formats
from kulla.registers.extracts.formats import FORMATS, Format
from kulla.settings import read_settings

TABLE = pa.table({
    "nid": ["J00101999W", "J05115999K", None],
    "name": ["=HYPERLINK(\"x\")", "Çelë, Agron", "'quoted"],
    "pay": pa.array([Decimal("1.50"), Decimal("-2.00"), None], pa.decimal128(12, 2)),
    "born": pa.array([date(1990, 1, 1), date(1885, 5, 5), None], pa.date32()),
    "phone": ["0691234567", "+355691234567", "-1"],
})  # fmt: skip


def written(form: Format, table: pa.Table = TABLE) -> bytes:
    out = io.BytesIO()
    formats.write(out, table, form, "payroll")
    return out.getvalue()


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_written_is_read(form: Format) -> None:
    table = pa.concat_tables(formats.read_any(written(form)))
    rows = [list(row.values()) for row in table.to_pylist()]
    rows = rows if form == "parquet" else rows[1:]
    assert [row[0] or None for row in rows] == TABLE["nid"].to_pylist()
    assert rows[1][1] == "Çelë, Agron"
    assert rows[1][3] == "1885-05-05"
    assert rows[0][3] == "1990-01-01"
    assert rows[0][4] == "0691234567"


def test_a_cell_that_would_run_is_text() -> None:
    rows = list(csv.reader(io.StringIO(written("csv").decode())))
    assert [row[1] for row in rows[1:]] == ['\'=HYPERLINK("x")', "Çelë, Agron", "''quoted"]
    assert [row[4] for row in rows[1:]] == ["0691234567", "'+355691234567", "'-1"]
    assert rows[2][2] == "-2.00", "a number is no formula"
    sheet = zipfile.ZipFile(io.BytesIO(written("xlsx"))).read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet


@given(st.text(max_size=6))
def test_harmless_is_the_rule_of_the_findings(text: str) -> None:
    assert formats.harmless(text) == findings.harmless(text)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_text_of_any_make(encoding: str, delimiter: str) -> None:
    lines = ["id|emri|pagë", "J00101999W|Çelë|1,5", "J05115999K|Agron|2,5"]
    data = "\r\n".join(line.replace(",", ".").replace("|", delimiter) for line in lines).encode(encoding)
    (table,) = formats.read_any(data)
    assert [list(row.values())[:2] for row in table.to_pylist()] == [
        ["id", "emri"], ["J00101999W", "Çelë"], ["J05115999K", "Agron"]
    ]  # fmt: skip


@given(st.binary(max_size=200), st.sampled_from([b"", b"PAR1", b"PK\x03\x04", b"\xff\xfe", b"\xd0\xcf\x11\xe0"]))
def test_any_bytes_are_read_or_refused(data: bytes, head: bytes) -> None:
    try:
        for table in formats.read_any(head + data):
            assert table.num_columns
    except ValueError:
        pass


def test_parquet_without_writable_columns() -> None:
    out = io.BytesIO()
    pq.write_table(pa.table({"a": [[1]], "b": ["x"], "c": [b"\xff"]}), out)
    (table,) = formats.read_any(out.getvalue())
    assert table.to_pylist() == [{"0": "x"}]


def corner() -> bytes:
    """A workbook with one cell in the first and one in the last corner."""
    import xlsxwriter  # type: ignore[import-untyped]

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet()
    sheet.write_string(0, 0, "a")
    sheet.write_string(1_048_575, 16_383, "b")
    book.close()
    return out.getvalue()


def rows_of(data: bytes) -> int:
    return sum(table.num_rows for table in formats.read_any(data))


def test_a_workbook_with_a_far_corner_is_refused_in_bounded_memory() -> None:
    small = read_settings({"KULLA_WORKER_MEMORY": "400 MiB"})
    assert run_confined(rows_of, (written("xlsx"),), small) == 4
    with pytest.raises(UnsafeInput):
        run_confined(rows_of, (corner(),), small)
