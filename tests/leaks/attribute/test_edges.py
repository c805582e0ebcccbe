"""What stands at an edge is judged as it is by default; elsewhere by chance as well: whose name it is, which copies."""

from __future__ import annotations

import numpy as np
import pytest

from bench.attribution import SCENES, piece_of
from bench.attribution_scenes import Country, Scene, country
from kulla.exercise.layout import Settings
from kulla.exercise.make import Reads, make_exercise
from kulla.leaks.attribute import Edges, attribute
from kulla.leaks.candidate import Attribution, Margin


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Country:
    folder = tmp_path_factory.mktemp("country") / "c"
    make_exercise(folder, Settings(15_000, 6, 7, "busy", ("payroll",)), Reads("direct", 200, (), None, 30_000), None)
    return country(folder / "owner", "payroll")


def asked(home: Country, scene: Scene, edges: Edges) -> Attribution:
    return attribute(
        piece_of(scene), scene.leak.record, scene.leak.intervals, scene.logged, register=home.population,
        horizon=home.world.horizon, copies=scene.copies, margin=Margin(True, 7.0, 1000, "ff"), clock=scene.clock,
        seed=1, edges=edges,
    )  # fmt: skip


def test_who_held_the_piece_is_asked_in_records_beyond_what_must_be_held(home: Country) -> None:
    scene = SCENES["paged3"](home, np.random.default_rng(3))
    said: dict[str, float] = {}

    def beyond(records: float, what: str) -> bool:
        said[what] = records
        return not what.startswith("holds")

    found = asked(home, scene, Edges(beyond))
    assert asked(home, scene, Edges()).outcome == "episode"
    assert found.outcome in ("none", "copy")
    assert not found.named
    (holds,) = (records for what, records in said.items() if what.startswith("holds"))
    assert holds == pytest.approx(0.2 * int(scene.leak.exact.sum()), rel=0.05)


def test_in_doubt_reads_are_an_accounts_usual_work(home: Country) -> None:
    """By the remit's rule alone the episode must then beat a copy filtered by all that the account read."""
    scene = SCENES["paged3"](home, np.random.default_rng(3))
    asked_of: list[str] = []

    def beyond(records: float, what: str) -> bool:
        asked_of.append(what)
        return records >= 0 and not what.startswith("again")

    found = asked(home, scene, Edges(beyond))
    assert any(what.startswith("again") for what in asked_of)
    assert found.outcome in ("episode", "tie")  # its remit is larger than what it took: it may still be named
    if found.outcome == "episode":
        assert found.named == asked(home, scene, Edges()).named


def test_which_copies_agree_hangs_on_nats_and_records_at_their_edges(home: Country) -> None:
    scene = SCENES["backup"](home, np.random.default_rng(4))
    names = {each.name for each in asked(home, scene, Edges()).copies}
    assert scene.copy in names
    assert asked(home, scene, Edges(nats=lambda _: -1e9)).copies == ()
    assert asked(home, scene, Edges(lambda records, what: not what.endswith("/stood"))).copies == ()
    assert names <= {each.name for each in asked(home, scene, Edges(nats=lambda _: 1e9)).copies}
