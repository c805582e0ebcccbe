"""How busy each account is on each day beside season and role: presence, drift, trend and projects.

Two matrices of accounts × days are all that a year of 2,000 accounts needs: 0.7 MB and 3 MB.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kulla.exercise.spans import Span
from kulla.exercise.staffhabits import StaffHabits
from kulla.exercise.workdays import Day

Matrix = NDArray[np.float32]
Mask = NDArray[np.bool_]


def levels(
    habits: StaffHabits, spans: Sequence[Span], growth: NDArray[np.float64], shifts: Mask, calendar: Sequence[Day],
    seed: int,
) -> tuple[Mask, Matrix]:  # fmt: skip
    """(account, day) → at work at all, and → factor on the role's mean count."""
    stream = np.random.default_rng([seed, 103])
    present = _present(habits, spans, growth.size, calendar, stream)
    level = _drift(habits, growth, len(calendar), stream)
    _projects(habits, level, stream)
    _handovers(habits, spans, level)
    weekdays = np.array([[1.0 if shift else day.factor for day in calendar] for shift in (False, True)])
    seasons = np.array([day.season for day in calendar])
    holidays = np.array([day.holiday for day in calendar])
    office = np.where(holidays, 0.02, weekdays[0])
    level *= np.where(shifts[:, None], seasons * 0.85, office).astype(np.float32)
    return present, level


def _present(
    habits: StaffHabits, spans: Sequence[Span], accounts: int, calendar: Sequence[Day], stream: np.random.Generator
) -> Mask:
    present = np.zeros((accounts, len(calendar)), dtype=bool)
    for span in spans:
        present[span.account, span.first : span.stop] = True
    months = np.array([day.date.month for day in calendar])
    beside = np.array([day.beside and not day.weekend for day in calendar])
    present &= ~(beside & (stream.random(present.shape) < habits.bridge))
    wanted = np.where(months == 8, 7.0, np.where(months == 7, 3.0, np.where(months == 12, 2.0, 1.0)))
    years = len(calendar) / 365.0
    _absences(present, habits.vacation_days / 8.0 * years * wanted.mean() / 1.75, 11, wanted, stream)
    _absences(present, habits.sick_days / 3.0 * years, 4, np.ones(months.size), stream)
    return present


def _absences(
    present: Mask, times: float, calendar_days: int, wanted: NDArray[np.float64], stream: np.random.Generator
) -> None:
    """Stretches of days off, `times` for each account in the mean, geometric around `calendar_days`."""
    counts = stream.poisson(np.full(present.shape[0], times))
    for account, count in enumerate(counts.tolist()):
        for first in stream.choice(wanted.size, count, p=wanted / wanted.sum()):
            present[account, first : first + stream.geometric(1.0 / calendar_days)] = False


def _drift(habits: StaffHabits, growth: NDArray[np.float64], days: int, stream: np.random.Generator) -> Matrix:
    """exp of a mean-reverting weekly walk (memory 8 weeks) joined by straight lines, and of the account's trend."""
    weeks = days // 7 + 2
    keep = np.exp(-1 / 8)
    walk = np.empty((growth.size, weeks))
    walk[:, 0] = stream.normal(size=growth.size)
    for week in range(1, weeks):
        walk[:, week] = keep * walk[:, week - 1] + np.sqrt(1 - keep**2) * stream.normal(size=growth.size)
    day = np.arange(days)
    at, part = day // 7, (day % 7) / 7.0
    joined = walk[:, at] * (1 - part) + walk[:, at + 1] * part
    trend = growth[:, None] * (day - days / 2) / 365.0
    made: Matrix = np.exp(habits.drift * joined + trend).astype(np.float32)
    return made


def _projects(habits: StaffHabits, level: Matrix, stream: np.random.Generator) -> None:
    counts = stream.poisson(habits.projects * level.shape[1] / 365.0, level.shape[0])
    for account in np.flatnonzero(counts):
        for _ in range(counts[account]):
            first = int(stream.integers(level.shape[1]))
            length = max(1, round(habits.project_days * float(np.exp(0.7 * stream.normal()))))
            level[account, first : first + length] *= habits.project_factor * float(np.exp(0.6 * stream.normal()))


def _handovers(habits: StaffHabits, spans: Sequence[Span], level: Matrix) -> None:
    for span in spans:
        if span.handover >= 0:
            stop = min(span.first + habits.handover_days, span.stop)
            level[span.account, span.first : stop] *= habits.handover_factor
