"""What a signal is: it measures every account of a day at once, and puts one account's measure into words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np

from kulla.registers.insider.baseline import pooled_rate, rarity
from kulla.registers.insider.facts import Floats
from kulla.registers.insider.reads import day_of
from kulla.registers.insider.state import DAYS
from kulla.registers.insider.today import Today

CERTAIN = 12.0
"""The surprise of what has no innocent rate at all: a decoy touched."""


@dataclass(frozen=True, slots=True)
class Words:
    """One signal about one account, for people.

    Attributes:
        changed: what is unusual, with today's figure.
        baseline: the figure it is held against.
        clears: what would clear it.
        persons: how many persons it concerns; 0 when that is not known.
        since: from when on; None: today alone.
    """

    changed: str
    baseline: str
    clears: str
    persons: int = 0
    since: date | None = None


class Signal(Protocol):
    """One way in which a day of an account can be unusual.

    `learnt`: measures are statistics that `tails` turns into surprises; else they are surprises (-log10 of a rate).
    """

    @property
    def name(self) -> str:
        """A word for it, as it stands in findings."""

    @property
    def learnt(self) -> bool:
        """See above."""

    def measure(self, today: Today) -> Floats:
        """A figure for each subject; NaN where the signal says nothing."""

    def words(self, today: Today, at: int) -> Words:
        """What is to be said of the subject at that index."""


WINDOWS = (1, 10, 40)
"""Days over which rare acts are added up."""

PRIOR_DAYS = 10.0
"""How many days of its role stand beside an account's own days."""

LAG = 40
"""The last days, which may already be the misuse, are no baseline."""


MOST = 7.0
"""Beyond one day in ten million a count's distribution is not known well enough to tell more."""


def count_surprise(today: Today, series: str, counts: Floats, clump: float) -> tuple[Floats, Floats]:
    """How rare today's count, and those of WINDOWS, are for an account with this past in this role.

    The rate is the account's own past but the last LAG days, with its role's as a prior; the distribution is a negative
    binomial of size 1/clump for each day. Returns surprises and the daily rate, shape (subjects,).
    """
    past = today.past(series)
    old = past[:, : DAYS - 1 - LAG]
    rate = pooled_rate(past, today.role_group)
    days = np.isfinite(old).sum(axis=1)
    own = (np.nansum(old, axis=1) + PRIOR_DAYS * rate) / (days + PRIOR_DAYS)
    best = np.zeros(len(counts))
    for window in WINDOWS:
        recent = past[:, DAYS - window :] if window > 1 else past[:, :0]
        active = np.isfinite(recent).sum(axis=1) + 1.0
        total = np.nansum(recent, axis=1) + counts
        # No window counts before something happens today: a finding is about a day.
        found = np.where(counts >= 1, rarity(total, own * active, active / clump), 0.0)
        best = np.maximum(best, found - np.log10(len(WINDOWS)))
    return np.clip(best, 0.0, MOST), own


def per_day(rate: float) -> str:
    """A daily rate in words.

    >>> per_day(12.34), per_day(0.25), per_day(0.0004)
    ('12.3 a day', '1 in 4 days', 'less than 1 in 400 days')
    """
    if rate >= 1:
        return f"{rate:,.1f} a day"
    return f"1 in {1 / rate:,.0f} days" if rate > 1 / 400 else "less than 1 in 400 days"


def day_at(today: Today, index: int) -> date:
    """The day of a column of `Today.past` (DAYS - 1: today)."""
    return day_of(today.day - (DAYS - 1) + index)
