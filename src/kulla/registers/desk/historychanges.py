"""The lines that triggers kept, applied to the versions that last: spooled first, then part by part of the keys.

A part is all that belongs to some of the keys, so that memory does not grow with the number of lines. An update that
changes a row's key is an end in one part and a beginning in another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zlib import crc32

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kulla.errors import InputError
from kulla.registers.connect.pgtypes import typed
from kulla.registers.desk.historysteps import schema_of, spooled
from kulla.registers.desk.historystore import HistoryStore, widened
from kulla.registers.history import keys, row_hashes, with_times
from kulla.registers.schema import KNOWN_FROM, KNOWN_TO, TIME, VALID_FROM
from kulla.registers.snapshots import register_columns
from kulla.registers.versioning import Applied, Change, Span, applied

LINES_AT_ONCE = 200_000
"""Lines of one part: about 250 MB."""

_BUCKETS = 1024
_HEAD = [("seq", pa.int64()), ("xid", pa.int64()), ("op", pa.string()), ("committed", TIME), ("noted", TIME)]


def line_schema(key: int, columns: int) -> pa.Schema:
    """The schema of lines as the database gives them, for so many columns of the key and in all."""
    texts = [*(f"was_{n}" for n in range(key)), *(f"now_{n}" for n in range(columns))]
    return pa.schema([*_HEAD, *((name, pa.string()) for name in texts)])


class LineChanges:
    """The lines of one take. `spool` them, exhaust `parts`, then ask what they did.

    Attributes:
        opened: versions that began.
        unmatched, clock_steps: as in `kulla.registers.versioning.Applied`.
    """

    def __init__(
        self, store: HistoryStore, key: Sequence[str], types: Mapping[str, str], present: Sequence[str], at: datetime
    ) -> None:  # fmt: skip
        self._store, self._key, self._types, self._present = store, tuple(key), types, tuple(present)
        self._schema = schema_of(types)
        self._at = int(pa.scalar(at, TIME).cast(pa.int64()).as_py())
        self._names = register_columns(self._schema)
        self._path: Path | None = None
        self._count = 0
        self.opened = self.unmatched = self.clock_steps = 0

    def spool(self, lines: Iterable[pa.RecordBatch]) -> None:
        """Keep the lines aside, typed and with their keys."""
        columns = [(f"now_{n}", self._schema.field(name).type) for n, name in enumerate(self._names)]
        found = [("was", pa.string()), ("now", pa.string()), ("was_bucket", pa.int32()), ("now_bucket", pa.int32())]
        self._path = self._store.stage("lines", pa.schema([*_HEAD[1:], *found, *columns]), map(self._line, lines))

    def _line(self, lines: pa.RecordBatch) -> pa.Table:
        self._count += lines.num_rows
        rows = self._now_rows(lines)
        before = [self._typed(name, lines.column(f"was_{n}")) for n, name in enumerate(self._key)]
        was, now = keys(pa.table(before, list(self._key)), self._key), keys(rows, self._key)
        columns = {name: lines.column(name) for name, _ in _HEAD[1:]}
        columns |= {"was": was, "now": now, "was_bucket": _buckets(was), "now_bucket": _buckets(now)}
        return pa.table(columns | {f"now_{n}": rows.column(name) for n, name in enumerate(self._names)})

    def _now_rows(self, lines: pa.RecordBatch) -> pa.Table:
        """The rows that came, one for each line (null where none came), in the register's columns and types."""
        given = {name: lines.column(f"now_{n}") for n, name in enumerate(self._present)}
        arrays = {
            name: self._typed(name, given[name]) if name in given else pa.nulls(lines.num_rows, self._type(name))
            for name in self._names
        }
        return pa.table(arrays)

    def _type(self, name: str) -> pa.DataType:
        return self._schema.field(name).type

    def _typed(self, name: str, texts: pa.Array) -> pa.Array:
        try:
            return typed(texts, self._type(name))
        except pa.ArrowInvalid:
            raise InputError(f"column {name}: a kept value does not fit the type {self._types[name]}") from None

    def parts(self) -> Iterator[tuple[pa.Table, pa.Table]]:
        """Lasting and closed versions, in pieces."""
        count = max(1, min(-(-self._count // LINES_AT_ONCE), _BUCKETS))
        for part in range(count):
            yield from self._part(range(part * _BUCKETS // count, (part + 1) * _BUCKETS // count))

    def _part(self, buckets: range) -> Iterator[tuple[pa.Table, pa.Table]]:
        lines = self._lines(buckets)
        changes = _as_changes(lines, buckets, self._at)
        touched = pa.array({key for c in changes for key in (c.before, c.after) if key is not None}, pa.string())
        old = pa.Table.from_batches(list(self._lasting(buckets, touched, inside=True)), self._schema)
        rows = pa.concat_tables([old.select(self._names), _rows(lines, self._names)])
        same = row_hashes(rows, self._names).view("V16")[:, 0].tolist()
        numbered = (replace(each, row=each.row + old.num_rows) for each in changes)
        done = _applied(list(zip(keys(old, self._key).to_pylist(), _spans(old), strict=True)), numbered, same)
        self.opened += sum(span.begun_by != -1 for span in (*done.lasting, *done.closed))
        self.unmatched += done.unmatched
        self.clock_steps += done.clock_steps
        yield _versions(rows, done.lasting), _versions(rows, done.closed)
        nothing = self._schema.empty_table()
        for batch in self._lasting(buckets, touched, inside=False):
            whole = pa.Table.from_batches([batch])
            yield (whole, nothing) if done.cleared is None else (nothing, _cleared(whole, *done.cleared))

    def _lines(self, buckets: range) -> pa.Table:
        found = [batch.filter(pa.array(_in(batch, buckets))) for batch in spooled(self._path)]
        columns = [(f"now_{n}", self._type(name)) for n, name in enumerate(self._names)]
        head = [*_HEAD[1:], ("was", pa.string()), ("now", pa.string()), ("was_bucket", pa.int32())]
        return pa.Table.from_batches(found, pa.schema([*head, ("now_bucket", pa.int32()), *columns]))

    def _lasting(self, buckets: range, touched: pa.Array, inside: bool) -> Iterator[pa.RecordBatch]:
        for batch in self._store.lasting():
            whole = widened(batch, self._schema)
            key = keys(whole, self._key)
            mask = pc.is_in(key, value_set=touched)
            mask = mask if inside else pc.invert(mask)
            if len(buckets) < _BUCKETS:
                mask = pc.and_(mask, pa.array(_within(_buckets(key).to_numpy(), buckets)))
            yield whole.filter(mask)

    def close(self) -> None:
        """Forget the lines."""
        if self._path is not None:
            self._path.unlink()


def _buckets(texts: pa.Array) -> pa.Array:
    return pa.array([crc32(each.encode()) % _BUCKETS for each in texts.to_pylist()], pa.int32())


def _within(numbers: npt.NDArray[np.int32], buckets: range) -> npt.NDArray[np.bool_]:
    return np.asarray((numbers >= buckets.start) & (numbers < buckets.stop))


def _in(lines: pa.RecordBatch, buckets: range) -> npt.NDArray[np.bool_]:
    ops = lines.column("op").to_numpy(zero_copy_only=False)
    was, now = (_within(lines.column(name).to_numpy(), buckets) for name in ("was_bucket", "now_bucket"))
    return np.asarray((ops == "T") | (was & np.isin(ops, ("U", "D"))) | (now & np.isin(ops, ("I", "U"))))


def _rows(lines: pa.Table, names: Sequence[str]) -> pa.Table:
    return pa.table([lines.column(f"now_{n}") for n in range(len(names))], list(names))


def _as_changes(lines: pa.Table, buckets: range, at: int) -> list[Change]:
    """The lines as changes; a commit whose time is not known lies between the line's writing and the take."""
    committed, noted = (lines.column(name).cast(pa.int64()).to_pylist() for name in ("committed", "noted"))
    was_here, now_here = (_within(lines.column(name).to_numpy(), buckets) for name in ("was_bucket", "now_bucket"))
    columns = (lines.column(name).to_pylist() for name in ("xid", "op", "was", "now"))
    found = []
    for row, (xid, op, was, now) in enumerate(zip(*columns, strict=True)):
        low = noted[row] if committed[row] is None else committed[row]
        high = max(at, low) if committed[row] is None else low
        ends, begins = op in ("U", "D") and was_here[row], op in ("I", "U") and now_here[row]
        found.append(Change(xid, low, high, was if ends else None, now if begins else None, row, op == "T"))
    return found


def _applied(old: list[tuple[str, Span]], changes: Iterable[Change], same: Sequence[object]) -> Applied:
    """As `applied`; further rows that tell of earlier sights of a version (their known_to is set) end with it."""
    whole = {key: span for key, span in old if span.known_to is None}
    earlier = [(key, span) for key, span in old if span.known_to is not None]
    done = applied(dict(whole), changes, same)
    for key, span in earlier:
        span.valid_to = whole[key].valid_to if key in whole else None
        (done.lasting if span.valid_to is None else done.closed).append(span)
    return done


def _spans(versions: pa.Table) -> list[Span]:
    begun = versions.column(VALID_FROM).cast(pa.int64()).to_pylist()
    known, until = (versions.column(name).cast(pa.int64()).to_pylist() for name in (KNOWN_FROM, KNOWN_TO))
    rows = enumerate(zip(begun, known, until, strict=True))
    return [Span(row, start, sure, None, last) for row, (start, sure, last) in rows]


def _versions(rows: pa.Table, spans: list[Span]) -> pa.Table:
    taken = rows.take(pa.array([span.row for span in spans], pa.int64()))
    names = ("valid_from", "valid_to", "known_from", "known_to")
    return with_times(taken, *(pa.array([getattr(span, name) for span in spans], pa.int64()) for name in names))


def _cleared(versions: pa.Table, low: int, high: int) -> pa.Table:
    """Untouched versions that a TRUNCATE ended."""
    least = pc.add(versions.column(VALID_FROM).cast(pa.int64()), 1)
    ends = pc.max_element_wise(least, high)
    known = pa.nulls(len(versions), pa.int64()) if low == high else pc.max_element_wise(least, low)
    rows = versions.select(register_columns(versions.schema))
    known_to = pc.coalesce(versions.column(KNOWN_TO).cast(pa.int64()), known)
    return with_times(rows, versions.column(VALID_FROM), ends, versions.column(KNOWN_FROM), known_to)
