"""Who does each misdeed, and on which days: the orders made concrete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from kulla.errors import UsageError
from kulla.exercise.acts import Acts
from kulla.exercise.misdeeds import MISDEEDS, NAMES, Family, Misdeed
from kulla.exercise.misdeeds.api import Scene, wanted
from kulla.exercise.shelves import Shelves
from kulla.exercise.staff import ADMINISTRATOR, Roster
from kulla.exercise.workdays import Day

_FITTING = ("clerk", "inspector", "debt-collector", "archivist", "call-centre")
"""Roles from which doers are drawn, where a profile has them; those at the counter are most of all staff."""


@dataclass(frozen=True)
class Plot:
    """A misdeed with its family, its doers, and the days on which it happens, by their place in the calendar.

    victim: the account whose name is forged; -1: none.
    """

    number: int
    order: Misdeed
    family: Family
    doers: tuple[int, ...]
    victim: int
    days: tuple[int, ...]

    def scene(self, day: Day, roster: Roster, shelves: Shelves, seed: int) -> Scene | None:
        """Where it happens on that day; None when it does not."""
        if day.index not in self.days:
            return None
        turn = self.days.index(day.index)
        stream = np.random.default_rng([seed, 108, self.number, day.index])
        rate = self.order.rate or self.family.rate
        return Scene(self.order, rate, self.doers, self.victim, turn, day, roster, shelves, seed, stream)

    def acts(self, scene: Scene) -> Acts:
        """What is done, marked as this misdeed's."""
        made = self.family.acts(scene)
        return replace(made, misdeed=np.full(len(made), self.number, dtype=np.int16))


def plots(orders: Sequence[Misdeed], roster: Roster, seed: int) -> tuple[Plot, ...]:
    """The plots of the orders, none with a doer of the staff whom another has.

    Raises UsageError for a misdeed or an account that is not there, or when no account is left.
    """
    families = {family.name: family for family in MISDEEDS}
    taken = {roster.number(name) for order in orders for name in (order.account, order.partner) if name}
    made = []
    for number, order in enumerate(orders):
        wanted(NAMES, order.name)
        family = families[order.name]
        stream = np.random.default_rng([seed, 109, number])
        doers = _doers(order, family, roster, taken, stream)
        victim = _victim(order, roster, doers, stream) if family.name == "forged_application_name" else -1
        made.append(Plot(number, order, family, doers, victim, _days(order, family, roster, doers)))
    return tuple(made)


def _doers(
    order: Misdeed, family: Family, roster: Roster, taken: set[int], stream: np.random.Generator
) -> tuple[int, ...]:
    named = [order.account] if order.account else []
    if family.doers > 1 and order.partner:
        named.append(order.partner)
    found = [roster.number(name) for name in named]
    while len(found) < family.doers:
        fit = _candidates(order, family, roster)
        free = [each for each in fit if each not in taken and each not in found]
        # There are few administrators: one may do several things.
        free = free or (fit if family.by == "administrators" else [])
        if not free:
            raise UsageError(f"misdeed {order.name}: no account is there for it and free; name one, or ask for fewer")
        found.append(int(free[int(stream.integers(len(free)))]))
    taken.update(found)
    return tuple(found)


def _candidates(order: Misdeed, family: Family, roster: Roster) -> list[int]:
    """Accounts that may be drawn: of the right kind, there from the start on as long as there is something to do."""
    if family.by == "administrators":
        return [int(each) for each in roster.of_kind(ADMINISTRATOR)]
    fitting = {number for number, role in enumerate(roster.roles) if role.name in _FITTING}
    roles = fitting or set(range(len(roster.roles)))
    stop = min(order.start + 7 * order.days // 4 + 7, len(roster.calendar))
    worked = np.array([family.any_day or day.worked for day in roster.calendar[order.start :]], dtype=bool)
    there = roster.present[:, order.start :] & (worked | roster.traits.shifts[:, None])
    # Where the exercise ends before the misdeed would, most of what is left of it must do.
    enough = there.sum(axis=1) >= max(min(order.days, int(0.6 * worked.sum())), 1)
    fit = []
    for account in np.flatnonzero(enough).tolist():
        span = roster.span(account, order.start)
        if span is not None and span.stop >= stop and span.role in roles:
            fit.append(account)
    return fit


def _victim(order: Misdeed, roster: Roster, doers: tuple[int, ...], stream: np.random.Generator) -> int:
    """A colleague of the doer's office, else anybody."""
    if order.partner:
        return roster.number(order.partner)
    own = roster.span(doers[0], order.start)
    there = [each for each in range(roster.people) if each != doers[0] and roster.span(each, order.start)]
    near = [each for each in there if own and (span := roster.span(each, order.start)) and span.office == own.office]
    some = near or there
    return int(some[int(stream.integers(len(some)))]) if some else -1


def _days(order: Misdeed, family: Family, roster: Roster, doers: tuple[int, ...]) -> tuple[int, ...]:
    """The days from the start on: those of all doers' presence; of office days alone unless any day will do."""
    found: list[int] = []
    for day in roster.calendar[order.start :]:
        if len(found) == order.days:
            break
        if all(_there(family, roster, account, day) for account in doers):
            found.append(day.index)
    return tuple(found)


def _there(family: Family, roster: Roster, account: int, day: Day) -> bool:
    if account >= roster.people:
        return True
    shifts = bool(roster.traits.shifts[account])
    at_work = bool(roster.present[account, day.index])
    return at_work and (family.any_day or shifts or day.worked)
