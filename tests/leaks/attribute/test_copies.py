"""Which backup it was, after a cold start: told by what each surely held, and nobody is named or spared for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.attribution import SCENES, piece_of
from bench.attribution_scenes import Country, Scene, country
from kulla.exercise.layout import Settings
from kulla.exercise.make import Reads, make_exercise
from kulla.leaks.attribute import attribute, copies
from kulla.leaks.attribute.attribute import COPIED
from kulla.leaks.attribute.readlog import SEALED
from kulla.leaks.candidate import Attribution, Margin

VALID = Margin(True, 7.0, 1000, "ff")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Country:
    folder = tmp_path_factory.mktemp("country") / "c"
    make_exercise(folder, Settings(15_000, 6, 7, "busy", ("payroll",)), Reads("direct", 200, (), None, 30_000), None)
    return country(folder / "owner", "payroll")


def asked(scene: Scene, sights: tuple[int, ...]) -> Attribution:
    assert scene.population is not None
    assert scene.horizon is not None
    return attribute(
        piece_of(scene), scene.leak.record, scene.leak.intervals, scene.logged, register=scene.population,
        horizon=scene.horizon, copies=scene.copies, margin=VALID, clock=scene.clock, seed=1, sights=sights,
    )  # fmt: skip


def scene_of(home: Country, name: str, turn: int, sealed: bool = False) -> Scene:
    """A cold start. sealed: as if the lines had been, so that accounts are named."""
    scene = SCENES[name](home, np.random.default_rng([turn, sum(name.encode())]))
    log = scene.logged.log
    return replace(scene, logged=replace(scene.logged, log=replace(log, sealed=np.full_like(log.sealed, SEALED)))) \
        if sealed else scene  # fmt: skip


def test_the_backup_that_held_what_others_lacked_is_told_first_and_mostly_alone(home: Country) -> None:
    first = alone = 0
    for turn in range(10):
        scene = scene_of(home, "coldbackup", turn)
        found = [each.name for each in asked(scene, scene.sights).copies]
        assert scene.copy in found
        first += found[0] == scene.copy
        alone += len(found) == 1
    assert first >= 8
    assert alone >= 3


def test_without_the_moments_backups_are_not_told_apart(home: Country) -> None:
    told = [len(asked(scene_of(home, "coldbackup", turn), ()).copies) for turn in range(4)]
    assert min(told) >= 2


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(["coldbackup", "coldread", "coldhidden"]), st.integers(0, 10_000), st.booleans(),
    st.lists(st.integers(-2, 2), max_size=4),
)  # fmt: skip
def test_what_the_history_was_made_of_never_names_or_spares_anybody(
    home: Country, name: str, turn: int, exact: bool, shifts: list[int]
) -> None:
    """Whatever moments are given, right or wrong: only the list of copies differs, and is not emptied."""
    scene = scene_of(home, name, turn, sealed=True)
    wrong = tuple(scene.sights[at % 3] + shift * 400_000 for at, shift in enumerate(shifts))
    one, other = asked(scene, ()), asked(scene, scene.sights if exact else wrong)
    same = ("outcome", "named", "withheld", "unexplained", "considered", "covered", "disagreement", "margin")
    assert [getattr(one, each) for each in same] == [getattr(other, each) for each in same]
    assert [(c.account, c.episode, c.nats) for c in one.candidates] == [
        (c.account, c.episode, c.nats) for c in other.candidates
    ]
    assert {c.name for c in other.copies} <= {c.name for c in one.copies}
    assert bool(one.copies) == bool(other.copies)


@pytest.mark.parametrize("exact", [-1e9, 1e9])
def test_a_copy_that_keeps_an_account_unnamed_does_so_whatever_it_is_at_its_own_moment(
    home: Country, monkeypatch: pytest.MonkeyPatch, exact: float
) -> None:
    """With the clock all copies explain better than any account; at their own moments far worse, or better still."""
    monkeypatch.setattr(copies, "_frozen", lambda found, moment, clock, prior: 1e6 if clock else exact)
    accused = 0
    for turn in range(8):
        scene = scene_of(home, "coldread", turn, sealed=True)
        one, other = asked(scene, ()), asked(scene, scene.sights)
        assert (one.outcome, one.named, one.withheld) == (other.outcome, other.named, other.withheld)
        assert bool(one.copies) == bool(other.copies)
        accused += COPIED in one.withheld and bool(other.copies)
    assert accused
