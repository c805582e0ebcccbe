"""A lasting rise of distinct persons a day: low and slow."""

from __future__ import annotations

import numpy as np

from kulla.registers.insider.facts import Floats
from kulla.registers.insider.signals._api import Words, day_at
from kulla.registers.insider.today import Today


class Drift:
    """The likelihood ratio of a change point in the persons looked up one by one, what moved all peers taken out.

    Lists are left out: one more or less of them makes hundreds of persons, and under that nothing slow can be seen.
    """

    name = "persons_change"
    learnt = True

    def measure(self, today: Today) -> Floats:
        """The ratio at the best day of change; NaN with too few days before, and for declared jobs."""
        return np.where(today.judged, today.change[0], np.nan)

    def words(self, today: Today, at: int) -> Words:
        """The medians before and after, and the day of the change."""
        index = int(today.change[1][at])
        days = np.append(today.past("singles")[at], today.facts.singles[at])
        after, before = days[index:], days[:index]
        return Words(
            f"looks up more persons without an explanation than before: {np.nanmedian(after):,.0f} on a median day",
            f"its own median day before: {np.nanmedian(before):,.0f} persons",
            "a change of role, office or task that the staff list does not show yet; case files for these persons",
            int(np.nansum(after)),
            day_at(today, index),
        )


DRIFT = Drift()
