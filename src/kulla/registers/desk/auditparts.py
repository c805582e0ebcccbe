"""A PostgreSQL log of any size, read by several processes in parts that are cut where records end.

Parts are cut by quotes alone, in advance. Where a part's reader finds a broken record, records end elsewhere, so what
was cut after it is thrown away and cut anew: the result is that of reading from front to end. Of the steps of a part
each session's last statement is carried over to where the session goes on, see `audit.sessions`.

Where the log is a file, a worker reads its part itself, through this process's open file: sent through a socket, the
bytes are copied five times more. A worker may read files in any case (`kulla.events.confine`), so this gives it no
right. It cannot where /proc is closed to it; then, and for streams without a file, the bytes are sent.
"""

from __future__ import annotations

import gc
import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import BinaryIO, Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kulla.events.formats._api import Reject
from kulla.events.sandbox import Died, Pool, Result
from kulla.registers.audit import postgres, sessions
from kulla.registers.audit.frames import LF
from kulla.registers.audit.lines import Offsets
from kulla.registers.audit.ranges import RANGES
from kulla.registers.audit.steps import STEPS

PART: Final = 6 << 20
"""Bytes of a part: a reader's arrays stay within the caches (4 to 8 MiB measured best)."""

_LONGEST: Final = 80 << 20
"""Bytes after which a part is read though no record ends in it."""

_UNFINISHED: Final = 1 << 20
"""Bytes that a record being written has at most; the rest of a longer one is not waited for."""


@dataclass(frozen=True, slots=True)
class Task:
    """A part to read: `data`, or where that is None, `length` bytes from `offset` of the file at `path`."""

    form: str
    data: bytes | None
    path: str
    offset: int
    length: int
    first_line: int
    zone: str
    last: bool
    poolers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """What a part gave.

    Attributes:
        accesses: as `sessions.ACCESSES`; those whose session goes on wait until the last part.
        rejects: what is no record.
        ranges: see `audit.ranges`.
        records: how many records were read.
        consumed: bytes of the log up to the end of its last whole record so far.
        lines: lines up to there.
        died: why the part could not be read.
    """

    accesses: pa.Table
    rejects: tuple[Reject, ...] = ()
    ranges: pa.Table = field(default_factory=RANGES.empty_table)
    records: int = 0
    consumed: int = 0
    lines: int = 0
    died: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """What a worker sends back."""

    accesses: pa.Table
    waiting: pa.Table
    passed: tuple[str, ...]
    """Sessions that had steps of which none waits."""
    rejects: tuple[Reject, ...]
    ranges: pa.Table
    consumed: int
    count: int
    records: int
    unfinished: tuple[int, int]
    """Bytes and lines at the log's end that begin a record."""
    unread: bool = False
    """The file could not be read by the worker."""


def work(task: Task) -> Piece:
    """Read a part; runs in a worker."""
    collecting = gc.isenabled()
    gc.disable()  # decoding makes millions of objects and no cycles: collecting costs a tenth
    try:
        return _read(task)
    finally:
        if collecting:
            gc.enable()


def _read(task: Task) -> Piece:
    zone: tzinfo | None = ZoneInfo(task.zone) if task.zone else None
    data = _fetched(task) if task.data is None else task.data
    if len(data) != task.length:
        nothing = sessions.ACCESSES.empty_table(), STEPS.empty_table(), (), (), RANGES.empty_table()
        return Piece(*nothing, 0, 0, 0, (0, 0), unread=True)
    made = postgres.stretch(task.form, data, task.first_line, zone, task.last, task.poolers)
    joined = sessions.join(made.steps, first=False, last=False)
    return Piece(
        joined.accesses, joined.waiting, joined.passed, made.rejects, made.ranges, made.consumed, made.count,
        made.records, _unfinished(made.rejects, task, data),
    )  # fmt: skip


def _fetched(task: Task) -> bytes:
    """The part out of its file; less of it, or nothing, when it cannot be had."""
    try:
        with open(task.path, "rb", buffering=0) as file:
            file.seek(task.offset)
            return file.read(task.length)
    except OSError:
        return b""


def _unfinished(rejects: tuple[Reject, ...], task: Task, data: bytes) -> tuple[int, int]:
    """The log's last record, when it broke off there: its writer may still be at it."""
    if not task.last or task.form == "postgres_stderr" or not rejects:
        return 0, 0
    raw = rejects[-1].raw
    if len(raw) > _UNFINISHED or not data.endswith(raw) or _whole(task.form, raw):
        return 0, 0
    return len(raw), raw.count(b"\n") + (not raw.endswith(b"\n"))


def _whole(form: str, raw: bytes) -> bool:
    return raw.endswith(b"\n") and (form == "postgres_jsonlog" or raw.count(b'"') % 2 == 0)


def parts(
    stream: BinaryIO,
    size: int,
    form: str,
    start: tuple[int, int],
    zone: str,
    poolers: tuple[str, ...],
    pool: Pool[Task],
    part_bytes: int = PART,
) -> Iterator[Part]:
    """Read a log from byte and line (from 0) `start` on. The last part brings the accesses that waited for it."""
    offset, line = start
    waiting = _Waiting()
    done = offset >= size
    path = _path(stream)
    while not done:
        cutter = _Cutter(stream, size, form, (offset, line), zone, poolers, part_bytes, path)
        done = True
        for outcome in pool.run(cutter.tasks(), size=lambda task: task.length):
            if isinstance(outcome, Died):
                yield Part(sessions.ACCESSES.empty_table(), died=outcome.reason, consumed=offset, lines=line)
                break
            if not isinstance(outcome, Result):
                continue
            piece = outcome.value
            assert isinstance(piece, Piece)
            if piece.unread or (path and not piece.consumed):  # or the file was written over since it was cut
                path, done = "", False
                break
            offset, line = offset + piece.consumed, line + piece.count
            made = pa.concat_tables([piece.accesses, waiting.put(piece.waiting, piece.passed, line)])
            yield Part(
                made, piece.rejects, piece.ranges, piece.records, offset - piece.unfinished[0],
                line - piece.unfinished[1],
            )  # fmt: skip
            if piece.consumed < cutter.lengths[outcome.index]:
                done = False  # a broken record lay in it: what was cut behind it begins inside a record
                break
    if len(late := waiting.rest()):
        yield Part(late, consumed=-1)


class _Waiting:
    """The steps that wait for others of their statement, in one table for each part that brought some.

    A part is joined only with the steps of its own sessions: with many short sessions tens of thousands wait, and
    joining all of them anew at each part cost the parent half of its time.
    """

    def __init__(self) -> None:
        self._tables: dict[int, pa.Table] = {}
        self._due: dict[int, int] = {}
        """The line after which the first step of a table is no longer waited for."""
        self._where: dict[str, int] = {}
        self._next = 0

    def put(self, now: pa.Table, passed: Sequence[str], line: int) -> pa.Table:
        """Take in what waits at the end of a part, which is line `line`; the accesses of those that need not, or no
        longer. What is left is the last statement of each session that may go on.

        passed: other sessions of the part; what waited of them is whole.
        """
        made = [sessions.join(table).accesses for table in self._of(passed)]
        joined = sessions.join(pa.concat_tables([*self._of(sessions.named(now)), now]), last=False)
        self._keep(self._next, joined.waiting)
        self._next += 1
        made.append(joined.accesses)
        for number in [number for number, due in self._due.items() if due < line]:
            table = self._out(number)
            old = _due(table) < line
            made.append(sessions.join(table.filter(pa.array(old))).accesses)
            self._keep(number, table.filter(pa.array(~old)))
        return pa.concat_tables(made)

    def rest(self) -> pa.Table:
        """The accesses of all that still wait: the log has ended."""
        tables = list(self._tables.values())
        return sessions.join(pa.concat_tables(tables)).accesses if tables else sessions.ACCESSES.empty_table()

    def _of(self, names: Sequence[str]) -> list[pa.Table]:
        """The steps at hand of some sessions, taken out."""
        found = {self._where[name] for name in names if name in self._where}
        taken = []
        for number in sorted(found):
            table = self._out(number)
            mine = pc.fill_null(
                pc.is_in(table.column("session").cast(pa.string()), pa.array(names, pa.string())), False
            )
            taken.append(table.filter(mine))
            self._keep(number, table.filter(pc.invert(mine)))
        return taken

    def _out(self, number: int) -> pa.Table:
        table = self._tables.pop(number)
        del self._due[number]
        for name in sessions.named(table):
            self._where.pop(name, None)
        return table

    def _keep(self, number: int, table: pa.Table) -> None:
        if len(table):
            self._tables[number] = table
            self._due[number] = int(_due(table).min())
            self._where.update(dict.fromkeys(sessions.named(table), number))


def _due(steps: pa.Table) -> Offsets:
    """The line up to which each step is waited for: that of its session's last one."""
    line, session = sessions.deadlines(steps)
    order = np.argsort(session, kind="stable")
    last = np.append(session[order][1:] != session[order][:-1], True)
    found = np.empty(len(line), np.int64)
    found[order] = np.repeat(line[order][last], np.diff(np.flatnonzero(last), prepend=-1))
    return found


def _path(stream: BinaryIO) -> str:
    """Where another process of this user finds the stream's file, be it renamed or removed since; empty for none."""
    try:
        path = f"/proc/{os.getpid()}/fd/{stream.fileno()}"
    except (AttributeError, io.UnsupportedOperation, OSError):
        return ""
    return path if os.path.isfile(path) else ""


class _Cutter:
    """Makes the tasks; remembers of each only how long it was."""

    def __init__(
        self, stream: BinaryIO, size: int, form: str, start: tuple[int, int], zone: str, poolers: tuple[str, ...],
        part_bytes: int, path: str,
    ) -> None:  # fmt: skip
        self._stream, self._size, self._form = stream, size, form
        self._offset, self._line = start
        self._zone, self._poolers, self._aim, self._path = zone, poolers, part_bytes, path
        self.lengths: list[int] = []

    def tasks(self) -> Iterator[Task]:
        while self._offset < self._size:
            data, last = self._next()
            self.lengths.append(len(data))
            first_line, offset = self._line + 1, self._offset
            self._line += int(np.count_nonzero(np.frombuffer(data, np.uint8) == LF))
            self._offset += len(data)
            sent = None if self._path else data
            yield Task(
                self._form, sent, self._path, offset, len(data), first_line, self._zone, last, self._poolers
            )  # fmt: skip

    def _next(self) -> tuple[bytes, bool]:
        """A part, and whether it must be read to its end, since the log ends there or no record does in it."""
        self._stream.seek(self._offset)
        data = b""
        while len(data) < _LONGEST:
            more = self._stream.read(self._aim)
            data += more
            if not more or self._offset + len(data) >= self._size:
                return data[: self._size - self._offset], True
            if stop := postgres.whole(self._form, data):
                return data[:stop], False
        return data, True
