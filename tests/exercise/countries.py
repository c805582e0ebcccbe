"""A small country for tests, made once: its people, and the slices of its registers."""

from __future__ import annotations

from functools import cache
from typing import Any

import pyarrow as pa

from kulla.exercise.frame import frame
from kulla.exercise.habits import RegisterHabits
from kulla.exercise.make import slices
from kulla.exercise.population import Population, population

PERSONS, MONTHS, SEED = 6_000, 12, 11


@cache
def people() -> Population:
    """6,000 persons through a year, somewhat busier than usual."""
    return population(frame(PERSONS, SEED), RegisterHabits(moves=0.01, renames=0.004, deaths=0.002), MONTHS)


@cache
def versions(register: str, chunk: int = 100_000) -> pa.Table:
    """All versions of a register, with a column `record` (record number less one) added."""
    parts = list(slices(people(), register, chunk))
    return pa.concat_tables([_plain(part.table).append_column("record", pa.array(part.record)) for part in parts])


def _plain(table: pa.Table) -> pa.Table:
    kinds = [f.type.value_type if pa.types.is_dictionary(f.type) else f.type for f in table.schema]
    return table.cast(pa.schema(zip(table.column_names, kinds, strict=True)))


@cache
def rows(register: str) -> list[dict[str, Any]]:
    """The same as dictionaries."""
    found: list[dict[str, Any]] = versions(register).to_pylist()
    return found
