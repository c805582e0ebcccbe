"""A block of events, its columns read when they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kulla.events.fields import Rows, Values, plain
from kulla.events.text import fold
from kulla.lake.datafile import Reader
from kulla.lake.index import Index
from kulla.lake.layout import READ, File, whole
from kulla.lake.scope import Span
from kulla.lake.tree import LABELS

Mask = npt.NDArray[np.bool_]

TIMELESS = int(np.iinfo(np.int64).min)
"""Stands for the time of an event that has none: it sorts before all others."""


def one(column: pa.ChunkedArray) -> pa.Array:
    """A column as one array."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


@dataclass
class Block:
    """The events of one block of a file. `index` None: the file has none (yet); answers are the same, later."""

    reader: Reader
    file: File
    number: int
    index: Index | None = None

    @cached_property
    def rows(self) -> int:
        """How many events there are."""
        return int(self.reader.blocks(self.file.path).rows[self.number])

    @cached_property
    def time(self) -> npt.NDArray[np.int64]:
        """Their times, µs; TIMELESS where there is none."""
        time: npt.NDArray[np.int64] = pc.fill_null(self._read("time").cast(pa.int64()), TIMELESS).to_numpy()
        return time

    @cached_property
    def raw(self) -> pa.Array:
        """Their raw records."""
        return self._read("raw")

    def _read(self, name: str) -> pa.Array:
        return one(self.reader.read(self.file.path, [self.number], [name])[name])

    def inside(self, span: Span) -> Mask:
        """Which events lie in a span."""
        blocks = self.reader.blocks(self.file.path)
        first, last = blocks.first[self.number], blocks.last[self.number]
        if first >= span.since and last < span.until and (span.timeless or not blocks.timeless[self.number]):
            return np.ones(self.rows, bool)
        known = self.time != TIMELESS
        return np.where(known, (self.time >= span.since) & (self.time < span.until), span.timeless)

    def values(self, name: str) -> list[Values]:
        """All that stands under a name, whatever its case, in fields and labels; each with ascending rows."""
        wanted = fold(name)
        found = [] if self.index is None else self.index.values(self.number, wanted)
        if self.index is None or self.index.left(self.number, wanted):
            found = self._stored(wanted)
        if wanted in LABELS:
            found = [*found, self._label(wanted)]
        return [each for each in found if len(each.rows)]

    def _label(self, name: str) -> Values:
        if name in ("zone", "constituent"):
            text = pa.repeat(pa.scalar(getattr(self.file.partition, name)), self.rows)
            return Values(np.arange(self.rows, dtype=np.int32), text)
        column = self._read(name)
        return Values(np.flatnonzero(np.asarray(column.is_valid())).astype(np.int32), column.drop_null())

    @cached_property
    def entries(self) -> Entries:
        """All fields of all events, one entry each."""
        return Entries.of(self._read("fields"))

    def _stored(self, wanted: str) -> list[Values]:
        return self.entries.under([name for name in self.entries.names if fold(plain(name)) == wanted])

    def names(self) -> list[str]:
        """The names of fields that occur, without brackets."""
        return list(dict.fromkeys(plain(name) for name in self.entries.names))

    def table(self, rows: Rows) -> pa.Table:
        """Some events whole, in the columns of the batch contract, in the order given."""
        events = self.reader.read(self.file.path, [self.number], READ.names)
        return whole(events.take(pa.array(rows)), self.file.partition)

    def place(self, event_id: bytes) -> int | None:
        """The row of the event with this id; None when it is not here."""
        found = pc.index(self._read("event_id"), pa.scalar(event_id, pa.binary(16))).as_py()
        return None if found < 0 else int(found)

    def ids(self, rows: Rows) -> pa.Array:
        """The ids of some events."""
        return self._read("event_id").take(pa.array(rows))


@dataclass(frozen=True)
class Entries:
    """The fields of some events, entry by entry.

    Attributes:
        names: each name that occurs, as stored.
        codes: which of them each entry has.
        rows: the event of each entry, ascending.
        items: its value, or null.
    """

    names: list[str]
    codes: npt.NDArray[np.int32]
    rows: Rows
    items: pa.Array

    @classmethod
    def of(cls, fields: pa.MapArray) -> Entries:
        """Of the contract's `fields` column."""
        offsets = np.asarray(fields.offsets)
        low, high = int(offsets[0]), int(offsets[-1])
        coded = fields.keys.slice(low, high - low).dictionary_encode()
        rows = np.repeat(np.arange(len(fields), dtype=np.int32), np.diff(offsets))
        codes = coded.indices.to_numpy(zero_copy_only=False).astype(np.int32)
        return cls(coded.dictionary.to_pylist(), codes, rows, fields.items.slice(low, high - low))

    def under(self, names: Sequence[str]) -> list[Values]:
        """The non-null values of these names, one `Values` each."""
        found = []
        for name in names:
            at = np.flatnonzero(self.codes == self.names.index(name))
            items = self.items.take(pa.array(at))
            valid = np.asarray(items.is_valid())
            found.append(Values(self.rows[at][valid], items.drop_null()))
        return found
