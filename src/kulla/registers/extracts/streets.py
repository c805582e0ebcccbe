"""Addresses for decoys' households: streets as lonely or as crowded as real ones are. Pure.

A decoy household put into its model's street would always have a neighbour there, where many real households have none.
So a real household is drawn, how many others share its street is counted, and a street of the wanted town is taken that
has so many; for none, a street's name from elsewhere.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from kulla.registers.decoys.draw import Draw
from kulla.registers.decoys.roll import Roll
from kulla.registers.normalise import SEPARATOR

_LAST_NUMBER: Final = r"^(?P<street>.*\D)(?P<number>\d+)(?P<rest>\D*)$"
_TRIES: Final = 200


@dataclass(frozen=True)
class Streets:
    """The streets of a register's addresses."""

    roll: Roll

    def address(self, draw: Draw, town: str, like: str) -> str:
        """An address in a town that nobody has; `like` is returned with another number when nothing can be learnt."""
        others, number = self._reference(draw)
        here = self._towns.get(town, {})
        street = self._street(draw, here, others) or like.rpartition(" ")[0] + " "
        for attempt in range(_TRIES):
            made = f"{street}{number}"
            if f"{town}{SEPARATOR}{made}" not in self._homes:
                return made
            number = str(draw.between(1, 60 + attempt))
        return f"{made}/{draw.between(1, 9)}"

    def _street(self, draw: Draw, here: dict[str, int], others: int) -> str:
        if not others:
            for _ in range(_TRIES):
                street = draw.pick(self._names) if self._names else ""
                if street not in here:
                    return street
        if not here:
            return ""
        nearest = min(abs(count - others) for count in here.values())
        return draw.pick(sorted(street for street, count in here.items() if abs(count - others) == nearest))

    def _reference(self, draw: Draw) -> tuple[int, str]:
        """Of a real household: how many persons of other households live in its street, and its number."""
        place = draw.pick(self._places) if self._places else ""
        town, _, address = place.partition(SEPARATOR)
        found = re.match(_LAST_NUMBER, address)
        if not found:
            return 0, str(draw.between(1, 60))
        return self._towns[town][found["street"]] - self._homes[place], found["number"]

    @cached_property
    def _homes(self) -> dict[str, int]:
        """Town and address → persons."""
        town = self.roll.first("municipality")
        towns = self.roll.texts(town) if town else pa.array([""] * self.roll.rows.num_rows)
        joined = pc.binary_join_element_wise(towns, self.roll.texts(self.roll.first("address")), SEPARATOR)
        counts = pc.value_counts(joined.drop_null())
        return dict(zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True))

    @cached_property
    def _places(self) -> list[str]:
        return sorted(self._homes)

    @cached_property
    def _towns(self) -> dict[str, dict[str, int]]:
        """Town → street → persons."""
        found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for place, persons in self._homes.items():
            town, _, address = place.partition(SEPARATOR)
            parts = re.match(_LAST_NUMBER, address)
            if parts:
                found[town][parts["street"]] += persons
        return found

    @cached_property
    def _names(self) -> list[str]:
        return sorted({street for streets in self._towns.values() for street in streets})
