"""Data files: Parquet, zstd, rows in blocks of 4,096, named by the hash of their bytes, on the disk before a name is.

The hash is what `check` compares a file with.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kulla.errors import InputError, OutputError
from kulla.lake.delta import fsync
from kulla.lake.layout import BLOCK, READ, STORED, UNDATED, File, Partition
from kulla.settings import MIB

LEVEL: Final = 1
"""Of zstd: level 3 costs a tenth more time for 0.4 % less space."""

_UNIQUE = frozenset(["event_id", "time", "position", "raw", "fields"])
_REPEATING = [*(name for name in READ.names if name not in _UNIQUE), "fields.key_value.key", "fields.key_value.value"]
"""What a dictionary makes smaller. Without one for the others a file is 5 % smaller and raw read a quarter faster."""

_WRITTEN = 4
"""Blocks that are waited for before they are written."""

_OPEN_FILES = 16
_FOOTERS = 12 * MIB
"""Footers that are kept, in bytes on the disk: they grow 13-fold in memory. An index of 500,000 events has one of
1 MB, read in 10 ms."""

_BLOCKS = 20_000
"""Files whose blocks' times are kept: without them, a question of one day would read the footers of all."""


def write(root: Path, partition: Partition, tables: Iterable[pa.Table], whence: str) -> File:
    """Write events (columns `STORED` or like it) as a file of a partition and bring it onto the disk.

    `whence`: what the events come from. Its hash is part of the name, so that equal events from two chunks are two
    files, while a chunk that is written again after a crash is one.

    Returns what the log has to say of it. Raises OutputError when the disk does not take it."""
    folder = root / partition.folder
    try:
        made = _missing(folder, root)
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f".{os.getpid()}-{threading.get_ident()}.part"
        rows, first, last = _written(part, tables)
        with part.open("rb") as stream:
            name = hashlib.file_digest(stream, "sha256").hexdigest()
            os.fsync(stream.fileno())
        path = folder / f"{name}-{hashlib.sha256(whence.encode()).hexdigest()[:16]}.parquet"
        size = part.stat().st_size
        os.replace(part, path)
        for each in (folder, *made):
            fsync(each)
    except OSError as error:
        raise OutputError(f"{folder}: the lake cannot be written: {error.strerror or error}") from error
    if partition.day == UNDATED:
        first = last = None
    return File(path.relative_to(root).as_posix(), partition, size, rows, first, last)


def _missing(folder: Path, root: Path) -> list[Path]:
    """The folders whose lists of names change when `folder` is made."""
    found = []
    while folder != root and not folder.exists():
        folder = folder.parent
        found.append(folder)
    return found


def _written(path: Path, tables: Iterable[pa.Table]) -> tuple[int, int | None, int | None]:
    rows, lows, highs = 0, [], []
    with pq.ParquetWriter(path, READ, compression="zstd", compression_level=LEVEL, use_dictionary=_REPEATING) as writer:
        for table in _in_blocks(tables):
            writer.write_table(table.cast(READ), row_group_size=BLOCK)
            time = table["time"].drop_null().cast(pa.int64()).to_numpy()
            rows += len(table)
            if len(time):
                lows.append(int(time.min()))
                highs.append(int(time.max()))
    return rows, min(lows, default=None), max(highs, default=None)


def _in_blocks(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same events in tables of whole blocks, but for the last: an index has its blocks where the file has them."""
    waiting: list[pa.Table] = []
    for table in tables:
        waiting.append(table)
        count = sum(len(each) for each in waiting)
        if count < _WRITTEN * BLOCK:
            continue
        joined = pa.concat_tables(waiting)
        whole = count - count % BLOCK
        yield joined.slice(0, whole)
        waiting = [joined.slice(whole)]
    if any(len(each) for each in waiting):
        yield pa.concat_tables(waiting)


@dataclass(frozen=True, slots=True)
class Blocks:
    """The blocks of a file: their rows, the first and last time in each (µs), and how many events have none."""

    rows: np.ndarray
    first: np.ndarray
    last: np.ndarray
    timeless: np.ndarray


class Reader:
    """Reads blocks of files below a folder. Footers are kept, since files do not change; of one that is another now,
    `forget` what is kept. Safe for threads."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._footers: OrderedDict[str, pq.FileMetaData] = OrderedDict()
        self._size = 0
        self._known: OrderedDict[str, Blocks] = OrderedDict()
        self._local = threading.local()
        self._turns: dict[str, int] = {}

    def blocks(self, path: str) -> Blocks:
        """The blocks of a file. Raises InputError when it cannot be read."""
        with self._lock:
            if path in self._known:
                return self._known[path]
        found = _blocks(self.metadata(path))
        with self._lock:
            self._known[path] = found
            if len(self._known) > _BLOCKS:
                self._known.popitem(last=False)
        return found

    def read(self, path: str, blocks: Sequence[int], columns: Sequence[str]) -> pa.Table:
        """Columns of some blocks, in this order. Raises InputError when the file cannot be read."""
        try:
            return self._file(path).read_row_groups(list(blocks), columns=list(columns), use_threads=False)
        except (OSError, pa.ArrowInvalid) as error:
            raise _broken(self._root / path, error) from error

    def metadata(self, path: str) -> pq.FileMetaData:
        """The footer of a file. Raises InputError when it cannot be read."""
        with self._lock:
            if path in self._footers:
                self._footers.move_to_end(path)
                return self._footers[path]
        try:
            found = pq.read_metadata(self._root / path)
        except (OSError, pa.ArrowInvalid) as error:
            raise _broken(self._root / path, error) from error
        with self._lock:
            if path not in self._footers:
                self._size += found.serialized_size
            self._footers[path] = found
            while self._size > _FOOTERS and len(self._footers) > 1:
                self._size -= self._footers.popitem(last=False)[1].serialized_size
        return found

    def forget(self, path: str) -> None:
        """The file is another one now: read it anew."""
        with self._lock:
            found = self._footers.pop(path, None)
            self._size -= found.serialized_size if found else 0
            self._known.pop(path, None)
            self._turns[path] = self._turns.get(path, 0) + 1

    def _file(self, path: str) -> pq.ParquetFile:
        """The file, open for this thread: an open file is not for two threads at once."""
        held: OrderedDict[str, tuple[int, pq.ParquetFile]] = self._local.__dict__.setdefault("held", OrderedDict())
        turn = self._turns.get(path, 0)
        if path in held and held[path][0] != turn:
            held.pop(path)[1].close()
        if path not in held:
            metadata = self.metadata(path)
            held[path] = turn, pq.ParquetFile(self._root / path, metadata=metadata, memory_map=True)
            if len(held) > _OPEN_FILES:
                held.popitem(last=False)[1][1].close()
        held.move_to_end(path)
        return held[path][1]


def _blocks(metadata: pq.FileMetaData) -> Blocks:
    names = [metadata.schema.column(number).path for number in range(metadata.num_columns)]
    time = names.index("time") if "time" in names else None
    rows, first, last, timeless = [], [], [], []
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        stats = group.column(time).statistics if time is not None else None
        rows.append(group.num_rows)
        dated = stats is not None and stats.has_min_max
        first.append(stats.min_raw if stats is not None and dated else np.iinfo(np.int64).max)
        last.append(stats.max_raw if stats is not None and dated else np.iinfo(np.int64).min)
        timeless.append(stats.null_count if stats is not None and stats.has_null_count else group.num_rows)
    return Blocks(*(np.array(each, np.int64) for each in (rows, first, last, timeless)))


def _broken(path: Path, error: Exception) -> InputError:
    if isinstance(error, FileNotFoundError):
        return InputError(f"{path}: a file of the lake is missing; run `kulla lake check`")
    return InputError(f"{path}: a file of the lake cannot be read; run `kulla lake check` ({type(error).__name__})")


assert STORED.names == READ.names
