"""Whole databases copied under a person's account: dumps and replication connections that the audit itself shows."""

from __future__ import annotations

import numpy as np

from kulla.registers.insider.facts import Floats
from kulla.registers.insider.signals._api import CERTAIN, Words
from kulla.registers.insider.today import Today


class Copies:
    """Reads by a dump or backup tool or over a replication connection, by an account that is no declared job.

    What hosts, backup tools and the server's own log tell of such acts, `administrators` has.
    """

    name = "database_copied"
    learnt = False

    def measure(self, today: Today) -> Floats:
        """CERTAIN where there is one that no explanation covers, else 0."""
        return np.where(today.facts.acts > 0, CERTAIN, 0.0)

    def words(self, today: Today, at: int) -> Words:
        """How many."""
        count = int(today.facts.acts[at])
        return Words(
            f"{count:,} reads by a dump or backup tool, or over a replication connection",
            "none: such a copy under an account that is no declared job is looked at each time",
            "an explanation of kind job or audit for this account; its entry as a job in the staff list",
        )


COPIES = Copies()
