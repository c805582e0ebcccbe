"""What a log format is, and what it makes of bytes.

A format is one file here with one class, listed in `FORMATS` of this package. It reads a `Piece` (a whole
decompressed file or member, or a part of one that `cut` offered), and yields `Parsed` runs of at most about
`context.batch_bytes` bytes. It never raises for bad input: what cannot be parsed goes into `Parsed.rejects`,
and reading goes on at the next record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import BinaryIO, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kulla.events.fields import Fields


@dataclass(frozen=True, slots=True)
class Reject:
    """A stretch of input that could not be parsed.

    `position` is the record's (line number from 1, EventRecordID, or byte offset when `unit` says so);
    `reason` says what is wrong without quoting the content; `raw` is the content, for `--rejects`.
    """

    position: int
    reason: str
    raw: bytes
    unit: str = "line"


@dataclass(frozen=True, slots=True)
class Context:
    """What a format may know beyond the bytes.

    `zone` is the time zone of times that carry none. `clock` is when the file was last written (aware), by which
    RFC 3164's year is found; None when unknown. `first_position` is the position of the piece's first
    record when the piece starts inside a file (line formats). `name` is the file's name, for messages and hints.
    `wanted` are the fields that will be asked for, learnt while reading (it may change between two runs): a format
    that makes columns on demand makes these in its one pass.
    """

    name: str = ""
    zone: tzinfo | None = None
    clock: datetime | None = None
    first_position: int = 1
    batch_bytes: int = 48 << 20
    batch_events: int = 50_000
    wanted: Sequence[str] = ()


@dataclass(slots=True)
class Parsed:
    """A run of events as the format understood them. All arrays have one entry an event; labels may be null.

    `time` is timestamp[us, UTC], null where missing; `quality` holds the contract's four words. `raw` is the
    record's text (EVTX: its JSON rendering). `provider`, `channel`, `event_code` and `host` are what the format
    itself knows; the logsource table can fill them from fields where they are null.
    """

    format: str
    position: npt.NDArray[np.int64]
    raw: pa.LargeStringArray
    fields: Fields
    time: pa.TimestampArray
    quality: pa.Array
    host: pa.Array | None = None
    provider: pa.Array | None = None
    channel: pa.Array | None = None
    event_code: pa.Array | None = None
    rejects: Sequence[Reject] = field(default_factory=list)
    lines: int = 0
    """Lines consumed by this run, rejects and blanks included (line formats), to place the next piece."""

    def __len__(self) -> int:
        return len(self.position)


@dataclass(frozen=True, slots=True)
class Bundle:
    """What several small files hold, as one run: `owner` has for each event the number of its file, `rejects` has those
    of each file, `parsed` none."""

    parsed: Parsed
    owner: npt.NDArray[np.int32]
    rejects: Sequence[list[Reject]]


@dataclass(frozen=True, slots=True)
class Cut:
    """A part of a file that can be read on its own: bytes [start, stop)."""

    start: int
    stop: int


class Format(Protocol):
    """One log format."""

    name: str
    untrusted_binary: bool
    """True when only a sandboxed child may parse it."""

    def sniff(self, head: bytes, name: str) -> int:
        """How sure this format is of the first bytes of a file (up to 64 KiB): 0 not mine, up to 100 certain.

        `name` may only break ties: contents decide, since extensions lie."""

    def cut(self, stream: BinaryIO, size: int, aim: int) -> Sequence[Cut]:
        """Parts of about `aim` bytes that can be read apart; a single part when the format cannot be split.
        `stream` is seekable. The parts' union is the file."""

    def read(self, stream: BinaryIO, part: Cut | None, context: Context) -> Iterator[Parsed]:
        """Parse the part (None: all of a possibly unseekable stream)."""


@runtime_checkable
class Bundling(Protocol):
    """What a format may offer besides: several small files read as one run. Its events take nothing from the context
    that differs from file to file."""

    def read_bundle(self, streams: Iterable[BinaryIO], context: Context) -> Bundle:
        """Everything the files hold; as `read`, it never raises for bad input."""
