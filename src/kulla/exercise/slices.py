"""What a register's maker hands over: versions, and whose they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from kulla.exercise.draw import Ints
from kulla.registers.schema import GROUPS, RECORD_MAP


@dataclass(frozen=True, slots=True)
class Slice:
    """Versions of some records, in the order of records.

    Attributes:
        table: the register's columns and VERSION_TIMES.
        record: of each version, its record number less one.
    """

    table: pa.Table
    record: Ints

    def records(self, key: str) -> pa.Table:
        """The records as RECORD_MAP, their keys taken from that column."""
        first = self._first()
        number = pa.array(self.record[first] + 1, pa.uint32())
        keys = self.table[key].take(pa.array(first)).combine_chunks().cast(pa.string())
        return pa.table([keys, number, pa.array(np.zeros(first.size, dtype=bool))], schema=RECORD_MAP)

    def groups(self, remit: str) -> pa.Table:
        """The records as GROUPS: the value of that column in their first version."""
        first = self._first()
        labels = self.table[remit].take(pa.array(first)).combine_chunks().cast(GROUPS.field("group").type)
        return pa.table([pa.array(self.record[first] + 1, pa.uint32()), labels], schema=GROUPS)

    def _first(self) -> Ints:
        return np.flatnonzero(np.diff(self.record, prepend=-1))
