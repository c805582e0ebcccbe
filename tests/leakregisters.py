"""Registers for the tests of leaks: small ones from rows, and those of an exercise, imprinted and opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from payrolls import table

from kulla.exercise.layout import Settings
from kulla.exercise.make import make_exercise
from kulla.leaks.desk.imprintindex import RegisterIndex, open_index
from kulla.leaks.leaktable import LeakTable
from kulla.leaks.matched import Matched
from kulla.leaks.recognise import recognise
from kulla.registers.desk.centreside import take_imprint
from kulla.registers.desk.imprinting import imprint
from kulla.registers.desk.imprintparts import write_part
from kulla.registers.desk.recordmap import read_map
from kulla.registers.folder import OwnerFolder
from kulla.registers.imprint import imprinted, plan
from kulla.registers.keyfile import KeyFile, new_key
from kulla.registers.keys import centre_key, owner_keys
from kulla.registers.manifest import Manifest
from kulla.registers.records import allotted, empty_map, keys_of, numbers_of

START = datetime(2024, 1, 1, tzinfo=UTC)
OWNER, CENTRE = new_key("owner", START), new_key("centre", START)


@dataclass(frozen=True)
class Opened:
    """A register as a trace meets it, with what only its owner knows: the versions, and each one's record."""

    index: RegisterIndex
    manifest: Manifest
    versions: pa.Table
    record: np.ndarray
    folder: Path

    def recognise(self, leaked: LeakTable, seed: int = 1) -> Matched:
        return recognise(
            leaked, self.index, self.manifest, owner_keys(OWNER.secret()), centre_key(CENTRE.secret()), seed
        )

    def at(self, moment: datetime, **wanted: str) -> np.ndarray:
        """Places of the versions that could be read at a moment, and have these values."""
        micros = int(moment.timestamp() * 1_000_000)
        first = self.versions["valid_from"].cast(pa.int64()).to_numpy()
        last = self.versions["valid_to"].cast(pa.int64()).fill_null(1 << 62).to_numpy()
        there = (first <= micros) & (micros < last)
        for name, value in wanted.items():
            there &= np.array(self.versions[name].to_pylist()) == value
        return np.flatnonzero(there)

    def texts(self, name: str, places: np.ndarray) -> list[str | None]:
        """The values of a column of some versions, as a leak has them."""
        values: list[str | None] = self.versions[name].take(pa.array(places)).cast(pa.string()).to_pylist()
        return values


def leak(columns: Sequence[Sequence[str | None]], name: str = "sheet") -> LeakTable:
    """A leaked table without headers."""
    data = pa.table({f"c{n}": pa.array(list(column), pa.string()) for n, column in enumerate(columns)})
    rows = data.num_rows
    return LeakTable(name, ("",) * len(columns), data, np.arange(1, rows + 1), np.zeros(rows, np.int32))


def small(
    folder: Path, manifest: Manifest, parts: Sequence[Sequence[dict[str, Any]]], reconstructed: bool = False
) -> Opened:
    """A register from rows as `payrolls.row` makes them, in one or more parts, after the centre's step."""
    known, tables, numbers = empty_map(), [], []
    for number, rows in enumerate(parts, 1):
        versions = table(list(rows))
        known, own = allotted(known, keys_of(versions, manifest.record))
        planned = plan(manifest, OWNER.id, OWNER.current, reconstructed, number)
        write_part(folder / "inner", planned.info, [imprinted(versions, own, planned, owner_keys(OWNER.secret()))])
        tables.append(versions)
        numbers.append(own)
    take_imprint(folder / "inner", folder / "imprint", CENTRE)
    index = open_index(folder / "imprint", CENTRE)
    return Opened(index, manifest, pa.concat_tables(tables), np.concatenate(numbers), folder)


def country(folder: Path, persons: int = 2000, months: int = 12, seed: int = 4) -> dict[str, Opened]:
    """The registers of a small exercise."""
    settings = Settings(persons, months, seed, "steady", ("civil", "payroll", "vehicle"))
    make_exercise(folder, settings)
    return {name: exercise_register(folder, name, OWNER) for name in settings.registers}


def exercise_register(folder: Path, name: str, key: KeyFile) -> Opened:
    """A register of an exercise, imprinted."""
    own = OwnerFolder(folder / "owner").register(name)
    imprint(own, key)
    kept = folder / "centre" / "registers" / name / "imprint"
    take_imprint(own.outbox / "imprint", kept, CENTRE)
    versions = pa.concat_tables([pq.read_table(path) for path in sorted(own.history.glob("*.parquet"))])
    manifest = own.read()
    record = numbers_of(read_map(own), keys_of(versions, manifest.record))
    return Opened(open_index(kept, CENTRE), manifest, versions, record, own.path)
