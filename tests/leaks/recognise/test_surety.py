"""Who is certain: bounds from rows that are nobody's, and what follows for a small register."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from leakregisters import Opened, leak, small
from payrolls import FAMILY, GIVEN, manifest, row

from kulla.leaks.matched import CERTAIN, EXACT, PROBABLE, UNSURE, Matched
from kulla.leaks.recognise.surety import _limit

NOTHING = np.empty(0)


def test_rows_are_taken_up_to_the_least_doubt_at_which_made_ones_fit() -> None:
    own = np.arange(1.0, 101.0)
    assert _limit(own, 100, 0.1, [(NOTHING, 10**6)], 1e-5) == 100
    assert _limit(own, 100, 0.1, [(NOTHING, 10**6), (np.full(1000, 50.5), 10**6)], 1e-5) == 50
    assert _limit(own, 100, 0.1, [(np.full(1000, 0.5), 10**6)], 1e-5) == -1
    assert _limit(own, 100, 0.1, [(NOTHING, 100)], 1e-5) == -1
    assert _limit(own, 100, 0.1, [(np.full(1000, 0.5), 10**6)], 0.05) == 100


def test_fewer_rows_for_what_is_made_show_less() -> None:
    own = np.arange(1.0, 101.0)
    assert _limit(own, 10_000, 0.5, [(NOTHING, 10**6)], 1e-5) == -1
    assert _limit(own, 100, 0.5, [(NOTHING, 10**6)], 1e-5) == 100


def crowd(folder: Path, namesakes: int) -> Opened:
    """600 persons with phones of their own; some more share a name, an employer and a wage, and have no phone."""
    rows = []
    for person in range(600 + namesakes):
        made = row(person, 1, 100 + person % 50, 0)
        made["nid"] = f"X{person:05}"
        if person < 600:
            made["full_name"] = f"{GIVEN[person % 8]} {FAMILY[person // 8 % 6]}{chr(97 + person // 48)}"
        else:
            made |= {"phone": None, "full_name": "Agron Krasniqi", "gross_salary": "400.00", "employer_id": "L1K"}
        rows.append(made)
    return small(folder, manifest(), [rows])


def recognised(opened: Opened, places: np.ndarray, invented: int) -> Matched:
    columns = [opened.texts(name, places) for name in ("full_name", "phone", "employer_id", "gross_salary")]
    random = np.random.default_rng(5)
    for column in columns:
        for place in range(invented):
            column[place] = column[random.integers(len(column))]
    return opened.recognise(leak(columns))


def test_namesakes_at_one_employer_with_one_wage_stay_ambiguous(tmp_path: Path) -> None:
    opened = crowd(tmp_path, 12)
    matched = recognised(opened, np.arange(612), 20)
    assert matched.linked_by == "blocks"
    certain = matched.surety == CERTAIN
    assert certain[20:600].mean() > 0.9
    assert (matched.record == opened.record)[certain].all()
    assert (matched.surety[600:] == UNSURE).all()
    assert not matched.record[600:].any()
    assert not matched.intervals.some[600:].any()


def test_few_rows_leave_nobody_certain(tmp_path: Path) -> None:
    opened = crowd(tmp_path, 0)
    matched = recognised(opened, np.arange(0, 600, 15), 4)
    assert (matched.verdict[4:] == EXACT).all()
    assert (matched.surety[4:] == PROBABLE).all()


@pytest.mark.parametrize("seed", range(3))
def test_surety_does_not_hang_on_the_seed(tmp_path: Path, seed: int) -> None:
    opened = crowd(tmp_path, 12)
    columns = [opened.texts(name, np.arange(612)) for name in ("full_name", "phone", "employer_id", "gross_salary")]
    matched = opened.recognise(leak(columns), seed)
    assert (matched.surety[:600] == CERTAIN).all()
    assert (matched.surety[600:] == UNSURE).all()
