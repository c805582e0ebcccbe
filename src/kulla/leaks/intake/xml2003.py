"""Workbooks of one XML document, as Excel 2003 and many programs that export write them, mostly under the name `.xls`.

https://learn.microsoft.com/en-us/previous-versions/office/developer/office-xp/aa140066(v=office.10)
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import numpy as np

from kulla.errors import InputError
from kulla.leaks.intake._api import WIDEST, Blob, Fact, Found, Grid, Task
from kulla.leaks.intake.cells import Collector, written
from kulla.leaks.intake.saxread import Handler, parse

_SPACE: Final = b"urn:schemas-microsoft-com:office:spreadsheet"
_CELLS: Final = 200_000
_LAST_ROW: Final = 1_048_576
_MOST_MERGES: Final = 100_000
_WORDS: Final = {
    "Author": "author", "LastAuthor": "last_saved_by", "Created": "created", "LastSaved": "modified",
    "Company": "company", "Title": "title", "Subject": "subject", "Version": "application_version",
}  # fmt: skip


class Xml2003:
    """SpreadsheetML."""

    name = "xls"

    def sniff(self, blob: Blob) -> bool:
        head = blob.head().replace(b"\0", b"")
        return b"<?xml" in head[:16] and _SPACE in head and b"<html" not in head.lower()

    def read(self, blob: Blob, task: Task) -> Iterator[Found]:
        book = _Book()
        problem: InputError | None = None
        with open(blob.path, "rb") as stream:
            try:
                parse(stream, book)
            except InputError as error:
                problem = error
        yield from book.facts
        book.close()
        yield from book.grids
        if problem:
            raise problem


class _Book(Handler):
    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.grids: list[Grid] = []
        self._name = ""
        self._begin()

    def _begin(self) -> None:
        self._collector, self._waiting, self._cells = Collector(), list[list[Any]](), 0
        self._lines: list[int] = []
        self._merged: list[tuple[int, int, int, int]] = []
        self._line, self._row = 0, list[Any]()
        self._kind, self._text = "", ""

    def start(self, name: str, attributes: dict[str, str]) -> bool:
        if name == "Worksheet":
            self._begin()
            self._name = _of(attributes, "Name")
            self.facts.append(Fact("sheets", self._name))
        elif name == "Row":
            line = _number(attributes, "Index") or self._line + 1
            if not self._line < line <= _LAST_ROW:
                raise InputError("rows that are not in order, or beyond the last")
            self._line, self._row = line, []
        elif name == "Cell":
            at = min(_number(attributes, "Index"), WIDEST)
            self._row += [None] * max(at - 1 - len(self._row), 0)
            across, down = _number(attributes, "MergeAcross"), _number(attributes, "MergeDown")
            if (across or down) and len(self._merged) < _MOST_MERGES:
                top, left = len(self._lines), len(self._row)
                self._merged.append((top, left, top + down, left + across))
            self._text = ""
            self._across = min(across, WIDEST)
        elif name == "Data":
            self._kind = _of(attributes, "Type")
        return name == "Data" or name in _WORDS

    def end(self, name: str, text: str) -> None:
        if name in _WORDS:
            self.facts.append(Fact(_WORDS[name], text))
        elif name == "Data":
            self._text += text
        elif name == "Cell" and len(self._row) < WIDEST:
            self._row += [_typed(self._text, self._kind), *[None] * self._across]
        elif name == "Row":
            self._keep(self._line, self._row[:WIDEST])
        elif name == "Worksheet":
            self.close()

    def _keep(self, line: int, row: list[Any]) -> None:
        self._lines.append(line)
        self._waiting.append(row or [None])
        self._cells += len(row) + 1
        if self._cells > _CELLS:
            self._collector.add(self._waiting)
            self._waiting, self._cells = [], 0

    def close(self) -> None:
        """The sheet that was begun is done, or what there is of it."""
        self._collector.add(self._waiting)
        if self._collector.rows:
            lines = np.array(self._lines, np.int64)
            self.grids.append(Grid(self._name, self._collector.table(), lines=lines, merged=tuple(self._merged)))
        self._begin()


def _of(attributes: dict[str, str], name: str) -> str:
    return next((value for key, value in attributes.items() if key.rpartition(" ")[2] == name), "")


def _number(attributes: dict[str, str], name: str) -> int:
    text = _of(attributes, name)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def _typed(text: str, kind: str) -> str | None:
    match kind:
        case "Number":
            try:
                return written(Decimal(text))
            except InvalidOperation:
                return text
        case "DateTime":
            day, _, clock = text.partition("T")
            clock = clock.removesuffix(".000")
            return day if clock in ("", "00:00:00") else f"{day} {clock}"
        case "Boolean":
            return "true" if text.strip() == "1" else "false"
        case "Error":
            return None
    return text
