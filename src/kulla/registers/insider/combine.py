"""One calibrated score for each account and day, and which of them become findings within the budget of alerts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from kulla.registers.insider.facts import Floats
from kulla.registers.insider.signals import CERTAIN, SIGNALS
from kulla.registers.insider.state import State
from kulla.registers.insider.tails import ALL
from kulla.registers.insider.today import Today

WEIGHTS: Final = (1.0, 0.5, 0.25)
"""Of the strongest surprises of a day. They are not independent, so their full sum would count one cause thrice."""

COUNTS: Final = {
    "first_statement": 1.25, "persons_change": 1.15, "watched_persons": 1.1, "pool_from_elsewhere": 1.1,
    "unknown_extent": 1.1, "lists_and_pages": 0.9, "off_hours": 0.9, "enumeration": 0.7, "without_case": 0.5,
}  # fmt: skip
"""What a surprise counts; 1 where nothing is said. A rare day says something by how much rarer it is among the honest
than under misuse: a statement that nobody of the role uses more than a case file written late. Chosen on `steady` and
`overdispersed`."""

EVERYBODYS: Final = ("pool_from_elsewhere",)
"""Signals that no role makes usual: held against everybody's tail."""

THRESHOLD: Final = 4.5
"""Least score of a finding: one account-day in 10^THRESHOLD, by this register's own tail. Tuned in bench/insider.py."""

WARM_DAYS: Final = 30
"""Days watched before learnt signals may alert. Before, what hides how much it took is held against counts alone."""

COLD: Final = {"unknown_extent": "unknown", "error_after_read": "broken"}
"""Signals that speak before that, and the count they look at: on its first appearance in a role."""

COLD_DAYS: Final = 3
"""Days watched before a first appearance is one, in a role of FEW accounts and more."""

FEW: Final = 10
"""In a role of fewer accounts a first appearance is one from the first day: there are not many to look at."""

QUIET_DAYS: Final = 30
"""Days after a finding in which an account makes no further one: the case is with people already."""

BUDGET: Final = 1 / 2000
"""Findings for each account and working day; a register of fewer than 2,000 accounts may have one a day."""

SAVED: Final = 5.0
"""How many working days' share may be saved up."""

OVERALL: Final = "score"

_CERTAIN: Final = frozenset(signal.name for signal in SIGNALS if not signal.learnt)


@dataclass(frozen=True, slots=True)
class Scored:
    """An account's day: its place in the day's subjects, its score, and each signal's surprise, greatest first."""

    at: int
    subject: str
    score: float
    surprises: tuple[tuple[str, float], ...]

    @property
    def certain(self) -> bool:
        """Whether one signal alone has no innocent rate."""
        return any(name in _CERTAIN and value >= CERTAIN for name, value in self.surprises)


@dataclass(frozen=True, slots=True)
class Measured:
    """A day's measures: by signal the statistics, shape (signals, subjects), the surprises they make, the raw sums."""

    statistics: Floats
    surprises: Floats
    raw: Floats
    score: Floats


def measure(today: Today) -> Measured:
    """All signals of a day, and the score of each subject by the tails learnt until the evening before."""
    statistics = np.array([signal.measure(today) for signal in SIGNALS]).reshape(len(SIGNALS), len(today.rows))
    tails, everybody = today.state.tails, [ALL] * len(today.rows)
    surprises = np.array([
        tails.surprise(signal.name, everybody if signal.name in EVERYBODYS else today.roles, values)
        * COUNTS.get(signal.name, 1.0) if signal.learnt else np.nan_to_num(values)
        for signal, values in zip(SIGNALS, statistics, strict=True)
    ]).reshape(statistics.shape)  # fmt: skip
    raw = weighted(surprises)
    # Everybody's tail: a role's own would forgive a role that misuses together.
    # What makes it up is bounded; it is not, lest nothing be a finding in a register of forty accounts.
    score = tails.surprise(OVERALL, everybody, raw, np.inf)
    certain = surprises[[not signal.learnt for signal in SIGNALS]].max(axis=0, initial=0.0) >= CERTAIN
    return Measured(statistics, surprises, raw, np.where(certain, np.maximum(score, CERTAIN), score))


def weighted(surprises: Floats) -> Floats:
    """The strongest surprises of each subject (columns), added up by WEIGHTS.

    >>> weighted(np.array([[1.0], [4.0], [2.0], [0.0]])).tolist()
    [5.25]
    """
    strongest = np.sort(surprises, axis=0)[::-1][: len(WEIGHTS)]
    return np.asarray((strongest * np.array(WEIGHTS)[: len(strongest), None]).sum(axis=0))


def learn(today: Today, measured: Measured) -> None:
    """Add the day to the tails, in place. Accounts with a finding that people still look at are not learnt from."""
    state = today.state
    quiet = np.array([_quiet(state, subject, today.day) for subject in today.facts.subjects], bool)
    for signal, values in zip(SIGNALS, measured.statistics, strict=True):
        if signal.learnt:
            state.tails.learn(signal.name, today.roles, np.where(quiet, np.nan, values))
    if state.days >= WARM_DAYS // 2:
        state.tails.learn(OVERALL, [], np.where(quiet, np.nan, measured.raw))


def _quiet(state: State, subject: str, day: int) -> bool:
    return day - state.alerted.get(subject, day - QUIET_DAYS - 1) <= QUIET_DAYS


def ranked(today: Today, measured: Measured, threshold: float = THRESHOLD) -> list[Scored]:
    """The accounts at or above the threshold, highest first; before WARM_DAYS by what is certain or COLD alone."""
    surprises, score = measured.surprises, measured.score
    if today.state.days < WARM_DAYS:
        surprises = np.array([_cold(today, signal.name, values, threshold) if signal.learnt else np.nan_to_num(values)
                              for signal, values in zip(SIGNALS, measured.statistics, strict=True)])  # fmt: skip
        score = surprises.max(axis=0, initial=0.0)
    found = []
    for at in np.flatnonzero(score >= threshold).tolist():
        column = surprises[:, at]
        order = np.argsort(-column, kind="stable").tolist()
        told = tuple((SIGNALS[i].name, float(column[i])) for i in order if column[i] > 0)
        found.append(Scored(at, today.facts.subjects[at], float(score[at]), told))
    return sorted(found, key=lambda scored: (-scored.score, scored.subject))


def _cold(today: Today, name: str, values: Floats, threshold: float) -> Floats:
    """A learnt signal before WARM_DAYS: the threshold or the statistic itself where COLD has it speak, else 0."""
    if name not in COLD:
        return np.zeros(len(values))
    ready = today.state.days >= COLD_DAYS or np.bincount(today.role_group)[today.role_group] < FEW
    had = np.nansum(today.whole_past(COLD[name]), axis=1)
    role = np.bincount(today.role_group, had)[today.role_group]
    first = (getattr(today.facts, COLD[name]) > 0) & (role == 0) & today.judged & ready
    return np.where(first, np.maximum(values, threshold), 0.0)


def chosen(state: State, day: int, accounts: int, candidates: Sequence[Scored]) -> list[Scored]:
    """Those that become findings: not quiet, within the budget. Changes the state's budget and quiet times in place.

    `accounts`: how many the register has. What is certain is found even when the budget is spent, and spends it.
    """
    weekend = day % 7 in (0, 1)  # day 0, 2000-01-01, was a Saturday
    share = max(1.0, accounts * BUDGET)
    state.tokens = min(state.tokens + (0.0 if weekend else share), SAVED * share)
    found = []
    for scored in candidates:
        if not _quiet(state, scored.subject, day) and (scored.certain or state.tokens >= 1):
            state.alerted[scored.subject] = day
            state.tokens -= 1
            found.append(scored)
    return found
