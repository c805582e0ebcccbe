"""The manifests of the exercise's registers: what their owner would declare of them, known copies included."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import pyarrow as pa

from kulla.exercise.changes import Calendar
from kulla.exercise.civil import CIVIL
from kulla.exercise.payroll import PAYROLL
from kulla.exercise.vehicle import VEHICLE
from kulla.exercise.voter import VOTER
from kulla.registers.manifest import Column, Copy, Manifest, Meaning, Purpose

COLUMNS: Final[Mapping[str, pa.Schema]] = {"civil": CIVIL, "payroll": PAYROLL, "vehicle": VEHICLE, "voter": VOTER}
"""The columns of each register, without the times of versions."""

_MEANINGS: Mapping[str, Meaning] = {
    "nid": "national_id", "given_name": "given_name", "family_name": "family_name", "father_name": "given_name",
    "full_name": "name", "owner_name": "name", "birth_date": "birth_date", "first_registration": "date",
    "municipality": "municipality", "address": "address", "employer_id": "employer_id", "employer": "employer",
    "period": "period", "gross_salary": "money", "phone": "phone", "plate": "plate", "preference": "special",
    "sex": "code", "position": "code", "polling_station": "code", "make": "code", "model": "code",
}  # fmt: skip
_OWNERS: Mapping[str, tuple[str, str, str]] = {
    "civil": ("Directorate of the Civil Register", "civil-register", "Law on the civil register"),
    "payroll": ("General Directorate of Taxes", "taxes", "Law on tax procedures"),
    "vehicle": ("Directorate of Road Transport", "transport", "Road code"),
    "voter": ("Central Election Commission", "elections", "Electoral code"),
}
_PURPOSES: Mapping[str, tuple[Purpose, ...]] = {
    "civil": (Purpose("certificates", ("clerk",)), Purpose("supervision", ("supervisor", "auditor"))),
    "payroll": (
        Purpose("declarations", ("clerk",)), Purpose("inspection", ("inspector",), True),
        Purpose("statistics", ("analyst",)), Purpose("supervision", ("supervisor", "auditor")),
    ),
    "vehicle": (Purpose("registration", ("clerk",)), Purpose("traffic cases", ("inspector",), True)),
    "voter": (Purpose("voters' lists", ("clerk",)), Purpose("supervision", ("supervisor", "auditor"))),
}  # fmt: skip


def manifest(name: str, calendar: Calendar) -> Manifest:
    """The manifest of one register, its history exact and read from files of versions."""
    owner, constituent, law = _OWNERS[name]
    record, entry = (("plate",), ()) if name == "vehicle" else (("nid",), ())
    return Manifest(
        name=name, owner=owner, constituent=constituent, zone="civil", legal_basis=law, source="files",
        connection=f"registers/{name}/history", table=f"public.{name}", record=record,
        columns=tuple(_column(each) for each in COLUMNS[name].names),
        entry=("employer_id", "period") if name == "payroll" else entry, person="nid", remit="municipality",
        history="versions", timezone=calendar.zone, purposes=_PURPOSES[name], copies=_copies(name, calendar),
        administrators=(f"dba_{name}", "dba_central"), electoral=name == "voter",
    )  # fmt: skip


def _column(name: str) -> Column:
    return Column(name, _MEANINGS[name], "politics" if name == "preference" else "", True, "declared by the exercise")


def _copies(name: str, calendar: Calendar) -> tuple[Copy, ...]:
    """A replica that follows; last night's backup; a test copy half a span old; a warehouse loaded each month."""
    end = datetime.fromtimestamp(calendar.ends / 1_000_000, UTC)
    middle = datetime.fromtimestamp(int(calendar.midnights[calendar.month_at[calendar.months // 2]]) / 1_000_000, UTC)
    last_month = datetime.fromtimestamp(int(calendar.midnights[calendar.month_at[-2]]) / 1_000_000, UTC)
    dba = (f"dba_{name}", "dba_central")
    return (
        Copy(f"{name}-replica", "replica", "db-replica.exercise", None, (*dba, "reporting"), True,
             "streams all changes"),
        Copy(f"{name}-nightly", "backup", "backup.exercise", end - timedelta(hours=22), (*dba, "backup_operator"),
             False, "taken each night at 02:00"),
        Copy(f"{name}-test", "test", "db-test.exercise", middle, ("dba_test", "contractor"), False,
             "restored from a backup for a new release, not masked"),
        Copy(f"{name}-warehouse", "warehouse", "dwh.exercise", last_month, ("analyst", "dba_warehouse"), True,
             "loaded on the first of each month"),
    )  # fmt: skip
