"""A PostgreSQL log of any size, read by several processes in parts that are cut where records end.

Parts are cut by quotes alone, in advance. Where a part's reader finds a broken record, records end elsewhere, so what
was cut after it is thrown away and cut anew: the result is that of reading from front to end.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import BinaryIO, Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from kulla.events.formats._api import Reject
from kulla.events.sandbox import Died, Pool, Result
from kulla.registers.audit import postgres, sessions
from kulla.registers.audit.ranges import RANGES
from kulla.registers.audit.steps import START

PART: Final = 6 << 20
"""Bytes of a part: a reader's arrays stay within the caches (4 to 8 MiB measured best)."""

_LONGEST: Final = 80 << 20
"""Bytes after which a part is read though no record ends in it."""

_UNFINISHED: Final = 1 << 20
"""Bytes that a record being written has at most; the rest of a longer one is not waited for."""

_FORGET: Final = 400_000
_FORGET_START: Final = 4_000_000
"""Lines after which a statement's record no longer waits for others of it: hardly any statement logs over a longer
stretch; one logged before it ran may take hours."""


@dataclass(frozen=True, slots=True)
class Task:
    """A part to read."""

    form: str
    data: bytes
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
    rejects: tuple[Reject, ...]
    ranges: pa.Table
    consumed: int
    count: int
    records: int
    unfinished: tuple[int, int]
    """Bytes and lines at the log's end that begin a record."""


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
    made = postgres.stretch(task.form, task.data, task.first_line, zone, task.last, task.poolers)
    joined = sessions.join(made.steps, last=False)
    return Piece(
        joined.accesses, joined.waiting, made.rejects, made.ranges, made.consumed, made.count, made.records,
        _unfinished(made.rejects, task),
    )  # fmt: skip


def _unfinished(rejects: tuple[Reject, ...], task: Task) -> tuple[int, int]:
    """The log's last record, when it broke off there: its writer may still be at it."""
    if not task.last or task.form == "postgres_stderr" or not rejects:
        return 0, 0
    raw = rejects[-1].raw
    if len(raw) > _UNFINISHED or not task.data.endswith(raw) or _whole(task.form, raw):
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
    waiting: pa.Table | None = None
    done = offset >= size
    while not done:
        cutter = _Cutter(stream, size, form, (offset, line), zone, poolers, part_bytes)
        done = True
        for outcome in pool.run(cutter.tasks(), size=lambda task: len(task.data)):
            if isinstance(outcome, Died):
                yield Part(sessions.ACCESSES.empty_table(), died=outcome.reason, consumed=offset, lines=line)
                break
            if not isinstance(outcome, Result):
                continue
            piece = outcome.value
            assert isinstance(piece, Piece)
            offset, line = offset + piece.consumed, line + piece.count
            waiting, late = _waited(waiting, piece.waiting, line)
            made = pa.concat_tables([piece.accesses, late])
            yield Part(
                made, piece.rejects, piece.ranges, piece.records, offset - piece.unfinished[0],
                line - piece.unfinished[1],
            )  # fmt: skip
            if piece.consumed < cutter.lengths[outcome.index]:
                done = False  # a broken record lay in it: what was cut behind it begins inside a record
                break
    if waiting is not None and len(waiting):
        yield Part(sessions.join(waiting).accesses, consumed=-1)


def _waited(before: pa.Table | None, now: pa.Table, line: int) -> tuple[pa.Table, pa.Table]:
    """Steps that wait on, and the accesses of those that need not, or no longer."""
    joined = sessions.join(now if before is None else pa.concat_tables([before, now]), last=False)
    waiting = joined.waiting
    place = waiting.column("line_from").to_numpy()
    start = waiting.column("mark").to_numpy() == START
    old = place < np.where(start, line - _FORGET_START, line - _FORGET)
    if not old.any():
        return waiting, joined.accesses
    given_up = sessions.join(waiting.filter(pa.array(old))).accesses
    return waiting.filter(pa.array(~old)), pa.concat_tables([joined.accesses, given_up])


class _Cutter:
    """Makes the tasks; remembers of each only how long it was."""

    def __init__(
        self, stream: BinaryIO, size: int, form: str, start: tuple[int, int], zone: str, poolers: tuple[str, ...],
        part_bytes: int,
    ) -> None:  # fmt: skip
        self._stream, self._size, self._form = stream, size, form
        self._offset, self._line = start
        self._zone, self._poolers, self._aim = zone, poolers, part_bytes
        self.lengths: list[int] = []

    def tasks(self) -> Iterator[Task]:
        while self._offset < self._size:
            data, last = self._next()
            self.lengths.append(len(data))
            first_line = self._line + 1
            self._line += data.count(b"\n")
            self._offset += len(data)
            yield Task(self._form, data, first_line, self._zone, last, self._poolers)

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
