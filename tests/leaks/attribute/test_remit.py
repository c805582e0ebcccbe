"""What an account reads again and again names nobody, nor does a part of a piece."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.attribution import SCENES, piece_of
from bench.attribution_scenes import Country, Reads, Scene, added, country, crawl_times, from_reads, pages
from kulla.exercise.layout import Settings
from kulla.exercise.make import Reads as Kept
from kulla.exercise.make import make_exercise
from kulla.leaks.attribute import attribute, index
from kulla.leaks.attribute.attribute import strength
from kulla.leaks.attribute.episodes import episodes
from kulla.leaks.attribute.judge import FLOOR, INDISTINGUISHABLE, Verdict, held, judged
from kulla.leaks.attribute.null import Null, null, state
from kulla.leaks.attribute.pairs import Explained, explained
from kulla.leaks.attribute.ranking import Ranking, ranking
from kulla.leaks.attribute.remit import AGAIN, beside_remits, remit
from kulla.leaks.attribute.target import target
from kulla.leaks.calibrate.nulls import DAY
from kulla.leaks.candidate import Attribution, Margin


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Country:
    folder = tmp_path_factory.mktemp("remit") / "c"
    make_exercise(folder, Settings(8_000, 4, 11, "steady", ("civil",)), Kept("direct", 80, (), None, 6_000), None)
    return country(folder / "owner", "civil")


def asked(home: Country, scene: Scene, margin: float = FLOOR) -> Attribution:
    return attribute(
        piece_of(scene), scene.leak.record, scene.leak.intervals, scene.logged, register=home.population,
        horizon=home.world.horizon, margin=Margin(True, margin, 1000, "ff"), clock=scene.clock,
    )  # fmt: skip


def judged_before(home: Country, scene: Scene) -> tuple[Explained, Null, Ranking, Verdict]:
    """The verdict on a scene before it is compared with what the account reads anyway."""
    goal = target(scene.leak.record, scene.leak.intervals, home.population, home.world.horizon)
    found = explained(scene.logged, goal, scene.columns, scene.clock)
    nothing = null(found, state(goal), 0.5)
    ranked = ranking(found, episodes(found), nothing)
    return found, nothing, ranked, judged(ranked, nothing.moment, FLOOR, 0)


def read_anyway(home: Country, rounds: int, seed: int) -> tuple[Scene, int]:
    """An unlogged crawl of most of a city, page by page in three days, and an account that reads all of the city's
    pages in each of some rounds over the whole log, the last one in those days."""
    draw = np.random.default_rng(seed)
    parts = pages(home, 24, draw)
    log = home.known.log
    # Whoever reads little else: what an account reads besides makes its days sharper than what it reads anyway.
    doer = int(home.people[np.argmin(np.bincount(log.account, minlength=len(log.accounts))[home.people])])
    taken = crawl_times(home, len(parts), 3, draw)
    crawl = [part for part, kept in zip(parts, draw.random(len(parts)) < 0.9, strict=True) if kept]
    times = taken[: len(crawl)]
    scene = from_reads("", home, crawl, times, np.full(len(crawl), doer), draw, absent=True)
    first = home.known.spans[0][0]
    begun = [first + step * (int(taken[0]) - first) // rounds for step in range(1, rounds)]
    moments = np.concatenate([*(each + np.arange(len(parts)) * 60_000_000 for each in begun), taken])
    reads = Reads(moments, np.full(len(moments), doer), parts * rounds, np.full(len(moments), -1))
    known, _ = added(home, reads, np.zeros(len(moments), bool))
    return replace(scene, logged=known), doer


@pytest.mark.parametrize("seed", [1, 2])
def test_who_reads_a_city_again_and_again_is_not_named_for_an_unlogged_crawl_of_it(home: Country, seed: int) -> None:
    scene, doer = read_anyway(home, 5, seed)
    found, nothing, ranked, verdict = judged_before(home, scene)
    assert verdict.outcome == "episode"
    assert ranked.scored[verdict.named[0]].account == doer
    assert held(ranked, verdict.mixture, doer) > 0.95
    after = beside_remits(found, nothing, ranked, verdict, [doer], FLOOR)
    assert (after.outcome, after.strength, after.reasons, after.ties_unlogged) == (
        "tie",
        0.0,
        (INDISTINGUISHABLE,),
        True,
    )
    told = asked(home, scene)
    assert told.outcome == "tie"
    assert {told.candidates[at].account for at in told.named} == {home.known.log.accounts[doer]}
    assert strength(
        piece_of(scene), scene.leak.record, scene.leak.intervals, scene.logged, register=home.population,
        horizon=home.world.horizon, clock=scene.clock,
    ) == 0.0  # fmt: skip


def test_who_reads_those_pages_for_the_first_time_is_still_named(home: Country) -> None:
    scene, doer = read_anyway(home, 1, 1)
    told = asked(home, scene)
    assert told.outcome == "episode"
    assert [told.candidates[at].account for at in told.named] == [home.known.log.accounts[doer]]


def test_a_remit_is_all_that_an_actor_read_when_half_of_it_was_read_at_least_a_week_apart(home: Country) -> None:
    scene, _ = read_anyway(home, 5, 3)
    found, nothing, ranked, verdict = judged_before(home, scene)
    actor = ranked.scored[verdict.named[0]].episode.actor
    log = scene.logged.log
    own = np.flatnonzero((scene.logged.actor == actor) & found.usable & (scene.logged.size > 0))
    own = own[~np.isin(own, found.wide)]
    times: dict[int, list[int]] = {}
    for read in own.tolist():
        one = [int(log.record[read])] if log.record[read] else scene.logged.records(int(log.bitmap[read])).tolist()
        for record in one:
            times.setdefault(record, []).append(int(log.start[read]))
    leaked = [each for record, each in times.items() if found.target.find(np.array([record], np.uint32))[0] >= 0]
    assert sum(max(each) - min(each) >= AGAIN for each in leaked) >= len(leaked) / 2
    components = remit(found, nothing, actor)
    rows, given, _ = components[2]
    stood = np.exp(found.target.log_stood[rows])
    assert given / stood == pytest.approx(np.full(len(rows), found.target.population / len(times)))
    assert set(found.target.records[found.target.owner[rows]].tolist()) == set(times) & set(
        found.target.records.tolist()
    )
    assert set(components[0][0].tolist()) == set(rows[nothing.held[rows]].tolist())
    early = log.take(np.flatnonzero((log.start >= scene.taken[0] - DAY) & (scene.logged.actor == actor)))
    shorter = explained(index(early), found.target, scene.columns, 1.0)
    assert remit(shorter, null(shorter, nothing.moment, 0.5), 0) == []


@pytest.mark.parametrize(("lost", "named"), [(0.1, True), (0.3, False)])
def test_an_account_is_named_only_when_its_reads_returned_four_fifths_of_the_piece(
    home: Country, lost: float, named: bool
) -> None:
    found = 0
    for turn in range(4):
        draw = np.random.default_rng([turn, 5])
        parts = pages(home, 60, draw)
        doer = np.full(len(parts), int(draw.choice(home.people)))
        scene = from_reads("", home, parts, crawl_times(home, len(parts), 3, draw), doer, draw, loss=lost)
        _, _, _, verdict = judged_before(home, scene)
        assert verdict.outcome in ("episode", "set")
        told = asked(home, scene)
        found += told.outcome == "episode"
        assert told.outcome in ("episode", "none")
    assert found == (4 if named else 0)


def test_single_sources_are_no_remits(home: Country) -> None:
    for name in ("paged3", "byid", "paged60"):
        scene = SCENES[name](home, np.random.default_rng(4))
        found, nothing, ranked, verdict = judged_before(home, scene)
        doer = ranked.scored[verdict.named[0]].account
        assert beside_remits(found, nothing, ranked, verdict, [doer], FLOOR) == verdict
