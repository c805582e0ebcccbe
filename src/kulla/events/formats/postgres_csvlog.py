"""PostgreSQL's csvlog: CSV without a header, 23 columns in PostgreSQL 9.x-12, 24 in 13, 26 since 14.

A record may span lines (statements in quotes). A record is taken as whole only when its quotes close and its columns
count; so text inside a statement that looks like a record never becomes one. Where a record is broken (a server that
crashed while writing), its first line is rejected and reading resumes at the next line that starts like a record.
Names of fields: see `_postgres`.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from kulla.events.formats._api import Context, Cut, Parsed
from kulla.events.formats._postgres import TIMESTAMP, Record, Run, lines_of, text_of

COLUMNS = (
    "log_time", "user", "database", "pid", "client", "session", "line_num", "command_tag", "session_start",
    "virtual_transaction", "transaction", "severity", "sqlstate", "message", "detail", "hint", "internal_query",
    "internal_position", "context", "statement", "cursor_position", "location", "application", "backend_type",
    "leader_pid", "query_id",
)  # fmt: skip
_COUNTS = (23, 24, 26)
_RECORD_BYTES = 64 << 20  # PostgreSQL keeps a log message under 1 GB; more than this open is taken as a lost quote
_QUOTED = r'(?:"(?:[^"]|"")*")?'
_START = re.compile(
    rf"(?:\xef\xbb\xbf)?{TIMESTAMP},{_QUOTED},{_QUOTED},\d+,{_QUOTED},[0-9a-f]+\.[0-9a-f]+,\d+,".encode("latin-1")
)
_CLIENT = re.compile(r"(.*):(\d+)\Z", re.DOTALL)


def _record(text: str) -> Record | str:
    """The record's fields, or why it is none."""
    try:
        rows = list(csv.reader([text], strict=True))
    except csv.Error:
        return "quotes do not close where a column ends"
    values = rows[0] if len(rows) == 1 else []
    if len(values) not in _COUNTS:
        return "not 23, 24 or 26 columns: part of a record is missing"
    record: Record = {name: value for name, value in zip(COLUMNS, values, strict=False) if value}
    client = _CLIENT.match(values[4])
    if client is not None:
        record["client"], record["client_port"] = client.groups()
    return record


class _Reader:
    """Lines of the part, with those of a record that proved broken put back."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self._waiting: deque[bytes] = deque()

    def next(self) -> bytes | None:
        return self._waiting.popleft() if self._waiting else next(self._lines, None)

    def record(self, first: bytes) -> list[bytes]:
        """The lines up to the one at which the quotes close, or as many as there are."""
        lines = [first]
        odd = first.count(b'"') % 2
        size = len(first)
        while odd and size < _RECORD_BYTES and (line := self.next()) is not None:
            lines.append(line)
            odd ^= line.count(b'"') % 2
            size += len(line)
        return lines

    def resume(self, lines: list[bytes]) -> list[bytes]:
        """Keep the broken record's lines up to the next that starts like a record; put the rest back."""
        stop = next((n for n in range(1, len(lines)) if _START.match(lines[n])), len(lines))
        self._waiting.extendleft(reversed(lines[stop:]))
        return lines[:stop]


class PostgresCsvlog:
    """The format."""

    name = "postgres_csvlog"
    untrusted_binary = False

    def sniff(self, head: bytes, name: str) -> int:
        return 97 if any(_START.match(line) for line in head.splitlines()) else 0

    def cut(self, stream: BinaryIO, size: int, aim: int) -> Sequence[Cut]:
        """Parts end where all quotes before them close, the next line starting like a record."""
        cuts: list[Cut] = []
        start = offset = odd = 0
        stream.seek(0)
        for line in lines_of(stream, 0, size):
            if offset - start >= aim and not odd and _START.match(line):
                cuts.append(Cut(start, offset))
                start = offset
            odd ^= line.count(b'"') % 2
            offset += len(line)
        return [*cuts, Cut(start, offset)] if offset > start else cuts

    def read(self, stream: BinaryIO, part: Cut | None, context: Context) -> Iterator[Parsed]:
        reader = _Reader(lines_of(stream, part.start, part.stop) if part else lines_of(stream, 0, None))
        run = Run(self.name, context)
        taken = position = context.first_position
        while (first := reader.next()) is not None:
            lines = [first] if not first.strip() else reader.record(first)
            position += self._take(reader, lines, position, run)
            if run.full:
                yield run.take(position - taken)
                taken = position
        if position > taken:
            yield run.take(position - taken)

    @staticmethod
    def _take(reader: _Reader, lines: list[bytes], position: int, run: Run) -> int:
        """Add or reject one record; the number of lines it took."""
        raw = b"".join(lines)
        if not raw.strip():
            return len(lines)
        if not raw.endswith(b"\n") and raw.count(b'"') % 2:
            broken: Record | str = "the record ends before its quotes close"
        else:
            broken = (
                _record(text_of(raw).removeprefix("\ufeff")) if _START.match(raw) else "does not start like a record"
            )
        if isinstance(broken, dict):
            run.add(position, text_of(raw), broken)
            return len(lines)
        lines = reader.resume(lines)
        run.reject(position, broken, b"".join(lines))
        return len(lines)
