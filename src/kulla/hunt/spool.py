"""The hits of a run, kept on disk and handed out in the order of a timeline.

An external merge sort: tables are gathered up to a size, sorted and written as a run; runs are merged, at most
`FAN_IN` at a time, by taking from each the rows up to the least of their last keys. Memory holds one run while
gathering, and one chunk of each run while merging, whatever the number of hits.
"""

from __future__ import annotations

import tempfile
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa

from kulla.errors import OutputError
from kulla.hunt.hits import HITS

RUN_BYTES = 64 << 20
CHUNK_BYTES = 1 << 20
FAN_IN = 32

_ORDER = "_order"
_SCHEMA = HITS.append(pa.field(_ORDER, pa.int64()))
_KEYS = [("time", "ascending"), ("file", "ascending"), ("record", "ascending"), ("rule_id", "ascending"),
         (_ORDER, "ascending")]  # fmt: skip
_Key = tuple[bool, int, str, int, str, int]


class Spool:
    """Hits in any number, added in a deterministic order and read back sorted as often as wanted.

    Order: time (those without one last), file, record, rule_id, then the order of arrival. A context manager: its
    files lie in a folder of their own under `folder` (None: the system's) and go with it. Raises `OutputError`
    when the disk cannot hold them.
    """

    def __init__(self, folder: Path | None = None, run_bytes: int = RUN_BYTES, chunk_bytes: int = CHUNK_BYTES) -> None:
        try:
            self._folder = tempfile.TemporaryDirectory(prefix="kulla-hits-", dir=folder)
        except OSError as error:
            raise _full(str(folder or tempfile.gettempdir()), error) from error
        self._run_bytes = run_bytes
        self._chunk_bytes = chunk_bytes
        self._gathered: list[pa.Table] = []
        self._size = 0
        self._runs: list[Path] = []
        self._made = 0
        self.count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._folder.cleanup()

    def __len__(self) -> int:
        return self.count

    def add(self, hits: pa.Table) -> None:
        """Keep a table of hits (schema `HITS`). Nothing may be added once the spool has been read."""
        if not hits.num_rows:
            return
        order = pa.array(range(self.count, self.count + hits.num_rows), pa.int64())
        self._gathered.append(hits.cast(HITS).append_column(_SCHEMA.field(_ORDER), order))
        self.count += hits.num_rows
        self._size += hits.nbytes
        if self._size >= self._run_bytes:
            self._flush()

    def __iter__(self) -> Iterator[pa.Table]:
        """All hits in order, as tables of about `chunk_bytes`."""
        self._flush()
        while len(self._runs) > 1:
            self._merge_some()
        for run in self._runs:
            for chunk in _chunks(run):
                yield chunk.drop_columns([_ORDER])

    def _flush(self) -> None:
        if self._gathered:
            table = pa.concat_tables(self._gathered).sort_by(_KEYS)
            self._gathered, self._size = [], 0
            self._runs.append(self._write(_cut(table, self._chunk_bytes)))

    def _merge_some(self) -> None:
        """Merge the oldest runs into one. Which are merged when does not matter: the key is total."""
        some = self._runs[:FAN_IN]
        merged = self._write(_merge([_chunks(run) for run in some], self._chunk_bytes))
        for run in some:
            run.unlink()
        self._runs = [*self._runs[FAN_IN:], merged]

    def _write(self, chunks: Iterator[pa.Table]) -> Path:
        self._made += 1
        path = Path(self._folder.name) / f"{self._made}.arrow"
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        try:
            with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, _SCHEMA, options=options) as writer:
                for chunk in chunks:
                    writer.write_table(chunk)
        except OSError as error:
            raise _full(self._folder.name, error) from error
        return path


def _full(folder: str, error: OSError) -> OutputError:
    return OutputError(f"{folder}: cannot keep hits there ({error.strerror or error}); set TMPDIR to a larger disk")


def _cut(table: pa.Table, size: int) -> Iterator[pa.Table]:
    rows = max(1, table.num_rows * size // max(1, table.nbytes))
    for start in range(0, table.num_rows, rows):
        yield table.slice(start, rows)


def _chunks(path: Path) -> Iterator[pa.Table]:
    with pa.OSFile(str(path), "rb") as source, pa.ipc.open_stream(source) as reader:
        for batch in reader:
            yield pa.Table.from_batches([batch])


class _Head:
    """The chunk that a run stands at, with its rows' keys."""

    def __init__(self, chunks: Iterator[pa.Table]) -> None:
        self._chunks = chunks
        self.advance()

    def advance(self) -> None:
        self.table: pa.Table | None = next(self._chunks, None)
        self.keys: Sequence[_Key] = [] if self.table is None else _keys(self.table)
        self.at = 0

    def take(self, bound: _Key) -> pa.Table | None:
        """The rows not yet taken whose key is at most `bound`."""
        assert self.table is not None
        start, self.at = self.at, bisect_right(self.keys, bound, lo=self.at)
        rows = self.table.slice(start, self.at - start)
        if self.at == len(self.keys):
            self.advance()
        return rows if rows.num_rows else None


def _keys(table: pa.Table) -> list[_Key]:
    times = table["time"].cast(pa.int64()).to_pylist()
    rest = (table[name].to_pylist() for name in ("file", "record", "rule_id", _ORDER))
    return [(time is None, time or 0, *others) for time, *others in zip(times, *rest, strict=True)]


def _merge(runs: Sequence[Iterator[pa.Table]], size: int) -> Iterator[pa.Table]:
    heads = [head for head in map(_Head, runs) if head.table is not None]
    while heads:
        bound = min(head.keys[-1] for head in heads)
        taken = [rows for head in heads if (rows := head.take(bound)) is not None]
        yield from _cut(pa.concat_tables(taken).sort_by(_KEYS), size)
        heads = [head for head in heads if head.table is not None]
