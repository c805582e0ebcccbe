"""READ tables, staff lists and explanations made by hand for the insider tests, in small clear steps."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from kulla.registers import bitmap
from kulla.registers.insider.context import Context, context
from kulla.registers.insider.reads import DayReads, by_day
from kulla.registers.insider.state import State
from kulla.registers.insider.watch import Watched, close_day, watch_day
from kulla.registers.manifest import Column, Manifest, Purpose
from kulla.registers.schema import EXPLANATIONS, GROUPS, READ, STAFF

MONDAY = date(2026, 1, 5)

MANIFEST = Manifest(
    "payroll", "Tax office", "tax", "civil", "law", "files", "x", "", ("nid",), (Column("nid", "national_id"),),
    purposes=(Purpose("collect", ("clerk",), case_required=True), Purpose("audit", ("auditor",))),
    administrators=("dba",),
)  # fmt: skip


def read(account: str, when: datetime, records: Sequence[int] | None = None, **more: Any) -> dict[str, Any]:
    """One read. No records: of unknown extent."""
    some = list(records) if records is not None else None
    row: dict[str, Any] = dict.fromkeys(READ.names)
    row |= {
        "account": account, "register": "payroll", "session": "s", "application": "office", "client": f"pc-{account}",
        "snapshot_from": when, "snapshot_to": when, "template_id": b"t" * 16, "outcome": "ok", "kind": "read",
        "extent": "unknown" if some is None else "exact", "case_given": True, "outside_remit": 0,
        "end_user_grade": "none",
        "record": some[0] if some is not None and len(some) == 1 else None,
        "records": bitmap.pack(some) if some is not None and len(some) != 1 else None,
    }  # fmt: skip
    row |= more
    told = repr((account, when, some, sorted(more.items()))).encode()
    return row | {"read_id": hashlib.blake2b(told, digest_size=16).digest()}


def table(rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Rows as a READ table."""
    return pa.Table.from_pylist(list(rows), schema=READ)


def at(day: int, hour: int = 10, minute: int = 0) -> datetime:
    """A time on the day that lies so many days after MONDAY."""
    return datetime(MONDAY.year, MONDAY.month, MONDAY.day, hour, minute, tzinfo=UTC) + timedelta(days=day)


def day_reads(rows: Iterable[Mapping[str, Any]], zone: str = "UTC", pooled: frozenset[str] = frozenset()) -> DayReads:
    """The rows of one day."""
    (found,) = by_day(table(rows), zone, pooled)
    return found


def staff(rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """A staff list; what a row leaves out is null."""
    return pa.Table.from_pylist([dict.fromkeys(STAFF.names) | dict(row) for row in rows], schema=STAFF)


def explanations(rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Explanations; what a row leaves out is null."""
    return pa.Table.from_pylist([dict.fromkeys(EXPLANATIONS.names) | dict(row) for row in rows], schema=EXPLANATIONS)


def groups(names: Mapping[int, str]) -> pa.Table:
    """Which group each record number belongs to."""
    return pa.Table.from_pylist([{"record_no": n, "group": g} for n, g in names.items()], schema=GROUPS)


CLERKS = tuple(f"clerk{n:02}" for n in range(40))


def clerks() -> pa.Table:
    """Forty clerks of one office."""
    return staff({"account": name, "role": "clerk", "office": "north"} for name in CLERKS)


def ordinary(day: int, seed: int = 1, mean: float = 12.0, leave_out: Sequence[str] = ()) -> list[dict[str, Any]]:
    """The clerks' reads of a working day: some 12 persons each, over-dispersed, in office hours; none at weekends."""
    if day % 7 in (5, 6):
        return []
    rng = np.random.default_rng((seed, day))
    rows = []
    for name in CLERKS:
        count = int(rng.poisson(mean * rng.gamma(4, 1 / 4)))
        persons = rng.integers(1, 3_000_000, count).tolist()
        for n, person in enumerate(persons if name not in leave_out else ()):
            rows.append(read(name, at(day, 8 + n % 8, n // 8 % 60), [person]))
    return rows


def watched_days(state: State, told: Context, days: Iterable[list[dict[str, Any]]], **more: float) -> list[Watched]:
    """Watch days one after the other; empty ones are left out."""
    found = []
    for rows in days:
        if rows:
            found.append(watch_day(state, day_reads(rows, pooled=told.pooled), told, **more))
            close_day(found[-1])
    return found


def plain_context(**more: Any) -> Context:
    """The clerks' context."""
    return context(MANIFEST, clerks(), **more)
