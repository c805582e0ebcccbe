"""Upkeep: small files become large ones, ordered by time; each gets its index; what left the table leaves the disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kulla.lake import indexing
from kulla.lake.block import TIMELESS
from kulla.lake.datafile import Reader, write
from kulla.lake.index import FOLDER, Indexes, places
from kulla.lake.layout import BLOCK, READ, File, ordered
from kulla.settings import MIB

LARGE: Final = 128 * MIB
"""From this size on a file is left alone; files are merged until they reach twice as much."""

FEW: Final = 4
"""Fewer small files of one partition wait for more."""

_SLICE: Final = 4 * BLOCK
"""Events merged at once, at least."""


@dataclass(frozen=True, slots=True)
class Compacted:
    """What compaction did: files merged and made, indexes made, bytes before and after."""

    merged: int = 0
    made: int = 0
    indexed: int = 0
    before: int = 0
    after: int = 0

    def plus(self, files: Sequence[File], made: File) -> Compacted:
        """With one more merge."""
        size = sum(each.size for each in files)
        indexed = self.indexed + (made.rows >= BLOCK)
        return Compacted(self.merged + len(files), self.made + 1, indexed, self.before + size, self.after + made.size)


def groups(files: Sequence[File], every: bool = False) -> Iterator[list[File]]:
    """The files to merge into one each: small ones of one partition, oldest first, up to 2 × LARGE together.

    Unless `every` one is wanted, groups wait until they hold FEW files and the largest is at most half of them, so that
    an event is written again only as its file doubles."""
    ordered = sorted(files, key=lambda each: (each.partition, each.first or 0, each.path))
    for _, members in groupby((each for each in ordered if each.size < LARGE), key=lambda each: each.partition):
        group: list[File] = []
        for each in members:
            if group and sum(one.size for one in group) + each.size > 2 * LARGE:
                if len(group) > 1:
                    yield group
                group = []
            group.append(each)
        if len(group) > 1 and (every or _ripe(group)):
            yield group


def _ripe(group: Sequence[File]) -> bool:
    sizes = [each.size for each in group]
    return len(group) >= FEW and 2 * max(sizes) <= sum(sizes)


def merge(root: Path, reader: Reader, files: Sequence[File]) -> File:
    """Some files of one partition as one, ordered by time. It is not in the table yet."""
    return write(root, files[0].partition, merged(reader, files), " ".join(each.path for each in files))


def merged(reader: Reader, files: Sequence[File]) -> Iterator[pa.Table]:
    """The events of some files by time, those without first.

    A file is ordered already (`layout.split`); of each one run of blocks is held at a time."""
    runs = [_Run(reader, each) for each in files]
    waiting: list[pa.Table] = []
    while runs:
        horizon = min(run.horizon for run in runs)
        waiting += [part for run in runs if len(part := run.until(horizon))]
        runs = [run for run in runs if not run.ended]
        if runs and sum(len(each) for each in waiting) < _SLICE:
            continue
        yield _sorted(waiting)
        waiting = []


def _sorted(tables: Sequence[pa.Table]) -> pa.Table:
    table = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    return ordered(table)


def _times(table: pa.Table) -> npt.NDArray[np.int64]:
    found: npt.NDArray[np.int64] = pc.fill_null(table["time"].cast(pa.int64()), TIMELESS).to_numpy()
    return found


class _Run:
    """One file read in time order, a run of blocks at a time."""

    def __init__(self, reader: Reader, file: File) -> None:
        self._reader, self._file = reader, file
        self._next, self._count = 0, len(reader.blocks(file.path).rows)
        self._fill()

    def _fill(self) -> None:
        last = min(self._next + 4, self._count)
        self._held = ordered(self._reader.read(self._file.path, range(self._next, last), READ.names))
        self._next = last

    @property
    def horizon(self) -> int:
        """The last time held: of what is up to it, nothing more will come."""
        if self._next == self._count:
            return int(np.iinfo(np.int64).max)
        return int(_times(self._held.slice(len(self._held) - 1))[0])

    @property
    def ended(self) -> bool:
        """Whether nothing is held or left."""
        return self._next == self._count and not len(self._held)

    def until(self, horizon: int) -> pa.Table:
        """Take what is up to the horizon, and read on when nothing is left."""
        count = int(np.searchsorted(_times(self._held), horizon, "right"))
        taken, self._held = self._held.slice(0, count), self._held.slice(count)
        if not len(self._held) and self._next < self._count:
            self._fill()
        return taken


def unindexed(files: Sequence[File], indexes: Indexes) -> list[File]:
    """The files that have no index and are worth one: of a block at least."""
    return [each for each in files if each.rows >= BLOCK and indexes.of(each.path) is None]


def index(root: Path, reader: Reader, file: File) -> None:
    """Make a file's index."""
    indexing.build(root, reader, file.path)


def indexed(root: Path, file: File) -> bool:
    """Whether a file has an index, or a part of one."""
    return any((root / each).exists() for each in places(file.path))


def stray_indexes(root: Path) -> list[Path]:
    """What in the folder of indexes belongs to no data file on the disk. A file that has left the table keeps its index
    as long as itself: a search may still read both."""
    known = {name for path in root.glob("zone=*/**/*.parquet") for name in places(path.name)}
    return [path for path in sorted((root / FOLDER).glob("*")) if f"{FOLDER}/{path.name}" not in known]
