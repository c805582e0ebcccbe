"""Who works where from when to when: newcomers, leavers, changes of role, moves between offices, reorganisations.

A remit is a run of municipalities, since neighbours have neighbouring numbers: [low, high).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kulla.exercise.staffhabits import StaffHabits
from kulla.exercise.workdays import Day

REGION_PLACES: Final = 5
"""Municipalities that a region has."""

Moves = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Span:
    """An account in one role, office and remit, on days first … stop - 1.

    Attributes:
        role: place among the profile's roles.
        low, high: the remit, municipalities low … high - 1; all of them: the whole register.
        stated: the day from which the staff list says so; 0 or earlier: from the start.
        first_of_account: whether it is the account's first.
        handover: the day of the reorganisation that began it, -1: it began otherwise.
    """

    account: int
    first: int
    stop: int
    role: int
    office: str
    low: int
    high: int
    stated: int
    first_of_account: bool = True
    handover: int = -1


def spans_of(
    habits: StaffHabits, accounts: int, calendar: Sequence[Day], sizes: NDArray[np.integer], seed: int
) -> tuple[tuple[Span, ...], Moves]:
    """The spans of all accounts, by account and then day, and the reorganisations.

    sizes: persons of each municipality: offices are staffed by the root of it, as small ones are overstaffed.
    """
    stream = np.random.default_rng([seed, 102])
    weights = np.sqrt(np.maximum(sizes, 0.01))
    weights = weights / weights.sum()
    shares = np.array([role.share for role in habits.role])
    roles = stream.choice(shares.size, accounts, p=shares / shares.sum())
    homes = stream.choice(sizes.size, accounts, p=weights)
    moves = _reorganisations(habits, calendar, sizes.size, stream)
    found: list[Span] = []
    for account in range(accounts):
        found.extend(
            _life(habits, account, (int(roles[account]), int(homes[account])), len(calendar), weights, moves, stream)
        )
    return tuple(found), moves


def _reorganisations(
    habits: StaffHabits, calendar: Sequence[Day], places: int, stream: np.random.Generator
) -> Moves:  # fmt: skip
    """Pairs of neighbouring municipalities become one remit; a municipality takes part at most once."""
    free = set(range(places - 1))
    moves: list[tuple[int, int, int]] = []
    for day in calendar[1:]:
        if day.date.strftime("%m-%d") not in habits.reorganisations:
            continue
        for _ in range(round(habits.reorganised * places / 2) or 1):
            if not free:
                break
            low = sorted(free)[int(stream.integers(len(free)))]
            free -= {low - 1, low, low + 1}
            moves.append((day.index, low, low + 2))
    return tuple(moves)


def _life(
    habits: StaffHabits, account: int, begin: tuple[int, int], days: int, weights: NDArray[np.float64],
    moves: Moves, stream: np.random.Generator,
) -> list[Span]:  # fmt: skip
    """One account's spans."""
    years = days / 365.0
    first, stop = 0, days
    if stream.random() < habits.newcomers * years:
        first = int(stream.integers(days))
    if stream.random() < habits.leavers * years:
        stop = int(stream.integers(first, days)) + 1
    role, home = begin
    spans = [_span(habits, account, first, stop, role, home, weights.size)]
    changes = [(int(day), "role") for day in _days(stream, habits.role_changes * years, days)]
    changes += [(int(day), "office") for day in _days(stream, habits.office_moves * years, days)]
    changes += [(day, "move") for day, _, _ in moves]
    for day, what in sorted(set(changes)):
        if not spans[-1].first < day < stop:
            continue
        lag = int(stream.exponential(habits.list_lag_days))
        if what == "role":
            role = int(stream.integers(len(habits.role)))
        elif what == "office":
            home = int(stream.choice(weights.size, p=weights))
        new = replace(_span(habits, account, day, stop, role, home, weights.size), first_of_account=False)
        new = _widened(habits, replace(new, stated=max(day + lag, spans[-1].stated)), day, moves)
        if (new.role, new.low, new.high, new.office) != (*_what(spans[-1]),):
            spans[-1] = replace(spans[-1], stop=day)
            spans.append(new)
    return spans


def _what(span: Span) -> tuple[int, int, int, str]:
    return span.role, span.low, span.high, span.office


def _days(stream: np.random.Generator, mean: float, days: int) -> NDArray[np.int64]:
    return stream.integers(0, days, size=stream.poisson(mean)) if days else np.zeros(0, dtype=np.int64)


def _span(habits: StaffHabits, account: int, first: int, stop: int, role: int, home: int, places: int) -> Span:
    remit = habits.role[role].remit
    if remit == "whole":
        return Span(account, first, stop, role, "headquarters", 0, places, first)
    if remit == "region":
        region = home // REGION_PLACES
        low = region * REGION_PLACES
        return Span(account, first, stop, role, f"region-{region:02}", low, min(low + REGION_PLACES, places), first)
    return Span(account, first, stop, role, f"office-{home:03}", home, home + 1, first)


def _widened(habits: StaffHabits, span: Span, day: int, moves: Moves) -> Span:
    """The span with the remit that reorganisations up to its first day gave its office."""
    if habits.role[span.role].remit != "office":
        return span
    for when, low, high in moves:
        if when <= day and low <= span.low and span.high <= high:
            return replace(span, low=low, high=high, office=f"office-{low:03}", handover=when if when == day else -1)
    return span
