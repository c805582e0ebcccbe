"""Watched persons: public figures and others whose every read is looked at."""

from __future__ import annotations

from kulla.registers.insider.facts import Floats
from kulla.registers.insider.signals._api import Words, count_surprise, per_day
from kulla.registers.insider.today import Today

CLUMP = 0.5
"""Watched persons are met singly."""


class Watched:
    """Distinct watched persons read without an explanation."""

    name = "watched_persons"
    learnt = True

    def measure(self, today: Today) -> Floats:
        """How rare today's count is for this account and role."""
        return count_surprise(today, "watched", today.facts.watched, CLUMP)[0]

    def words(self, today: Today, at: int) -> Words:
        """The count and the usual rate."""
        count = int(today.facts.watched[at])
        rate = float(count_surprise(today, "watched", today.facts.watched, CLUMP)[1][at])
        return Words(
            f"read {count:,} watched persons without an explanation",
            f"usual for this account and its role: {per_day(rate)}",
            "a case file or appointment of these persons",
            count,
        )


WATCHED = Watched()
