"""Reads of many persons by honest people: employers' lists, paged screens, walks through ids, samples and scans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from kulla.exercise import draw
from kulla.exercise.acts import (
    AGGREGATE,
    CANCELLED,
    COPY,
    CURSOR,
    ERROR,
    LIST,
    LOOK_UP,
    PAGE,
    PAGE_ROWS,
    PREPARED,
    SAMPLE,
    SCAN,
    SIMPLE,
    Acts,
    acts,
    joined,
)  # fmt: skip
from kulla.exercise.hours import moments, runs_of_moments
from kulla.exercise.tools import TOOL_OF_OWN
from kulla.exercise.workdays import Day

if TYPE_CHECKING:
    from kulla.exercise.honest import Honest

Ints = NDArray[np.int64]
MOST_WALKED: Final = 2500
_EMPLOYER_WALKS: Final = 0.4
"""Share of an inspector's walks that go through one employer's persons, not through a municipality."""


def batches(staff: Honest, day: Day, there: Ints, stream: np.random.Generator) -> Acts:
    """All acts of this kind on a day, not yet dressed."""
    made = (_lists, _pages, walks, _samples, _scans)
    return joined(part for each in made for part in each(staff, day, there, stream))


def _times_a_day(staff: Honest, day: Day, there: Ints, name: str, stream: np.random.Generator) -> Ints:
    """The accounts that do it, each as often as it does."""
    role = staff.role_of(there)
    mean = np.array([float(getattr(each, name)) for each in staff.habits.role])[role] * staff.pace(day, there)[0]
    excess = 0.6
    counts = stream.poisson(stream.gamma(1.0 / excess, excess * np.clip(mean, 1e-9, 60.0)))
    return np.repeat(there, np.minimum(counts, 120))


def by_hand(staff: Honest, account: Ints, stream: np.random.Generator) -> NDArray[np.bool_]:
    """Which statements are written in a tool of the account's own."""
    tools = np.array([role.tools for role in staff.habits.role])[staff.role_of(account)]
    made: NDArray[np.bool_] = stream.random(account.size) < tools
    return made


def _failing(staff: Honest, account: Ints, how: NDArray[np.integer], stream: np.random.Generator) -> Ints:
    """Longer statements break off more often: time limits, impatient people."""
    failing = stream.random(account.size) < np.minimum(4 * staff.roster.traits.failing[account], 0.5)
    return np.where(failing, np.where(stream.random(account.size) < 0.8, CANCELLED, ERROR), how)


def _lists(staff: Honest, day: Day, there: Ints, stream: np.random.Generator) -> list[Acts]:
    """Lists of an employer of the remit: mostly any of them, at times in proportion to its size."""
    employers, start = staff.people.local_employers
    account = _times_a_day(staff, day, there, "lists", stream)
    if not employers.size or not account.size:
        return []
    low, high = staff.cases.remit_of(account)
    far = stream.random(account.size) < staff.roster.traits.outside[account]
    low, high = np.where(far, 0, low), np.where(far, staff.people.places, high)
    first, stop = start[low], start[high]
    any_of = employers[np.minimum(first + (stream.random(account.size) * (stop - first)).astype(int),
                                  employers.size - 1)]  # fmt: skip
    person_first, person_stop = staff.people.start[low], staff.people.start[high]
    place = person_first + (stream.random(account.size) * (person_stop - person_first)).astype(int)
    by_size = staff.people.employer[staff.people.mixed[np.minimum(place, staff.people.mixed.size - 1)]]
    employer = np.where((stream.random(account.size) < 0.15) & (by_size >= 0), by_size, any_of)
    keep = stop > first
    account, employer = account[keep], employer[keep]
    hand = by_hand(staff, account, stream)
    how = _failing(staff, account, np.where(hand, SIMPLE, PREPARED), stream)
    return [acts(account.size, account=account, time=moments(staff.roster, day, account, stream), shape=LIST, how=how,
                 target=employer, tool=np.where(hand, TOOL_OF_OWN, 0),
                 seconds=stream.gamma(2.0, 0.05, account.size))]  # fmt: skip


def _pages(staff: Honest, day: Day, there: Ints, stream: np.random.Generator) -> list[Acts]:
    """Sessions of a paged screen over one municipality, from its beginning or from where one was."""
    account = _times_a_day(staff, day, there, "pages", stream)
    low, high = staff.cases.remit_of(account)
    place = low + (stream.random(account.size) * (high - low)).astype(int)
    rows = staff.people.start[place + 1] - staff.people.start[place]
    last = np.maximum((rows - 1) // PAGE_ROWS, 0)
    again = stream.random(account.size) < 0.4
    first = np.where(again, staff.progress[account] % (last + 1), 0)
    long = np.exp(1.2 * staff.roster.traits.rate[account] * 0.5)
    pages = np.minimum(stream.geometric(np.clip(1 / (5 * long), 0.01, 0.9)), np.minimum(last - first + 1, 150))
    keep = rows > 0
    account, place, first, pages = account[keep], place[keep], first[keep], pages[keep]
    if not account.size:
        return []
    owner, step = draw.runs(pages)
    who = account[owner]
    return [acts(owner.size, account=who, shape=PAGE, target=place[owner], extra=first[owner] + step,
                 time=runs_of_moments(staff.roster, day, account, pages, 14.0, stream),
                 how=_failing(staff, who, np.full(owner.size, PREPARED), stream),
                 seconds=stream.gamma(2.0, 0.01, owner.size))]  # fmt: skip


def walkers(staff: Honest, day: Day, there: Ints) -> Ints:
    """The accounts that walk through ids today."""
    share = np.array([role.walk_days for role in staff.habits.role])[staff.role_of(there)]
    draws = draw.uniform(staff.seed, f"walk/{staff.register}", there * 4096 + day.index)
    volume = min(staff.factor, 1.0)
    return there[staff.roster.traits.walker[there] & (draws < share * volume) & (day.worked | (draws < share * 0.02))]


def walks(staff: Honest, day: Day, there: Ints, stream: np.random.Generator) -> list[Acts]:
    """Benign enumerations: single look-ups in the order of ids, a few left out, from where one stopped last time."""
    made = []
    for account in walkers(staff, day, there):
        alone = np.array([account])
        role = staff.habits.role[int(staff.role_of(alone)[0])]
        length = int(min(role.walk_length * np.exp(0.8 * stream.normal()), MOST_WALKED)) + 3
        line = walked_line(staff, int(account), day)
        if not line.size:
            continue
        place = (int(staff.progress[account]) + np.arange(length)) % line.size
        staff.progress[account] += length
        persons = line[np.unique(place)] if length > line.size else line[place]
        persons = persons[stream.random(persons.size) > 0.06]
        time = runs_of_moments(staff.roster, day, alone, np.array([persons.size]), 9.0, stream)
        made.append(acts(persons.size, account=account, shape=LOOK_UP, target=persons, time=time, how=PREPARED))
    return made


def walked_line(staff: Honest, account: int, day: Day) -> NDArray[np.int32]:
    """What the account walks through that day: an employer's persons, or its remit in the order of ids."""
    alone = np.array([account])
    role = staff.habits.role[int(staff.role_of(alone)[0])]
    low, high = (int(each[0]) for each in staff.cases.remit_of(alone))
    employers, start = staff.people.local_employers
    local = employers[start[low] : start[high]]
    key = account * 4096 + day.index // 7
    if role.lists > 0.5 and local.size and draw.uniform(staff.seed, "walk/what", key) < _EMPLOYER_WALKS:
        return staff.people.staff_of(int(local[draw.below(staff.seed, "walk/employer", key, local.size)]))
    place = low + int(draw.below(staff.seed, "walk/place", account * 4096 + day.index // 28, max(high - low, 1)))
    return staff.people.by_id[staff.people.start[place] : staff.people.start[place + 1]]


def _samples(staff: Honest, day: Day, there: Ints, stream: np.random.Generator) -> list[Acts]:
    account = _times_a_day(staff, day, there, "samples", stream)
    if not account.size or not staff.people.by_id.size:
        return []
    size = np.clip(40 * np.exp(0.9 * stream.normal(size=account.size)), 5, 1000).astype(int)
    hand = by_hand(staff, account, stream)
    return [acts(account.size, account=account, shape=SAMPLE, target=stream.integers(0, 1 << 40, account.size),
                 extra=size, how=SIMPLE, tool=np.where(hand, TOOL_OF_OWN, 0),
                 time=moments(staff.roster, day, account, stream), seconds=0.001 * size)]  # fmt: skip


def _scans(staff: Honest, day: Day, there: Ints, stream: np.random.Generator) -> list[Acts]:
    """Half of them only aggregate; one in twelve leaves through a cursor or COPY, as reporting tools do."""
    account = _times_a_day(staff, day, there, "scans", stream)
    if not account.size:
        return []
    whole = stream.random(account.size) < 0.45
    place = stream.integers(0, staff.people.places, account.size)
    summed = stream.random(account.size) < 0.5
    drawn = stream.random(account.size)
    how = np.where(summed | (drawn > 0.17), SIMPLE, np.where(drawn < 0.05, COPY, CURSOR))
    hand = by_hand(staff, account, stream)
    return [acts(account.size, account=account, shape=np.where(summed, AGGREGATE, SCAN),
                 target=np.where(whole, -1, place), how=_failing(staff, account, how, stream),
                 tool=np.where(hand, TOOL_OF_OWN, 0), time=moments(staff.roster, day, account, stream),
                 seconds=stream.gamma(2.0, 2.0, account.size))]  # fmt: skip
