"""Distinct persons against the account's peers: those of its role and office."""

from __future__ import annotations

import numpy as np

from kulla.registers.insider.baseline import ENOUGH, LEAST, MAD
from kulla.registers.insider.facts import Floats
from kulla.registers.insider.signals._api import Words
from kulla.registers.insider.today import Today, grouped_median


class Peers:
    """Robust deviation of today's log1p persons from the peers' of today, for accounts with little past alone.

    One that has always read more than its peers is no finding: with a past, it is held against that.
    """

    name = "persons_peers"
    learnt = True

    def measure(self, today: Today) -> Floats:
        """The deviation; NaN without enough peers."""
        middle = _middle(today.level, today)
        spread = MAD * _middle(np.abs(today.level - middle), today)
        deviation = (today.level - middle) / np.maximum(spread, LEAST)
        return np.where(today.judged & (today.own.days < ENOUGH), deviation, np.nan)

    def words(self, today: Today, at: int) -> Words:
        """Today's persons and the peers' median."""
        post = today.facts.posts[at]
        middle = float(np.expm1(_middle(today.level, today)[at]))
        persons = int(today.facts.persons[at])
        return Words(
            f"read {persons:,} persons without an explanation, more than its peers",
            f"median of {post.role} accounts today: {middle:,.0f} persons; the account has too little past of its own",
            "case files for these persons; a task that its peers do not have",
            persons,
        )


def _middle(values: Floats, today: Today) -> Floats:
    """The median of each subject's peers; of everybody where it has too few."""
    found = grouped_median(values, today.peers)
    return np.where(np.isnan(found), grouped_median(values, np.zeros(len(values), np.int64)), found)


PEERS = Peers()
