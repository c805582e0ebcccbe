"""Reads through a pooled account from a computer that is none of the pool's: its password in other hands."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from kulla.registers.insider.baseline import ENOUGH
from kulla.registers.insider.facts import Floats
from kulla.registers.insider.signals._api import Words
from kulla.registers.insider.today import Today

SERVER = 3
"""End users of one day from which a computer new to a pool is a new server of the application."""


class PoolComputer:
    """A pool's reads come from its servers. From elsewhere, the end user is what somebody wrote.

    The statistic is 2 + log10(1 + reads) from such computers, 0 for a pool's reads from its own.
    """

    name = "pool_from_elsewhere"
    learnt = True

    def measure(self, today: Today) -> Floats:
        """The statistic; NaN for accounts that read nothing through a pool."""
        found = np.full(len(today.rows), np.nan)
        found[np.unique(today.facts.read_subject[today.facts.read_pool != 0])] = 0.0
        for subject, reads in self._elsewhere(today).items():
            found[subject] = 2 + np.log10(1 + len(reads))
        return found

    def words(self, today: Today, at: int) -> Words:
        """How many reads, and whose computer it is."""
        facts, reads = today.facts, self._elsewhere(today)[at]
        clients = np.unique(facts.read_client[reads])
        own = sum(today.state.clients.users(np.delete(today.rows, at), int(client)) for client in clients)
        return Words(
            f"{len(reads):,} reads through a pooled account in this end user's name from {len(clients):,} computers"
            f" that are none of the pool's, and that {own:,} other accounts have used; the name may be forged",
            "none: all earlier reads of the pool came from computers that it still uses",
            "a new server of the application; a test by those who run it",
            int(facts.read_persons[reads].sum()),
        )

    def _elsewhere(self, today: Today) -> dict[int, list[int]]:
        """Subject → its reads through a pool from computers that the pool never used, and that few use today."""
        facts, state = today.facts, today.state
        read = np.flatnonzero((facts.read_pool != 0) & (facts.read_client != 0) & ~facts.cleared)
        asked: dict[tuple[int, int], list[int]] = defaultdict(list)
        for at in read.tolist():
            asked[int(facts.read_pool[at]), int(facts.read_client[at])].append(at)
        found: dict[int, list[int]] = defaultdict(list)
        for (pool, client), reads in asked.items():
            known = state.pools.of(pool)
            since = min(known.values(), default=(today.day, today.day))[0]
            users = len(np.unique(facts.read_subject[reads]))
            if client not in known and today.day - since >= ENOUGH and users < SERVER:
                for at in reads:
                    found[int(facts.read_subject[at])].append(at)
        return found


POOL = PoolComputer()
