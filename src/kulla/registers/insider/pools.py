"""Which computers each pooled account is used from: its servers, with the days of first and last use."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from kulla.registers.insider.reads import Ints

Codes = npt.NDArray[np.uint64]

PLACES: Final = 64
"""Computers kept of a pool: those used last."""


@dataclass
class Pools:
    """Pool's code → computer's code → (first day, last day)."""

    known: dict[int, dict[int, tuple[int, int]]] = field(default_factory=dict)

    def learn(self, pools: Codes, clients: Codes, day: int) -> None:
        """Note a day's reads, in place; 0 is no pool, or an unknown computer."""
        some = (pools != 0) & (clients != 0)
        pairs = np.unique(np.stack([pools[some], clients[some]], axis=1), axis=0)
        for pool, client in pairs.tolist():
            self._put(pool, client, day, day)

    def _put(self, pool: int, client: int, first: int, last: int) -> None:
        used = self.known.setdefault(pool, {})
        old = used.get(client, (first, last))
        used[client] = min(first, old[0]), max(last, old[1])
        if len(used) > PLACES:
            # Ties in age go to the smaller code, so that the result does not hang on the order of arrival.
            del used[min(used, key=lambda code: (used[code][1], code))]

    def of(self, pool: int) -> dict[int, tuple[int, int]]:
        """The computers of a pool."""
        return self.known.get(pool, {})

    def plus(self, other: Pools) -> Pools:
        """What either has met."""
        found = Pools()
        for each in (self, other):
            for pool, used in each.known.items():
                for client, (first, last) in used.items():
                    found._put(pool, client, first, last)
        return found

    def rows(self) -> tuple[Codes, Ints]:
        """As arrays: (pool, computer) and (first day, last day), each of shape (n, 2)."""
        flat = [(pool, client, *days) for pool, used in self.known.items() for client, days in used.items()]
        pairs = np.array([each[:2] for each in flat], np.uint64).reshape(-1, 2)
        return pairs, np.array([each[2:] for each in flat], np.int64).reshape(-1, 2)

    @classmethod
    def of_rows(cls, pairs: Codes, days: Ints) -> Pools:
        """What `rows` gave."""
        found = cls()
        for (pool, client), (first, last) in zip(pairs.tolist(), days.tolist(), strict=True):
            found._put(pool, client, first, last)
        return found
