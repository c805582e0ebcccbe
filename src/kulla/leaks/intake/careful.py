"""Text in columns read line by line, whatever its rows look like: slow, and what the fast way is held against.

Rows may differ in width. A line of more than a million characters is left out, since no table has one; quotes that
never close are taken as they are.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TextIO

import pyarrow as pa
import pyarrow.compute as pc

from kulla.leaks.intake._api import LONGEST, WIDEST
from kulla.leaks.intake.cells import Collector

_CELLS: Final = 400_000
_NEWLINES: Final = 50
"""No cell has so many lines; one that does began with a quote that was no quote."""
NARROW: Final = 64
SPREAD: Final = 8
"""A row may be so many times as wide as the widest of the first ones, or have `NARROW` cells; what is beyond is left
out: one row of 16,000 cells must not make 16,000 columns of a million rows."""


@dataclass(slots=True)
class Read:
    """Rows as a table, and what was left out, in words."""

    table: pa.Table
    notes: list[str] = field(default_factory=list)


class _Unbalanced(Exception):
    """A quote that opens a cell is never closed."""


def swallowed(cells: pa.Array) -> bool:
    """Whether a cell holds so many lines that it began with a quote that was no quote."""
    return bool((pc.max(pc.count_substring(cells, "\n")).as_py() or 0) > _NEWLINES)


def read(stream: TextIO, separator: str) -> Read:
    """All rows of a seekable text, opened with `newline=""`; an empty line is a row without cells."""
    start = stream.tell()
    try:
        return _Reader(separator, csv.QUOTE_MINIMAL).read(stream)
    except (_Unbalanced, csv.Error):
        stream.seek(start)
        found = _Reader(separator, csv.QUOTE_NONE).read(stream)
        found.notes.append("quotes that are never closed; they were taken as they are")
        return found


class _Reader:
    def __init__(self, separator: str, quoting: int) -> None:
        self._separator, self._quoting = separator, quoting
        self._long: list[int] = []
        self._cut = 0
        self._nuls = 0

    def read(self, stream: TextIO) -> Read:
        csv.field_size_limit(LONGEST)
        reader = csv.reader(self._lines(stream), delimiter=self._separator, quoting=self._quoting)  # type: ignore[arg-type]
        collector = Collector()
        waiting: list[Sequence[str]] = []
        cells, widest = 0, 0
        for row in reader:
            self._check(row)
            self._cut += bool(widest and len(row) > widest)
            waiting.append(row[:widest] if widest else row)
            cells += len(row) + 1
            if cells > _CELLS:
                widest = widest or min(WIDEST, max(NARROW, SPREAD * max(map(len, waiting))))
                waiting = [each[:widest] for each in waiting]
                collector.add(waiting)
                waiting, cells = [], 0
        self._cut += sum(1 for row in waiting if len(row) > WIDEST)
        collector.add([row[:WIDEST] for row in waiting])
        return Read(collector.table(), self._notes())

    def _check(self, row: Sequence[str]) -> None:
        if self._quoting == csv.QUOTE_NONE:
            return
        for cell in row:
            if len(cell) > _NEWLINES and cell.count("\n") > _NEWLINES:
                raise _Unbalanced

    def _notes(self) -> list[str]:
        told = []
        if self._long:
            first = self._long[0]
            told.append(f"{len(self._long)} lines longer than {LONGEST} characters left out, the first: line {first}")
        if self._cut:
            told.append(f"{self._cut} rows much wider than the others, cut")
        if self._nuls:
            told.append(f"NUL bytes left out of {self._nuls} lines")
        return told

    def _lines(self, stream: TextIO) -> Iterator[str]:
        """Lines with their ends; an empty one for what is left out."""
        number = 0
        while line := stream.readline(LONGEST):
            number += 1
            if len(line) == LONGEST and line[-1] not in "\r\n":
                while (rest := stream.readline(LONGEST)) and rest[-1] not in "\r\n":
                    pass
                self._long.append(number)
                line = "\r\n"
            if "\0" in line:
                self._nuls += 1
                line = line.replace("\0", "")
            yield line
