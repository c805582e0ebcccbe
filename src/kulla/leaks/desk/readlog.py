"""The reads that lie at the centre, `registers/<name>/reads/*.parquet` in schema READ, to arrays (`ReadLog`).

Files are streamed; a distinct bitmap is kept once, since the same list or the whole register is read again and again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kulla.errors import InputError
from kulla.leaks.attribute.readlog import NAMED, PER_READ, ReadLog, empty
from kulla.leaks.desk.filehashes import file_hashes
from kulla.leaks.desk.indexstore import beside
from kulla.registers.schema import EXTENTS, READ, SEALS

CHUNK: Final = 1 << 16
"""Reads that are worked on at a time: their bitmaps are some 70 MB, of 10 M reads 11 GB."""

_CODED: Final = {
    "account": "account", "end_user": "end_user", "grade": "end_user_grade", "client": "client",
    "application": "application", "session": "session", "template": "template_id", "kind": "kind",
    "file": "file_sha256", "bitmap": "records",
}  # fmt: skip
"""Codes of a ReadLog → the column they stand for."""
_UNUSED: Final = ("register", "outcome", "case_given", "outside_remit")
_COLUMNS: Final = [name for name in READ.names if name not in _UNUSED]


def read_files(folder: Path) -> tuple[Path, ...]:
    """The files of reads in a folder, in order."""
    return tuple(sorted(folder.glob("*.parquet")))


def reads_sha256(folder: Path) -> str:
    """One hash for all reads in a folder: SHA-256 over the files' own, in order. Names do not count."""
    whole = hashlib.sha256()
    for digest in file_hashes(read_files(folder), beside(folder) / "reads.json"):
        whole.update(digest)
    return whole.hexdigest()


def reads_count(folder: Path) -> int:
    """How many reads there are, without reading them. Raises InputError naming the file that cannot be read."""
    count = 0
    for path in read_files(folder):
        try:
            count += pq.read_metadata(path).num_rows
        except (pa.ArrowException, OSError) as error:
            raise InputError(f"{path}: the reads cannot be read ({type(error).__name__})") from None
    return count


def readlog(folder: Path, span: tuple[int, int] | None = None) -> ReadLog:
    """All reads in a folder; empty when it has no file.

    span: only reads whose snapshots meet [first, last), microseconds UTC. Whatever span is given, the log covers no
    more than it, and attribution says so.

    Raises InputError naming the file that cannot be read or is no file of reads.
    """
    names: dict[str, dict[Any, int]] = {name: {} for name in (*_CODED, "columns")}
    none, most, count = empty(), reads_count(folder), 0
    # The arrays are made whole: put together from parts, each would be there twice for a while.
    made: dict[str, Any] = {
        name: np.empty((most, *each.shape[1:]), each.dtype) for name in PER_READ for each in (getattr(none, name),)
    }
    for batch in _batches(read_files(folder), span):
        for name, values in _arrays(batch, names).items():
            made[name][count : count + len(values)] = values
        count += batch.num_rows
    pa.default_memory_pool().release_unused()
    arrays = {name: each[:count] for name, each in made.items()}
    return ReadLog(**arrays | {plural: tuple(names[name]) for name, plural in NAMED.items()})


def _batches(paths: Iterable[Path], span: tuple[int, int] | None) -> Iterator[pa.RecordBatch]:
    for path in paths:
        try:
            with pq.ParquetFile(path) as file:
                missing = [name for name in _COLUMNS if name not in file.schema_arrow.names]
                if missing:
                    raise InputError(f"{path}: no file of reads: it has no column {missing[0]}")
                for batch in file.iter_batches(CHUNK, columns=_COLUMNS):
                    kept = batch if span is None else batch.filter(_within(batch, span))
                    if kept.num_rows:
                        yield kept
        except (pa.ArrowException, OSError) as error:
            raise InputError(f"{path}: the reads cannot be read ({type(error).__name__})") from None


def _within(batch: pa.RecordBatch, span: tuple[int, int]) -> pa.Array:
    start, stop = (batch[name].cast(pa.int64()) for name in ("snapshot_from", "snapshot_to"))
    return pc.and_(pc.less(start, span[1]), pc.greater_equal(stop, span[0]))


def _arrays(batch: pa.RecordBatch, names: dict[str, dict[Any, int]]) -> dict[str, np.ndarray]:
    found = {name: _codes(batch[column], names[name]) for name, column in _CODED.items()}
    found["columns"] = _column_sets(batch["columns"], names["columns"])
    line = _numbers(batch["line_from"], 0)
    return found | {
        "start": _numbers(batch["snapshot_from"].cast(pa.int64()), 0),
        "stop": _numbers(batch["snapshot_to"].cast(pa.int64()), 0),
        "extent": _words(batch["extent"], EXTENTS, "unknown"),
        "sealed": _words(batch["sealed"], SEALS, "never"),
        "rows": _numbers(batch["rows"], -1),
        "record": _numbers(batch["record"], 0).astype(np.uint32),
        "line_from": line,
        "lines": (_numbers(batch["line_to"], 0) - line + 1).astype(np.int32),
        "line_hash": _bytes(batch["line_hash"]),
        "read_id": _bytes(batch["read_id"]),
    }


def _codes(column: pa.Array, known: dict[Any, int]) -> np.ndarray:
    """Codes of values by first appearance over all batches; -1 for null."""
    coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    used = coded.dictionary.to_pylist()
    table = np.array([known.setdefault(each, len(known)) for each in used] + [-1], np.int32)
    places = pc.fill_null(coded.indices.cast(pa.int64()), -1)
    return np.asarray(table[np.asarray(places.to_numpy(zero_copy_only=False))])


def _column_sets(column: pa.Array, known: dict[Any, int]) -> np.ndarray:
    """Codes of lists of names; null is a value of its own. Lists are told apart by their joined text."""
    whole = pc.binary_join(column.cast(pa.list_(pa.string())), "\x1f").dictionary_encode()
    # An empty list and a list of one empty name join to the same text: both name no column.
    lists = [tuple(each.split("\x1f")) if each else () for each in whole.dictionary.to_pylist()]
    table = np.array([known.setdefault(each, len(known)) for each in [*lists, None]], np.int32)
    places = pc.fill_null(whole.indices.cast(pa.int64()), len(lists))
    return np.asarray(table[np.asarray(places.to_numpy(zero_copy_only=False))])


def _words(column: pa.Array, words: tuple[str, ...], otherwise: str) -> np.ndarray:
    """The places of words in their tuple; what is null or unheard of counts as `otherwise`, the least trusted."""
    place = pc.index_in(column.cast(pa.string()), pa.array(words))
    return np.asarray(pc.fill_null(place, words.index(otherwise)).to_numpy(zero_copy_only=False), np.int8)


def _numbers(column: pa.Array, missing: int) -> np.ndarray:
    return np.asarray(pc.fill_null(column.cast(pa.int64()), missing).to_numpy(zero_copy_only=False), np.int64)


def _bytes(column: pa.Array) -> np.ndarray:
    """Values of 16 bytes, shape (n, 16); zeros for null."""
    filled = pc.fill_null(column, bytes(16)) if column.null_count else column
    data = np.frombuffer(filled.buffers()[1], np.uint8)
    return data[filled.offset * 16 : (filled.offset + len(filled)) * 16].reshape(-1, 16).copy()
