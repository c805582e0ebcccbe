"""Who is named, and above all who is not, on a small country whose reads and leaks are known."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.attribution import SCENES, piece_of
from bench.attribution_scenes import Country, Scene, country
from kulla.exercise.layout import Settings
from kulla.exercise.make import Reads, make_exercise
from kulla.leaks.attribute import attribute, copies, steady
from kulla.leaks.attribute.attribute import COPIED, MARKED
from kulla.leaks.attribute.copies import _frozen
from kulla.leaks.attribute.episodes import _order
from kulla.leaks.attribute.judge import FLOOR
from kulla.leaks.attribute.mixture import best, fitted, pool
from kulla.leaks.attribute.null import days, null, state
from kulla.leaks.attribute.pairs import explained
from kulla.leaks.attribute.score import closed, scored
from kulla.leaks.attribute.target import target
from kulla.leaks.attribute.windows import choices, crawls, sessions, touched
from kulla.leaks.candidate import Attribution, Margin
from kulla.leaks.marks import Extract
from kulla.registers.manifest import Copy

VALID = Margin(True, 30.0, 1000, "ff")
NONE = Margin(False, 0.0, 0, "", "no_calibration")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Country:
    folder = tmp_path_factory.mktemp("country") / "c"
    make_exercise(folder, Settings(15_000, 4, 7, "steady", ("civil",)), Reads("direct", 200, (), None, 30_000), None)
    return country(folder / "owner", "civil")


def asked(home: Country, scene: Scene, margin: Margin = VALID, seed: int = 1) -> Attribution:
    return attribute(
        piece_of(scene), scene.leak.record, scene.leak.intervals, scene.logged, register=home.population,
        horizon=home.world.horizon, copies=scene.copies, margin=margin, clock=scene.clock, seed=seed,
    )  # fmt: skip


def scene_of(home: Country, name: str, turn: int) -> Scene:
    return SCENES[name](home, np.random.default_rng([turn, sum(name.encode())]))


def accounts(found: Attribution) -> set[str]:
    return {found.candidates[at].account for at in found.named}


@pytest.mark.parametrize("name", ["paged3", "byid"])
def test_the_true_account_is_named(home: Country, name: str) -> None:
    right = 0
    for turn in range(6):
        scene = scene_of(home, name, turn)
        found = asked(home, scene)
        assert found.outcome not in ("episode", "set") or accounts(found) <= scene.truth
        right += accounts(found) == scene.truth
    assert right >= 5


def test_one_export_of_everything_ties_with_an_unlogged_copy(home: Country) -> None:
    for turn in range(6):
        scene = scene_of(home, "bulk", turn)
        found = asked(home, scene)
        if found.outcome == "tie":
            assert accounts(found) & scene.truth or not found.named
        else:
            assert found.outcome == "none" or accounts(found) <= scene.truth


@pytest.mark.parametrize("name", ["absent", "backup", "replica", "hidden", "hole", "lost"])
def test_no_innocent_is_named_when_the_source_is_not_in_the_log_or_only_in_part(home: Country, name: str) -> None:
    for turn in range(6):
        scene = scene_of(home, name, turn)
        found = asked(home, scene)
        if found.outcome in ("episode", "set"):
            assert accounts(found) <= scene.truth


def test_a_known_copy_is_told_beside_an_unlogged_leak(home: Country) -> None:
    told = [asked(home, scene_of(home, "backup", turn)) for turn in range(8)]
    assert {found.outcome for found in told} <= {"copy", "tie", "none"}
    assert any(found.outcome == "copy" and found.copies[0].name == "source" for found in told)


def test_an_innocent_who_made_the_same_reads_earlier_is_not_named(home: Country) -> None:
    for turn in range(6):
        scene = scene_of(home, "twin", turn)
        found = asked(home, scene)
        if found.outcome in ("episode", "set"):
            assert accounts(found) <= scene.truth


def test_the_marks_of_an_extract_keep_the_reader_of_the_same_rows_unnamed(home: Country) -> None:
    scene = scene_of(home, "paged3", 0)
    assert accounts(asked(home, scene)) == scene.truth

    def marked(nats: float, taken: int, columns: tuple[str, ...] = ()) -> Attribution:
        return attribute(
            piece_of(scene), scene.leak.record, scene.leak.intervals, scene.logged, register=home.population,
            horizon=home.world.horizon, margin=VALID, clock=scene.clock, seed=1,
            extracts=[Extract("extract 1", "Bank", taken, columns, nats)],
        )  # fmt: skip

    found = marked(10_000.0, scene.taken[1])
    assert (found.outcome, found.named, found.copies[0].name) == ("copy", (), "extract 1")
    assert found.copies[0].reachable_by == ("Bank",)
    assert MARKED in found.withheld
    assert accounts(marked(10.0, scene.taken[1])) == scene.truth
    assert accounts(marked(10_000.0, scene.taken[1], ("nid",))) == scene.truth


def test_a_known_copy_that_explains_as_well_keeps_the_reader_unnamed(
    home: Country, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """The backup of the very moment, filtered as the reads were: content cannot tell them apart."""
    scene = scene_of(home, "paged3", 0)
    backup = Copy("nightly", "backup", frozen_at=datetime.fromtimestamp(scene.taken[1] / 1e6, UTC))
    with_copy = replace(scene, copies=(*scene.copies, backup))
    assert accounts(asked(home, with_copy)) == scene.truth  # unfiltered it explains far worse than the pages
    # One that explains better than any account does.
    monkeypatch.setattr(copies, "_frozen", lambda *_: 1e9)
    found = asked(home, with_copy)
    assert found.outcome == "tie"
    assert COPIED in found.withheld


def test_without_calibration_nobody_is_named(home: Country) -> None:
    for name in ("paged3", "byid", "two"):
        found = asked(home, scene_of(home, name, 1), NONE)
        assert found.named == ()
        assert any("calibration" in reason for reason in found.withheld)


def test_lines_that_were_never_sealed_name_nobody(home: Country) -> None:
    scene = scene_of(home, "byid", 2)
    assert accounts(asked(home, scene)) == scene.truth
    log = scene.logged.log
    bare = replace(scene.logged, log=replace(log, sealed=np.full_like(log.sealed, 2)))
    found = asked(home, replace(scene, logged=bare))
    assert found.named == ()
    assert any("never sealed" in reason for reason in found.withheld)


def test_a_read_that_lacks_a_column_of_the_leak_explains_nothing(home: Country) -> None:
    scene = scene_of(home, "byid", 3)
    piece = replace(piece_of(scene), columns=(*scene.columns, "shoe_size"))
    found = attribute(
        piece, scene.leak.record, scene.leak.intervals, scene.logged, register=home.population,
        horizon=home.world.horizon, margin=VALID, clock=scene.clock,
    )  # fmt: skip
    assert found.named == ()


def test_the_same_question_has_the_same_answer(home: Country) -> None:
    scene = scene_of(home, "two", 4)
    assert asked(home, scene) == asked(home, scene)


def test_a_prior_out_of_range_is_refused(home: Country) -> None:
    scene = scene_of(home, "byid", 0)
    with pytest.raises(ValueError, match="between 0 and 1"):
        attribute(
            piece_of(scene), scene.leak.record, scene.leak.intervals, scene.logged, register=home.population,
            horizon=home.world.horizon, margin=VALID, prior_unlogged=1.0,
        )  # fmt: skip


def test_pairs_are_those_of_the_obvious_rule(home: Country) -> None:
    """A read explains a row when it gave its record, all columns, and the row stood so at some moment of the read."""
    scene = scene_of(home, "paged3", 5)
    goal = target(scene.leak.record, scene.leak.intervals, home.population, home.world.horizon)
    found = explained(scene.logged, goal, scene.columns, scene.clock)
    log, slack = scene.logged.log, int(scene.clock * 1e6)
    draw = np.random.default_rng(1)
    for read in draw.choice(len(log), 60, replace=False).tolist():
        columns = log.column_sets[log.columns[read]]
        fits = columns is None or (bool(columns) and set(scene.columns) <= set(columns))
        if int(log.record[read]):
            records = {int(log.record[read])}
        elif log.bitmap[read] >= 0:
            records = set(scene.logged.records(int(log.bitmap[read])).tolist())
        else:
            records = set(goal.records.tolist()) if scene.logged.size[read] < 0 else set()
        wanted = set()
        for row in range(len(goal)):
            first, last = goal.intervals.offsets[row], goal.intervals.offsets[row + 1]
            stood = any(
                goal.intervals.first[at] <= log.stop[read] + slack and goal.intervals.last[at] > log.start[read] - slack
                for at in range(first, last)
            )
            if fits and stood and int(goal.records[goal.owner[row]]) in records:
                wanted.add(row)
        of = found.sets.of[[read]]
        narrow = set(found.sets.listed(of[of >= 0]).tolist())
        if read in set(found.wide.tolist()):
            assert set(found.rows(read).tolist()) == wanted
            assert found.explained[found.wide.tolist().index(read)] == pytest.approx(
                sum(goal.weight[row] for row in wanted)
            )
        else:
            assert narrow == wanted or (not narrow and int(log.extent[read]) == 2)


@given(st.integers(0, 2**32 - 1), st.floats(1, 5000))
def test_the_bound_from_sums_is_below_the_likelihood(seed: int, size: float) -> None:
    draw = np.random.default_rng(seed)
    count = int(draw.integers(1, 60))
    first = draw.integers(0, 900, count)
    from kulla.leaks.intervals import from_rows

    intervals = from_rows(np.arange(count), first, first + draw.integers(1, 100, count), count)
    goal = target(np.arange(1, count + 1, dtype=np.uint32), intervals, steady(5000), (0, 1000))
    rows = np.flatnonzero(draw.random(count) < draw.random())
    bound = closed(
        np.array([goal.weight[rows].sum()]), np.array([(goal.weight[rows] * goal.log_stood[rows]).sum()]),
        np.array([size]), goal,
    )  # fmt: skip
    assert bound[0] <= scored(rows, size, goal)[0] + 1e-6


def test_of_a_cell_only_its_own_crawl_is_picked_and_only_where_half_was_leaked(home: Country) -> None:
    """Whoever goes through everything in its order passes by what any other crawl took: none of that is picked."""
    scene = scene_of(home, "paged60", 1)
    goal = target(scene.leak.record, scene.leak.intervals, home.population, home.world.horizon)
    found = explained(scene.logged, goal, scene.columns, scene.clock)
    reads = touched(found, np.unique(scene.logged.actor[found.sets.of >= 0]).astype(np.int64))
    cells = crawls(reads)
    picked = 0
    for at in np.argsort(-cells.explained)[:400].tolist():
        first, *others = list(reads.chosen(cells, at))
        assert first[1] == 0
        if 2 * cells.explained[at] < reads.size(reads.read[first[0]]):
            assert not others
        for places, price in others:
            assert set(places.tolist()) < set(first[0].tolist())
            assert price > 0
        if others and len(others[-1][0]) < len(first[0]) and (reads.share[others[-1][0]] >= 0.5).all():
            picked += 1
            assert others[-1][1] >= choices(len(first[0]), len(others[-1][0])) - 2 * np.log(len(first[0]) + 1)
    assert picked


def test_the_null_copy_has_what_stood_at_its_moment_and_the_crawl_what_stood_in_its_days(home: Country) -> None:
    scene = scene_of(home, "paged60", 1)
    goal = target(scene.leak.record, scene.leak.intervals, home.population, home.world.horizon)
    found = explained(scene.logged, goal, scene.columns, scene.clock)
    moment = state(goal)
    pasted, copy, crawl, *_ = null(found, moment, 0.5).components
    assert len(pasted[0]) == len(goal)
    assert copy[1] == pytest.approx(home.population.ever / home.population.at(np.array([moment]))[0])
    assert copy[0].tolist() == np.flatnonzero(goal.meets_all(moment, moment)).tolist()
    first, last = days(goal)
    assert crawl[0].tolist() == np.flatnonzero(goal.meets_all(first, last)).tolist()
    assert len(crawl[0]) > len(copy[0])
    frozen = null(found, moment, 0.5, crawl=False).components
    assert not any(len(rows) > len(copy[0]) for rows, density, _ in frozen[1:] if isinstance(density, float))


def test_of_each_bitmap_the_leaked_records_are_listed_or_those_it_lacks(home: Country) -> None:
    for name, turn in (("bulk", 0), ("paged60", 1)):
        scene = scene_of(home, name, turn)
        goal = target(scene.leak.record, scene.leak.intervals, home.population, home.world.horizon)
        found = explained(scene.logged, goal, scene.columns, scene.clock)
        log, leaked = scene.logged.log, set(goal.records.tolist())
        for code in np.unique(log.bitmap[found.usable & (log.bitmap >= 0)]).tolist():
            held = leaked & set(scene.logged.records(code).tolist())
            if 2 * len(held) > len(leaked):
                assert set(goal.records[found.beyond[code]].tolist()) == leaked - held
            else:
                assert code not in found.beyond
                places = found.places[found.bounds[code] : found.bounds[code + 1]]
                assert goal.records[places].tolist() == sorted(held)


def test_sessions_that_cannot_explain_enough_are_left_out_and_counted_all_the_same(home: Country) -> None:
    scene = scene_of(home, "paged60", 1)
    goal = target(scene.leak.record, scene.leak.intervals, home.population, home.world.horizon)
    found = explained(scene.logged, goal, scene.columns, scene.clock)
    reads = touched(found, np.arange(len(scene.logged.actors)))
    every = sessions(reads)
    assert reads.sessions == len(every)
    least = float(np.sort(every.explained)[-5])
    some = sessions(reads, least)
    assert len(some) < len(every)
    kept = dict(zip(some.group.tolist(), zip(some.explained, some.stood, strict=True), strict=True))
    for group, value, stood in zip(every.group.tolist(), every.explained, every.stood, strict=True):
        assert value < least or kept[group] == pytest.approx((value, stood))


def test_a_frozen_copy_is_weighed_at_the_best_moment_that_the_clock_allows(home: Country) -> None:
    scene = scene_of(home, "backup", 2)
    goal = target(scene.leak.record, scene.leak.intervals, home.population, home.world.horizon)
    found = explained(scene.logged, goal, scene.columns, scene.clock)
    moment = state(goal)
    for seconds in (1.0, 3e5):
        values = []
        for each in (moment - int(seconds * 1e6), moment, moment + int(seconds * 1e6)):
            parts = pool(goal, null(found, each, 0.5, crawl=False).components)
            values += [best(parts, range(len(parts)), [0, 1]).value, fitted(parts, [0]).value]
        assert _frozen(found, moment, seconds, 0.5) == max(values)


def test_equal_episodes_come_in_their_order_whatever_way_their_rows_were_added_up() -> None:
    assert _order(np.array([0.3, 0.1 + 0.2, 0.5, -np.inf])).tolist() == [2, 0, 1, 3]
    assert _order(np.array([0.1 + 0.2, 0.3, 0.29])).tolist() == [0, 1, 2]


def test_the_choice_of_reads_is_charged_as_many_nats_as_there_are_choices() -> None:
    assert choices(10, 3) == pytest.approx(np.log(120))
    assert choices(5, 5) == pytest.approx(0.0)


def test_the_floor_is_odds_of_a_thousand() -> None:
    assert pytest.approx(np.log(1000.0)) == FLOOR
