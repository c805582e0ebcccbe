"""Load the state of an exercise's register at a time into a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kulla.errors import InputError, UsageError
from kulla.exercise.layout import ExerciseFolder
from kulla.registers.manifest import Manifest
from kulla.registers.schema import TIME, VALID_FROM, VALID_TO

if TYPE_CHECKING:
    from kulla.registers.connect.postgres import Connection

_ROWS = 64_000
"""Rows handed to the server at once."""

_SQL_TYPES = {pa.string(): "text", pa.date32(): "date", pa.decimal128(12, 2): "numeric(12,2)"}


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was loaded of one register."""

    register: str
    table: str
    rows: int


def load(path: Path, dsn: str, registers: Sequence[str] = (), at: datetime | None = None) -> tuple[Loaded, ...]:
    """Create each register's table and fill it with the state at a time; without one, the state at the end.

    Everything is committed at once. A table that is there already is refused, with an InputError, and stays as it is.
    registers: those to load; all of the exercise when none is named.
    """
    from kulla.registers.connect.postgres import connect

    folder = ExerciseFolder(path)
    known = folder.read().registers
    if unknown := [name for name in registers if name not in known]:
        raise UsageError(f"--register {unknown[0]}: the exercise has {', '.join(known)}")
    moment = at or datetime(9999, 1, 1, tzinfo=UTC)
    with connect(dsn) as connection:
        return tuple(_load(connection, folder, name, moment) for name in registers or known)


def state(files: Sequence[Path], at: datetime) -> Iterator[pa.RecordBatch]:
    """The rows that could be read at that time, from files of versions, without the times."""
    moment = pa.scalar(at, TIME)
    for path in files:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(_ROWS):
                begun = pc.less_equal(batch[VALID_FROM], moment)
                holds = pc.fill_null(pc.greater(batch[VALID_TO], moment), True)
                yield batch.filter(pc.and_(begun, holds)).select(range(batch.num_columns - 4))


def table_sql(manifest: Manifest, schema: pa.Schema) -> str:
    """The statement that creates a register's table with its key."""
    types = {field.name: _SQL_TYPES[field.type] for field in schema if field.type in _SQL_TYPES}
    lines = [f"{column.name} {types[column.name]}" for column in manifest.columns]
    key = ", ".join((*manifest.record, *manifest.entry))
    return f"CREATE TABLE {manifest.table} ({', '.join(lines)}, PRIMARY KEY ({key}))"


def index_sql(manifest: Manifest) -> str:
    """The statements that index a filled table by what its screens and lists ask for, and tell the planner of it."""
    by = [manifest.remit, *manifest.entry[:1], *({manifest.person} - {*manifest.record, ""})]
    indexes = [f"CREATE INDEX ON {manifest.table} ({column})" for column in by if column]
    return "; ".join([*indexes, f"ANALYZE {manifest.table}"])


def _load(connection: Connection, folder: ExerciseFolder, name: str, at: datetime) -> Loaded:
    from kulla.registers.connect import postgres

    here = folder.owner.register(name)
    manifest, files = here.read(), sorted(here.history.glob("versions-*.parquet"))
    if not files:
        raise InputError(f"{here.history}: no versions of {name} here; make the exercise again")
    postgres.execute(connection, table_sql(manifest, pq.read_schema(files[0])))
    names = [column.name for column in manifest.columns]
    rows = postgres.copy_in(connection, manifest.table, names, state(files, at))
    postgres.execute(connection, index_sql(manifest))
    return Loaded(name, manifest.table, rows)
