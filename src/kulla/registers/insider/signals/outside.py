"""Persons outside the account's remit."""

from __future__ import annotations

import numpy as np

from kulla.registers.insider.facts import Floats
from kulla.registers.insider.signals._api import Words, count_surprise, per_day
from kulla.registers.insider.today import Today

CLUMP = 1.0
"""Days outside the remit come in bursts: an errand is several persons."""

LEFT = 0.1
"""Share of its usual reads inside the remit down to which an account's work may have moved elsewhere."""

MOVED = 3.0
"""How many times its usual work an account that has moved may do on a busy day."""


class Outside:
    """Reads outside the remit, without an explanation, on top of the usual work.

    An account whose office changed before the staff list did reads outside what the list says and nothing inside: its
    work has moved, not grown. So the reads that are missing inside, against its own days, are taken off. Without that,
    six of the eight strangest honest accounts were such.
    """

    name = "outside_remit"
    learnt = True

    def measure(self, today: Today) -> Floats:
        """How rare today's count is for this account and role."""
        return count_surprise(today, "outside", _added(today), CLUMP)[0]

    def words(self, today: Today, at: int) -> Words:
        """The count and the usual rate."""
        count = int(today.facts.outside[at])
        rate = float(count_surprise(today, "outside", _added(today), CLUMP)[1][at])
        return Words(
            f"{count:,} reads without an explanation of persons outside its remit (each list or page counted once)",
            f"usual for this account and its role: {per_day(rate)}",
            "an appointment or case that reaches beyond the remit; a remit that the staff list has wrong",
            int(today.facts.persons[at]),
        )


def _added(today: Today) -> Floats:
    """Today's reads outside, less those missing inside; MOVED times those where next to nothing is left inside."""
    past = today.past("inside")
    days = np.isfinite(past).sum(axis=1)
    usual = np.where(days > 0, np.nansum(past, axis=1) / np.maximum(days, 1), 0.0)
    missing = np.maximum(usual - today.facts.inside, 0)
    moved = today.facts.inside <= LEFT * usual
    return np.asarray(np.maximum(today.facts.outside - np.where(moved, MOVED, 1.0) * missing, 0))


OUTSIDE = Outside()
