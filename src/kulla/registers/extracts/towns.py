"""What goes with a town: the codes of a register that follow it (an office, a district). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kulla.registers.decoys.draw import Draw
from kulla.registers.decoys.roll import Roll

_CODES: Final = 2000
"""A code with more values than so many follows nothing."""
_FOLLOWS: Final = 0.5
"""A code follows the town if towns have less than so much of the codes that they would have by lot."""


@dataclass(frozen=True)
class Towns:
    """The towns of a register."""

    roll: Roll

    def known(self, town: str) -> bool:
        """Whether somebody of that town is in the register."""
        return town in self._rows

    def codes(self, draw: Draw, town: str) -> dict[str, Any]:
        """The codes that follow the town, as somebody there has them."""
        if not self._following or not self.known(town):
            return {}
        row = int(self._rows[town][draw.below(len(self._rows[town]))])
        return {name: self.roll.rows.column(name)[row].as_py() for name in self._following}

    @cached_property
    def _rows(self) -> dict[str, np.ndarray]:
        encoded = self.roll.towns.drop_null().dictionary_encode() if self.roll.first("municipality") else None
        if encoded is None:
            return {}
        rows = np.flatnonzero(np.asarray(pc.is_valid(self.roll.towns).to_numpy(zero_copy_only=False), bool))
        numbers = np.asarray(encoded.indices.to_numpy(zero_copy_only=False), np.int64)
        order = np.argsort(numbers, kind="stable")
        parts = np.split(rows[order], np.flatnonzero(np.diff(numbers[order])) + 1)
        return dict(zip((encoded.dictionary[int(n)].as_py() for n in np.unique(numbers)), parts, strict=True))

    @cached_property
    def _following(self) -> list[str]:
        return [name for name in self.roll.having("code", "other") if self._follows(name)]

    def _follows(self, name: str) -> bool:
        table = pa.table({"town": self.roll.towns, "code": self.roll.texts(name)}).drop_null()
        towns, codes = (np.asarray(pc.value_counts(table[each]).field("counts"), float) for each in ("town", "code"))
        if not 1 < len(codes) <= _CODES or len(towns) < 2:
            return False
        pairs = table.group_by(["town", "code"]).aggregate([]).num_rows
        rows = table.num_rows
        by_lot = -np.expm1(-np.outer(towns, codes) / rows).sum()
        return bool(pairs < _FOLLOWS * by_lot)
