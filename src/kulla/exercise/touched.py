"""Which persons an act touches, and whether they lie outside a remit."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from kulla.exercise import draw
from kulla.exercise.acts import AGGREGATE, FAMILY, KEY_PAGE, LIST, LOOK_UP, PAGE, PAGE_ROWS, SAMPLE, SCAN, Acts
from kulla.exercise.shelves import FAMILY_MOST, Shelves
from kulla.registers import bitmap

People = NDArray[np.int32]


class Touched:
    """Persons by act, in one register. The last few thousand answers are kept, since lists and scans repeat."""

    def __init__(self, shelves: Shelves, seed: int, kept: int = 4096) -> None:
        self.shelves = shelves
        self._seed = seed
        self._registered = np.zeros(shelves.persons, dtype=bool)
        self._registered[shelves.by_id] = True
        lines = (shelves.by_household, shelves.by_employer, shelves.by_id, shelves.by_rank)
        self._lines = np.concatenate(lines)
        self._begins = np.cumsum([0, *(line.size for line in lines[:-1])])
        self._packed = lru_cache(kept)(self._pack)
        self._places = lru_cache(kept)(self._count)

    def has_record(self, persons: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Which persons have a record; -1 has none."""
        known: NDArray[np.bool_] = (persons >= 0) & self._registered[persons]
        return known

    def persons(self, shape: int, target: int, extra: int) -> People:
        """The persons with a record that an act of that shape touches."""
        people = self.shelves
        if shape == LOOK_UP:
            one = np.array([target], dtype=np.int32)
            return one[self.has_record(one)]
        if shape == FAMILY:
            family = people.family_of(target)
            return family[self.has_record(family)]
        if shape == LIST:
            return people.staff_of(target)
        if shape in (PAGE, KEY_PAGE):
            return self._page(shape, target, extra)
        if shape == SAMPLE:
            lot = draw.below(self._seed, "sample", target * 4096 + np.arange(extra), people.by_id.size)
            return np.unique(people.by_id[lot])
        assert shape in (SCAN, AGGREGATE)
        return people.everyone if target < 0 else people.by_id[people.start[target] : people.start[target + 1]]

    def _page(self, shape: int, target: int, extra: int) -> People:
        people = self.shelves
        if shape == KEY_PAGE:
            return people.by_rank[target : target + extra]
        low, high = (0, people.by_id.size) if target < 0 else people.start[[target, target + 1]].tolist()
        first = low + extra * PAGE_ROWS
        return people.by_id[first : min(first + PAGE_ROWS, high)]

    def slices(self, acts: Acts) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """For acts that are families, lists or pages: which of the four orders each reads, and from where to where."""
        people = self.shelves
        shape, target = acts.shape, acts.target
        family, listed = shape == FAMILY, shape == LIST
        house = people.household[np.where(family, target, 0)]
        employer = np.where(listed, target, 0)
        place = np.where((shape == PAGE) & (target >= 0), target, 0)
        whole = (shape == PAGE) & (target < 0)
        low = np.where(whole, 0, people.start[place])
        first = np.where(shape == PAGE, low + acts.extra * PAGE_ROWS, np.where(shape == KEY_PAGE, target, 0))
        high = np.where((shape == KEY_PAGE) | whole, people.by_id.size, people.start[place + 1])
        stop = np.minimum(first + np.where(shape == PAGE, PAGE_ROWS, acts.extra), high)
        first = np.where(
            family, people.household_start[house], np.where(listed, people.employer_start[employer], first)
        )
        of_house = np.minimum(people.household_start[house + 1], first + FAMILY_MOST)
        stop = np.where(family, of_house, np.where(listed, people.employer_start[employer + 1], stop))
        line = np.select([family, listed, shape == KEY_PAGE], [0, 1, 3], 2)
        return line, first, np.maximum(stop, first)

    def many(self, acts: Acts) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The persons of acts that are families, lists or pages: (place of the act, person), by act."""
        order, first, stop = self.slices(acts)
        owner, step = draw.runs(stop - first)
        person = self._lines[(first + self._begins[order])[owner] + step].astype(np.int64)
        known = self._registered[person]
        return owner[known], person[known]

    def packed(self, shape: int, target: int, extra: int) -> tuple[bytes, int]:
        """The bitmap of the record numbers touched, and how many they are."""
        return self._packed(shape, target, extra)

    def _pack(self, shape: int, target: int, extra: int) -> tuple[bytes, int]:
        persons = self.persons(shape, target, extra)
        return bitmap.pack(persons.astype(np.uint32) + 1), persons.size

    def outside(self, shape: int, target: int, extra: int, low: int, high: int) -> int:
        """How many persons touched live outside municipalities low … high - 1."""
        places = self._places(shape, target, extra)
        return int(places.sum() - places[low:high].sum())

    def _count(self, shape: int, target: int, extra: int) -> NDArray[np.int64]:
        persons = self.persons(shape, target, extra)
        return np.bincount(self.shelves.municipality[persons], minlength=self.shelves.places)
