"""Excel workbooks: written through xlsxwriter, read through calamine. The only file that knows either.

Writing: text cells are text, so no cell is ever a formula, a number with lost zeros, or a link. Reading is for files
of unknown make and must run confined (`kulla.events.sandbox`): a workbook of 1,431 bytes with one cell in the last
corner makes the reader ask for half a terabyte.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from io import BytesIO
from typing import Any, BinaryIO, Final

import pyarrow as pa

_ROWS: Final = 1_048_576
_CHUNK: Final = 50_000
_EXACT: Final = 1e15
"""A workbook keeps 15 digits of a number; longer ones are written as text."""


def write_workbook(out: BinaryIO, table: pa.Table, name: str) -> None:
    """The table as a workbook: one sheet, more where the rows do not fit one; each with the columns' names."""
    import xlsxwriter  # type: ignore[import-untyped]

    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
               "strings_to_numbers": False}  # fmt: skip
    book = xlsxwriter.Workbook(out, options)
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    for number in range(max(1, -(-table.num_rows // (_ROWS - 1)))):
        sheet = book.add_worksheet(f"{name[:25]} {number + 1}" if number else name[:31])
        for column, title in enumerate(table.column_names):
            sheet.write_string(0, column, title)
        part = table.slice(number * (_ROWS - 1), _ROWS - 1)
        for at, cells in enumerate(_rows(part), 1):
            for column, value in enumerate(cells):
                _write(sheet, at, column, value, day, moment)
    book.close()


def _rows(table: pa.Table) -> Iterator[tuple[Any, ...]]:
    for batch in table.to_batches(max_chunksize=_CHUNK):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _write(sheet: Any, row: int, column: int, value: Any, day: Any, moment: Any) -> None:
    match value:
        case None:
            pass
        case bool():
            sheet.write_boolean(row, column, value)
        case int() | float() | Decimal() if abs(float(value)) < _EXACT:
            sheet.write_number(row, column, float(value))
        case datetime() if value.year >= 1900:
            sheet.write_datetime(row, column, value.replace(tzinfo=None), moment)
        case date() if value.year >= 1900:
            sheet.write_datetime(row, column, value, day)
        case _:
            sheet.write_string(row, column, str(value))


def read_workbook(data: bytes) -> Iterator[pa.Table]:
    """The sheets of a workbook (xlsx, xlsb, xls, ods) as tables of text without column names.

    Whole numbers are written without a fraction, days in ISO 8601. Raises ValueError for what is no workbook.
    """
    import python_calamine

    try:
        book = python_calamine.CalamineWorkbook.from_filelike(BytesIO(data))
        names = book.sheet_names
    except (python_calamine.CalamineError, OSError) as error:
        raise ValueError("not a workbook that can be read") from error
    for name in names:
        try:
            yield from _sheet(book.get_sheet_by_name(name))
        except (python_calamine.CalamineError, OSError) as error:
            raise ValueError("a sheet of the workbook cannot be read") from error


def _sheet(sheet: Any) -> Iterator[pa.Table]:
    rows: list[list[Any]] = []
    for row in sheet.iter_rows():
        rows.append(row)
        if len(rows) == _CHUNK:
            yield _table(rows)
            rows = []
    if rows:
        yield _table(rows)


def _table(rows: list[list[Any]]) -> pa.Table:
    width = max(map(len, rows))
    columns = [[_text(row[at]) if at < len(row) else None for row in rows] for at in range(width)]
    return pa.table([pa.array(column, pa.string()) for column in columns], names=[str(at) for at in range(width)])


def _text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat() if isinstance(value, date | time) else str(value)
