"""Extracts as bytes: written as CSV, XLSX or Parquet; files of unknown make read back as tables of text. Pure.

`read_any` meets untrusted bytes, so it must run confined (`kulla.events.sandbox`).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any, BinaryIO, Final, Literal, get_args

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kulla.registers.extracts.spreadsheet import read_workbook, write_workbook
from kulla.registers.normalise import as_text

Format = Literal["csv", "xlsx", "parquet"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)

_RISKY: Final = tuple("=+-@\t\r\n'＝＋－＠")
_CHUNK: Final = 50_000
_LONGEST: Final = 1 << 20
_WIDEST: Final = 2000
_DELIMITERS: Final = "\t;|,"


def write(out: BinaryIO, table: pa.Table, form: Format, name: str) -> None:
    """Write the table in a format; `name` names the sheet of a workbook."""
    if form == "xlsx":
        write_workbook(out, table, name)
    elif form == "parquet":
        pq.write_table(table, out)
    else:
        write_csv(out, table)


def write_csv(out: BinaryIO, table: pa.Table) -> None:
    """RFC 4180, UTF-8, every cell quoted; cells that a spreadsheet would run are made harmless (`harmless`)."""
    text = io.TextIOWrapper(out, "utf-8", newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([harmless(name) for name in table.column_names])
    for batch in table.to_batches(max_chunksize=_CHUNK):
        columns = [_cells(column) for column in batch.columns]
        writer.writerows(zip(*columns, strict=True))
    text.flush()
    text.detach()


def harmless(cell: str) -> str:
    """The cell as text that no spreadsheet takes for a formula; taking one leading apostrophe away gives it back.

    The rule of the findings' CSV (docs/ranking.md). Only text is changed: a negative number stays a number.

    >>> harmless("=1+1"), harmless("Agron"), harmless("'x")
    ("'=1+1", 'Agron', "''x")
    """
    return f"'{cell}" if cell.startswith(_RISKY) or cell.lstrip(" \u00a0").startswith(_RISKY) else cell


def _cells(column: pa.Array) -> list[str]:
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    texts = pc.fill_null(as_text(column), "").to_pylist()
    return [harmless(text) for text in texts] if pa.types.is_string(kind) or pa.types.is_large_string(kind) else texts


def read_any(data: bytes) -> Iterator[pa.Table]:
    """Tables of text columns in a file of unknown make: workbook, Parquet, or text with any common delimiter.

    Raises ValueError for what cannot be read.
    """
    if data[:4] == b"PAR1":
        yield from _parquet(data)
    elif data[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
        yield from read_workbook(data)
    else:
        yield from _delimited(decoded(data))


def _parquet(data: bytes) -> Iterator[pa.Table]:
    try:
        file = pq.ParquetFile(io.BytesIO(data))
        for batch in file.iter_batches(_CHUNK, use_threads=False):
            columns = [text for column in batch.columns if (text := _castable(column)) is not None]
            yield pa.table(columns, names=[str(at) for at in range(len(columns))])
    except (pa.ArrowException, OSError) as error:
        raise ValueError("not a Parquet file that can be read") from error


def _castable(column: pa.Array) -> pa.Array | None:
    """A column as text; None for what has no writing (lists, bytes that are no text)."""
    try:
        return as_text(column)
    except pa.ArrowException:
        return None


def decoded(data: bytes) -> str:
    """Text by its byte order mark, as UTF-8, as UTF-16 where every other byte is 0, else as Windows-1252.

    >>> decoded("Çelë".encode("cp1252")), decoded("Çelë".encode("utf-16"))
    ('Çelë', 'Çelë')
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    head = data[:4096]
    if head and head.count(b"\0") > len(head) // 4:
        return data.decode("utf-16-le" if head[1:2] == b"\0" else "utf-16-be", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _delimited(text: str) -> Iterator[pa.Table]:
    csv.field_size_limit(_LONGEST)
    lines = text.replace("\0", "")
    reader = csv.reader(io.StringIO(lines, newline=""), delimiter=delimiter(lines[:20_000]))
    rows: list[list[str]] = []
    try:
        for row in reader:
            rows.append(row[:_WIDEST])
            if len(rows) == _CHUNK:
                yield _table(rows)
                rows = []
    except csv.Error as error:
        raise ValueError("not text in columns that can be read") from error
    if rows:
        yield _table(rows)


def delimiter(sample: str) -> str:
    """The delimiter that most lines have the same number of; tab, `;`, `|` and `,` are tried.

    >>> delimiter("a;b,c;d\\ne;f;g\\n"), delimiter("one column\\n")
    (';', ',')
    """
    lines = sample.splitlines()[:30]

    def agreement(each: str) -> tuple[int, int]:
        counts = [line.count(each) for line in lines if line]
        usual = max(set(counts), key=counts.count, default=0)
        return (counts.count(usual), usual) if usual else (0, 0)

    return max(reversed(_DELIMITERS), key=agreement)


def _table(rows: list[list[Any]]) -> pa.Table:
    width = max(map(len, rows))
    columns = [[row[at] if at < len(row) else None for row in rows] for at in range(width)]
    return pa.table([pa.array(column, pa.string()) for column in columns], names=[str(at) for at in range(width)])
