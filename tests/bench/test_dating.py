"""The dating bench in small: a country of few, the same leaks, the same judgements."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench import dating
from bench.datingoracle import labels_tell
from bench.datingtable import below, rate, tables
from kulla.exercise.layout import Settings
from kulla.exercise.make import make_exercise
from kulla.leaks.date.simulate import moment, sample
from kulla.leaks.world import Noise


@pytest.fixture(scope="module")
def countries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("countries")
    make_exercise(folder / "busy", Settings(8_000, 24, 3, "busy", ("civil", "payroll")))
    return folder


@pytest.fixture(autouse=True)
def one_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dating, "PROFILES", ("busy",))


def test_the_stated_region_covers_where_the_arg_max_does_not(
    countries: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(dating, "SIZES", (4_000,))
    rows = list(dating.cells(countries, range(12)))
    assert len(rows) == 12 * 12
    assert not any(below([(sum(row["covered"] for row in rows), len(rows))]))
    hard = [row for row in rows if row["stale"] == 0.2 and row["register"] == "civil"]
    assert sum(row["naive"] for row in hard) < sum(row["covered"] for row in hard)
    assert all(row["oracle"] for row in rows)
    assert "arg-max" in tables(rows)


def test_januarys_payroll_in_november_is_never_a_window_of_january(countries: Path) -> None:
    rows = list(dating.payroll(countries, range(6)))
    assert len(rows) == 18
    assert not any(row["january"] for row in rows)
    assert all(row["rows"] > 500 for row in rows)
    assert sum(row["covered"] for row in rows) >= 16


def test_two_pieces_are_two(countries: Path) -> None:
    of = dating.stocked(countries / "busy", "civil")
    rows = [
        dating.pasted(of, 8_000, 2, order, 0.0, np.random.default_rng(seed), {"bench": "pieces", "stale": 0.0})
        for order in ("sorted", "shuffled") for seed in (1, 2)
    ]  # fmt: skip
    assert [row["found"] for row in rows] == [2] * 4
    assert sum(row["each"] for row in rows) >= 3
    assert all(row["labels"] for row in rows)
    assert [row["moments"] for row in rows] == [False, False, True, True]


def test_no_oracle_tells_two_extracts_of_one_moment_apart(countries: Path) -> None:
    of = dating.stocked(countries / "busy", "civil")
    draw = np.random.default_rng(4)
    taken = moment(of.world.horizon, draw)
    parts = [of.leak(sample(of, taken, 2_000, draw), Noise(0.1), draw) for _ in range(2)]
    leak = dating._joined(parts)
    assert not labels_tell(of.world, leak, np.repeat([0, 1], 2_000), 2)


def test_employers_that_are_stale_as_a_whole_do_not_break_the_region(
    countries: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(dating, "SIZES", (4_000,))
    rows = list(dating.clumped(countries, range(8)))
    assert sum(row["covered"] for row in rows) >= len(rows) - 2
    assert any(row["epsilon"] > 0 for row in rows)


def test_a_rate_is_given_with_n_and_its_exact_interval() -> None:
    assert rate(9, 10) == "0.900 (9/10; 0.555–0.997)"
    assert rate(0, 0) == "-"


def test_all_cells_together_are_tested_once() -> None:
    """Alone 368 of 400 is below 95 %; among 36 cells so is nothing but what is far below."""
    assert below([(368, 400)]) == [True]
    assert below([(368, 400)] + [(385, 400)] * 35) == [False] * 36
    assert below([(350, 400)] + [(385, 400)] * 35) == [True] + [False] * 35
