"""Crafted files against the telling of a centre: what works on the plain truth must not work there."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.oracle import Target, attacked


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("oracle")


@pytest.fixture(scope="module")
def target(folder: Path) -> Target:
    return Target.of(folder)


def test_the_attack_works_on_what_is_told_openly(target: Target, folder: Path) -> None:
    assert attacked(target, "window", 24, 3, folder, openly=True).one > 0.8


def test_it_learns_nothing_at_a_centre(target: Target, folder: Path) -> None:
    """24 files, half of them to learn on: ignorance gives 0.5, and more than this three times in a thousand."""
    assert attacked(target, "window", 24, 3, folder).one < 0.97


@pytest.mark.parametrize("name", ["counts, 150 known rows", "outcome", "pieces"])
def test_attacks_make_files_that_can_be_traced(target: Target, folder: Path, name: str) -> None:
    assert 0 <= attacked(target, name, 4, 5, folder).one <= 1
