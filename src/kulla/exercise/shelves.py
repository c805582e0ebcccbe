"""The persons of one register in the orders in which staff reads them: by municipality, by id, by employer.

Persons are numbered 0 … N-1 as in the frame; record numbers are one more. What a statement can touch is always a slice
of one of these orders, so that a page, a list or a walk costs nothing to name. It is the country as it was at its
start: who moved or changed the employer since stays on the old shelf.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kulla.exercise import draw
from kulla.exercise.frame import START, Frame

Ints = NDArray[np.int64]
People = NDArray[np.int32]

FAMILY_MOST = 12
"""Persons of a household that one statement asks for at most."""
_OF_AGE = 6575
"""Days in 18 years."""


@dataclass(frozen=True)
class Shelves:
    """Who has a record in a register.

    Attributes:
        persons: how many there are in the country.
        municipality: of each person of the country.
        by_id: persons with a record by municipality, and by national id within it: what a paged screen shows.
        mixed: the same slices in a random order: who is looked up often comes first.
        start: where each municipality's slice begins in both, with one more at the end.
        by_employer, employer_start: persons with a record by employer; empty slices for registers without employers.
        by_household, household_start: all persons by household.
        household: of each person of the country.
        employer: of each person, -1 for none.
        others: persons without a record, in random order.
        watched: persons with a record whom the owner watches.
        by_rank: persons with a record by national id over the whole country.
    """

    persons: int
    municipality: NDArray[np.integer]
    by_id: People
    mixed: People
    start: Ints
    by_employer: People
    employer_start: Ints
    by_household: People
    household_start: Ints
    household: NDArray[np.integer]
    employer: NDArray[np.integer]
    others: People
    watched: NDArray[np.int64]
    by_rank: People

    @property
    def places(self) -> int:
        """How many municipalities there are."""
        return self.start.size - 1

    @cached_property
    def everyone(self) -> People:
        """Persons with a record, by number."""
        return np.sort(self.by_id)

    @cached_property
    def local_employers(self) -> tuple[NDArray[np.int64], Ints]:
        """Employers with a person in each municipality, by municipality, and where each one's slice begins."""
        employed = self.by_employer
        pairs = np.unique(self.municipality[employed].astype(np.int64) << 32 | self.employer[employed].astype(np.int64))
        start = np.searchsorted(pairs >> 32, np.arange(self.places + 1))
        return pairs & 0xFFFFFFFF, start.astype(np.int64)

    def staff_of(self, employer: int) -> People:
        """The employer's persons with a record."""
        return self.by_employer[self.employer_start[employer] : self.employer_start[employer + 1]]

    def family_of(self, person: int) -> People:
        """The persons of a person's household, at most FAMILY_MOST, without regard to who has a record."""
        house = int(self.household[person])
        return self.by_household[self.household_start[house] : self.household_start[house + 1]][:FAMILY_MOST]


def shelves(frame: Frame, register: str, seed: int) -> Shelves:
    """Who has a record in the register: the employed in payroll, adults in voter, else all."""
    mask = _registered(frame, register)
    number = np.flatnonzero(mask)
    place = np.asarray(frame.municipality)
    by_rank = number[np.argsort(id_rank(frame)[number])].astype(np.int32)
    by_id = by_rank[np.argsort(place[by_rank], kind="stable")]
    shuffled = number[np.lexsort((draw.bits(seed, f"popularity/{register}", number), place[number]))].astype(np.int32)
    start = np.searchsorted(place[by_id], np.arange(len(frame.municipalities) + 1)).astype(np.int64)
    employer = np.asarray(frame.employer)
    employed = number[employer[number] >= 0] if register == "payroll" else number[:0]
    by_employer = employed[np.argsort(employer[employed], kind="stable")].astype(np.int32)
    household = np.asarray(frame.household)
    by_household = np.argsort(household, kind="stable").astype(np.int32)
    others = np.flatnonzero(~mask)
    others = others[np.argsort(draw.bits(seed, f"others/{register}", others))]
    return Shelves(
        frame.persons, place, by_id, shuffled, start,
        by_employer, _starts(employer[by_employer], len(frame.employers)),
        by_household, _starts(household[by_household], int(household.max(initial=-1)) + 1),
        household, employer, others.astype(np.int32), np.flatnonzero(mask & frame.is_watched), by_rank,
    )  # fmt: skip


def id_rank(frame: Frame) -> NDArray[np.int64]:
    """A number for each person whose order is that of the national ids: year, month (+ 50 for a woman), day, serial."""
    born = frame.born.astype("datetime64[D]")
    year, month = born.astype("datetime64[Y]").astype(np.int64), born.astype("datetime64[M]")
    day = (born - month.astype("datetime64[D]")).astype(np.int64)
    written = month.astype(np.int64) % 12 + 50 * frame.is_woman
    rank: NDArray[np.int64] = ((year + 1970) * 100 + written) * 32_000 + day * 1000 + frame.serial
    return rank


def _registered(frame: Frame, register: str) -> NDArray[np.bool_]:
    if register == "payroll":
        return np.asarray(frame.is_employed, dtype=bool)
    if register == "voter":
        return (np.datetime64(START) - frame.born).astype(np.int64) >= _OF_AGE
    return np.ones(frame.persons, dtype=bool)


def _starts(sorted_keys: NDArray[np.integer], size: int) -> Ints:
    return np.searchsorted(sorted_keys, np.arange(size + 1)).astype(np.int64)
