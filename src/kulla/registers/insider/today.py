"""One day as signals see it: its counts beside each account's past and peers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from kulla.registers.insider.baseline import ENOUGH, Robust, change, robust
from kulla.registers.insider.context import Context
from kulla.registers.insider.facts import Facts, Floats
from kulla.registers.insider.reads import Ints
from kulla.registers.insider.state import DAYS, State

LATELY: Final = 90
"""Days without a read after which an account is no peer of its role any more."""

COMPANY: Final = 8
"""Least number of peers that say something: role and office; else the role; else everybody."""


@dataclass(frozen=True)
class Today:
    """The day's facts, one row of the state for each subject, and the state of the evening before.

    The sketches already hold today's persons (`State.note`).
    """

    facts: Facts
    rows: Ints
    state: State
    context: Context

    @property
    def day(self) -> int:
        """The day's number."""
        return self.facts.day

    @cached_property
    def roles(self) -> list[str]:
        """Each subject's role."""
        return [post.role for post in self.facts.posts]

    @cached_property
    def judged(self) -> npt.NDArray[np.bool_]:
        """Subjects held against baselines of persons: all but declared jobs, whose unusual reads are told by kind."""
        return np.array([not post.job for post in self.facts.posts], bool)

    def past(self, series: str) -> Floats:
        """The figures of past days in the present post, oldest first, shape (subjects, DAYS - 1); NaN elsewhere."""
        values = self.state.past(self.rows, series, self.day)
        days = np.arange(self.day - DAYS + 1, self.day)
        since = np.array([post.since for post in self.facts.posts], np.int64)
        return np.where(days[None, :] >= since[:, None], values, np.nan)

    def whole_past(self, series: str) -> Floats:
        """As `past`, with the days in earlier posts: for what goes with the person or the place, not with the work."""
        return self.state.past(self.rows, series, self.day)

    @cached_property
    def unused(self) -> int:
        """How many of the oldest columns of `past` no subject has a day in."""
        known = np.isfinite(self.whole_past("persons")).any(axis=0)
        return int(known.argmax()) if known.any() else DAYS - 1

    @cached_property
    def role_group(self) -> Ints:
        """A number for each role."""
        return _codes(self.roles)

    @cached_property
    def peers(self) -> Ints:
        """A number for each group of peers that is large enough."""
        office = _codes([f"{post.role}\x1f{post.office}" for post in self.facts.posts])
        found = np.where(_size(office) >= COMPANY, office, -1 - self.role_group)
        return np.where(_size(found) >= COMPANY, found, -(1 << 30))

    @cached_property
    def level(self) -> Floats:
        """log1p of today's persons."""
        return np.log1p(self.facts.persons)

    @cached_property
    def past_levels(self) -> Floats:
        """log1p of past days' persons, less what moved all peers on those days."""
        return np.log1p(self.past("persons")) - np.nan_to_num(self.past("shift"))

    @cached_property
    def own(self) -> Robust:
        """Each subject's usual level."""
        return robust(self.past_levels)

    @cached_property
    def shift(self) -> Floats:
        """By how much each subject's peers are above their usual level today (median; 0 with too little company)."""
        over = np.where(self.own.days >= ENOUGH, self.level - self.own.centre, np.nan)
        return np.nan_to_num(grouped_median(over, self.peers))

    @cached_property
    def singles(self) -> Floats:
        """log1p of past days' persons looked up one by one, less what moved all peers on those days."""
        return np.log1p(self.past("singles")) - np.nan_to_num(self.past("pace"))

    @cached_property
    def usual_singles(self) -> Robust:
        """Each subject's usual of `singles`."""
        return robust(self.singles)

    @cached_property
    def pace(self) -> Floats:
        """By how much each subject's peers look up more persons one by one today than they usually do (as `shift`)."""
        usual = self.usual_singles
        over = np.where(usual.days >= ENOUGH, np.log1p(self.facts.singles) - usual.centre, np.nan)
        return np.nan_to_num(grouped_median(over, self.peers))

    @cached_property
    def change(self) -> tuple[Floats, Ints]:
        """The likelihood ratio of a rise of each subject's `singles`, and the column of its day (`baseline.change`)."""
        levels = np.concatenate([self.singles, (np.log1p(self.facts.singles) - self.pace)[:, None]], axis=1)
        return change(levels, self.usual_singles)

    @cached_property
    def company(self) -> dict[str, Ints]:
        """Role → the state's rows of the accounts that have it: peers, also those that did not read today."""
        found: dict[str, list[int]] = {}
        lately = np.flatnonzero(self.state.seen[: len(self.state.names)] > self.day - LATELY).tolist()
        for row in sorted({*lately, *self.rows.tolist()}):
            name = self.state.names[row]
            found.setdefault(self.context.post(name, self.day).role, []).append(row)
        return {role: np.array(rows, np.int64) for role, rows in found.items()}

    @cached_property
    def month(self) -> Floats:
        """log1p of distinct persons in 30 days, today included."""
        return np.log1p(self.state.distinct(self.rows, self.day, 30))

    @cached_property
    def quarter(self) -> Floats:
        """log1p of distinct persons in 90 days, today included."""
        return np.log1p(self.state.distinct(self.rows, self.day, 90))


def grouped_median(values: Floats, group: Ints) -> Floats:
    """For each row the median of its group, NaN left out; NaN where fewer than COMPANY are known."""
    found = np.full(len(values), np.nan)
    for one in np.unique(group):
        rows = group == one
        known = values[rows & np.isfinite(values)]
        if len(known) >= COMPANY:
            found[rows] = np.median(known)
    return found


def _codes(names: list[str]) -> Ints:
    known: dict[str, int] = {}
    return np.array([known.setdefault(name, len(known)) for name in names], np.int64)


def _size(group: Ints) -> Ints:
    _, back, count = np.unique(group, return_inverse=True, return_counts=True)
    return np.asarray(count[back], np.int64)
