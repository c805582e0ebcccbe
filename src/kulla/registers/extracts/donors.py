"""Persons whose rows in a register decoys' rows are made like, where no employer tells more. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kulla.registers.decoys.draw import Draw
from kulla.registers.decoys.ids import signs
from kulla.registers.decoys.roll import Roll

_YEARS: Final = (2, 8, 200)
"""How far apart in age, at first, then, and at last."""


@dataclass(frozen=True)
class Donors:
    """The persons of a register, by how many rows they have."""

    roll: Roll

    def any(self, draw: Draw, rows: int, born: int, but: str) -> str:
        """Somebody but `but` with so many rows, born about so many days after 1970; `but` itself: there is none."""
        people, counts, days = self._people
        alike = np.flatnonzero(counts == rows)
        for years in _YEARS:
            near = alike[np.abs(days[alike] - born) <= 365 * years]
            if len(near) > 3:
                for _ in range(8):
                    found = str(people[int(near[draw.below(len(near))])].as_py())
                    if found != but:
                        return found
        return but

    @cached_property
    def _people(self) -> tuple[pa.Array, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Persons, how many rows each has, and their days of birth."""
        found = pc.value_counts(self.roll.persons.drop_null())
        people = found.field("values")
        return people, np.asarray(found.field("counts").to_numpy(), np.int64), signs(people.to_pylist())[0]
