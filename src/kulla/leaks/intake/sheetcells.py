"""Sheets of an xlsx read cell by cell, in memory that grows with the cells there are, not with the rectangle they span.

Ten times slower than calamine, and what it is held against. ECMA-376, part 1, 18.3 (worksheets), 18.4 (shared strings),
18.8 (styles). Values as saved; formulas are not even looked at.
"""

from __future__ import annotations

import io
import re
from bisect import bisect_left
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, Final

import numpy as np

from kulla.errors import InputError
from kulla.leaks.intake._api import Fact, Found, Grid, Problem
from kulla.leaks.intake.cells import Collector
from kulla.leaks.intake.package import Package
from kulla.leaks.intake.saxread import Handler, parse

_CELLS: Final = 200_000
_REF: Final = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_MOST_MERGES: Final = 100_000
_LAST_ROW: Final = 1_048_576
_LAST_COLUMN: Final = 16_384

_DATES: Final = frozenset([*range(14, 23), 45, 47])
_DURATION: Final = 46
"""Built-in formats of numbers that show days and times; 46 is `[h]:mm:ss`."""


def read_sheets(package: Package) -> Iterator[Found]:
    """All sheets, in the workbook's order. Raises InputError when the workbook's own parts are damaged."""
    book = package.elements("xl/workbook.xml")
    parts = {each.attributes.get("Id", ""): each.attributes.get("Target", "")
             for each in package.elements("xl/_rels/workbook.xml.rels")}  # fmt: skip
    late = any(each.name == "workbookPr" and each.attributes.get("date1904") in ("1", "true") for each in book)
    strings = _Strings()
    if "xl/sharedStrings.xml" in package.names:
        _fed(package, "xl/sharedStrings.xml", strings)
    formats = _formats(package)
    for sheet in [each for each in book if each.name == "sheet"]:
        name = sheet.attributes.get("name", "")
        yield Fact("sheets", name)
        if sheet.attributes.get("state", "visible") != "visible":
            yield Fact("hidden_sheets", name)
        part = "xl/" + parts.get(sheet.attributes.get("id", ""), "").removeprefix("/xl/")
        if not part.startswith("xl/worksheets/"):
            continue
        try:
            cells = _Cells(strings.texts, formats, late)
            _fed(package, part, cells)
            if cells.used:
                yield cells.grid(name)
        except InputError as error:
            yield Problem(f"{part}: {error}")


def _fed(package: Package, name: str, handler: Handler) -> None:
    with io.BufferedReader(package.stream(name)) as stream:
        parse(stream, handler)


def _formats(package: Package) -> list[str]:
    """For each cell style what its number is shown as: `date`, `duration` or nothing."""
    custom: dict[str, str] = {}
    kinds: list[str] = []
    inside = False
    for each in package.elements("xl/styles.xml"):
        if each.name == "numFmt":
            custom[each.attributes.get("numFmtId", "")] = each.attributes.get("formatCode", "")
        elif each.name in ("cellXfs", "cellStyles", "dxfs"):
            inside = each.name == "cellXfs"
        elif each.name == "xf" and inside:
            number = each.attributes.get("numFmtId", "0")
            kinds.append(_kind(number, custom.get(number)))
    return kinds


def _kind(number: str, code: str | None) -> str:
    if code is None:
        known = int(number) if number.isascii() and number.isdigit() and len(number) < 9 else 0
        return "date" if known in _DATES else "duration" if known == _DURATION else ""
    bare = re.sub(r'"[^"]*"|\\.|_.|\*.', "", code.split(";")[0])
    if re.search(r"\[(h+|m+|s+)\]", bare, re.IGNORECASE):
        return "duration"
    return "date" if re.search(r"[dmhys]", re.sub(r"\[[^\]]*\]", "", bare), re.IGNORECASE) else ""


class _Strings(Handler):
    """The texts that cells share."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._parts: list[str] = []
        self._phonetic = 0

    def start(self, name: str, attributes: dict[str, str]) -> bool:
        if name == "si":
            self._parts = []
        self._phonetic += name == "rPh"
        return name == "t" and not self._phonetic

    def end(self, name: str, text: str) -> None:
        if name == "t" and not self._phonetic:
            self._parts.append(text)
        elif name == "si":
            self.texts.append(_unescaped("".join(self._parts)))
        self._phonetic -= name == "rPh"


class _Cells(Handler):
    """The cells of a sheet: rows that have any, columns that have any."""

    def __init__(self, strings: list[str], formats: list[str], late: bool) -> None:
        self._strings, self._formats = strings, formats
        self._base = datetime(1904, 1, 1) if late else datetime(1899, 12, 30)
        self._collector = Collector()
        self._waiting: list[list[Any]] = []
        self._cells = 0
        self._lines: list[int] = []
        self.used: dict[int, int] = {}
        self._row: list[Any] = []
        self._line, self._column = 0, 0
        self._kind, self._style, self._value = "n", "", ""
        self._merges: list[str] = []
        self._phonetic = 0

    def start(self, name: str, attributes: dict[str, str]) -> bool:
        if name == "c":
            found = _REF.fullmatch(attributes.get("r", ""))
            self._column = _column(found[1]) if found else self._column + 1
            self._kind, self._style, self._value = attributes.get("t", "n"), attributes.get("s", ""), ""
        elif name == "row":
            number = attributes.get("r", "")
            line = int(number) if number.isascii() and number.isdigit() and len(number) < 9 else self._line + 1
            if not self._line < line <= _LAST_ROW:
                raise InputError("rows that are not in order, or beyond the last")
            self._line, self._column, self._row = line, 0, []
        elif name == "mergeCell" and len(self._merges) < _MOST_MERGES:
            self._merges.append(attributes.get("ref", ""))
        self._phonetic += name == "rPh"
        return name == "v" or (name == "t" and not self._phonetic)

    def end(self, name: str, text: str) -> None:
        if name == "v" or (name == "t" and not self._phonetic):
            self._value += text
        elif name == "c" and self._value and self._column <= _LAST_COLUMN:
            place = self.used.setdefault(self._column, len(self.used))
            self._row += [None] * (place + 1 - len(self._row))
            self._row[place] = self._typed()
        elif name == "row" and any(cell is not None for cell in self._row):
            if self._lines and self._lines[-1] < self._line - 1:
                self._keep(self._lines[-1] + 1, [None])
            self._keep(self._line, self._row)
        self._phonetic -= name == "rPh"

    def _keep(self, line: int, row: list[Any]) -> None:
        self._lines.append(line)
        self._waiting.append(row)
        self._cells += len(row)
        if self._cells > _CELLS:
            self._flush()

    def _flush(self) -> None:
        self._collector.add(self._waiting)
        self._waiting, self._cells = [], 0

    def _typed(self) -> Any:
        text = self._value
        match self._kind:
            case "s":
                at = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
                return self._strings[at] if 0 <= at < len(self._strings) else None
            case "str" | "inlineStr" | "d":
                return _unescaped(text)
            case "b":
                return text.strip() == "1"
            case "e":
                return None
        try:
            number = float(text)
        except ValueError:
            return text
        style = int(self._style) if self._style.isascii() and self._style.isdigit() and len(self._style) < 9 else -1
        return self._moment(number, self._formats[style]) if 0 <= style < len(self._formats) else number

    def _moment(self, number: float, kind: str) -> float | date | time | timedelta:
        """A number that is shown as a day or time; itself where there is none."""
        if not kind or not 0 <= number < 2_958_466:  # after 9999-12-31
            return number
        if kind == "duration":
            return timedelta(days=number)
        moment = self._base + timedelta(milliseconds=round(number * 86_400_000))
        if number < 60 and self._base.year < 1904:  # before the 29 February 1900 that never was
            moment += timedelta(days=1)
        if number < 1:
            return moment.time()
        return moment.date() if moment.time() == time() else moment

    def grid(self, name: str) -> Grid:
        """The sheet: a blank row where some are left out between two."""
        self._flush()
        table = self._collector.table()
        columns = sorted(column for column, place in self.used.items() if place < table.num_columns)
        table = table.select([self.used[column] for column in columns])
        table = table.rename_columns([f"c{at}" for at in range(len(columns))])
        merged = tuple(kept for ref in self._merges if (kept := self._merge(ref, columns)))
        return Grid(name, table, lines=np.array(self._lines, np.int64), merged=merged)

    def _merge(self, ref: str, columns: list[int]) -> tuple[int, int, int, int] | None:
        first, _, last = ref.partition(":")
        one, other = _REF.fullmatch(first), _REF.fullmatch(last)
        if not one or not other:
            return None
        top, bottom = bisect_left(self._lines, int(one[2])), bisect_left(self._lines, int(other[2]) + 1) - 1
        left, right = bisect_left(columns, _column(one[1])), bisect_left(columns, _column(other[1]) + 1) - 1
        return (top, left, bottom, right) if top <= bottom and left <= right else None


def _column(letters: str) -> int:
    """The number of a column, from 1.

    >>> _column("A"), _column("XFD")
    (1, 16384)
    """
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _unescaped(text: str) -> str:
    """Without `_x000D_` for characters that XML cannot hold (ECMA-376, part 1, 22.9.2.19)."""
    if "_x" not in text:
        return text
    return re.sub(r"_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), text)
