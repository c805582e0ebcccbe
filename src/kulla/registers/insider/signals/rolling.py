"""Distinct persons in 30 and in 90 days against the account's own earlier 30 and 90 days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from kulla.registers.insider.baseline import ENOUGH, robust
from kulla.registers.insider.facts import Floats
from kulla.registers.insider.reads import day_of
from kulla.registers.insider.signals._api import Words
from kulla.registers.insider.state import DAYS
from kulla.registers.insider.today import Today


@dataclass(frozen=True)
class Rolling:
    """Robust deviation of log1p(distinct persons in `days` days) from windows that do not overlap with this one."""

    name: str
    series: str
    days: int
    learnt: bool = True

    def measure(self, today: Today) -> Floats:
        """The deviation; NaN without earlier windows."""
        earlier = robust(self._earlier(today))
        deviation = (self._now(today) - earlier.centre) / earlier.scale
        return np.where((earlier.days >= ENOUGH) & today.judged, deviation, np.nan)

    def words(self, today: Today, at: int) -> Words:
        """Persons in the window and in earlier ones."""
        usual = float(np.expm1(robust(self._earlier(today)[at : at + 1]).centre[0]))
        persons = round(float(np.expm1(self._now(today)[at])))
        return Words(
            f"read about {persons:,} different persons in {self.days} days without an explanation",
            f"its own earlier {self.days} days: about {usual:,.0f}",
            "a change of task that the staff list does not show yet; case files for these persons",
            persons,
            day_of(today.day) - timedelta(days=self.days - 1),
        )

    def _now(self, today: Today) -> Floats:
        return today.month if self.series == "month" else today.quarter

    def _earlier(self, today: Today) -> Floats:
        return today.past(self.series)[:, : DAYS - 1 - self.days]


MONTH = Rolling("persons_month", "month", 30)
QUARTER = Rolling("persons_quarter", "quarter", 90)
