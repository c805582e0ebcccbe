"""One person taken out of tables. Pure: tables in, tables out; each says how many rows it touched.

What stays: the record's number, as a tombstone that is never used again; that a read took place, by whom, when, and how
many rows it returned. What goes: the key, the versions, the cells and block keys, and every reference from a read to
the record. So a read of the erased person alone says: exact, 1 row, of no record that there still is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kulla.registers.bitmap import pack, unpack
from kulla.registers.manifest import Manifest, Meaning
from kulla.registers.records import Numbers, keys_of

ERASED = "[erased]"
"""What stands where a value of the person stood in a statement."""

_IDENTIFYING: frozenset[Meaning] = frozenset(
    {"national_id", "name", "phone", "email", "plate", "iban", "address"}
)  # fmt: skip
_SHORTEST = 4  # shorter texts would tear other words of a statement

Mask = npt.NDArray[np.bool_]


def rows_of_key(table: pa.Table, record: Sequence[str], key: str) -> Mask:
    """Which rows are of the record with that key."""
    return np.asarray(pc.fill_null(pc.equal(keys_of(table, record), key), False))


def rows_of_number(table: pa.Table, numbers: Numbers) -> Mask:
    """Which rows bear one of the numbers in `record_no`."""
    return np.isin(table.column("record_no").to_numpy(), numbers)


def without(table: pa.Table, gone: Mask) -> tuple[pa.Table, int]:
    """The rows that stay, and how many go."""
    count = int(gone.sum())
    return (table.filter(pa.array(~gone)), count) if count else (table, 0)


def neutralised(reads: pa.Table, numbers: Numbers) -> tuple[pa.Table, int]:
    """Reads that no longer refer to the records, and how many were changed.

    A read of one of them alone gets an empty bitmap: its extent stays known, its record is no more.
    """
    one = np.isin(pc.fill_null(reads.column("record"), 0).to_numpy(), numbers)
    packed = reads.column("records").to_pylist()
    changed = int(one.sum())
    for place in np.flatnonzero(pc.is_valid(reads.column("records")).to_numpy()):
        held = unpack(packed[place])
        rest = held[~np.isin(held, numbers)]
        if len(rest) < len(held):
            packed[place] = pack(rest.tolist())
            changed += 1
    if not changed:
        return reads, 0
    for place in np.flatnonzero(one):
        packed[place] = pack([])
    record = pc.if_else(pa.array(one), pa.scalar(None, pa.uint32()), reads.column("record"))
    made = _with(reads, "record", record)
    return _with(made, "records", pa.array(packed, reads.schema.field("records").type)), changed


def telling_values(versions: pa.Table, manifest: Manifest, key: str) -> tuple[str, ...]:
    """Values by which statements may name the person: the key's parts, and identifying values of their versions.

    Longest first, so that a value within another does not leave the rest of it standing.
    """
    columns = [c.name for c in manifest.columns if c.meaning in _IDENTIFYING]
    found = {str(v) for name in columns for v in versions.column(name).to_pylist() if v is not None}
    found |= set(key.split("\x1f"))
    return tuple(sorted((v for v in found if len(v) >= _SHORTEST), key=lambda v: (-len(v), v)))


def redacted(table: pa.Table, values: Sequence[str]) -> tuple[pa.Table, int]:
    """A table of accesses whose statements and bound values no longer hold the values; case does not matter.

    The hash of the raw line stays, so evidence can still be checked against the log, which has its own retention.
    """
    touched = np.zeros(table.num_rows, bool)
    for name in ("statement", "parameters"):
        column = table.column(name)
        for value in values:
            hit = pc.fill_null(pc.match_substring(column, value, ignore_case=True), False)
            if pc.any(hit).as_py():
                touched |= np.asarray(hit)
                column = pc.replace_substring_regex(column, _literally(value), ERASED)
        table = _with(table, name, column)
    return table, int(touched.sum())


def _literally(value: str) -> str:
    return "(?i)" + "".join(f"\\x{{{ord(c):x}}}" for c in value)


def _with(table: pa.Table, name: str, column: pa.Array | pa.ChunkedArray) -> pa.Table:
    place = table.schema.get_field_index(name)
    return table.set_column(place, table.schema.field(place), column)
