"""A chunk: as many parts of one file as are stored at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from kulla.detect.correlate.signals import Signal
from kulla.events.batch import Origin
from kulla.events.schema import SCHEMA
from kulla.hunt import correlated, find
from kulla.hunt.gathering import Came
from kulla.hunt.hits import HITS
from kulla.hunt.rulebook import Index

ROWS: Final = 100_000
BYTES: Final = 192 << 20
"""A chunk is stored when it holds so many events, or so many bytes of them as Arrow has them."""
PROBLEMS: Final = 20


@dataclass(slots=True)
class Chunk:
    """`origin` is the file's, without a member; `number` its order among all files for correlations."""

    origin: Origin
    number: int
    index: Index
    events: list[pa.Table] = field(default_factory=list)
    hits: list[pa.Table] = field(default_factory=list)
    signals: list[Signal] = field(default_factory=list)
    rejects: int = 0
    problems: list[str] = field(default_factory=list)
    rows: int = 0
    size: int = 0

    @property
    def full(self) -> bool:
        """Whether it should be stored now."""
        return self.rows >= ROWS or self.size >= BYTES

    def add(self, came: Came) -> None:
        """Take a part."""
        part, member, sha256 = came.part, came.source.member, self.origin.source_sha256
        if part.events is not None:
            origin = Origin(self.origin.source_file, sha256, member, self.origin.constituent, self.origin.zone)
            self.events.append(find.events(part.events, came.offset, origin))
            self.rows += part.events.num_rows
            self.size += part.events.nbytes
        if part.hits.num_rows:
            self.hits.append(find.identify(came.hits, sha256, member))
        if part.signals.num_rows:
            self.signals += correlated.signals(came.signals, part.source, sha256, self.number, self.index)
        for reject in came.rejects:
            self.reject(f"{member + ': ' if member else ''}{reject.unit} {reject.position}: {reject.reason}")

    def reject(self, text: str) -> None:
        """Count something that could not be read."""
        self.rejects += 1
        if len(self.problems) < PROBLEMS:
            self.problems.append(text[:300])

    def table(self) -> pa.Table:
        """Its events, in the contract's columns."""
        return pa.concat_tables(self.events).unify_dictionaries() if self.events else SCHEMA.empty_table()

    def found(self) -> pa.Table:
        """Its hits (schema `HITS`)."""
        return pa.concat_tables(self.hits) if self.hits else HITS.empty_table()


def span(table: pa.Table) -> tuple[int | None, int | None]:
    """Times of the first and last event in µs since 1970 UTC; None when none bears one."""
    found = pc.min_max(table["time"].cast(pa.int64())).as_py()
    return found["min"], found["max"]


def hosts(table: pa.Table) -> Sequence[str]:
    """The hosts it names."""
    return [each for each in table["host"].unique().cast(pa.string()).to_pylist() if each]
