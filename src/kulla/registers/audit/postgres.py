"""The logs of PostgreSQL that can be read: which reader a file takes, and a stretch of it made into steps."""

from __future__ import annotations

import io
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Final, Protocol

import numpy as np
import pyarrow as pa

from kulla.events.formats._api import Reject
from kulla.events.formats.postgres_stderr import PostgresStderr
from kulla.registers.audit import csvlog, jsonlog, slow
from kulla.registers.audit.frames import LF, QUOTE
from kulla.registers.audit.lines import Taken
from kulla.registers.audit.ranges import RANGES, ranges
from kulla.registers.audit.steps import STEPS, steps

_TAIL: Final = 1 << 14
"""Bytes at a stretch's end in which its last record is sought first."""


class Take(Protocol):
    """Reads a stretch that starts where a record starts, from a line's number on. `last`: the log ends with it."""

    def __call__(self, data: bytes, first_line: int, zone: tzinfo | None, last: bool) -> Taken: ...


@dataclass(frozen=True, slots=True)
class Stretch:
    """What a stretch of a log gave.

    Attributes:
        steps: as STEPS.
        rejects: what is no record, with the reason.
        ranges: as RANGES: which lines of which sessions were there.
        consumed: bytes read; the rest begins a record that ends beyond the stretch.
        count: lines within these.
        records: how many records were read, those that are part of no access included.
    """

    steps: pa.Table = field(default_factory=STEPS.empty_table)
    rejects: tuple[Reject, ...] = ()
    ranges: pa.Table = field(default_factory=RANGES.empty_table)
    consumed: int = 0
    count: int = 0
    records: int = 0


def stderr(data: bytes, first_line: int, zone: tzinfo | None, last: bool) -> Taken:
    """The plain log, through its format. The stretch must not cut what belongs to its last record (see `whole`)."""
    return slow.read(PostgresStderr(), data, first_line, zone)


def _outside_quotes(data: bytes) -> int:
    """The offset behind the last line end before which all quotes close, sought from the end; 0 when there is none."""
    before = int(np.count_nonzero(np.frombuffer(data, np.uint8) == QUOTE))  # 5 × faster than bytes.count
    behind = _TAIL
    while data:
        start = max(0, len(data) - behind)
        tail = np.frombuffer(data, np.uint8)[start:]
        quotes, ends = np.flatnonzero(tail == QUOTE), np.flatnonzero(tail == LF)
        closed = ends[((before - len(quotes) + np.searchsorted(quotes, ends)) & 1) == 0]
        if len(closed):
            return start + int(closed[-1]) + 1
        if not start:
            break
        behind *= 16
    return 0


def whole(form: str, data: bytes) -> int:
    """How many bytes of a stretch are whole records if none in it is broken; 0 when that cannot be told.

    csvlog: up to the last line end outside quotes; jsonlog: up to the last line end; the plain log: up to the start of
    the last record that may go on."""
    if form == "postgres_csvlog":
        return _outside_quotes(data)
    if form == "postgres_jsonlog":
        return data.rfind(b"\n") + 1
    behind = _TAIL
    while data:
        aim = max(1, len(data) - behind)
        cuts = PostgresStderr().cut(io.BytesIO(data), len(data), aim)
        if len(cuts) > 1:
            return cuts[-1].start
        if aim == 1:
            break
        behind *= 16
    return 0


READERS: Final[dict[str, Take]] = {
    "postgres_csvlog": csvlog.take,
    "postgres_jsonlog": jsonlog.take,
    "postgres_stderr": stderr,
}
"""Name of the format in `kulla.events` → its reader here."""


def stretch(
    form: str, data: bytes, first_line: int, zone: tzinfo | None, last: bool, poolers: Collection[str] = ()
) -> Stretch:
    """Read a stretch of a log of that format. Never raises for bad input."""
    taken = READERS[form](data, first_line, zone, last)
    return Stretch(
        steps(taken.lines, poolers), tuple(taken.rejects), ranges(taken.lines), taken.consumed, taken.count,
        len(taken.lines),
    )  # fmt: skip
