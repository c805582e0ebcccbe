"""Crafted files against the telling of a centre: what works on the plain truth must not work there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.oracle import ATTACKS, Target, attacked


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("oracle")


@pytest.fixture(scope="module")
def target(folder: Path) -> Target:
    return Target.of(folder)


def test_the_attack_works_on_what_is_told_openly(target: Target, folder: Path) -> None:
    assert attacked(target, "window", 24, 3, folder, openly=True).one > 0.8


def test_it_learns_nothing_at_a_centre(target: Target, folder: Path) -> None:
    """24 files, half of them to learn on: ignorance gives 0.5, and as much as this twice in a thousand."""
    assert attacked(target, "window", 24, 3, folder).one < 0.95


@pytest.mark.parametrize("name", ["lonely", "pieces", "window"])
def test_what_has_no_noise_is_the_same_whether_the_guess_is_right_or_not(
    target: Target, folder: Path, name: str
) -> None:
    """Which limits are told, and of how many tables."""
    of, attack = ATTACKS[name]
    known = getattr(target, of)
    right, wrong = (
        target.told(attack(target, np.random.default_rng(7), known[3], each, False), folder, openly=False)
        for each in (True, False)
    )
    assert right["limits"] == wrong["limits"]
    assert len(right["tables"]) == len(wrong["tables"]) == 1


@pytest.mark.parametrize("name", ["counts, 150 known rows", "column", "pieces", "border", "lonely"])
def test_files_of_an_attack_are_recognised(target: Target, folder: Path, name: str) -> None:
    """What the attacks that are not judged here make is a leak of this register, not rows of nowhere."""
    of, attack = ATTACKS[name]
    known = getattr(target, of)
    told = target.told(attack(target, np.random.default_rng(5), known[0], True, True), folder, openly=True)
    assert [table["register"] for table in told["tables"]] == ["payroll"]
    assert told["pieces"]
