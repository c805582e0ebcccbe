"""A small invented payroll for the registers' tests: real-form ids, names with diacritics, versions in commit time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from kulla.registers.folder import OwnerFolder, RegisterFolder, made
from kulla.registers.keyfile import KeyFile, new_key
from kulla.registers.manifest import Column, Manifest
from kulla.registers.nationalid import made as made_id
from kulla.registers.schema import TIME

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
GIVEN = ("Agron", "Blerina", "Çelnik", "Dritë", "Enkelejda", "Gëzim", "Hektor", "Ilirjana")
FAMILY = ("Krasniqi", "Hoxhaj", "Përgjini", "Shkëmbi", "Çaushi", "Leka-Marku")
COLUMNS = (
    Column("nid", "national_id"), Column("full_name", "name"), Column("employer_id", "employer_id"),
    Column("period", "period"), Column("gross_salary", "money"), Column("phone", "phone"),
    Column("municipality", "municipality"), Column("note", "other", imprint=False),
)  # fmt: skip
NAMES = tuple(c.name for c in COLUMNS)


def manifest(**other: object) -> Manifest:
    made_: dict[str, object] = {
        "name": "payroll",
        "owner": "Tax",
        "constituent": "tax",
        "zone": "civil",
        "legal_basis": "Law 29/2023",
        "source": "files",
        "connection": "",
        "table": "",
        "record": ("nid",),
        "columns": COLUMNS,
        "entry": ("employer_id", "period"),
        "person": "nid",
        "history": "versions",
    }
    return Manifest(**(made_ | other))  # type: ignore[arg-type]


def nid(person: int) -> str:
    return made_id(date(1970 + person % 30, 1 + person % 12, 1 + person % 28), bool(person % 2), 100 + person)


def row(person: int, month: int, salary: int, begun: int, ended: int | None = None) -> dict[str, object]:
    """One version; `begun` and `ended` in hours after START."""
    return {
        "nid": nid(person),
        "full_name": f"{GIVEN[person % 8]} {FAMILY[person % 6]}",
        "employer_id": f"L{10000000 + person % 7}K",
        "period": f"2026-{month:02}",
        "gross_salary": f"{salary}.50",
        "phone": f"+35569{2000000 + person}",
        "municipality": ("Tiranë", "Durrës", "Shkodër")[person % 3],
        "note": f"private remark {person:04}" if person % 3 else None,
        "valid_from": START + timedelta(hours=begun),
        "valid_to": None if ended is None else START + timedelta(hours=ended),
        "known_from": None,
        "known_to": None,
    }


SCHEMA = pa.schema(
    [(name, pa.string()) for name in NAMES] + [(n, TIME) for n in ("valid_from", "valid_to", "known_from", "known_to")]
)


def table(rows: list[dict[str, object]]) -> pa.Table:
    return pa.Table.from_pylist(rows, SCHEMA)


def first_rows(persons: int = 30) -> list[dict[str, object]]:
    """A month of each person; every fifth had its salary corrected."""
    rows = []
    for person in range(persons):
        corrected = person % 5 == 0
        rows.append(row(person, 1, 45000 + person, 0, 30 if corrected else None))
        if corrected:
            rows.append(row(person, 1, 46000 + person, 30))
    return rows


def owner(path: Path, rows: list[dict[str, object]] | None = None, **other: object) -> RegisterFolder:
    """An owner's folder with the payroll declared and its versions in one file."""
    folder = OwnerFolder(path).register("payroll")
    folder.write(manifest(**other))
    if rows is None:
        rows = first_rows()
    write(folder, "versions-000001", rows)
    return folder


def write(folder: RegisterFolder, name: str, rows: list[dict[str, object]]) -> Path:
    path = made(folder.history) / f"{name}.parquet"
    pq.write_table(table(rows), path)
    return path


def key() -> KeyFile:
    return new_key("owner", START)
