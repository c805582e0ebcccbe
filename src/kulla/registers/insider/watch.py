"""One day watched: counts, signals, the score, findings; and the state moved on."""

from __future__ import annotations

from dataclasses import dataclass

from kulla.errors import InputError
from kulla.registers.insider import combine
from kulla.registers.insider.combine import Measured, Scored
from kulla.registers.insider.context import Context
from kulla.registers.insider.facts import facts
from kulla.registers.insider.reads import DayReads
from kulla.registers.insider.state import State
from kulla.registers.insider.today import Today

COUNTED = ("persons", "singles", "lookups", "missed", "lists", "outside", "inside", "steps", "watched", "broken",
           "unknown", "without_case")  # fmt: skip
"""Figures of `Facts` that the state keeps day by day."""

ACTIVE_DAYS = 30
"""An account that read in the last so many days counts for the budget."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A day watched: what signals saw, their measures, and the accounts that are to become findings."""

    today: Today
    measured: Measured
    found: tuple[Scored, ...]


def watch_day(state: State, reads: DayReads, context: Context, threshold: float = combine.THRESHOLD) -> Watched:
    """Judge one day against the state of the evening before. Words are made next; then `close_day` writes the day.

    Sketches, tails, the budget and quiet times of the state are changed in place. Raises InputError for a day at or
    before the last one.
    """
    if reads.day <= state.last:
        raise InputError("a day was watched already, or days came out of order; start the state anew")
    counted = facts(reads, context)
    rows = state.rows(counted.subjects)
    state.note(counted, rows)
    today = Today(counted, rows, state, context)
    measured = combine.measure(today)
    accounts = int((state.seen[: len(state.names)] > counted.day - ACTIVE_DAYS).sum())
    found = combine.chosen(state, counted.day, accounts, combine.ranked(today, measured, threshold))
    combine.learn(today, measured)
    return Watched(today, measured, tuple(found))


def close_day(watched: Watched) -> None:
    """Write the day into the state, after the findings were put into words."""
    today, counted = watched.today, watched.today.facts
    today.state.write(counted, today.rows, {
        **{name: getattr(counted, name) for name in COUNTED},
        "month": today.month, "quarter": today.quarter, "shift": today.shift, "pace": today.pace,
    })  # fmt: skip
