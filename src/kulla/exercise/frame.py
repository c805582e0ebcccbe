"""The skeleton of the exercise country: who lives with whom, where, and works for whom, as plain arrays.

Cheap to build whole (3 million persons in a few seconds and some 80 MB), so reads and benches can use it without the
registers. Everything is the state at `START`; what changes later is drawn by the registers themselves. Person i has
record number i + 1 in civil, payroll and voter.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kulla.errors import UsageError
from kulla.exercise import draw
from kulla.exercise.employers import Employers, made_employers
from kulla.exercise.names import places

START: Final = date(2024, 1, 1)
"""The day on which every exercise starts, local time of `ZONE`. All persons were born before it, none before 1920."""

ZONE: Final = "Europe/Tirane"
MOST: Final = 12_000_000
"""Persons above which the serial numbers of a day could run out: at most 1,000 ids exist for each day and sex."""

_SIZES: Final = (0.17, 0.22, 0.21, 0.21, 0.11, 0.05, 0.03)
"""Shares of households with 1, 2, … 7 members."""
_AT_WORK = 0.45
"""Share of the persons of working age (18 to 65) who are employed: a third of all."""
_NATIONAL = 0.22
"""Share of the employed who work for an employer of the whole country."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """The country at its start. Arrays have one item for each person, 0 … persons - 1.

    Attributes:
        municipality: index into `municipalities`.
        household: number of the household, ascending; members have neighbouring numbers.
        member: place in the household; 0 its head, 1 the spouse, 2 and more children.
        employer: index into `employers`; -1 for who is not employed.
        is_watched: persons whose reads are looked at (some 3 in 10,000, adults, most of them with public employers).
        born: day of birth.
        serial: serial number within the id (0 … 999), unique for each day of birth and sex.
        employers, employer_ids: names and tax numbers; those of the whole country come first.
        employer_municipality: index into `municipalities`; -1 for an employer of the whole country.
    """

    persons: int
    seed: int
    municipality: NDArray[np.int16]
    household: NDArray[np.int32]
    member: NDArray[np.int8]
    employer: NDArray[np.int32]
    is_employed: NDArray[np.bool_]
    is_watched: NDArray[np.bool_]
    born: NDArray[np.datetime64]
    is_woman: NDArray[np.bool_]
    serial: NDArray[np.int16]
    municipalities: tuple[str, ...]
    employers: tuple[str, ...]
    employer_ids: tuple[str, ...]
    employer_municipality: NDArray[np.int16]


def frame(persons: int, seed: int) -> Frame:
    """The country of that many persons: the same for the same seed. Raises UsageError for a number out of range."""
    if not 1 <= persons <= MOST:
        raise UsageError(f"--persons {persons}: give 1 to {MOST:,}")
    household, member = _households(persons, seed)
    weights = tuple(places().municipalities.values())
    municipality = draw.choice(seed, "municipality", household, weights).astype(np.int16)
    is_woman = _women(seed, household, member)
    born = _births(seed, household, member)
    age = (np.datetime64(START) - born).astype(np.int64) * 4 // 1461
    employers = made_employers(persons, seed)
    person = np.arange(persons)
    is_employed = (age >= 18) & (age < 65) & draw.chance(seed, "employed", person, _AT_WORK)
    employer = _workplaces(seed, person, is_employed, municipality, employers)
    return Frame(
        persons, seed, municipality, household, member, employer, is_employed,
        _watched(seed, person, age, employer, employers), born, is_woman, _serials(born, is_woman, seed),
        tuple(places().municipalities), employers.names, employers.ids, employers.municipality,
    )  # fmt: skip


def workplace(seed: int, purpose: str, number: NDArray[np.int64], municipality: NDArray[np.int16],
              employers: Employers) -> NDArray[np.int32]:  # fmt: skip
    """An employer for each number, by size: one of the whole country, or one of that municipality."""
    total = employers.total
    low = np.where(draw.chance(seed, purpose + "/reach", number, _NATIONAL), -1, municipality) + 1
    start, end = employers.start[low], employers.start[low + 1]
    reach = total[end] - total[start]
    at = total[start] + draw.uniform(seed, purpose, number) * reach
    found = np.searchsorted(total, at, side="right") - 1
    chosen: NDArray[np.int32] = np.clip(found, start, end - 1).astype(np.int32)
    return chosen


def _households(persons: int, seed: int) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
    sizes = 1 + draw.choice(seed, "household", np.arange(persons // 2 + 8), _SIZES)
    household, member = draw.runs(sizes[: int(np.searchsorted(np.cumsum(sizes), persons)) + 1])
    return household[:persons].astype(np.int32), member[:persons].astype(np.int8)


def _women(seed: int, household: NDArray[np.int32], member: NDArray[np.int8]) -> NDArray[np.bool_]:
    head = draw.chance(seed, "head", household, 0.22)
    child = draw.chance(seed, "sex", np.arange(household.size), 0.49)
    woman: NDArray[np.bool_] = np.where(member == 0, head, np.where(member == 1, ~head, child))
    return woman


def _births(seed: int, household: NDArray[np.int32], member: NDArray[np.int8]) -> NDArray[np.datetime64]:
    person = np.arange(household.size)
    head = np.clip(50 + 15 * draw.normal(seed, "age", household), 19, 96)
    spread = draw.normal(seed, "gap", person)
    spouse, child = head - 3 + 4 * spread, np.clip(head - 29 + 6 * spread, 0, 60)
    years = np.where(member == 0, head, np.where(member == 1, np.clip(spouse, 18, 101), child))
    days = years * 365.25 + 1 + 365 * draw.uniform(seed, "birthday", person)
    return np.datetime64(START) - days.astype(np.int64).astype("timedelta64[D]")


def _serials(born: NDArray[np.datetime64], is_woman: NDArray[np.bool_], seed: int) -> NDArray[np.int16]:
    """Serials of each day and sex, spread over 0 … 999 so that unissued ones lie between them."""
    key = born.astype("datetime64[D]").astype(np.int64) * 2 + is_woman
    order = np.argsort(key, kind="stable")
    keys, counts = np.unique(key, return_counts=True)
    if counts.max() > 1000:
        raise UsageError("more than 1,000 persons were born on one day: give fewer persons")
    group, rank = draw.runs(counts)
    # Steps that end in 1, 3, 7 or 9 are coprime to 1000, so the ranks of one day never meet.
    step = 10 * draw.below(seed, "serial/tens", keys, 100) + np.array([1, 3, 7, 9])[draw.below(seed, "step", keys, 4)]
    serial = (rank * step[group] + draw.below(seed, "serial/start", keys, 1000)[group]) % 1000
    result = np.empty(born.size, dtype=np.int16)
    result[order] = serial
    return result


def _workplaces(seed: int, person: NDArray[np.int64], is_employed: NDArray[np.bool_],
                municipality: NDArray[np.int16], employers: Employers) -> NDArray[np.int32]:  # fmt: skip
    employer = np.full(person.size, -1, dtype=np.int32)
    at = person[is_employed]
    employer[at] = workplace(seed, "employer", at, municipality[at], employers)
    return employer


def _watched(seed: int, person: NDArray[np.int64], age: NDArray[np.int64], employer: NDArray[np.int32],
             employers: Employers) -> NDArray[np.bool_]:  # fmt: skip
    public = (employer >= 0) & (employer < employers.start[1])
    share = np.where(age < 25, 0.0, np.where(public, 0.002, 0.0002))
    watched = draw.chance(seed, "watched", person, share)
    if not watched.any():  # a small country still has somebody to watch
        watched[int(np.argmax(age))] = True
    return watched
