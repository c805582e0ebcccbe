"""The staff of the exercise: accounts with their rates, roles, offices, remits and absences, all drawn once.

Pools, jobs and administrators come after the accounts of people.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kulla.errors import UsageError
from kulla.exercise import draw
from kulla.exercise.frame import Frame
from kulla.exercise.levels import levels
from kulla.exercise.profile import Profile
from kulla.exercise.spans import Span, spans_of
from kulla.exercise.staffhabits import RoleHabits, StaffHabits
from kulla.exercise.workdays import Day, day_of

PERSON, POOL, JOB, ADMINISTRATOR = range(4)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Traits:
    """What distinguishes the accounts of people; one item each.

    Attributes:
        rate: standard normal place of the account among its role's rates; growth: the same for the trend.
        burst: factor on the role's excess variance.
        outside, on_file, case_named, failing: shares of reads, as the profile's fields of these names.
        late, shifts, walker: habits it has or not; start: usual first hour of work.
        pool: the pool through which it reads, as an account's place; -1: none. comment: its end user is told by a
            comment, not by application_name.
    """

    rate: Floats
    growth: Floats
    burst: Floats
    outside: Floats
    on_file: Floats
    case_named: Floats
    failing: Floats
    late: NDArray[np.bool_]
    shifts: NDArray[np.bool_]
    walker: NDArray[np.bool_]
    start: Floats
    pool: NDArray[np.int32]
    comment: NDArray[np.bool_]


@dataclass(frozen=True)
class Roster:
    """All accounts.

    Attributes:
        names: of accounts; kind: PERSON, POOL, JOB or ADMINISTRATOR of each.
        people: how many accounts of people there are; they come first.
        roles: the roles that spans refer to.
        spans: time spans by account, then day.
        traits: of the accounts of people.
        present: (account of a person, day) → at work; level: → factor on its mean count.
        calendar: the days.
    """

    names: tuple[str, ...]
    kind: NDArray[np.int8]
    people: int
    roles: tuple[RoleHabits, ...]
    spans: tuple[Span, ...]
    traits: Traits
    present: NDArray[np.bool_]
    level: NDArray[np.float32]
    calendar: tuple[Day, ...]
    moves: tuple[tuple[int, int, int], ...]
    """Reorganisations: (day, first municipality, last municipality + 1) that became one remit."""

    def of_kind(self, kind: int) -> Ints:
        """The accounts of a kind."""
        return np.flatnonzero(self.kind == kind)

    def listed(self, day: int) -> Iterator[Span]:
        """The span of each account of a person that the owner's list has in force on that day."""
        for span in self._by_stated:
            if span.stated > day:
                return
            yield span

    @cached_property
    def _by_stated(self) -> tuple[Span, ...]:
        return tuple(sorted(self.spans, key=lambda span: span.stated))

    def span(self, account: int, day: int) -> Span | None:
        """The span of an account of a person in force on that day; None when it is not there."""
        for span in self._of_account.get(account, ()):
            if span.first <= day < span.stop:
                return span
        return None

    @cached_property
    def _of_account(self) -> dict[int, list[Span]]:
        found: dict[int, list[Span]] = {}
        for span in self.spans:
            found.setdefault(span.account, []).append(span)
        return found

    def number(self, account: str) -> int:
        """The account's place. Raises UsageError when there is no such account."""
        if account not in self.names:
            raise UsageError("a misdeed names an account that is not on the staff list")
        return self.names.index(account)


def roster(frame: Frame, profile: Profile, accounts: int, days: int, start: date, seed: int) -> Roster:
    """The staff of `accounts` people, and their pools, jobs and administrators."""
    habits = profile.staff
    calendar = tuple(day_of(habits, start, index) for index in range(days))
    names, kind = _names(habits, accounts)
    sizes = np.bincount(frame.municipality, minlength=len(frame.municipalities))
    spans, moves = spans_of(habits, accounts, calendar, sizes, seed)
    first_role = np.array([span.role for span in spans if span.first_of_account], dtype=np.int64)
    traits = _traits(habits, first_role, seed)
    present, level = levels(habits, spans, traits.growth, traits.shifts, calendar, seed)
    return Roster(names, kind, accounts, habits.role, spans, traits, present, level, calendar, moves)


def _names(habits: StaffHabits, accounts: int) -> tuple[tuple[str, ...], NDArray[np.int8]]:
    jobs = ("svc_backup", "etl_statistics", "svc_matching", "etl_warehouse", "svc_notices", "svc_quality")
    more = tuple(f"svc_job{number:02}" for number in range(len(jobs) + 1, habits.jobs + 1))
    names = (
        *(f"u{number:05}" for number in range(1, accounts + 1)),
        *(f"app_front{number}" for number in range(1, habits.pools + 1)),
        *(*jobs, *more)[: habits.jobs],
        *(f"dba{number:02}" for number in range(1, habits.administrators + 1)),
    )
    counts = (accounts, habits.pools, habits.jobs, habits.administrators)
    return names, np.repeat(np.arange(4, dtype=np.int8), counts)


def _traits(habits: StaffHabits, role: Ints, seed: int) -> Traits:
    number = np.arange(role.size)

    def of_role(name: str) -> Floats:
        return np.array([float(getattr(each, name)) for each in habits.role])[role]

    def chance(purpose: str, share: Floats) -> NDArray[np.bool_]:
        return draw.chance(seed, f"staff/{purpose}", number, share)

    pooled = chance("pooled", of_role("pooled")) if habits.pools else np.zeros(role.size, dtype=bool)
    pool = role.size + draw.below(seed, "staff/pool", number, max(habits.pools, 1))
    stream = np.random.default_rng([seed, 101])
    return Traits(
        rate=draw.normal(seed, "staff/rate", number),
        growth=draw.normal(seed, "staff/growth", number) * of_role("growth"),
        burst=np.exp(np.log(2.0) * draw.normal(seed, "staff/burst", number)),
        outside=_beta(stream, of_role("outside"), of_role("outside_like")),
        on_file=_beta(stream, np.full(role.size, habits.on_file), np.full(role.size, habits.on_file_like)),
        case_named=_beta(stream, np.full(role.size, habits.case_named), np.full(role.size, habits.case_named_like)),
        failing=_beta(stream, np.full(role.size, habits.failing), np.full(role.size, habits.failing_like)),
        late=chance("late", of_role("late")),
        shifts=chance("shifts", of_role("shifts")),
        walker=chance("walker", of_role("walkers")),
        start=7.8 + 0.5 * draw.normal(seed, "staff/start", number),
        pool=np.where(pooled, pool, -1).astype(np.int32),
        comment=chance("comment", np.full(role.size, 0.4)),
    )


def _beta(stream: np.random.Generator, mean: Floats, concentration: Floats) -> Floats:
    """Shares with these means between accounts; a mean of 0 or 1 is that for all."""
    inner = np.clip(mean, 1e-6, 1 - 1e-6)
    drawn = stream.beta(inner * concentration, (1 - inner) * concentration)
    return np.where(mean <= 0, 0.0, np.where(mean >= 1, 1.0, drawn))
