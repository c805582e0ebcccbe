"""What the tests of replay share: a small register with awkward values, its history, and accesses to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from kulla.registers.bitmap import unpack
from kulla.registers.manifest import Column, Manifest
from kulla.registers.replay.indexes import History, Ints
from kulla.registers.replay.readtable import Context
from kulla.registers.replay.resolve import Replay
from kulla.registers.replay.statement import Declared, Vocabulary
from kulla.registers.schema import ACCESS, VERSION_TIMES

NOON = datetime(2026, 5, 11, 12, tzinfo=UTC)
COLUMNS = {
    "nid": ("national_id", pa.string()),
    "full_name": ("name", pa.string()),
    "employer_id": ("employer_id", pa.string()),
    "period": ("period", pa.string()),
    "born": ("birth_date", pa.date32()),
    "pay": ("money", pa.decimal128(12, 2)),
    "grade": ("code", pa.int32()),
}


@dataclass(frozen=True)
class Version:
    """A version: its record number, its values by column, when it was valid, minutes after NOON."""

    record: int
    values: Mapping[str, Any]
    start: float = -1_000_000
    end: float | None = None


def manifest(name: str = "payroll", table: str = "") -> Manifest:
    """A register of COLUMNS."""
    columns = tuple(Column(column, meaning) for column, (meaning, _) in COLUMNS.items())  # type: ignore[arg-type]
    return Manifest(
        name, "Owner", "owner.example", "civil", "law", "postgresql", "dbname=reg", table or name, ("nid",), columns,
        entry=("employer_id", "period"), person="nid",
    )  # fmt: skip


def moment(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def history(versions: Sequence[Version], of: Manifest | None = None, **given: Any) -> History:
    """The history that these versions make."""
    of = of or manifest()
    columns: dict[str, pa.Array] = {
        name: pa.array([version.values.get(name) for version in versions], kind) for name, (_, kind) in COLUMNS.items()
    }
    columns["valid_from"] = pa.array([moment(v.start) for v in versions], VERSION_TIMES.field(0).type)
    ends = [None if v.end is None else moment(v.end) for v in versions]
    columns["valid_to"] = pa.array(ends, VERSION_TIMES.field(1).type)
    numbers = np.array([version.record for version in versions], np.uint32)
    return History(pa.table(columns), numbers, of, **given)


def accesses(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """ACCESS with what a test cares for; `minutes` after NOON stands for the time."""
    full = [
        {
            "time": moment(float(row.get("minutes", 0))), "account": "clerk7", "session": "s1", "kind": "read",
            "command": "SELECT", "outcome": "ok", "file_sha256": "ab" * 32, "line_from": number + 1,
            "line_to": number + 1, "line_hash": number.to_bytes(16, "big"),
            **{key: value for key, value in row.items() if key != "minutes"},
        }
        for number, row in enumerate(rows)
    ]  # fmt: skip
    arrays = []
    for field in ACCESS:
        values = [row.get(field.name) for row in full]
        if pa.types.is_dictionary(field.type):
            arrays.append(pa.array(values, pa.string()).dictionary_encode().cast(field.type))
        else:
            arrays.append(pa.array(values, field.type))
    return pa.table(arrays, schema=ACCESS)


def instant(table: pa.Table) -> tuple[Ints, Ints]:
    """A window of no width: the time itself."""
    times = np.asarray(table.column("time").combine_chunks().cast(pa.int64()), np.int64)
    return times, times


def within(seconds: float) -> Callable[[pa.Table], tuple[Ints, Ints]]:
    """A window of so many seconds to both sides."""
    wide = round(seconds * 1_000_000)
    return lambda table: (instant(table)[0] - wide, instant(table)[1] + wide)


def replay(histories: Mapping[str, History], window: Any = instant, **given: Any) -> Replay:
    """A replay over these registers, all of them wanted."""
    declared = tuple(
        Declared(name, each.manifest.table, tuple(c.name for c in each.manifest.columns))
        for name, each in histories.items()
    )
    context = Context(window, given.pop("remits", {}), given.pop("grades", None))
    return Replay(Vocabulary(declared), tuple(histories), histories.get, context, **given)


def records_of(read: Mapping[str, Any]) -> set[int] | None:
    """The records of one row of READ."""
    if read["record"] is not None:
        return {read["record"]}
    return None if read["records"] is None else set(unpack(read["records"]).tolist())


POOL: Mapping[str, Sequence[Any]] = {
    "nid": ["J00101999W", "J05115999K", "K10229001A", "A00101001B", "9", "10"],
    "full_name": ["Agron Hoxha", "agron hoxha", "Çlirim Çela", "Clirim Cela", "O'Brien", "Ëngjëll", "", "a%b", None],
    "employer_id": ["L1", "L10", "L2", "K9", None],
    "period": ["2024-01", "2024-02", "2024-12", "2025-01"],
    "born": [date(1960, 2, 29), date(1990, 1, 15), date(2001, 12, 31), None],
    "pay": [Decimal("0.00"), Decimal("1000.00"), Decimal("1000.50"), Decimal("-5.25"), Decimal("99999.99"), None],
    "grade": [-3, 0, 1, 2, 10, None],
}


def quoted(value: Any) -> str:
    """A value as a literal of SQL."""
    if value is None:
        return "NULL"
    if isinstance(value, int | Decimal):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"
