"""What makes questions fast: beside a data file, its fields as columns, and what its raw records are made of.

An index is made when a file is compacted and can be thrown away at any time: without it, answers are the same but come
later. `_index/<name>.parquet` holds a column for each field, c0, c1 … (Parquet knows their names, Delta and DuckDB,
which ignore case, need not), in the blocks of the data file; fields beyond the most frequent 500 have none, and their
blocks are listed. `_index/<name>.grams` is `lake.grams`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from kulla.errors import InputError
from kulla.events.fields import Values
from kulla.lake import grams
from kulla.lake.datafile import Reader

FOLDER: Final = "_index"
MOST_COLUMNS: Final = 500
VERSION: Final = "1"
HEAD: Final = b"kulla.index"

_Stamp = tuple[tuple[int, int, int], tuple[int, int, int]]


@dataclass(frozen=True)
class Index:
    """The index of one file.

    Attributes:
        path: of its columns, below the lake.
        columns: folded plain name → numbers of its columns.
        rest: folded plain name → the blocks where it has values in no column.
        names: plain names of all fields that occur.
        grams: the file of sets of runs.
        blocks: how many blocks there are.
    """

    reader: Reader
    path: str
    columns: Mapping[str, Sequence[int]]
    rest: Mapping[str, frozenset[int]]
    names: Sequence[str]
    grams: Path
    blocks: int

    def values(self, block: int, name: str) -> list[Values]:
        """The values of a folded name in a block, as far as they stand in columns."""
        wanted = [f"c{number}" for number in self.columns.get(name, ())]
        if not wanted:
            return []
        table = self.reader.read(self.path, [block], wanted)
        found = []
        for column in table.columns:
            text = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
            found.append(Values(np.flatnonzero(np.asarray(text.is_valid())).astype(np.int32), text.drop_null()))
        return found

    def left(self, block: int, name: str) -> bool:
        """Whether values of a folded name stand in a block outside the columns."""
        return block in self.rest.get(name, ())

    def may_have(self, name: str) -> npt.NDArray[np.bool_]:
        """Which blocks may have a field of a folded name."""
        if name in self.columns:
            return np.ones(self.blocks, bool)
        found = np.zeros(self.blocks, bool)
        found[list(self.rest.get(name, ()))] = True
        return found

    def may_hold(self, literal: str) -> npt.NDArray[np.bool_]:
        """Which blocks may hold a literal in a raw record."""
        return grams.may_hold(self.grams, self.blocks, literal)


class Indexes:
    """The indexes of a lake, opened once, and again when their files are others."""

    def __init__(self, root: Path, reader: Reader) -> None:
        self._root, self._reader = root, reader
        self._lock = threading.Lock()
        self._known: dict[str, tuple[_Stamp, Index]] = {}

    def of(self, path: str) -> Index | None:
        """The index of a data file; None when it has none, or one that cannot be used."""
        columns, sets = places(path)
        try:
            now = _stamp(self._root / columns), _stamp(self._root / sets)
        except OSError:
            return None
        with self._lock:
            before, index = self._known.get(path, (None, None))
            if before == now:
                return index
        if before is not None:
            self._reader.forget(columns)
        found = self._opened(path, columns, sets)
        if found is None:
            return None
        with self._lock:
            self._known[path] = now, found
            while len(self._known) > 4096:
                self._known.pop(next(iter(self._known)))
        return found

    def _opened(self, path: str, columns: str, sets: str) -> Index | None:
        blocks = self._reader.blocks(path).rows
        try:
            size = (self._root / sets).stat().st_size
            metadata = self._reader.metadata(columns)
            told = json.loads((metadata.metadata or {}).get(HEAD, b"{}"))
            fits = np.array_equal(self._reader.blocks(columns).rows, blocks) and size == grams.size_of(len(blocks))
            if told["version"] != VERSION or not fits:
                return None
            return Index(
                self._reader,
                columns,
                told["columns"],
                {name: frozenset(blocks) for name, blocks in told["rest"].items()},
                told["names"],
                self._root / sets,
                metadata.num_row_groups,
            )
        except (OSError, InputError, ValueError, LookupError, TypeError, AttributeError):
            return None


def _stamp(path: Path) -> tuple[int, int, int]:
    """What tells a file from another one in its place."""
    status = path.stat()
    return status.st_ino, status.st_mtime_ns, status.st_size


def places(path: str) -> tuple[str, str]:
    """Where the index of a data file lies: its columns, its sets of runs."""
    stem = Path(path).stem
    return f"{FOLDER}/{stem}.parquet", f"{FOLDER}/{stem}.grams"
