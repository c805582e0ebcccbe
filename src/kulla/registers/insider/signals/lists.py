"""Lists and pages: how many reads of many persons at once, whatever the number of persons."""

from __future__ import annotations

import numpy as np

from kulla.registers.insider.facts import LIST, Floats
from kulla.registers.insider.signals._api import Words, count_surprise, per_day
from kulla.registers.insider.today import Today

CLUMP = 1.0
"""Pages come in sessions."""


class Lists:
    """Reads of LIST persons and more: a crawl is many of them, though each is like those of colleagues."""

    name = "lists_and_pages"
    learnt = True

    def measure(self, today: Today) -> Floats:
        """How rare today's count is for this account and role; NaN for declared jobs."""
        found = count_surprise(today, "lists", today.facts.lists, CLUMP)[0]
        return np.where(today.judged, found, np.nan)

    def words(self, today: Today, at: int) -> Words:
        """The count, the persons and the usual rate."""
        count, persons = int(today.facts.lists[at]), int(today.facts.persons[at])
        rate = float(count_surprise(today, "lists", today.facts.lists, CLUMP)[1][at])
        return Words(
            f"{count:,} reads of {LIST} persons or more without an explanation, {persons:,} persons in all that day",
            f"usual for this account and its role: {per_day(rate)}",
            "a task that goes through whole lists or pages, an employer's check, an order for that office",
            persons,
        )


LISTS = Lists()
