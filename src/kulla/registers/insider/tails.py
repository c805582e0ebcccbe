"""How rare a figure is among the accounts of this register: tails learnt from what is watched, without labels.

Statistics of accounts are over-dispersed, in each register and role differently; a p-value from a textbook's
distribution would alert on every busy one. So for each statistic a histogram over all account-days so far is kept, for
each role and for all together. A role's tail is shrunk towards everybody's (PRIOR account-days), so that a role of
three accounts does not call its own misuse usual, and no more than that: what analysts do daily says nothing about a
clerk. Up to the values that SEEN account-days of the role have reached, their share is the surprise; beyond, the tail
goes on straight in log scale with the slope between the shares FIT of account-days, and ends OVER above what so many
account-days can tell at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from kulla.registers.insider.facts import Floats

LOW: Final = -5.0
STEP: Final = 0.05
BINS: Final = 1200
"""Statistics are in standard deviations or powers of ten: from -5 to 55, finer than matters."""

FIT: Final = (0.02, 0.001)
STEEPEST: Final = 1.1 * STEP
"""Slope a bin at most. A normal tail has 1.26 a standard deviation between FIT's points, surprises have 1 a unit."""

SEEN: Final = 3
"""A role's account-days at or above a value from which their share is its surprise, where that is less: heavy tails."""

OVER: Final = 1.5
"""Greatest surprise, above log10 of the account-days it was learnt from. One strange value alone, however strange, has
more innocent causes than any count of days tells; two at once have fewer."""

PRIOR: Final = 1000.0
"""Account-days of everybody beside a role's own. With ten thousand, scans of analysts made those of clerks usual."""

LEAST: Final = 400.0
"""Account-days before a tail says anything."""
ALL: Final = ""

Counts = npt.NDArray[np.float64]


@dataclass
class Tails:
    """Histograms by (signal, role); role ALL is everybody. Mergeable by adding."""

    counts: dict[tuple[str, str], Counts] = field(default_factory=dict)

    def learn(self, signal: str, roles: Sequence[str], values: Floats) -> None:
        """Add one day's values, in place; NaN is left out. Without `roles`, for everybody alone."""
        known = ~np.isnan(values)
        binned = _bins(values[known])
        self._add((signal, ALL), binned)
        named = np.array(roles, object)[known] if roles else np.zeros(0, object)
        for role in sorted(set(named)):
            self._add((signal, role), binned[named == role])

    def _add(self, key: tuple[str, str], binned: npt.NDArray[np.int64]) -> None:
        found = np.bincount(binned, minlength=BINS).astype(np.float64)
        self.counts[key] = self.counts.get(key, 0.0) + found

    def plus(self, other: Tails) -> Tails:
        """Both together."""
        keys = [*self.counts, *(key for key in other.counts if key not in self.counts)]
        none = np.zeros(BINS)
        return Tails({key: self.counts.get(key, none) + other.counts.get(key, none) for key in keys})

    def surprise(self, signal: str, roles: Sequence[str], values: Floats, over: float = OVER) -> Floats:
        """-log10 of the share of account-days with at least this value; 0 where NaN, or where nothing was learnt."""
        everybody = self.counts.get((signal, ALL))
        found = np.zeros(len(values))
        if everybody is None or everybody.sum() < LEAST:
            return found
        tables = {role: self._table(signal, role, everybody, over) for role in set(roles)}
        known = np.flatnonzero(~np.isnan(values))
        binned = _bins(values[known])
        for at, bin_ in zip(known.tolist(), binned.tolist(), strict=True):
            found[at] = tables[roles[at]][bin_]
        return found

    def _table(self, signal: str, role: str, everybody: Counts, over: float) -> Floats:
        share = _tail(everybody) / everybody.sum()
        own = self.counts.get((signal, role), np.zeros(BINS)) if role != ALL else everybody
        prior = PRIOR if role != ALL else 0.0
        mixed = (_tail(own) + prior * share) / (own.sum() + prior)
        line = np.minimum(_straightened(mixed), np.log10(own.sum() + prior) + over)
        seen = _tail(own) >= SEEN
        return np.asarray(np.where(seen, np.minimum(line, -np.log10(np.maximum(mixed, 1e-300))), line))


def _bins(values: Floats) -> npt.NDArray[np.int64]:
    return np.clip(np.floor((values - LOW) / STEP), 0, BINS - 1).astype(np.int64)


def _tail(counts: Counts) -> Floats:
    return np.asarray(np.cumsum(counts[::-1])[::-1])


def _straightened(share: Floats) -> Floats:
    """-log10 of the shares as far as FIT[1], and from there straight on with the slope between FIT's two points.

    Where nearly all values are one (no rare acts yet), FIT's points fall together: then STEEPEST is the slope.
    """
    start, stop = (max(int(np.searchsorted(-share, -part, "right")) - 1, 0) for part in FIT)
    height = -np.log10(np.maximum(share, 1e-300))
    slope = min((height[stop] - height[start]) / (stop - start), STEEPEST) if stop > start else STEEPEST
    beyond = -np.log10(FIT[1]) + slope * np.arange(BINS - stop - 1)
    return np.asarray(np.concatenate([height[: stop + 1], beyond]))
