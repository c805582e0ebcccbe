"""Reads that ended by an error or a cancellation, with rows perhaps already delivered."""

from __future__ import annotations

from kulla.registers.insider.facts import Floats
from kulla.registers.insider.signals._api import Words, count_surprise, per_day
from kulla.registers.insider.today import Today

CLUMP = 1.0
"""A failing statement is tried again."""


class Broken:
    """Reads of unknown extent that ended by error or cancellation: a way to read without an audit line."""

    name = "error_after_read"
    learnt = True

    def measure(self, today: Today) -> Floats:
        """How rare today's count is for this account and role."""
        return count_surprise(today, "broken", today.facts.broken, CLUMP, whole=True)[0]

    def words(self, today: Today, at: int) -> Words:
        """The count and the usual rate."""
        count = int(today.facts.broken[at])
        rate = float(count_surprise(today, "broken", today.facts.broken, CLUMP, whole=True)[1][at])
        return Words(
            f"{count:,} reads ended by an error or a cancellation; how much was delivered before is unknown",
            f"usual for this account and its role: {per_day(rate)}",
            "a fault of the application or network at that time; the statements, which the owner can look at",
        )


BROKEN = Broken()
