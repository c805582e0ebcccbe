"""Reads of which nobody knows what they took: COPY, cursors, whole tables by other ways."""

from __future__ import annotations

from kulla.registers.insider.facts import Floats
from kulla.registers.insider.signals._api import Words, count_surprise, per_day
from kulla.registers.insider.today import Today

CLUMP = 1.0
"""Exports come several on one day."""


class Unknown:
    """Reads whose extent the audit does not tell, by a person's account."""

    name = "unknown_extent"
    learnt = True

    def measure(self, today: Today) -> Floats:
        """How rare today's count is for this account and role."""
        return count_surprise(today, "unknown", today.facts.unknown, CLUMP)[0]

    def words(self, today: Today, at: int) -> Words:
        """The count and the usual rate."""
        count = int(today.facts.unknown[at])
        rate = float(count_surprise(today, "unknown", today.facts.unknown, CLUMP)[1][at])
        return Words(
            f"{count:,} reads by COPY, a cursor or another way that hides how many records were taken",
            f"usual for this account and its role: {per_day(rate)}",
            "a declared export, audit or job of this account",
        )


UNKNOWN = Unknown()
