"""Decoys touched: records of nobody, which no honest process has a reason to look up."""

from __future__ import annotations

import numpy as np

from kulla.registers.insider.facts import Floats
from kulla.registers.insider.signals._api import CERTAIN, Words
from kulla.registers.insider.today import Today

ALMOST_ALL = 0.2
"""A read of more than this share of the decoys is a scan, which meets decoys like anyone else."""


class Decoy:
    """Decoys read singly or a few at once. Whole scans are told by other signals."""

    name = "decoy"
    learnt = False

    def measure(self, today: Today) -> Floats:
        """CERTAIN where a decoy was read without an explanation, else 0."""
        touched = today.facts.decoys
        few = (touched > 0) & (touched <= max(1.0, ALMOST_ALL * len(today.context.decoys)))
        return np.where(few, CERTAIN, 0.0)

    def words(self, today: Today, at: int) -> Words:
        """How many."""
        count = int(today.facts.decoys[at])
        return Words(
            f"read {count:,} decoys: invented records of nobody",
            "no innocent rate: nobody can be looking for them",
            "a search by number over a range, a scan of the register, or a test of the decoys themselves",
            count,
        )


DECOY = Decoy()
