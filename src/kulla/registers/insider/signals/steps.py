"""Look-ups that walk along record numbers."""

from __future__ import annotations

from kulla.registers.insider.facts import Floats
from kulla.registers.insider.signals._api import Words, count_surprise, per_day
from kulla.registers.insider.today import Today

CLUMP = 4.0
"""Walks with a good reason are rare and long."""


class Steps:
    """Single look-ups, each next to the one before in the register's order."""

    name = "enumeration"
    learnt = True

    def measure(self, today: Today) -> Floats:
        """How rare today's count is for this account and role."""
        return count_surprise(today, "steps", today.facts.steps, CLUMP)[0]

    def words(self, today: Today, at: int) -> Words:
        """The count and the usual rate."""
        count = int(today.facts.steps[at])
        rate = float(count_surprise(today, "steps", today.facts.steps, CLUMP)[1][at])
        return Words(
            f"looked up {count:,} records one after the other in the order of the register",
            f"usual for this account and its role: {per_day(rate)}",
            "an archive check, a data quality task or a list that is in the register's order",
            count,
        )


STEPS = Steps()
