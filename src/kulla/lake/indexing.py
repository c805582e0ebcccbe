"""Makes the index of a data file (see `lake.index`), and compares one with what would be made."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from kulla.errors import KullaError, OutputError
from kulla.events.fields import plain
from kulla.events.text import fold
from kulla.lake import grams
from kulla.lake.block import Entries, one
from kulla.lake.datafile import Reader
from kulla.lake.delta import fsync
from kulla.lake.index import HEAD, MOST_COLUMNS, VERSION, places
from kulla.lake.layout import BLOCK

_TOGETHER = 16
"""Blocks whose fields are laid out at once: 65,536 events, some 150 MB at the peak."""


_Names = tuple[list[str], dict[str, set[int]], list[str]]


@dataclass
class _Run:
    """The fields of a run of blocks, ordered by name: entries `bounds[n]` to `bounds[n + 1]` bear the name `names[n]`.

    Attributes:
        first: the number of the first block.
        count: how many events there are.
        rows: the event of each entry, counted from the run's first.
    """

    first: int
    count: int
    names: list[str]
    rows: npt.NDArray[np.int32]
    bounds: npt.NDArray[np.int64]
    unordered: pa.Array
    order: npt.NDArray[np.int64]

    @cached_property
    def items(self) -> pa.Array:
        """The value of each entry, or null."""
        return self.unordered.take(pa.array(self.order))

    @classmethod
    def of(cls, first: int, fields: pa.MapArray) -> _Run:
        """Of the contract's `fields` column."""
        entries = Entries.of(fields)
        few = len(entries.names) < 1 << 15  # numpy orders short integers in one pass
        order = np.argsort(entries.codes.astype(np.int16) if few else entries.codes, kind="stable")
        bounds = np.cumsum([0, *np.bincount(entries.codes, minlength=len(entries.names))])
        return cls(first, len(fields), entries.names, entries.rows[order], bounds, entries.items, order)

    def named(self) -> Iterator[tuple[str, npt.NDArray[np.int32]]]:
        """Each name with the events that have it."""
        for number, name in enumerate(self.names):
            yield name, self.rows[self.bounds[number] : self.bounds[number + 1]]


def build(root: Path, reader: Reader, path: str) -> None:
    """Make the index of a data file, whole or not at all. Raises OutputError when the disk does not take it."""
    columns, sets = (root / each for each in places(path))
    parts = [each.with_name(f".{each.name}.part") for each in (columns, sets)]
    runs: Callable[[], Iterable[_Run]] = partial(_runs, reader, path)
    if len(reader.blocks(path).rows) <= _TOGETHER:  # one run: kept, not read twice
        runs = partial(tuple, list(runs()))
    try:
        columns.parent.mkdir(exist_ok=True)
        _write_columns(runs(), _names(runs()), parts[0])
        parts[1].write_bytes(grams.pack([grams.of_block(block) for block in _raw(reader, path)]))
        for each in parts:  # a torn index would give wrong answers, not slow ones
            fsync(each)
        os.replace(parts[1], sets)
        os.replace(parts[0], columns)
    except OSError as error:
        raise OutputError(f"{columns}: the lake's index cannot be written: {error.strerror or error}") from error


def flaw(root: Path, reader: Reader, path: str) -> str:
    """What in the index of a data file is other than its events give; empty: nothing. `reader` should be a fresh one,
    so that what lies on the disk is read. Raises InputError when the data file cannot be read."""
    columns, sets = places(path)
    kept, _, _ = names = _names(_runs(reader, path))
    head = _head(names)
    schema = _schema(kept, head)
    try:
        if (reader.metadata(columns).metadata or {}).get(HEAD) != head:
            return "its list of fields"
        for run in _runs(reader, path) if kept else ():
            blocks = range(run.first, run.first + -(-run.count // BLOCK))
            found = reader.read(columns, blocks, schema.names)
            found.validate(full=True)
            if not found.equals(_wide(run, kept, schema)):
                return "its columns"
        told = (root / sets).read_bytes()
    except (KullaError, OSError, ValueError, pa.ArrowException):
        return "what of it cannot be read"
    made = grams.pack([grams.of_block(block) for block in _raw(reader, path)])
    return "" if told == made else "its sets of runs"


def _raw(reader: Reader, path: str) -> Iterator[pa.Array]:
    for number in range(len(reader.blocks(path).rows)):
        yield one(reader.read(path, [number], ["raw"])["raw"])


def _runs(reader: Reader, path: str) -> Iterator[_Run]:
    count = len(reader.blocks(path).rows)
    for first in range(0, count, _TOGETHER):
        fields = reader.read(path, range(first, min(first + _TOGETHER, count)), ["fields"])["fields"]
        yield _Run.of(first, one(fields))


def _names(runs: Iterable[_Run]) -> _Names:
    """The stored names that get a column, the blocks of the others, and all plain names.

    A name that stands twice in one event gets none: a column has one place for it."""
    counts: Counter[str] = Counter()
    blocks: dict[str, set[int]] = {}
    twice: set[str] = set()
    for run in runs:
        for name, rows in run.named():
            counts[name] += len(rows)
            held = np.flatnonzero(np.bincount(rows // BLOCK))
            blocks.setdefault(name, set()).update((run.first + held).tolist())
            if (rows[1:] == rows[:-1]).any():
                twice.add(name)
    kept = [name for name, _ in counts.most_common() if name not in twice][:MOST_COLUMNS]
    rest = {name: found for name, found in blocks.items() if name not in set(kept)}
    return kept, rest, sorted({plain(name) for name in counts})


def _head(names: _Names) -> bytes:
    """What the index says of its columns."""
    kept, rest, known = names
    columns: dict[str, list[int]] = {}
    for number, name in enumerate(kept):
        columns.setdefault(fold(plain(name)), []).append(number)
    left: dict[str, set[int]] = {}
    for name, blocks in rest.items():
        left.setdefault(fold(plain(name)), set()).update(blocks)
    told = {
        "version": VERSION,
        "columns": columns,
        "rest": {key: sorted(each) for key, each in left.items()},
        "names": known,
    }
    return json.dumps(told).encode()


def _schema(kept: Sequence[str], head: bytes) -> pa.Schema:
    # A file without any field still has its blocks: they are counted by them.
    columns = [pa.field(f"c{number}", pa.string()) for number in range(len(kept))]
    return pa.schema(columns or [pa.field("none", pa.null())], metadata={HEAD: head})


def _write_columns(runs: Iterable[_Run], names: _Names, to: Path) -> None:
    kept, head = names[0], _head(names)
    schema = _schema(kept, head)
    with pq.ParquetWriter(
        to, schema, compression="zstd", compression_level=1, write_statistics=False, store_schema=False
    ) as writer:
        writer.add_key_value_metadata({HEAD: head})
        for run in runs:
            writer.write_table(_wide(run, kept, schema), row_group_size=BLOCK)


def _wide(run: _Run, names: Sequence[str], schema: pa.Schema) -> pa.Table:
    """The fields laid out, a column for each of `names`."""
    if not names:
        return pa.table([pa.nulls(run.count)], schema=schema)
    at = {name: number for number, name in enumerate(run.names)}
    return pa.Table.from_arrays([_column(run, at.get(name)) for name in names], schema=schema)


def _column(run: _Run, number: int | None) -> pa.Array:
    if number is None:
        return pa.nulls(run.count, pa.string())
    first, last = int(run.bounds[number]), int(run.bounds[number + 1])
    if last - first == run.count:
        return run.items.slice(first, last - first)
    place = np.full(run.count, -1, np.int64)
    place[run.rows[first:last]] = np.arange(first, last)
    return run.items.take(pa.array(place, mask=place < 0))
