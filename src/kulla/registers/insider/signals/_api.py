"""What a signal is: it measures every account of a day at once, and puts one account's measure into words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np

from kulla.registers.insider.baseline import ENOUGH, rarity
from kulla.registers.insider.facts import Floats
from kulla.registers.insider.reads import Ints, day_of
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

SHAPE = (0.05, 5.0)
"""Bounds of the gamma's shape: 0.05 is a role of which one account in fifty does nearly all."""

WIDEST = 20.0
"""Greatest excess of variance: a role whose counts are wilder than that is held to it."""

MOST = 30.0
"""Where a count's surprise ends. How often honest accounts come how far, `tails` learns; here it only must not stop
early: with 7 in its place, one account-day in twenty stood at the end of the scale."""


def count_surprise(
    today: Today, series: str, counts: Floats, clump: float, exposure: tuple[str, Floats] | None = None,
    whole: bool = False,
) -> tuple[Floats, Floats]:  # fmt: skip
    """How rare today's count, and its sum over each of WINDOWS, is for an account with this past in this role.

    An account's rate is drawn from its role's (gamma, by moments) and known the better the longer its past before the
    window; around it days are over-dispersed by the role's own excess of variance, or `clump` if that is more. So the
    count is held against a negative binomial of size 1 / (1 / (shape + past total) + excess / sqrt(days)): busy days
    follow each other. `exposure`: a series with today's figures, by whose unit the rate is meant (look-ups: of these
    some meet nobody), in place of days. `whole`: what came before a change of post counts too. Returns surprises and
    today's expected count, shape (subjects,).
    """
    past = (today.whole_past(series) if whole else today.past(series))[:, today.unused :]
    active = np.isfinite(past)
    days = active.astype(np.float64)
    if exposure is not None:
        days = np.where(active, today.past(exposure[0])[:, today.unused :], 0.0)
    now = np.ones(len(counts)) if exposure is None else exposure[1]
    rate, shape = _role(np.nansum(past, axis=1), np.nansum(days, axis=1), today.role_group)
    excess = np.maximum(_excess(past, np.nan_to_num(days), today.role_group), clump)
    days = np.nan_to_num(days)
    best, expected = np.zeros(len(counts)), np.zeros(len(counts))
    for window in WINDOWS:
        last = past.shape[1]
        old, recent = slice(0, max(last + 1 - window, 0)), slice(max(last + 1 - window, 0), last)
        before = np.nansum(past[:, old], axis=1)
        own = (before + shape) / (days[:, old].sum(axis=1) + shape / rate)
        total, mean = np.nansum(past[:, recent], axis=1) + counts, own * (days[:, recent].sum(axis=1) + now)
        size = 1 / (1 / (shape + before) + excess / np.sqrt(active[:, recent].sum(axis=1) + 1.0))
        expected = own * now if window == 1 else expected
        # No window counts before something happens today: a finding is about a day.
        found = np.where(counts >= 1, rarity(total, mean, size), 0.0)
        best = np.maximum(best, found - np.log10(len(WINDOWS)))
    return np.clip(best, 0.0, MOST), expected


def _role(totals: Floats, days: Floats, group: Ints) -> tuple[Floats, Floats]:
    """Of each row's group the mean rate and the shape of the gamma that its accounts' rates make, by moments.

    The mean is at least what half an act of everybody would make, so that nothing is impossible because it never was.
    """
    least = 0.5 / max(days.sum(), 1.0)
    rate, shape = np.full(len(totals), least), np.full(len(totals), SHAPE[0])
    for one in np.unique(group):
        rows = (group == one) & (days > 0)
        weight = days[rows].sum()
        if not weight:
            continue
        mean = max(totals[rows].sum() / weight, least)
        own = totals[rows] / days[rows]
        between = (days[rows] * (own - mean) ** 2).sum() / weight - mean * rows.sum() / weight
        rate[group == one] = mean
        shape[group == one] = np.clip(mean**2 / max(between, 1e-12), *SHAPE)
    return rate, shape


def _excess(past: Floats, days: Floats, group: Ints) -> Floats:
    """(variance - mean) / mean² of a day's count around its own account's rate, over all accounts of a group."""
    active = np.isfinite(past)
    rate = np.nansum(past, axis=1) / np.maximum(days.sum(axis=1), 1e-9)
    mean = np.where(active, rate[:, None] * days, 0.0)
    beyond = np.where(active, (np.nan_to_num(past) - mean) ** 2 - mean, 0.0).sum(axis=1)
    square = (mean**2).sum(axis=1)
    enough = active.sum(axis=1) >= ENOUGH
    found = np.zeros(len(past))
    for one in np.unique(group):
        rows = (group == one) & enough
        total = square[rows].sum()
        found[group == one] = beyond[rows].sum() / total if total > 0 else 0.0
    return np.clip(found, 0.0, WIDEST)


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
