"""The parts of an imprint as files: `part-000001.parquet`, ascending; a part's name is never used for other content.

So a copy elsewhere follows by names alone: take the parts it lacks, drop those that are gone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kulla.errors import InputError, OutputError
from kulla.registers.desk.recordmap import replaced
from kulla.registers.folder import made
from kulla.registers.imprint import later_wins, row_keys
from kulla.registers.imprintformat import FROM, RECORD_NO, ImprintInfo, imprint_info, imprint_schema, require_same

CHUNK = 1 << 18
"""Rows that are worked on at a time."""

_PREFIX = "part-"
_RANGE_BITS = 15


@dataclass(frozen=True, slots=True)
class Part:
    """One file of an imprint."""

    path: Path
    info: ImprintInfo
    rows: int

    def chunks(self) -> Iterator[pa.Table]:
        """Its rows, a chunk at a time."""
        with pq.ParquetFile(self.path) as file:
            for batch in file.iter_batches(CHUNK):
                yield pa.Table.from_batches([batch])


def parts_in(folder: Path) -> tuple[Part, ...]:
    """The parts in a folder, in order. Raises InputError or ConfigError for one damaged or unlike the rest."""
    found: list[Part] = []
    for path in sorted(folder.glob(f"{_PREFIX}*.parquet")):
        try:
            schema, rows = pq.read_schema(path), pq.read_metadata(path).num_rows
        except (pa.ArrowException, OSError) as error:
            raise InputError(f"{path}: the imprint's part cannot be read ({type(error).__name__})") from None
        info = imprint_info(schema, str(path))
        if found:
            require_same(found[0].info, info, str(path))
        found.append(Part(path, info, rows))
    return tuple(found)


def next_part(folder: Path) -> int:
    """The number of the next part; one more than any that lies here."""
    return max((int(p.stem.removeprefix(_PREFIX)) for p in folder.glob(f"{_PREFIX}*.parquet")), default=0) + 1


def write_part(folder: Path, info: ImprintInfo, tables: Iterable[pa.Table]) -> Part | None:
    """Write a part from chunks of rows, whole or not at all; None, and no file, when there are no rows.

    Its rows are put in the order of record numbers: in the order of the history they would tell how ids follow each
    other, and a record's versions would be far apart.
    """
    schema = imprint_schema(info)
    path = made(folder) / f"{_PREFIX}{info.part:06}.parquet"
    with ordered(tables, schema, path.with_suffix(".sorting")) as rows:
        return _write(path, info, rows)


def _write(path: Path, info: ImprintInfo, tables: Iterable[pa.Table]) -> Part | None:
    schema = imprint_schema(info)
    rows = 0
    some = (table for table in tables if table.num_rows)
    first = next(some, None)
    if first is None:
        return None
    # What looks random does not shrink: compressing cells would cost 5 s for 4.4 M rows and gain nothing.
    packing = {name: "none" if name in info.hashed else "zstd" for name in schema.names}
    with replaced(path) as waiting:
        writer = pq.ParquetWriter(waiting, schema, compression=packing, use_dictionary=False, write_statistics=False)
        with writer:
            for table in chain((first,), some):
                writer.write_table(table.replace_schema_metadata(schema.metadata), row_group_size=CHUNK)
                rows += table.num_rows
    return Part(path, info, rows)


@contextmanager
def ordered(tables: Iterable[pa.Table], schema: pa.Schema, scratch: Path) -> Iterator[Iterator[pa.Table]]:
    """The rows of all tables by record_no and beginning, in chunks; `scratch` holds them meanwhile, and goes.

    Each table is cut by ranges of record numbers; then each range is put together from all tables. Memory: some chunks,
    however many rows there are, as long as no 32,768 records have more versions than fit.
    """
    ranges: dict[int, list[int]] = defaultdict(list)
    try:
        with pa.OSFile(str(scratch), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
            written = 0
            for table in tables:
                for number, part in _ranges(table) if table.num_rows else ():
                    writer.write_batch(part)
                    ranges[number].append(written)
                    written += 1
        scratch.chmod(0o600)
        with pa.OSFile(str(scratch), "rb") as source:
            reader = pa.ipc.open_file(source)
            yield _joined(reader, schema, [ranges[number] for number in sorted(ranges)])
    except OSError as error:
        raise OutputError(f"{scratch}: cannot be written: {error.strerror}") from error
    finally:
        scratch.unlink(missing_ok=True)


def _ranges(table: pa.Table) -> Iterator[tuple[int, pa.RecordBatch]]:
    """A table's rows by ranges of record numbers."""
    order = np.argsort(table.column(RECORD_NO).to_numpy(), kind="stable")
    rows = table.take(pa.array(order)).combine_chunks()
    ranges = rows.column(RECORD_NO).to_numpy() >> _RANGE_BITS
    starts = np.flatnonzero(np.diff(ranges, prepend=-1))
    for start, stop in zip(starts, [*starts[1:], len(ranges)], strict=True):
        yield int(ranges[start]), rows.slice(start, stop - start).to_batches()[0]


def _joined(reader: pa.RecordBatchFileReader, schema: pa.Schema, ranges: list[list[int]]) -> Iterator[pa.Table]:
    waiting: list[pa.RecordBatch] = []
    for place, batches in enumerate(ranges):
        waiting += [reader.get_batch(number) for number in batches]
        if place == len(ranges) - 1 or sum(batch.num_rows for batch in waiting) >= CHUNK:
            table = pa.Table.from_batches(waiting, schema)
            yield table.take(pc.sort_indices(table, [(RECORD_NO, "ascending"), (FROM, "ascending")]))
            waiting = []


Mask = npt.NDArray[np.bool_]


def compacted(folder: Path, without: Callable[[pa.Table], Mask] | None = None) -> Part | None:
    """Put all parts into one new part: of equal versions the latest; rows for which `without` is true left out.

    The old parts go once the new one is there; if that is cut short, the next compaction ends it, since equal rows
    count once. None when no row is left. Memory: 48 bytes a row.
    """
    parts = parts_in(folder)
    if not parts:
        return None
    keep = later_wins(np.concatenate([row_keys(chunk) for part in parts for chunk in part.chunks()]))
    info = replace(parts[-1].info, part=next_part(folder))
    written = write_part(folder, info, _kept(parts, keep, without))
    for part in parts:
        part.path.unlink()
    return written


def _kept(parts: Iterable[Part], keep: Mask, without: Callable[[pa.Table], Mask] | None) -> Iterator[pa.Table]:
    at = 0
    for part in parts:
        for chunk in part.chunks():
            mask = keep[at : at + chunk.num_rows]
            at += chunk.num_rows
            if without is not None:
                mask = mask & ~without(chunk)
            yield chunk if mask.all() else chunk.filter(pa.array(mask))
