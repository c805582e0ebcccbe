from __future__ import annotations

import numpy as np
from exercise.worlds import world

from kulla.exercise.hours import moments, runs_of_moments
from kulla.exercise.workdays import HOUR, SECOND


def test_accounts_have_their_own_hours() -> None:
    made = world()
    day, stream = made.roster.calendar[1], np.random.default_rng(1)
    traits = made.roster.traits
    plain = np.flatnonzero(~traits.late & ~traits.shifts)[0]
    hours = (moments(made.roster, day, np.full(500, plain), stream) - day.midnight) / HOUR
    assert traits.start[plain] <= hours.min()
    assert hours.max() <= traits.start[plain] + 8.6
    late = np.flatnonzero(traits.late & ~traits.shifts)[0]
    hours = (moments(made.roster, day, np.full(500, late), stream) - day.midnight) / HOUR
    assert 0.1 < (hours > 17).mean() < 0.4


def test_a_run_is_a_run() -> None:
    made = world()
    account, counts = np.array([3, 4]), np.array([50, 20])
    times = runs_of_moments(made.roster, made.roster.calendar[1], account, counts, 9.0, np.random.default_rng(1))
    gaps = np.diff(times[:50]) / SECOND
    assert (gaps > 0).all()
    assert 5 < gaps.mean() < 14
