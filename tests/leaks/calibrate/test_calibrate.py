"""Calibration: what it measures, when it counts, and that it never makes naming easier."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.attribution_scenes import Country, country
from kulla.errors import InputError
from kulla.exercise.layout import Settings
from kulla.exercise.make import Reads, make_exercise
from kulla.leaks.attribute.judge import FLOOR
from kulla.leaks.calibrate import Calibration, bounded, calibrate, margin_for, read_calibration
from kulla.leaks.calibrate.nulls import SHAPES, Shape, chosen, orders, standing

MADE = datetime(2026, 5, 4, tzinfo=UTC)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Country:
    folder = tmp_path_factory.mktemp("country") / "c"
    make_exercise(folder, Settings(1500, 3, 7, "steady", ("civil",)), Reads("direct", 30, (), None, 3000), None)
    return country(folder / "owner", "civil")


@pytest.fixture(scope="module")
def found(home: Country) -> Calibration:
    return calibrated(home)


def calibrated(home: Country) -> Calibration:
    return calibrate(home.known, home.world, home.columns, runs=6, seed=3, inputs_sha256="ab", made=MADE.isoformat())


def test_the_same_reads_give_the_same_margins(home: Country, found: Calibration) -> None:
    assert calibrated(home) == found
    assert {cell.kind for cell in found.cells} == {"instant", "crawl"}
    assert all(cell.nats >= FLOOR and cell.nats >= cell.greatest for cell in found.cells)


def test_a_cell_is_the_same_whichever_others_are_made(home: Country, found: Calibration) -> None:
    some = calibrate(
        home.known, home.world, home.columns, runs=6, seed=3, inputs_sha256="ab", made=MADE.isoformat(),
        cells=[("crawl", 400), ("instant", 100), ("crawl", 10**9)],
    )  # fmt: skip
    wanted = {("crawl", 400), ("instant", 100)}
    assert some.cells == tuple(cell for cell in found.cells if (cell.kind, cell.least) in wanted)


@pytest.mark.parametrize("shape", SHAPES)
def test_null_leaks_are_of_records_that_the_register_has(home: Country, shape: Shape) -> None:
    stood = standing(home.world)
    for turn in range(8):
        draw = np.random.default_rng([3, turn])
        part = chosen(home.known, stood.records, shape, 200, draw, orders(stood))
        assert 0 < len(part) <= 400
        assert np.isin(part, stood.records).all()
        assert len(np.unique(part)) == len(part)


def test_value_by_value_is_what_a_crawl_through_offices_takes(home: Country) -> None:
    stood = standing(home.world)
    made = orders(stood)
    assert made
    assert all(sorted(each.tolist()) == stood.records.tolist() for each in made)
    place = home.place[made[0]] if len(made) == 1 else np.concatenate([home.place[each] for each in made])
    changes = min(int(np.count_nonzero(np.diff(home.place[each]))) + 1 for each in made)
    assert changes == len(np.unique(place))


def test_it_survives_json(found: Calibration) -> None:
    assert read_calibration(found.plain(), "x") == found
    with pytest.raises(InputError, match=r"x: no calibration of format"):
        read_calibration({"format": 9}, "x")
    with pytest.raises(InputError, match=r"x: the calibration is damaged"):
        read_calibration({"format": 1, "cells": [{}]}, "x")


def test_it_counts_only_for_what_it_was_made_of(found: Calibration) -> None:
    assert margin_for(found, 200, "instant", "ab").valid
    assert margin_for(found, 200, "frozen", "ab").valid
    refused = {
        "never": margin_for(None, 200, "instant", "ab"),
        "others": margin_for(found, 200, "instant", "cd"),
        "small": margin_for(found, 20, "instant", "ab"),
        "old": margin_for(found, 200, "instant", "ab", MADE + timedelta(days=400)),
    }
    assert not any(margin.valid for margin in refused.values())
    assert "never calibrated" in refused["never"].reason
    assert "changed since" in refused["others"].reason
    assert "20 rows" in refused["small"].reason
    assert "older than" in refused["old"].reason
    assert margin_for(found, 200, "instant", "ab", MADE + timedelta(days=30)).valid


def test_no_cell_gives_less_than_the_floor(found: Calibration) -> None:
    low = replace(found, cells=tuple(replace(cell, nats=0.1) for cell in found.cells))
    assert margin_for(low, 200, "instant", "ab").nats == FLOOR


@given(st.lists(st.floats(FLOOR + 0.01, 500), max_size=30), st.integers(1, 400))
def test_the_bound_is_above_everything_seen(above: list[float], zeros: int) -> None:
    scores = np.array([*above, *[0.0] * zeros])
    nats, _ = bounded(scores, 1e-3)
    assert nats >= max([FLOOR, *above])


def test_more_innocent_hits_ask_for_a_greater_margin() -> None:
    few, many = (np.array([10.0] * hits + [0.0] * (400 - hits)) for hits in (20, 200))
    assert bounded(many, 1e-3)[0] > bounded(few, 1e-3)[0]
    assert bounded(np.zeros(200), 1e-3) == (FLOOR, "floor")
