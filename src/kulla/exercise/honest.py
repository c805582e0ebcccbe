"""The honest reads of a register, day by day: what staff does when nobody does wrong.

All of it can look like misuse: batches of ids in order, whole employers, whole registers, bursts, late hours, reads
outside the remit, failed statements, missing case references.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from kulla.exercise import batches, machines
from kulla.exercise.acts import (
    APPLICATION,
    CANCELLED,
    COMMENT,
    ERROR,
    FAMILY,
    LOOK_UP,
    PREPARED,
    SIMPLE,
    Acts,
    acts,
    joined,
)  # fmt: skip
from kulla.exercise.cases import Cases
from kulla.exercise.hours import moments
from kulla.exercise.shelves import Shelves
from kulla.exercise.staff import Roster
from kulla.exercise.staffhabits import StaffHabits
from kulla.exercise.tools import TOOL_OF_OWN, applications, clients, forms
from kulla.exercise.workdays import Day

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

MOST_A_DAY = 1500
"""Look-ups by hand that nobody exceeds in a day: one in 20 seconds without a pause."""


class Honest:
    """The honest staff of one register at work. Days must be asked for in order, since cases go on.

    volume: a further factor on all counts, so that a country of any size can be given a number of reads.
    """

    def __init__(
        self, roster: Roster, habits: StaffHabits, shelves: Shelves, register: str, seed: int,
        volume: float = 1.0,
    ) -> None:  # fmt: skip
        self.roster, self.habits, self.people = roster, habits, shelves
        self.register, self.seed = register, seed
        self.factor = habits.factor(register) * volume
        self.cases = Cases(roster, habits, shelves, register, seed)
        self.progress = (np.random.default_rng([seed, 104]).random(roster.people) * shelves.by_id.size).astype(int)
        self._spread = np.array([role.spread for role in habits.role])
        self._look_ups = np.array([role.look_ups for role in habits.role])
        self._burst = np.array([role.burst for role in habits.role])
        self._families = np.array([role.families for role in habits.role])
        self._role = np.array([span.role for span in roster.spans], dtype=np.int64)

    def days(self) -> Iterator[tuple[Day, Acts]]:
        """Every day with its acts in the order of time."""
        for day in self.roster.calendar:
            yield day, self.day(day)

    def day(self, day: Day) -> Acts:
        """The acts of one day, by time."""
        stream = np.random.default_rng([self.seed, 105, day.index, sum(self.register.encode())])
        self.cases.begin(day)
        there = self.there(day)
        parts = [
            self.look_up(day, there, stream),
            batches.batches(self, day, there, stream),
        ]
        whole = self.dressed(day, joined(parts), stream)
        others = [machines.nightly(self, day, stream), machines.administration(self, day, stream)]
        return joined([whole, *others]).by_time()

    def there(self, day: Day) -> Ints:
        """The accounts of people at work that day."""
        return np.flatnonzero(self.roster.present[:, day.index] & (self.cases.today >= 0))

    def role_of(self, account: NDArray[np.integer]) -> Ints:
        """The role in force of each account at work."""
        role: Ints = self._role[self.cases.today[account]]
        return role

    def pace(self, day: Day, account: NDArray[np.integer]) -> tuple[Floats, Floats]:
        """Each account's factor on what its role does in the median, all things of the day considered; and without
        the account's own place among its role."""
        role = self.role_of(account)
        base = self.factor * self.roster.level[account, day.index].astype(np.float64)
        return base * np.exp(self._spread[role] * self.roster.traits.rate[account]), base

    def counts(self, day: Day, there: Ints, stream: np.random.Generator) -> Ints:
        """How many look-ups each account makes: negative binomial around its mean."""
        role = self.role_of(there)
        mean = np.clip(self._look_ups[role] * self.pace(day, there)[0], 1e-9, MOST_A_DAY / 2)
        excess = np.clip(self._burst[role] * self.roster.traits.burst[there], 0.02, 8.0)
        return np.minimum(stream.poisson(stream.gamma(1.0 / excess, excess * mean)), MOST_A_DAY).astype(np.int64)

    def look_up(self, day: Day, there: Ints, stream: np.random.Generator) -> Acts:
        """The look-ups of one person or household, not yet dressed. Drawn before all else of the day."""
        counts = self.counts(day, there, stream)
        account = np.repeat(there, counts)
        time = moments(self.roster, day, account, stream)
        order = np.lexsort((time, account))
        account, time = account[order], time[order]
        pace = self._look_ups[self.role_of(account)] * self.pace(day, account)[0]
        person = self.cases.look_ups(account, np.clip(pace, 0.02, MOST_A_DAY), stream)[1]
        family = (stream.random(account.size) < self._families[self.role_of(account)]) & (person >= 0)
        failing = stream.random(account.size) < self.roster.traits.failing[account]
        broken = np.where(stream.random(account.size) < 0.6, CANCELLED, ERROR)
        how = np.where(stream.random(account.size) < 0.8, PREPARED, SIMPLE)
        return acts(
            account.size, account=account, time=time, target=person, shape=np.where(family, FAMILY, LOOK_UP),
            how=np.where(failing, broken, how), seconds=stream.gamma(1.5, 0.004, account.size),
        )  # fmt: skip

    def dressed(self, day: Day, plain: Acts, stream: np.random.Generator) -> Acts:
        """Acts of people with what surrounds them: pool, session, case reference, computer, application, statement."""
        doer = plain.account
        traits = self.roster.traits
        pooled = (traits.pool[doer] >= 0) & (plain.tool != TOOL_OF_OWN)
        told = np.where(traits.comment[doer], COMMENT, APPLICATION)
        # One in a hundred reads through a pool comes without a word about its end user.
        named = stream.random(doer.size) > 0.01
        asked = np.array([role.case for role in self.habits.role])[self.role_of(doer)]
        cased = asked & (stream.random(doer.size) < traits.case_named[doer]) & (plain.tool != TOOL_OF_OWN)
        half = (plain.time - day.midnight) // (6 * 3600 * 1_000_000)
        lane = stream.integers(0, 24, doer.size)
        session = np.where(pooled, (1 << 24) + traits.pool[doer] * 24 + lane, doer * 16 + half + 4)
        return Acts(
            account=np.where(pooled, traits.pool[doer], doer).astype(np.int32),
            user=np.where(pooled & named, doer, -1).astype(np.int32),
            grade=np.where(pooled & named, told, 0).astype(np.int8),
            time=plain.time, seconds=plain.seconds, shape=plain.shape, how=plain.how, target=plain.target,
            extra=plain.extra, form=forms(self, day, doer, plain.shape, stream),
            session=session.astype(np.int32), cased=cased,
            client=np.where(pooled, -1 - traits.pool[doer] + self.roster.people, clients(self, day, doer, stream)),
            tool=applications(self, day, doer, plain.tool), misdeed=plain.misdeed, hidden=plain.hidden,
        )  # fmt: skip
