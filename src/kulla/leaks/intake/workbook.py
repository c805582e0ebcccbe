"""Workbooks (xlsx, xlsm, xlsb, xls, ods) through calamine, which reads values as saved and evaluates no formula.

Calamine lays a sheet's cells out as a full rectangle of 32 bytes a cell: one cell in the last corner of an xlsx of
1.4 kB makes it ask for half a terabyte and abort. The worker's memory limit is what stops it; an xlsx is then read
again, cell by cell (`sheetcells`).
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from itertools import islice
from typing import Any, Final

import python_calamine

from kulla.errors import InputError
from kulla.leaks.intake._api import WIDEST, Blob, Fact, Found, Grid, Problem
from kulla.leaks.intake.cells import Collector

_CELLS: Final = 200_000
"""Cells that are turned to text at a time."""

_KINDS: Final = (python_calamine.CalamineError, OSError, ValueError)


class Book:
    """An open workbook."""

    def __init__(self, blob: Blob) -> None:
        """Raises InputError when it is none that can be read, or is encrypted."""
        try:
            self._book = _guarded(lambda: python_calamine.CalamineWorkbook.from_filelike(_stream(blob)))
        except python_calamine.PasswordError:
            raise InputError("encrypted with a password; hand it over without one") from None
        except _KINDS as error:
            raise InputError(f"not a workbook that can be read ({type(error).__name__})") from None
        self.names = tuple(self._book.sheet_names)

    def facts(self) -> Iterator[Fact]:
        """The sheets' names, those of hidden ones apart."""
        for sheet in self._book.sheets_metadata:
            yield Fact("sheets", sheet.name)
            if sheet.visible != python_calamine.SheetVisibleEnum.Visible:
                yield Fact("hidden_sheets", sheet.name)

    def sheet(self, number: int) -> Grid | None:
        """One sheet, from 0; None for one without cells (a chart). Raises InputError when it cannot be read."""
        try:
            sheet = _guarded(lambda: self._book.get_sheet_by_index(number))
            if sheet.start is None:
                return None
            return Grid(self.names[number], _table(sheet), merged=_merged(sheet))
        except _KINDS as error:
            raise InputError(f"sheet {number + 1} cannot be read ({type(error).__name__})") from None


def read_sheets(blob: Blob) -> Iterator[Found]:
    """All sheets of a workbook, in order. Raises InputError when it is none that can be read."""
    book = Book(blob)
    yield from book.facts()
    for number in range(len(book.names)):
        try:
            grid = book.sheet(number)
        except InputError as error:
            yield Problem(str(error))
            continue
        if grid:
            yield grid


def _stream(blob: Blob) -> Any:
    return BytesIO(blob.data) if isinstance(blob.data, bytes) else open(blob.path, "rb")


def _table(sheet: python_calamine.CalamineSheet) -> Any:
    """Rows from the sheet's first one on, so that a row's place is its number; columns from the first used one."""
    collector = Collector()
    rows = sheet.iter_rows()
    step = max(1, _CELLS // min(max(sheet.width, 1), WIDEST))
    while chunk := list(islice(rows, step)):
        collector.add(chunk)
    return collector.table()


def _merged(sheet: python_calamine.CalamineSheet) -> tuple[tuple[int, int, int, int], ...]:
    _, left = sheet.start or (0, 0)
    ranges = sheet.merged_cell_ranges or []
    return tuple((top, first - left, bottom, last - left) for (top, first), (bottom, last) in ranges)


def _guarded(call: Any) -> Any:
    """What `call` gives. Rust code that panics raises a BaseException of its own, which is no reason to end."""
    try:
        return call()
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            raise ValueError("the reader gave up") from None
        raise
