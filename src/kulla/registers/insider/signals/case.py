"""Reads without a case reference where the manifest demands one."""

from __future__ import annotations

from kulla.registers.insider.facts import Floats
from kulla.registers.insider.signals._api import Words, count_surprise, per_day
from kulla.registers.insider.today import Today

CLUMP = 1.0
"""Forgetting comes in spells."""


class WithoutCase:
    """Reads of persons without a case reference, and without an explanation on file."""

    name = "without_case"
    learnt = True

    def measure(self, today: Today) -> Floats:
        """How rare today's count is for this account and role."""
        return count_surprise(today, "without_case", today.facts.without_case, CLUMP)[0]

    def words(self, today: Today, at: int) -> Words:
        """The count and the usual rate."""
        count = int(today.facts.without_case[at])
        rate = float(count_surprise(today, "without_case", today.facts.without_case, CLUMP)[1][at])
        return Words(
            f"{count:,} reads of persons without naming a case",
            f"usual for this account and its role: {per_day(rate)}",
            "the cases, named late; a purpose that demands none",
        )


WITHOUT_CASE = WithoutCase()
