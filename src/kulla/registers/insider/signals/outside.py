"""Persons outside the account's remit."""

from __future__ import annotations

from kulla.registers.insider.facts import Floats
from kulla.registers.insider.signals._api import Words, count_surprise, per_day
from kulla.registers.insider.today import Today

CLUMP = 1.0
"""Days outside the remit come in bursts: an errand is several persons."""


class Outside:
    """Persons outside the remit, read without an explanation."""

    name = "outside_remit"
    learnt = True

    def measure(self, today: Today) -> Floats:
        """How rare today's count is for this account and role."""
        return count_surprise(today, "outside", today.facts.outside, CLUMP)[0]

    def words(self, today: Today, at: int) -> Words:
        """The count and the usual rate."""
        count = int(today.facts.outside[at])
        rate = float(count_surprise(today, "outside", today.facts.outside, CLUMP)[1][at])
        return Words(
            f"read {count:,} persons outside its remit without an explanation",
            f"usual for this account and its role: {per_day(rate)}",
            "an appointment or case that reaches beyond the remit; a remit that the staff list has wrong",
            count,
        )


OUTSIDE = Outside()
