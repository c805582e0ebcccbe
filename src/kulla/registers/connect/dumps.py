"""Rows of one table out of a plain-format dump (pg_dump), read as data: nothing of it is ever executed.

A dump holds each table's rows between a line `COPY schema.table (columns) FROM stdin;` and a line of a backslash and a
full stop, in COPY's text format (PostgreSQL documentation, COPY, File Formats): cells apart by tabs, a backslash and N
for null, backslash escapes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from kulla.errors import InputError, UnsafeInput

LONGEST = 64 << 20
"""Bytes of one line; a row of more is no row of a register."""

_NAME = r'(?:"(?:[^"]|"")*"|[^\s".(]+)'
_COPY = re.compile(rf"COPY ({_NAME}(?:\.{_NAME})?) \((.*)\) FROM stdin;\s*$")
_PARTS = re.compile(_NAME)
_ENCODING = re.compile(rb"SET client_encoding = '([A-Za-z0-9_]+)';")
_CODECS = {"UTF8": "utf-8", "SQL_ASCII": "utf-8", "LATIN1": "latin-1", "LATIN2": "iso8859-2", "LATIN9": "iso8859-15",
           "WIN1250": "cp1250", "WIN1252": "cp1252"}  # fmt: skip
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{1,2})|([0-7]{1,3})|(.))", re.DOTALL)
_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_BATCH = 1 << 14


@dataclass(slots=True)
class DumpReport:
    """What was left out: numbers of lines whose cells did not fit, and how many tables of the name were met."""

    bad_lines: list[int] = field(default_factory=list)
    tables: int = 0


def names_of(text: str) -> tuple[str, ...]:
    """The parts of a name or list of names as SQL quotes them; those without quotes in small letters.

    >>> names_of('public."Pay ""x"" y"'), names_of("Nid, period")
    (('public', 'Pay "x" y'), ('nid', 'period'))
    """
    found = (each.strip(",") for each in _PARTS.findall(text))
    return tuple(e[1:-1].replace('""', '"') if e.startswith('"') else e.lower() for e in found if e)


def unescaped(cell: str) -> str | None:
    r"""A cell as COPY's text format has it; None for null.

    >>> unescaped(r"a\tb\\"), unescaped(r"\N"), unescaped(r"\x41\102")
    ('a\tb\\', None, 'AB')
    """
    if cell == "\\N":
        return None
    return _ESCAPE.sub(_escape, cell) if "\\" in cell else cell


def _escape(match: re.Match[str]) -> str:
    if match[1]:
        return chr(int(match[1], 16))
    if match[2]:
        return chr(int(match[2], 8) & 255)
    return _CONTROLS.get(match[3], match[3])


def dump_batches(
    lines: Iterable[bytes], table: str, columns: Sequence[str], place: str, report: DumpReport
) -> Iterator[pa.RecordBatch]:
    """The rows of `table` (schema.table, or a name of any schema) as batches of text columns of these names.

    Columns that the dump lacks are null. Lines that do not fit are left out and told in `report`. Raises InputError
    when the dump holds no such table, ends within its rows or is of another format; UnsafeInput for an endless line.
    """
    reader = _Reader(lines, names_of(table), place, report)
    yield from reader.batches(list(columns))
    if not report.tables:
        raise InputError(f"{place}: holds no rows of table {table}; a dump must be of plain format, with its data")


class _Reader:
    def __init__(self, lines: Iterable[bytes], table: tuple[str, ...], place: str, report: DumpReport) -> None:
        self._lines, self._table, self._place, self._report = lines, table, place, report
        self._codec, self._number = "utf-8", 0

    def batches(self, columns: list[str]) -> Iterator[pa.RecordBatch]:
        numbered = self._numbered()
        for line in numbered:
            if line.startswith(b"SET client_encoding"):
                self._encoding(line)
            if not line.startswith(b"COPY "):
                continue
            match = _COPY.match(line.decode(self._codec, "replace"))
            if match is None:
                continue
            if not self._ours(names_of(match[1])):
                for rest in numbered:
                    if rest.rstrip(b"\r\n") == b"\\.":
                        break
                continue
            self._report.tables += 1
            yield from self._rows(numbered, names_of(match[2]), columns)

    def _numbered(self) -> Iterator[bytes]:
        for line in self._lines:
            self._number += 1
            if len(line) > LONGEST:
                raise UnsafeInput(f"{self._place}: line {self._number} is longer than {LONGEST >> 20} MiB")
            if self._number == 1 and line.startswith(b"PGDMP"):
                raise InputError(f"{self._place}: a dump of custom format; turn it into plain text: pg_restore -f FILE")
            yield line

    def _encoding(self, line: bytes) -> None:
        match = _ENCODING.match(line)
        name = match[1].decode().upper() if match else ""
        if name not in _CODECS:
            raise InputError(f"{self._place}: line {self._number}: encoding not known; dump again with --encoding=UTF8")
        self._codec = _CODECS[name]

    def _ours(self, name: tuple[str, ...]) -> bool:
        return name == self._table if len(self._table) == len(name) else name[-1] == self._table[-1]

    def _rows(
        self, lines: Iterator[bytes], have: tuple[str, ...], wanted: list[str]
    ) -> Iterator[pa.RecordBatch]:  # fmt: skip
        places = [have.index(name) if name in have else -1 for name in wanted]
        rows: list[list[str | None]] = []
        for line in lines:
            text = line.rstrip(b"\r\n")
            if text == b"\\.":
                yield _batch(rows, wanted)
                return
            try:
                cells = text.decode(self._codec).split("\t")
            except UnicodeDecodeError:
                cells = []
            if len(cells) != len(have):
                self._report.bad_lines.append(self._number)
                continue
            rows.append([None if place < 0 else unescaped(cells[place]) for place in places])
            if len(rows) == _BATCH:
                yield _batch(rows, wanted)
                rows = []
        raise InputError(f"{self._place}: ends within the table's rows: it would pass for a copy that lacks the rest")


def _batch(rows: list[list[str | None]], names: list[str]) -> pa.RecordBatch:
    cells = zip(*rows, strict=True) if rows else ([] for _ in names)
    return pa.RecordBatch.from_arrays([pa.array(list(each), pa.string()) for each in cells], names=names)
