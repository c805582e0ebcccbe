"""Addresses for decoys' households: streets and buildings as lonely or as crowded as real ones are. Pure.

A decoy household put into its model's street would always have a neighbour there, where many real households have none.
So a household of the same town is drawn by lot, how many others share its building and its street is counted, and a
building, or a street, of that town is taken that has so many; for a street of its own, a street's name from elsewhere.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kulla.registers.decoys.crowd import unlike
from kulla.registers.decoys.draw import Draw
from kulla.registers.decoys.roll import Roll
from kulla.registers.normalise import SEPARATOR

_NUMBERED: Final = re.compile(r"(?P<street>[^,]*,\D*|\D*)(?P<middle>.*?)(?P<number>\d+)(?P<rest>\D*)", re.DOTALL)
"""`Rruga e Durrësit, nr. `, `12, sh. 3, ap. `, `7`: street, the rest of the building (empty for a house), number."""
_TRIES: Final = 200
_EVEN: Final = 0.1


class Address(NamedTuple):
    """An address in parts."""

    street: str
    middle: str
    number: str
    rest: str

    @property
    def building(self) -> tuple[str, str]:
        """What all flats of a building share; of a house, its street."""
        return self.street, self.middle


@dataclass(slots=True)
class _Town:
    """Persons by street and by building (of flats), and the addresses."""

    streets: Counter[str] = field(default_factory=Counter)
    buildings: Counter[tuple[str, str]] = field(default_factory=Counter)
    homes: list[tuple[Address, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Streets:
    """The streets of a register's addresses."""

    roll: Roll

    def address(self, draw: Draw, town: str, like: str) -> str:
        """An address in a town that nobody has; `like` is returned with another number when nothing can be learnt."""
        here = self._towns.get(town)
        if here is None:
            return f"{like.rpartition(' ')[0]} {draw.between(1, 60)}"
        one, persons = draw.pick(here.homes)
        neighbours = here.streets[one.street] - persons
        others = here.buildings[one.building] - persons if one.middle else 0
        if others:
            street, middle = self._building(draw, here, others, neighbours)
            for attempt in range(_TRIES):
                number = self._other(draw, True).number if attempt < _TRIES // 2 else str(draw.between(1, 60 + attempt))
                if self._free(town, made := f"{street}{middle}{number}{one.rest}"):
                    return made
        # The number first, then a street where it is free: in crowded streets only unusual numbers are.
        for _ in range(_TRIES):
            other = self._other(draw, bool(one.middle))
            tail = f"{other.middle}{other.number}{other.rest}"
            if street := self._street(draw, town, neighbours, other.middle, tail):
                return street + tail
        return f"{like.rpartition(' ')[0]} {draw.between(200, 900)}"

    def _free(self, town: str, address: str) -> bool:
        return f"{town}{SEPARATOR}{address}" not in self._homes

    def _other(self, draw: Draw, flat: bool) -> Address:
        """The address of some household of any town, in a building of flats or not."""
        return draw.pick(self._flats if flat else self._houses)

    def _building(self, draw: Draw, here: _Town, others: int, neighbours: int) -> tuple[str, str]:
        """A building of the town that so many persons live in, in a street where so many live."""
        known = list(here.buildings)
        counts = np.array([here.buildings[each] for each in known])
        streets = np.array([here.streets[street] for street, _ in known])
        return known[_least(draw, unlike(counts, others) + unlike(streets, neighbours))]

    def _street(self, draw: Draw, town: str, neighbours: int, middle: str, tail: str) -> str:
        """A street of the town that so many persons live in; for none, one that this town has not. Empty: none is free.

        What follows, `tail`, must be nobody's address there, and the building nobody's.
        """
        here = self._towns[town]
        if not neighbours:
            for _ in range(_TRIES):
                street = draw.pick(self._names)
                if street not in here.streets:
                    return street
        known = list(here.streets)
        cost = unlike(np.array([here.streets[each] for each in known]), neighbours)
        cost += _EVEN * np.random.default_rng(draw.word()).random(len(cost))
        taken = [(middle and here.buildings[each, middle] > 0) or not self._free(town, each + tail) for each in known]
        cost[np.array(taken, bool)] = np.inf
        at = int(np.argmin(cost))
        return known[at] if np.isfinite(cost[at]) else ""

    @cached_property
    def _homes(self) -> dict[str, int]:
        """Town and address → persons."""
        town = self.roll.first("municipality")
        towns = self.roll.texts(town) if town else pa.array([""] * self.roll.rows.num_rows)
        joined = pc.binary_join_element_wise(towns, self.roll.texts(self.roll.first("address")), SEPARATOR)
        counts = pc.value_counts(joined.drop_null())
        return dict(zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True))

    @cached_property
    def _towns(self) -> dict[str, _Town]:
        found: dict[str, _Town] = defaultdict(_Town)
        for place in sorted(self._homes):
            town, _, address = place.partition(SEPARATOR)
            if parts := _NUMBERED.fullmatch(address):
                one, persons = Address(**parts.groupdict()), self._homes[place]
                found[town].streets[one.street] += persons
                if one.middle:
                    found[town].buildings[one.building] += persons
                found[town].homes.append((one, persons))
        return dict(found)

    @cached_property
    def _flats(self) -> list[Address]:
        return [one for town in self._towns.values() for one, _ in town.homes if one.middle]

    @cached_property
    def _houses(self) -> list[Address]:
        return [one for town in self._towns.values() for one, _ in town.homes if not one.middle]

    @cached_property
    def _names(self) -> list[str]:
        return sorted({street for town in self._towns.values() for street in town.streets})


def _least(draw: Draw, cost: np.ndarray) -> int:
    """The place of the least cost; chance decides where costs are about equal."""
    return int(np.argmin(cost + _EVEN * np.random.default_rng(draw.word()).random(len(cost))))
