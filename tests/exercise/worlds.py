"""A small exercise with staff for tests, made once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache

import pyarrow as pa

from kulla.exercise import simulate
from kulla.exercise.acts import Acts, joined
from kulla.exercise.frame import Frame, frame
from kulla.exercise.misdeeds import Misdeed
from kulla.exercise.profile import Profile, shipped
from kulla.exercise.world import World

PERSONS, ACCOUNTS, DAYS, SEED = 15_000, 90, 21, 5
START = date(2025, 2, 3)


@cache
def country() -> Frame:
    return frame(PERSONS, SEED)


def profile(name: str = "steady") -> Profile:
    return shipped(name)


def world(misdeeds: Sequence[Misdeed] = (), name: str = "steady", register: str = "payroll", days: int = DAYS) -> World:
    return World(country(), shipped(name), ACCOUNTS, days, START, SEED, misdeeds, register)


@cache
def honest(name: str = "steady") -> tuple[World, Acts]:
    """A world, and all its acts."""
    made = world(name=name)
    return made, joined(acts for _, acts in made.days())


@cache
def staff(name: str = "steady") -> pa.Table:
    return simulate.staff(country(), shipped(name), ACCOUNTS, DAYS, START, SEED)


@cache
def reads(misdeeds: tuple[Misdeed, ...] = (), name: str = "steady") -> pa.Table:
    days = simulate.days(country(), staff(name), shipped(name), SEED, DAYS, START, misdeeds)
    return pa.concat_tables([table for _, table in days], promote_options="permissive")
