"""The records of a PostgreSQL log as one table, whichever way they were read: the input of interpretation.

Two readers make it: `slow` through the formats of `kulla.events`, which define the meaning, and the fast ones
(`csvlog`, `jsonlog`), which take only what they can prove regular. A property test holds them together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import methodcaller
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kulla.events.formats._api import Reject
from kulla.registers.audit.texts import digits
from kulla.registers.schema import LABEL, TIME

Offsets = npt.NDArray[np.int64]

TEXT: Final = pa.large_string()

LINES: Final = pa.schema([
    pa.field("line_from", pa.int64(), nullable=False),
    pa.field("line_to", pa.int64(), nullable=False),
    pa.field("line_hash", pa.binary(16), nullable=False),
    pa.field("time", TIME, nullable=False),
    *(pa.field(name, LABEL) for name in ("user", "database", "client", "session")),
    pa.field("line_num", pa.int64()),
    *(pa.field(name, LABEL) for name in ("severity", "sqlstate", "application", "backend_type")),
    pa.field("message", TEXT),
    pa.field("detail", TEXT),
    pa.field("statement", TEXT),
    *(pa.field(name, LABEL) for name in ("audit_type", "class", "command", "object_name")),
    pa.field("statement_id", pa.int64()),
    pa.field("substatement_id", pa.int64()),
    pa.field("parameter", TEXT),
    pa.field("rows", pa.int64()),
    pa.field("duration", pa.float64()),
])  # fmt: skip
"""One record of a log each, in the log's order, with the names of `kulla.events.formats._postgres`.

line_from, line_to: lines of the file, from 1; line_hash: see `hashes`; message: null for pgaudit's records; statement:
of the audit, of the logged statement, or the one that an error names; duration: milliseconds. Whatever the record
leaves empty, or gives as something that is no number where a number belongs, is null.
"""

NO_TIME: Final = "the record's time is no date and time"


@dataclass(frozen=True, slots=True)
class Taken:
    """What was read of a stretch of a log.

    Attributes:
        lines: as LINES.
        rejects: what is no record, with the reason.
        consumed: bytes of the stretch that were read; the rest begins a record that ends beyond it.
        count: lines within these bytes.
    """

    lines: pa.Table
    rejects: Sequence[Reject] = field(default_factory=list)
    consumed: int = 0
    count: int = 0


def hashes(data: bytes, starts: Offsets, stops: Offsets) -> pa.Array:
    """The first 16 bytes of SHA-256 over each stretch of `data`, without the line end (LF or CR LF) it may close with.

    >>> found = hashes(b"a\nb\n", np.array([0]), np.array([4]))
    >>> found[0].as_py() == hashlib.sha256(b"a\nb").digest()[:16]
    True
    """
    byte = np.frombuffer(data, np.uint8)
    if len(byte):
        ended = (stops > starts) & (byte[np.maximum(stops - 1, 0)] == 10)
        stops = stops - ended
        stops = stops - (ended & (stops > starts) & (byte[np.maximum(stops - 1, 0)] == 13))
    # All loops in C: 2 × faster than a comprehension, and this is the dearest single step of reading.
    pieces = map(data.__getitem__, map(slice, starts.tolist(), stops.tolist()))
    digests = b"".join(map(methodcaller("digest"), map(hashlib.sha256, pieces)))
    found = np.frombuffer(digests, np.uint8).reshape(-1, 32)[:, :16].tobytes()
    return pa.Array.from_buffers(pa.binary(16), len(starts), [None, pa.py_buffer(found)])


def newlines(data: bytes | memoryview) -> Offsets:
    """Where the lines of `data` end: the offset behind each LF."""
    return np.flatnonzero(np.frombuffer(data, np.uint8) == 10).astype(np.int64) + 1


def label(texts: pa.Array) -> pa.Array:
    """Texts as labels, empty ones null."""
    if not pa.types.is_dictionary(texts.type):
        texts = texts.cast(pa.string()).dictionary_encode()
    return texts.cast(LABEL)


def numbers(texts: pa.Array) -> pa.Array:
    """Texts of up to 18 digits as int64; null for any other."""
    if texts.type == TEXT and digits(texts):
        return texts.cast(pa.int64())
    plain = pc.match_substring_regex(texts, r"\A-?[0-9]{1,18}\z")
    return pc.if_else(plain, texts, pa.scalar(None, texts.type)).cast(pa.int64())


def milliseconds(texts: pa.Array) -> pa.Array:
    """Texts such as `1.524` as float64; null for any other."""
    plain = pc.match_substring_regex(texts, r"\A[0-9]{1,15}(\.[0-9]{1,9})?\z")
    return pc.if_else(plain, texts, pa.scalar(None, texts.type)).cast(pa.float64())


def timed(table: pa.Table, data: bytes | memoryview, spans: tuple[Offsets, Offsets]) -> tuple[pa.Table, list[Reject]]:
    """The records that have a time, and the others as rejects. `spans`: where each record lies in `data`."""
    missing = np.flatnonzero(table.column("time").is_null().to_numpy())
    if not len(missing):
        return table.cast(LINES), []
    places = table.column("line_from").to_numpy()
    rejects = [Reject(int(places[n]), NO_TIME, bytes(data[spans[0][n] : spans[1][n]])) for n in missing.tolist()]
    return table.filter(table.column("time").is_valid()).cast(LINES), rejects
