"""Distinct persons today against the account's own days."""

from __future__ import annotations

import numpy as np

from kulla.registers.insider.baseline import ENOUGH
from kulla.registers.insider.facts import Floats
from kulla.registers.insider.signals._api import Words
from kulla.registers.insider.today import Today


class Day:
    """Standard deviations (log1p, robust) above the account's median day, after what moved all its peers today."""

    name = "persons_day"
    learnt = True

    def measure(self, today: Today) -> Floats:
        """The deviation; NaN with too few days, and for declared jobs."""
        own = today.own
        deviation = (today.level - today.shift - own.centre) / own.scale
        return np.where((own.days >= ENOUGH) & today.judged, deviation, np.nan)

    def words(self, today: Today, at: int) -> Words:
        """Today's persons and the median day."""
        persons = int(today.facts.persons[at])
        usual = float(np.expm1(today.own.centre[at]))
        explained = int(today.facts.explained[at])
        also = f" ({explained:,} more are explained)" if explained else ""
        return Words(
            f"read {persons:,} persons without an explanation on one day{also}",
            f"its own median day: {usual:,.0f} persons ({int(today.own.days[at])} active days)",
            "case files, an appointment or a declared project that covers these persons",
            persons,
        )


DAY = Day()
