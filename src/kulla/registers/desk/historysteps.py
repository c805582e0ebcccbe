"""One step of a register's history: what every kind of history does to the files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from kulla.errors import ConfigError
from kulla.registers.connect.catalog import SourceColumn
from kulla.registers.connect.pgtypes import arrow_type, common_type
from kulla.registers.desk.historystore import BATCH, HistoryStore, widened
from kulla.registers.history import BEGINNING, Gap, merged, version_schema
from kulla.registers.historystate import HistoryState
from kulla.registers.manifest import Manifest
from kulla.registers.snapshots import Comparison, ended, register_columns, seen_again, seen_first

GONE = "-"
"""Before the type of a column that the source no longer has."""

NIGHTLY = timedelta(hours=36)
"""Nightly reads, one of them late."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What one step did.

    Attributes:
        at: the moment up to which the history is known now.
        opened: versions that began (or were found for the first time).
        closed: versions that ended.
        lasting: versions that last.
        gaps: times for which the history does not vouch, new with this step.
        notes: what else the owner should know.
    """

    kind: str
    at: datetime
    opened: int
    closed: int
    lasting: int
    gaps: tuple[Gap, ...] = ()
    notes: tuple[str, ...] = ()


def source_types(
    manifest: Manifest, there: Sequence[SourceColumn], before: Mapping[str, str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The type of every declared column, and what changed of them since `before`.

    A column that the source no longer has keeps its type and is null from now on. Raises ConfigError when a column of
    the key is gone, or one that never was there.
    """
    have = {each.name: each.type for each in there}
    types: dict[str, str] = {}
    notes = []
    for column in manifest.columns:
        name, old = column.name, before.get(column.name, "")
        if name not in have and (name in (*manifest.record, *manifest.entry) or not old):
            raise ConfigError(
                f"register {manifest.name}: the source has no column {name}; compare its manifest with it"
            )
        gone = old.startswith(GONE)
        known = old.removeprefix(GONE)
        if name not in have:
            types[name] = GONE + known
            notes += [] if gone else [f"column {name}: gone from the source, null from now on"]
            continue
        types[name] = common_type(have[name], known or have[name])
        if not old or gone:
            notes.append(f"column {name}: kept from now on, null before")
        elif types[name] != old:
            notes.append(f"column {name}: its type changed")
    return types, tuple(notes) if before else ()


def schema_of(types: Mapping[str, str]) -> pa.Schema:
    """The schema of versions of columns with these types."""
    return version_schema(pa.field(name, arrow_type(kind.removeprefix(GONE))) for name, kind in types.items())


def source_fields(present: Sequence[SourceColumn]) -> list[pa.Field]:
    """The fields of these columns as the source gives them."""
    return [pa.field(each.name, arrow_type(each.type)) for each in present]


def difference_step(
    store: HistoryStore,
    state: HistoryState | None,
    next_state: HistoryState,
    schema: pa.Schema,
    rows: Iterable[pa.RecordBatch],
    vouched: bool = False,
    continuous: timedelta = NIGHTLY,
) -> tuple[HistoryState, Taken]:
    """Compare a full read with the versions that last, and keep the difference.

    Args:
        next_state: as it shall be, without sequence and gaps; its `at` is the moment of the read.
        rows: the register's columns, all rows.
        vouched: a trigger vouches for rows from now on, so that lasting versions need no last sight.
        continuous: how far apart two reads may lie so that a row equal in both is taken for unchanged between them.
    """
    at = next_state.at
    assert at is not None
    seen = (state.unsure_from or state.at if state else None) or BEGINNING
    sequence = (state.sequence if state else 0) + 1
    names = register_columns(schema)
    columns = pa.schema([schema.field(name) for name in names])

    def before() -> Iterator[pa.RecordBatch]:
        return (widened(each, schema) for each in store.lasting())

    comparison = Comparison(before(), names)
    spool = store.stage("spool", columns, comparison.opened(widened(each, columns) for each in rows))
    opened = 0

    def parts() -> Iterator[tuple[pa.Table, pa.Table]]:
        nonlocal opened
        for stays, gone in comparison.parted(before()):
            yield seen_again(stays, seen, at, vouched, continuous), ended(gone, seen, at)
        for batch in comparison.once(spooled(spool)):
            opened += batch.num_rows
            yield seen_first(pa.Table.from_batches([batch]), seen, at, vouched), schema.empty_table()

    staged, lasting, closed = store.stage_step(sequence, schema, parts())
    gaps: tuple[Gap, ...] = ()
    if state is None:
        gaps = (Gap(None, at, "before the first look at the register"),)
    elif at - seen > continuous:
        gaps = (Gap(seen, at, "between two looks too far apart: a change that was undone between them is unseen"),)
    new = replace(next_state, sequence=sequence, gaps=merged([*(state.gaps if state else ()), *gaps]))
    done = store.commit(new, [*staged, *store.fitted(schema)])
    if spool is not None:
        spool.unlink()
    return done, Taken(next_state.kind, at, opened, closed, lasting, gaps)


def spooled(path: Path | None) -> Iterator[pa.RecordBatch]:
    """The rows of a file of our own; none without one."""
    if path is not None:
        with pq.ParquetFile(path) as file:
            yield from file.iter_batches(BATCH)
