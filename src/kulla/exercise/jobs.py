"""Who works where, when and for how much: the working lives behind the payroll, as persons × months arrays.

Month column j is the declared period `j - past - 1` of the exercise, so that column `past + 1` is month 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kulla.exercise import draw
from kulla.exercise.changes import arrivals
from kulla.exercise.draw import Floats, Ints
from kulla.exercise.employers import Employers
from kulla.exercise.frame import workplace
from kulla.exercise.population import Population

POSITIONS: Final = (
    ("Punëtor", 42_000, 0.16, 24.0), ("Shitës", 44_000, 0.16, 14.0), ("Shofer", 52_000, 0.18, 7.0),
    ("Operator", 55_000, 0.22, 9.0), ("Teknik", 62_000, 0.20, 8.0), ("Mësues", 68_000, 0.12, 9.0),
    ("Infermier", 66_000, 0.12, 5.0), ("Specialist", 84_000, 0.22, 10.0), ("Inspektor", 82_000, 0.15, 3.0),
    ("Ekonomist", 90_000, 0.30, 5.0), ("Inxhinier", 110_000, 0.33, 3.0), ("Mjek", 165_000, 0.28, 1.5),
    ("Përgjegjës", 120_000, 0.28, 2.5), ("Drejtor", 190_000, 0.45, 1.0),
)  # fmt: skip
"""Positions: name, median gross salary a month in lek, standard deviation of its logarithm, weight."""

LEAST: Final = 40_000
"""The minimum wage: many are paid exactly this."""
LEAST_SECOND: Final = 16_000
"""The least that a second job pays: two fifths of a full one."""


@dataclass(frozen=True, slots=True)
class Jobs:
    """The declared jobs of persons (places 0 …) in one slot: their main job, or their second one.

    Attributes:
        works: whether a job is declared, persons × months.
        employer, position: index, persons × months.
        salary: gross, in whole lek, persons × months.
    """

    works: NDArray[np.bool_]
    employer: NDArray[np.int32]
    position: Ints
    salary: Ints


def periods(people: Population) -> Ints:
    """The months declared, relative to the span: those kept from before it, and those declared within it."""
    return np.arange(-people.habits.past_months - 1, people.calendar.months - 1)


def workers(people: Population, person: Ints) -> Ints:
    """Those of the persons who have work at the start or are hired within the span."""
    return person[people.frame.is_employed[person] | (_hired(people, person) < people.calendar.months)]


def main_jobs(people: Population, person: Ints, employers: Employers) -> Jobs:
    """Everybody's main job through the months."""
    habits, seed, month = people.habits, people.seed, periods(people)
    shape = (person.size, month.size)
    works = _working(people, person, month)
    number = np.zeros(shape, dtype=np.int64)
    moves = arrivals(people.calendar, seed, "payroll", "job", person, habits.job_moves)
    _from_then(number, moves.record, people.calendar.month_of(moves.time) - int(month[0]))
    returned = np.cumsum(~works, axis=1) > 0
    number += 16 * (returned & works)  # who starts, or starts again, does so at an employer of his own drawing
    key = person[:, None] * 64 + number
    home = people.frame.municipality[person]
    drawn = _by_job(key, lambda k, row: workplace(seed, "payroll/employer", k, home[row], employers))
    known = np.where(number == 0, people.frame.employer[person][:, None], -1)
    employer = np.where(known < 0, drawn, known).astype(np.int32)
    position = _by_job(key, lambda k, _: draw.choice(seed, "position", k, [p[3] for p in POSITIONS]))
    raised = np.zeros(shape)
    raises = arrivals(people.calendar, seed, "payroll", "raise", person, habits.raises)
    factor = np.log1p(0.03 + 0.09 * draw.uniform(seed, "payroll/raise/by", raises.time))
    _from_then(raised, raises.record, people.calendar.month_of(raises.time) - int(month[0]), factor)
    return Jobs(works, employer, position, _salaries(people, key, position, raised, person, month))


def second_jobs(people: Population, person: Ints, main: Jobs, employers: Employers) -> Jobs:
    """Second jobs of the few who have one: paid less, through all the months in which they have a first."""
    seed = people.seed
    key = person * 64 + 48
    has = draw.chance(seed, "payroll/second", person, people.habits.second_jobs)
    one = workplace(seed, "payroll/employer", key, people.frame.municipality[person], employers)
    employer = np.broadcast_to(one[:, None], main.works.shape)
    works = main.works & has[:, None] & (employer != main.employer)
    position = np.broadcast_to(draw.choice(seed, "position", key, [p[3] for p in POSITIONS])[:, None], works.shape)
    full = _salaries(people, np.broadcast_to(key[:, None], works.shape), position, np.zeros(works.shape), key,
                     periods(people))  # fmt: skip
    return Jobs(works, employer, position, full * 4 // 1000 * 100)


def _working(people: Population, person: Ints, month: Ints) -> NDArray[np.bool_]:
    """Persons × months: at work at the start and until they stop; or hired; none after the month of death."""
    habits, seed, months = people.habits, people.seed, people.calendar.months
    at_work = people.frame.is_employed[person]
    stops = np.where(draw.chance(seed, "payroll/stop", person, -np.expm1(-habits.job_ends * months)),
                     draw.below(seed, "payroll/stop/when", person, months), months)  # fmt: skip
    again = stops + 2 + draw.below(seed, "payroll/again", person, 24)
    hire = _hired(people, person)
    deaths = people.deaths(person)
    last = np.full(person.size, months)
    last[deaths.record] = people.calendar.month_of(deaths.time)
    stays = (month < stops[:, None]) | (month >= again[:, None])
    return np.where(at_work[:, None], stays, month >= hire[:, None]) & (month <= last[:, None])


def _hired(people: Population, person: Ints) -> Ints:
    """The month in which each is hired who had no work at the start; the number of months: never."""
    months, age, at_work = people.calendar.months, people.age(person), people.frame.is_employed[person]
    hired = draw.chance(people.seed, "payroll/hire", person, -np.expm1(-people.habits.hires * months))
    when = draw.below(people.seed, "payroll/hire/when", person, months)
    return np.where(hired & ~at_work & (age >= 18) & (age < 60), when, months)


def _salaries(people: Population, key: Ints, position: Ints, raised: Floats, person: Ints, month: Ints) -> Ints:
    """Log-normal by position, raised over time, of some different each month; never below the minimum wage."""
    median, spread = (np.array([p[i] for p in POSITIONS], dtype=np.float64) for i in (1, 2))
    luck = _by_job(key, lambda k, _: draw.normal(people.seed, "salary", k))
    varies = np.flatnonzero(draw.chance(people.seed, "salary/varies", person, 0.08))
    log = np.log(median)[position] + spread[position] * luck + raised
    log[varies] += 0.08 * draw.normal(people.seed, "salary/month", person[varies, None] * 256 + month + 64)
    rounded: Ints = np.rint(np.exp(log) / 100).astype(np.int64) * 100
    return np.maximum(rounded, LEAST)


def _from_then(into: NDArray[Any], record: Ints, column: Ints, value: Floats | int = 1) -> None:
    """Add the value to each record's row from that column on; a column beyond the last adds nothing."""
    steps = np.zeros(into.shape, dtype=into.dtype)
    inside = column < into.shape[1]
    np.add.at(steps, (record[inside], column[inside]), np.broadcast_to(value, record.shape)[inside])
    into += np.cumsum(steps, axis=1)


def _by_job(key: Ints, drawn: Callable[[Ints, Ints], NDArray[Any]]) -> NDArray[Any]:
    """What is drawn by job (and row), for each month: drawn once a row, and again only where the job is another."""
    rows = np.arange(key.shape[0])
    result = np.repeat(drawn(key[:, 0], rows)[:, None], key.shape[1], axis=1)
    row, column = np.nonzero(key != key[:, :1])
    result[row, column] = drawn(key[row, column], row)
    return result
