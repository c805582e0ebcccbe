"""Watched persons: public figures and others whose every read is looked at."""

from __future__ import annotations

from kulla.registers.insider.facts import Floats
from kulla.registers.insider.signals._api import Words, count_surprise
from kulla.registers.insider.today import Today

CLUMP = 0.5
"""Watched persons are met singly."""


class Watched:
    """Distinct watched persons that somebody asked for, one by one or a few at once; lists and scans meet them too."""

    name = "watched_persons"
    learnt = True

    def measure(self, today: Today) -> Floats:
        """How rare today's count is among so many persons looked up."""
        return _rarity(today)[0]

    def words(self, today: Today, at: int) -> Words:
        """The count and the usual rate."""
        count = int(today.facts.watched[at])
        expected = float(_rarity(today)[1][at])
        singles = int(today.facts.singles[at])
        return Words(
            f"looked up {count:,} watched persons without an explanation",
            f"to be expected of this account and its role among {singles:,} looked up: {expected:.2f}",
            "a case file or appointment of these persons",
            count,
        )


def _rarity(today: Today) -> tuple[Floats, Floats]:
    return count_surprise(today, "watched", today.facts.watched, CLUMP, ("singles", today.facts.singles))


WATCHED = Watched()
