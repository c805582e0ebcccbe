"""Crafted files against the telling of a centre: what works on the plain truth must not work there."""

from __future__ import annotations

import pytest

from bench.oracle import Target, attacked
from kulla.exercise.layout import Settings
from kulla.exercise.make import Reads, make_exercise


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Target:
    folder = tmp_path_factory.mktemp("oracle")
    make_exercise(folder / "c", Settings(1500, 3, 5, "steady", ("payroll",)), Reads("direct", 20, (), None, 500), None)
    return Target.of(folder / "c", folder)


def test_the_attack_works_on_what_the_owner_sees(target: Target) -> None:
    assert attacked(target, 60, 3, at_owner=True) > 0.95


def test_it_learns_nothing_at_a_centre(target: Target) -> None:
    """300 files, half of them to learn on: ignorance gives 0.5 ± 0.05 (one standard error)."""
    assert attacked(target, 300, 3) < 0.65


@pytest.mark.parametrize(("filler", "copies"), [(99, 1), (300, 300)])
def test_nor_at_the_edge_of_what_is_told_nor_from_many_copies(target: Target, filler: int, copies: int) -> None:
    """99 known rows and the guess as the hundredth; one guess as often as all other rows."""
    assert attacked(target, 60, 4, filler=filler, copies=copies) < 0.75
