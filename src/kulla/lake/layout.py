"""How events lie in the lake: the table's columns, its partitions, and the names of its files.

The table holds the columns of the batch contract (`events.schema`) in plain types: Delta has no dictionaries and no
fixed-size binary. Its partitions are zone, constituent, logsource and day: a file holds the events of one constituent
alone, so that what a user may not see is never opened. `logsource` is the product with the service, or the category
where there is no service: finer ones would make many small files (Sysmon alone has 25 categories).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kulla.events.schema import FIELDS, LABEL, SCHEMA, TIME

UNDATED: Final = "undated"
PARTITIONS: Final = ("zone", "constituent", "logsource", "day")
BLOCK: Final = 4096
"""Rows of a row group: the unit that is read, or ruled out, at once. Of 1,024 to 16,384 rows measured, the least that
costs no more to write (0.58 against 0.63 M events/s at 16,384)."""

_OLDEST = timedelta(days=3653)
_NEWEST = timedelta(days=1)
DAY: Final = 86_400_000_000
"""µs of a day."""


def _plain(kind: pa.DataType) -> pa.DataType:
    if kind == LABEL or pa.types.is_large_string(kind):
        return pa.string()
    return pa.binary() if pa.types.is_fixed_size_binary(kind) else kind


STORED: Final = pa.schema([pa.field(each.name, _plain(each.type)) for each in SCHEMA if each.name not in PARTITIONS])
"""The columns of a data file."""

TABLE: Final = pa.schema([*STORED, *(pa.field(name, pa.string()) for name in PARTITIONS)])
"""The columns of the Delta table."""

READ: Final = pa.schema([pa.field(each.name, SCHEMA.field(each.name).type) for each in STORED])
"""The columns of a data file as they are read back."""


@dataclass(frozen=True, slots=True, order=True)
class Partition:
    """Where a file belongs. `day` is an ISO date or "undated"."""

    zone: str
    constituent: str
    logsource: str
    day: str

    def values(self) -> dict[str, str | None]:
        """As the table's log has them."""
        return {name: getattr(self, name) for name in PARTITIONS}

    @property
    def folder(self) -> str:
        """The folder of its files, below the table's."""
        return "/".join(f"{name}={_safe(getattr(self, name))}" for name in PARTITIONS)


@dataclass(frozen=True, slots=True)
class File:
    """A data file of the table. `first` and `last` are its events' times, µs; None when none has a time."""

    path: str
    partition: Partition
    size: int
    rows: int
    first: int | None
    last: int | None


def _safe(text: str) -> str:
    """A name fit for a folder anywhere; the log holds the true one."""
    if re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}", text):
        return text
    return re.sub(r"[^A-Za-z0-9_-]", "_", text)[:60] + "-" + hashlib.sha256(text.encode()).hexdigest()[:12]


def logsource_of(product: str | None, category: str | None, service: str | None) -> str:
    """The partition of events of a logsource.

    >>> logsource_of("windows", "process_creation", "sysmon"), logsource_of(None, "webserver", None)
    ('windows.sysmon', '-.webserver')
    """
    return f"{product or '-'}.{service or category or '-'}"


def micros(moment: datetime) -> int:
    """µs since 1970; a moment without a zone is UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def day_of(time: int) -> str:
    """The partition's day of a time in µs, without regard to its intake."""
    return (date(1970, 1, 1) + timedelta(days=time // DAY)).isoformat()


def days_of(table: pa.Table) -> np.ndarray:
    """Days since 1970 of each event; the least int64 for those that are undated: no time, more than ten years before
    their intake or more than a day after it."""
    time = _int64(table["time"])
    intake = _int64(table["ingest_time"])
    known = np.asarray(table["time"].combine_chunks().is_valid())
    dated = known & (time >= intake - _OLDEST // timedelta(microseconds=1))
    dated &= time <= intake + _NEWEST // timedelta(microseconds=1)
    return np.where(dated, time // DAY, np.iinfo(np.int64).min)


def _int64(column: pa.ChunkedArray) -> np.ndarray:
    found: np.ndarray = pc.fill_null(column.cast(TIME).cast(pa.int64()), 0).to_numpy()
    return found


def split(table: pa.Table) -> list[tuple[Partition, pa.Table]]:
    """Events of one constituent by partition, each part ordered by time where it was not, in the table's own order
    else; columns as `STORED`."""
    head = table.slice(0, 1).select(["zone", "constituent"]).to_pylist()[0]
    days = days_of(table)
    code = np.zeros(len(table), np.int64)
    names = []
    for name in ("product", "category", "service"):
        column = table[name].combine_chunks()
        coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        coded = coded.chunk(0) if isinstance(coded, pa.ChunkedArray) else coded
        numbers = pc.fill_null(coded.indices, len(coded.dictionary)).to_numpy(zero_copy_only=False)
        names.append([*coded.dictionary.to_pylist(), None])
        code = code * len(names[-1]) + numbers
    kinds, which = np.unique(code, return_inverse=True)
    keys = [logsource_of(*_decoded(int(kind), names)) for kind in kinds]
    groups: dict[tuple[str, int], list[np.ndarray]] = {}
    for number, key in enumerate(keys):
        rows = np.flatnonzero(which == number)
        for day in np.unique(days[rows]).tolist():
            groups.setdefault((key, day), []).append(rows[days[rows] == day])
    stored = table.select(STORED.names)
    parts = []
    for (key, day), members in groups.items():
        rows = np.sort(np.concatenate(members))
        part = stored if len(rows) == len(table) else stored.take(pa.array(rows))
        shown = UNDATED if day == np.iinfo(np.int64).min else day_of(day * DAY)
        parts.append((Partition(head["zone"], head["constituent"], key, shown), ordered(part)))
    return parts


def _decoded(code: int, names: list[list[str | None]]) -> tuple[str | None, str | None, str | None]:
    code, service = divmod(code, len(names[2]))
    product, category = divmod(code, len(names[1]))
    return names[0][product], names[1][category], names[2][service]


def ordered(table: pa.Table) -> pa.Table:
    """The events by time, those without first; as they are when that is their order already."""
    time = pc.fill_null(table["time"].cast(pa.int64()), np.iinfo(np.int64).min).to_numpy()
    if (time[1:] >= time[:-1]).all():
        return table
    return table.take(pa.array(np.argsort(time, kind="stable")))


def whole(table: pa.Table, partition: Partition) -> pa.Table:
    """Events read from a file in the columns of the batch contract."""
    columns = []
    for each in SCHEMA:
        if each.name in ("zone", "constituent"):
            text = getattr(partition, each.name)
            columns.append(
                pa.DictionaryArray.from_arrays(np.zeros(len(table), np.int32), pa.array([text], pa.string()))
            )
        else:
            column = table[each.name]
            columns.append(column if column.type == each.type else column.cast(each.type))
    return pa.Table.from_arrays(columns, schema=SCHEMA)


assert STORED.field("fields").type == FIELDS
