"""Reads at hours at which the account, and its role, do not work."""

from __future__ import annotations

import numpy as np

from kulla.registers.insider.baseline import rarity
from kulla.registers.insider.facts import HOURS, Floats
from kulla.registers.insider.signals._api import Words
from kulla.registers.insider.today import Today

ODD = 0.004
"""An hour of the week that has less than this share of an account's reads is an odd one."""

PRIOR = 40.0
"""Reads of the role that stand beside the account's own."""

LEARNT = 200.0
"""Reads of the role before its hours say anything."""


class OffHours:
    """Reads at odd hours, against how many such an account reads there."""

    name = "off_hours"
    learnt = True

    def measure(self, today: Today) -> Floats:
        """The rarity of the reads at odd hours."""
        usual, known = _usual(today)
        odd = usual < ODD
        count = (today.facts.hours * odd).sum(axis=1)
        expected = (usual * odd).sum(axis=1) * np.maximum(today.facts.hours.sum(axis=1), 1)
        # Reads of one odd hour come together: size 0.5, so that one hour's work counts little more than one read.
        return np.where(known & today.judged, rarity(count, expected, np.full(len(count), 0.5)), np.nan)

    def words(self, today: Today, at: int) -> Words:
        """The hours and how seldom they were."""
        usual, _ = _usual(today)
        odd = (usual[at] < ODD) & (today.facts.hours[at] > 0)
        reads = int(today.facts.hours[at][odd].sum())
        hours = ", ".join(f"{hour % 24:02}-{hour % 24 + 1:02} h" for hour in np.flatnonzero(odd)[:4].tolist())
        weekend = " at the weekend" if np.flatnonzero(odd).max(initial=0) >= HOURS // 2 else ""
        return Words(
            f"{reads:,} reads of persons without an explanation at {hours}{weekend}",
            f"share of its reads at such hours so far: {usual[at][odd].sum():.2%}",
            "a shift, an emergency or overtime that the office confirms",
        )


def _usual(today: Today) -> tuple[Floats, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Share of each hour of the week in each account's reads so far, and whether its role has read enough."""
    own = today.state.hours[today.rows].astype(np.float64)
    group = today.role_group
    role = np.zeros((int(group.max(initial=0)) + 1, HOURS))
    np.add.at(role, group, own)
    total = role.sum(axis=1)
    share = role / np.maximum(total, 1)[:, None]
    usual = (own + PRIOR * share[group]) / (own.sum(axis=1, keepdims=True) + PRIOR)
    return usual, total[group] >= LEARNT


OFF_HOURS = OffHours()
