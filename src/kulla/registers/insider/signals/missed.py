"""Look-ups that find nobody: numbers that were guessed or counted up."""

from __future__ import annotations

import numpy as np

from kulla.registers.insider.facts import Floats
from kulla.registers.insider.signals._api import Words, count_surprise
from kulla.registers.insider.today import Today

CLUMP = 0.5
"""Whoever cannot find somebody tries again."""


class Missed:
    """Look-ups of one person that met no record, of so many look-ups."""

    name = "nobody_found"
    learnt = True

    def measure(self, today: Today) -> Floats:
        """How rare today's count is among so many look-ups; NaN for declared jobs."""
        return np.where(today.judged, self._rarity(today)[0], np.nan)

    def words(self, today: Today, at: int) -> Words:
        """The count and what was to be expected."""
        count, expected = int(today.facts.missed[at]), float(self._rarity(today)[1][at])
        return Words(
            f"{count:,} of {int(today.facts.lookups[at]):,} look-ups found nobody",
            f"to be expected of this account and its role: {expected:,.1f}",
            "a list with old or foreign numbers that was worked through; a fault of the application",
        )

    def _rarity(self, today: Today) -> tuple[Floats, Floats]:
        return count_surprise(today, "missed", today.facts.missed, CLUMP, ("lookups", today.facts.lookups))


MISSED = Missed()
