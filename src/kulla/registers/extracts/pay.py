"""Money of decoys: a donor's, moved so that neither he nor the moving shows. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import accumulate
from typing import Any, Final

import pyarrow.compute as pc

from kulla.registers.decoys.draw import Draw
from kulla.registers.decoys.roll import Roll
from kulla.registers.extracts.values import moved_money, number_like

_BY: Final = 0.06
_RAISE, _RAISE_BY = 0.25, 0.3
"""A change of pay up to so much is a raise; it becomes up to so much of itself larger or smaller."""
_HEAP: Final = 0.02
"""An amount that so many of all rows have is kept: the minimum wage."""


@dataclass(frozen=True)
class Pay:
    """The amounts in a register's column of money."""

    roll: Roll
    column: str

    def moved(self, draw: Draw, amounts: Sequence[Any]) -> dict[Any, Any]:
        """What becomes of a donor's amounts, in the order of time.

        What very many have (the minimum wage) is kept, and never crossed; what many have becomes what many others have,
        as often as these do; the rest moves by a few per cent, raises becoming larger or smaller on the way.
        """
        numbers = {value: Decimal(str(value)) for value in amounts if number_like(str(value))}
        factor = 1 + _BY * (2 * draw.unit() - 1)
        if self._crosses(list(numbers.values()), factor):
            factor = 2 - factor
        found: dict[Any, Any] = {}
        before = None
        for value, amount in numbers.items():
            if before and 0 < abs(step := float(amount / before) - 1) < _RAISE:
                factor *= (1 + step * (1 + _RAISE_BY * (2 * draw.unit() - 1))) / (1 + step)
            found[value], before = self._one(draw, value, amount, factor), amount
        return found

    def _one(self, draw: Draw, value: Any, amount: Decimal, factor: float) -> Any:
        if amount not in self._frequent:
            return moved_money(value, factor)
        near = {each: count for each, count in self._frequent.items()
                if abs(each - amount) <= amount * Decimal(_BY) and each not in self._heaps}  # fmt: skip
        if amount in self._heaps or not near:
            return value
        ends = list(accumulate(near.values()))
        chosen = list(near)[bisect_right(ends, draw.below(ends[-1]))]
        return str(chosen) if isinstance(value, str) else type(value)(chosen)

    def _crosses(self, amounts: Sequence[Decimal], factor: float) -> bool:
        by = Decimal(repr(factor))
        return any((each - heap) * (each * by - heap) <= 0 for each in amounts for heap in self._heaps if each != heap)

    @cached_property
    def _heaps(self) -> frozenset[Decimal]:
        least = self.roll.rows.num_rows * _HEAP
        return frozenset(amount for amount, count in self._frequent.items() if count >= least)

    @cached_property
    def _frequent(self) -> dict[Decimal, int]:
        """Amounts that one row in 500 has, and of each period 20, ascending, with how many have them."""
        period = self.roll.first("period")
        periods = pc.count_distinct(self.roll.rows.column(period)).as_py() if period else 1
        least = max(20 * periods, self.roll.rows.num_rows // 500)
        counts = pc.value_counts(self.roll.texts(self.column).drop_null())
        pairs = zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True)
        common = {Decimal(text): count for text, count in pairs if count >= least and number_like(text)}
        return {amount: common[amount] for amount in sorted(common)}
