"""Statements that two logs of one server tell: csvlog beside jsonlog, or a copy of a log that begins elsewhere.

A session's id and its numbered lines name a record on its server. An access is taken for one that another log told
only if all that it says of who asked what is the same too, so leaving it out loses nothing: whoever forges a record
with the numbers of another must forge it whole. The plain log names no session, and is never held against another.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kulla.registers.folder import RegisterFolder

_ALIKE: Final = ("session", "line_num", "time", "account", "kind", "statement", "parameters")


class Earlier:
    """The logs that were taken before one, by the sessions they hold lines of.

    stem: of the files of the log that is being taken, which is not held against itself.
    """

    def __init__(self, folder: RegisterFolder, stem: str) -> None:
        self._logs: list[tuple[Path, pa.Array]] = []
        for lines in sorted((folder.state / "lines").glob("*.parquet")):
            told = folder.accesses / lines.name
            if lines.stem != stem and told.exists():
                self._logs.append((told, _sessions(pq.read_table(lines, columns=["session"]))))

    def fresh(self, accesses: pa.Table) -> pa.Table:
        """The accesses (ACCESS, the file left out) that no earlier log told."""
        kept = np.ones(len(accesses), np.bool_)
        for path, sessions in self._logs:
            shared = pc.and_(_among(accesses, sessions), accesses.column("line_num").is_valid())
            rows = np.flatnonzero(shared.combine_chunks().to_numpy(zero_copy_only=False) & kept)
            if len(rows):
                some = accesses.select(_ALIKE).take(pa.array(rows))
                known = set(_told(path, some))
                kept[rows[[each in known for each in _rows(some)]]] = False
        return accesses if kept.all() else accesses.filter(pa.array(kept))


def _sessions(table: pa.Table) -> pa.Array:
    found = pc.unique(table.column("session").cast(pa.string())).drop_null()
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def _among(table: pa.Table, sessions: pa.Array) -> pa.ChunkedArray:
    return pc.fill_null(pc.is_in(table.column("session").cast(pa.string()), sessions), False)


def _told(path: Path, some: pa.Table) -> Iterator[tuple[Any, ...]]:
    """What the accesses in a file say that are of the sessions and the time of `some`; one part of it at a time."""
    span = pc.min_max(some.column("time")).as_py()
    sessions = _sessions(some)
    file = pq.ParquetFile(path)
    for group in range(file.metadata.num_row_groups):
        if _overlaps(file.metadata.row_group(group), span["min"], span["max"]):
            table = file.read_row_group(group, columns=list(_ALIKE), use_threads=False).select(_ALIKE)
            yield from _rows(table.filter(_among(table, sessions)))


def _overlaps(group: Any, low: datetime, high: datetime) -> bool:
    for number in range(group.num_columns):
        column = group.column(number)
        if column.path_in_schema == "time" and column.statistics is not None and column.statistics.has_min_max:
            first, last = column.statistics.min, column.statistics.max
            return _aware(first) <= high and _aware(last) >= low
    return True


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _rows(table: pa.Table) -> Iterator[tuple[Any, ...]]:
    return zip(*(table.column(name).to_pylist() for name in _ALIKE), strict=True)
