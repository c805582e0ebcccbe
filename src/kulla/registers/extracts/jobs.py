"""Employers for decoys: real ones, chosen so that a decoy has as many like colleagues as persons have. Pure.

At its model's employer a decoy would always have a colleague of the same position, its model, where one person in six
has none. So a real person is drawn, the colleagues of the same position and the size of the employer are counted, and a
real employer of the wanted town is taken that has so many in the decoy's position and is about so large.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import log2
from typing import Any, Final

import numpy as np
import pyarrow.compute as pc

from kulla.registers.decoys.draw import Draw
from kulla.registers.decoys.roll import Roll, large_enough

Row = Mapping[str, Any]

_POSITIONS: Final = 500
"""A code with more values than so many is no position."""
_UNLIKE: Final = 8.0
"""What having no colleague instead of some weighs against a doubling of their number."""


@dataclass(frozen=True)
class Jobs:
    """Who works where as what, as of a register's last period."""

    roll: Roll

    @cached_property
    def columns(self) -> list[str]:
        """The columns that name the employer."""
        return self.roll.having("employer_id", "employer")

    def employer(self, draw: Draw, row: Row) -> dict[str, Any]:
        """The employer's columns for a decoy with otherwise this row; nothing when the register has no employers."""
        if not self.columns or not self._people:
            return {}
        at = draw.below(len(self._people))
        person = self._people[at]
        wanted, size = self._cells[person] - 1, self._sizes[person[0]]
        near = self._there[person[0], self._town[at]] - 1
        position, town = self._position(row), str(row.get(self.roll.first("municipality")))
        chance = np.random.default_rng(draw.word())
        choice, least = None, 1e9
        for employer in self._towns.get(town, ()) if near else self._elsewhere(town):
            unlike = _unlike(self._cells.get((employer, position), 0), wanted)
            unlike += _unlike(self._there.get((employer, town), 0), near)
            unlike += 0.5 * abs(log2(self._sizes[employer]) - log2(size)) + 0.25 * chance.random()
            if unlike < least:
                choice, least = employer, unlike
        return dict(zip(self.columns, self._names[choice], strict=True)) if choice is not None else {}

    def _position(self, row: Row) -> tuple[str, ...]:
        return tuple(str(row[name]) for name in self._codes)

    @cached_property
    def _codes(self) -> list[str]:
        return [name for name in self.roll.having("code")
                if pc.count_distinct(self.roll.rows.column(name)).as_py() <= _POSITIONS]  # fmt: skip

    @cached_property
    def _latest(self) -> list[dict[str, Any]]:
        """The rows of the last period, in the columns that matter."""
        period, rows = self.roll.first("period"), self.roll.rows
        if period:
            rows = rows.filter(pc.equal(rows.column(period), pc.max(rows.column(period))))
        town = self.roll.first("municipality")
        names = dict.fromkeys([*self.columns, *self._codes, *([town] if town else [])])
        found: list[dict[str, Any]] = rows.select(list(names)).to_pylist()
        return found

    @cached_property
    def _people(self) -> list[tuple[str, tuple[str, ...]]]:
        """Employer and position of each person."""
        return [(str(row[self.columns[0]]), self._position(row)) for row in self._latest]

    @cached_property
    def _cells(self) -> Counter[tuple[str, tuple[str, ...]]]:
        return Counter(self._people)

    @cached_property
    def _sizes(self) -> Counter[str]:
        return Counter(employer for employer, _ in self._people)

    @cached_property
    def _names(self) -> dict[str, tuple[Any, ...]]:
        return {str(row[self.columns[0]]): tuple(row[name] for name in self.columns) for row in self._latest}

    @cached_property
    def _town(self) -> list[str]:
        """Town of each person."""
        name = self.roll.first("municipality")
        return [str(row.get(name)) for row in self._latest]

    @cached_property
    def _there(self) -> Counter[tuple[str, str]]:
        """Employer and town → persons."""
        return Counter((employer, town) for (employer, _), town in zip(self._people, self._town, strict=True))

    @cached_property
    def _towns(self) -> dict[str, list[str]]:
        """Town → employers of persons who live there, large enough to hide in."""
        found: dict[str, list[str]] = defaultdict(list)
        for employer, town in sorted(self._there):
            if employer in self._large:
                found[town].append(employer)
        return found

    def _elsewhere(self, town: str) -> list[str]:
        """Large enough employers for which nobody of the town works."""
        return [employer for employer in sorted(self._large) if (employer, town) not in self._there]

    @cached_property
    def _large(self) -> set[str]:
        mask = large_enough(self.roll)
        first = self.roll.texts(self.columns[0])
        names = set(pc.unique(first if mask is None else first.filter(mask)).to_pylist())
        return names & self._sizes.keys()


def _unlike(have: int, wanted: int) -> float:
    """How unlike two numbers of colleagues are, in doublings."""
    if (have == 0) != (wanted == 0):
        return _UNLIKE
    return abs(log2(max(have, 1)) - log2(max(wanted, 1)))
