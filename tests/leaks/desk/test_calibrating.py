"""Calibrations made piece by piece, and on several cores."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kulla.errors import KullaError
from kulla.leaks.calibrate import Calibration, Cell, cells_near
from kulla.leaks.desk.calibrating import Kept, _with_cells_of
from kulla.leaks.desk.spreading import spread

INSTANT, CRAWL, LARGE = (
    Cell(kind, least, 4 * least, 50, 0, 0.0, 6.9, "floor")
    for kind, least in (("instant", 400), ("crawl", 400), ("instant", 1600))
)
MADE = Calibration("payroll", ("nid", "salary"), "ab", "2026-05-02", 1, 1e-3, 1.0, 0.5, (INSTANT,))


def test_cells_of_the_same_inputs_stay_beside_new_ones_with_the_older_date() -> None:
    before = replace(MADE, columns=("salary", "nid"), made="2026-05-01", cells=(LARGE, CRAWL, replace(INSTANT, runs=9)))
    found = _with_cells_of(Kept((before,)), MADE)
    assert found.cells == (INSTANT, LARGE, CRAWL)
    assert found.made == "2026-05-01"
    assert found.columns == MADE.columns


@pytest.mark.parametrize(
    "other",
    [{"inputs_sha256": "cd"}, {"seed": 2}, {"clock": 2.0}, {"prior_unlogged": 0.4}, {"columns": ("nid",)}],
)
def test_cells_made_otherwise_are_not_mixed_in(other: dict[str, object]) -> None:
    before = replace(MADE, cells=(CRAWL,), **other)  # type: ignore[arg-type]
    assert _with_cells_of(Kept((before,)), MADE) == MADE


def test_the_cells_of_a_piece_are_those_its_blurred_count_can_be_in() -> None:
    assert cells_near("frozen", 3000, 500) == {("instant", 1600)}
    assert cells_near("crawl", 1700, 500) == {("crawl", 400), ("crawl", 1600)}
    assert cells_near("instant", 200_000, 500) == {("instant", 102_400)}


def test_turns_come_out_in_their_order_on_any_number_of_cores() -> None:
    wanted = [turn**0.5 for turn in range(37)]
    assert spread(1)(lambda turn: turn**0.5, 37) == wanted
    assert spread(2)(lambda turn: turn**0.5, 37) == wanted


def _dies(turn: int) -> float:
    import os

    if turn == 5:
        os._exit(9)
    return 0.0


def test_a_process_that_dies_ends_in_an_error_that_says_so() -> None:
    with pytest.raises(KullaError, match="a process died"):
        spread(2)(_dies, 20)
