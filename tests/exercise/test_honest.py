from __future__ import annotations

import numpy as np
import pytest
from exercise.worlds import ACCOUNTS, DAYS, honest, world

from kulla.exercise.acts import CANCELLED, COPY, CURSOR, ERROR, LOOK_UP, SAMPLE, SCAN, SHAPES, Acts
from kulla.exercise.profile import names
from kulla.exercise.staff import ADMINISTRATOR, JOB
from kulla.exercise.workdays import HOUR
from kulla.exercise.world import World


def of_people(world: World, acts: Acts) -> Acts:
    return acts.take(acts.doer < world.roster.people)


def test_the_same_seed_gives_the_same_acts() -> None:
    for (_, one), (_, two) in zip(world(days=6).days(), world(days=6).days(), strict=True):
        assert all((getattr(one, name) == getattr(two, name)).all() for name in one.__dataclass_fields__)


@pytest.mark.parametrize("name", names())
def test_every_profile_reads_in_every_shape_that_staff_needs(name: str) -> None:
    made, acts = honest(name)
    shapes = {SHAPES[shape] for shape in np.unique(acts.shape)}
    assert {"look_up", "family", "list", "page"} <= shapes
    assert (acts.misdeed < 0).all()
    assert not acts.hidden.any()
    assert set(made.roster.of_kind(JOB)) & set(acts.doer)


def test_most_reads_fall_into_working_hours_but_not_all() -> None:
    made, acts = honest()
    people = of_people(made, acts)
    midnights = np.array([day.midnight for day in made.roster.calendar])
    day = np.searchsorted(midnights, people.time, side="right") - 1
    hour = (people.time - midnights[day]) / HOUR
    inside = (hour >= 7) & (hour < 18)
    assert 0.85 < inside.mean() < 0.99
    weekend = np.array([each.weekend for each in made.roster.calendar])[day]
    assert 0 < weekend.mean() < 0.1


def daily(made: World, acts: Acts) -> np.ndarray:
    people = of_people(made, acts)
    midnights = np.array([day.midnight for day in made.roster.calendar])
    day = np.searchsorted(midnights, people.time, side="right") - 1
    counts = np.zeros((ACCOUNTS, DAYS))
    np.add.at(counts, (people.doer, day), 1)
    return counts


@pytest.mark.parametrize("name", ["steady", "overdispersed", "busy"])
def test_daily_counts_are_over_dispersed_and_accounts_differ(name: str) -> None:
    made, acts = honest(name)
    counts = daily(made, acts)[:, [day.worked for day in made.roster.calendar]]
    mean, variance = counts.mean(axis=1), counts.var(axis=1)
    lively = mean > 1
    assert np.median(variance[lively] / mean[lively]) > 3
    total = counts.sum(axis=1)
    assert np.quantile(total, 0.95) > 15 * max(np.quantile(total, 0.05), 1)


def test_some_walk_through_ids_in_order_for_good_reasons() -> None:
    made, acts = honest()
    rank = np.full(made.shelves.persons, -10, dtype=np.int64)
    rank[made.shelves.by_id] = np.arange(made.shelves.by_id.size)
    looked = acts.take((acts.shape == LOOK_UP) & (acts.target >= 0))
    walked = {}
    for account in range(ACCOUNTS):
        steps = np.diff(rank[looked.target[looked.doer == account]])
        longest = run = 0
        for small in ((steps > 0) & (steps < 5)).tolist():
            run = run + 1 if small else 0
            longest = max(longest, run)
        walked[account] = longest
    walker = made.roster.traits.walker
    assert sum(run >= 25 for account, run in walked.items() if walker[account]) >= 3
    assert max(run for account, run in walked.items() if not walker[account]) < 25


def test_reads_outside_the_remit_vary_between_accounts() -> None:
    made, acts = honest("overdispersed")
    looked = of_people(made, acts).take(of_people(made, acts).shape == LOOK_UP)
    looked = looked.take(looked.target >= 0)
    place = made.shelves.municipality[looked.target]
    shares = []
    for account in range(ACCOUNTS):
        span = made.roster.span(account, 0)
        mine = place[looked.doer == account]
        if span is not None and mine.size > 100 and span.high - span.low < made.shelves.places:
            shares.append(((mine < span.low) | (mine >= span.high)).mean())
    assert min(shares) < 0.02
    assert max(shares) > 0.2


def test_honest_statements_fail_scan_and_leave_by_cursor_too() -> None:
    made, acts = honest("busy")
    people = of_people(made, acts)
    assert 0.001 < np.isin(people.how, (ERROR, CANCELLED)).mean() < 0.05
    whole = people.take((people.shape == SCAN) & (people.target < 0))
    assert len(whole)
    assert np.isin(people.how, (COPY, CURSOR)).any()
    assert (acts.shape == SAMPLE).any()


def test_pools_read_for_people_and_cases_are_mostly_named() -> None:
    made, acts = honest()
    pooled = acts.account != acts.doer
    assert 0.2 < pooled.mean() < 0.7
    assert set(acts.grade[pooled]) == {1, 2}
    nameless = (acts.account >= made.roster.people) & (acts.user < 0) & (acts.account < made.roster.people + 3)
    assert 0 < nameless.sum() < 0.05 * pooled.sum()
    assert 0.5 < acts.cased.mean() < 0.9


def test_administrators_read_now_and_then() -> None:
    made, acts = honest()
    mine = np.isin(acts.doer, made.roster.of_kind(ADMINISTRATOR))
    assert 20 < mine.sum() < 400
