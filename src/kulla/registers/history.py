"""The history of a register behind one interface, whatever keeps it: triggers, snapshots, files, old backups.

A version is one row's values while they could be read. Its times are VERSION_TIMES: [valid_from, valid_to) holds the
true interval, [known_from, known_to) lies within it. A null known_ time means the valid_ one, so a version with both
null is exact; BEGINNING as valid_from means that nothing is known of its start but known_from. What no version can tell
is a `Gap`: times for which the history does not vouch. A gap is unknown, never "unchanged".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kulla.registers.schema import KNOWN_FROM, KNOWN_TO, TIME, VALID_FROM, VALID_TO, VERSION_TIMES

BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""valid_from of versions whose start is unknown."""

INSTANT: Final = timedelta(microseconds=1)
"""The shortest interval that our times can tell: what one look at the register proves."""

SEPARATOR: Final = "\x1f"
_NULL: Final = "\x00"

Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Gap:
    """Times for which the history vouches for nothing: [start, end), or for one row count, with its reason.

    Attributes:
        start: None: from the beginning.
        end: None: still.
        reason: plain words, without a personal value.
    """

    start: datetime | None
    end: datetime | None
    reason: str


class History(Protocol):
    """What every kind of history can tell."""

    def changes(self, since: datetime | None) -> Iterator[pa.RecordBatch]:
        """Versions (register columns and VERSION_TIMES) that began or ended at or after `since`; None: all."""

    def gaps(self) -> tuple[Gap, ...]:
        """The times for which it does not vouch, by start."""


def version_schema(columns: Iterable[pa.Field]) -> pa.Schema:
    """The schema of versions with these register columns."""
    return pa.schema([*(field.with_nullable(True) for field in columns), *VERSION_TIMES])


def keys(table: pa.Table | pa.RecordBatch, names: Sequence[str]) -> pa.Array:
    """The key of each row: the values of these columns as text, joined by U+001F; a null is U+0000."""
    parts = [pc.fill_null(pc.cast(_whole(table.column(name)), pa.string()), _NULL) for name in names]
    return parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, SEPARATOR)


def row_hashes(table: pa.Table | pa.RecordBatch, names: Sequence[str]) -> Hashes:
    """A 128-bit hash of each row's values in these columns, shape (rows, 2). Null and empty text differ.

    Values are hashed as text with their lengths, so that no two rows of different cells look alike.
    """
    parts: list[Any] = []
    for name in names:
        text = pc.cast(_whole(table.column(name)), pa.string())
        length = pc.fill_null(pc.cast(pc.binary_length(text), pa.string()), "-")
        parts += [length, pc.fill_null(text, "")]
    if not parts or not table.num_rows:
        return np.zeros((table.num_rows, 2), np.uint64)
    joined = pc.binary_join_element_wise(*parts, SEPARATOR).cast(pa.binary())
    digests = b"".join([blake2b(each, digest_size=16).digest() for each in joined.to_pylist()])
    return np.frombuffer(digests, np.uint64).reshape(-1, 2)


def with_times(
    rows: pa.Table,
    valid_from: Any,
    valid_to: Any = None,
    known_from: Any = None,
    known_to: Any = None,
) -> pa.Table:
    """Rows as versions: each time is one for all rows, None, or an array of microseconds or times."""
    given = {VALID_FROM: valid_from, VALID_TO: valid_to, KNOWN_FROM: known_from, KNOWN_TO: known_to}
    columns = {name: rows.column(name) for name in rows.column_names if name not in given}
    columns |= {name: _times(value, rows.num_rows) for name, value in given.items()}
    return pa.table(columns, version_schema(pa.field(n, columns[n].type) for n in columns if n not in given))


def _times(value: Any, rows: int) -> pa.Array:
    if value is None or isinstance(value, datetime):
        return pa.repeat(pa.scalar(value, TIME), rows)
    if isinstance(value, pa.ChunkedArray):
        return value.combine_chunks().cast(TIME)
    return value.cast(TIME) if isinstance(value, pa.Array) else pa.array(value, TIME)


def _whole(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return whole.cast(whole.type.value_type) if pa.types.is_dictionary(whole.type) else whole


def merged(gaps: Iterable[Gap]) -> tuple[Gap, ...]:
    """Gaps by start, each once; those of one reason that touch become one."""
    found: list[Gap] = []
    for gap in sorted(set(gaps), key=lambda each: (each.reason, each.start or BEGINNING)):
        last = found[-1] if found else None
        if last and last.reason == gap.reason and (last.end is None or (gap.start or BEGINNING) <= last.end):
            end = None if last.end is None or gap.end is None else max(last.end, gap.end)
            found[-1] = Gap(last.start, end, gap.reason)
        else:
            found.append(gap)
    return tuple(sorted(found, key=lambda each: (each.start or BEGINNING, each.reason)))
