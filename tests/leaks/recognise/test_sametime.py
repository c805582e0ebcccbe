"""Rows of another time than the table's, or whose version another row fits too, are never certain."""

from __future__ import annotations

import numpy as np
import pytest
from leakregisters import Opened, leak, small
from payrolls import FAMILY, GIVEN, manifest, row

from kulla.leaks.matched import CERTAIN, EXACT, PROBABLE, Matched
from kulla.leaks.recognise.blockrows import Linked
from kulla.leaks.recognise.sametime import ALMOST, usual

PERSONS = 600
COLUMNS = ("full_name", "phone", "employer_id", "gross_salary")


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    """Two months of 600 persons of different names; everybody's wage rose in the second."""
    rows = []
    for month in (1, 2):
        for person in range(PERSONS):
            made = row(person, month, 100 * month + person % 50, 700 * month + person % 20)
            made["nid"] = f"X{person:05}"
            made["full_name"] = f"{GIVEN[person % 8]} {FAMILY[person // 8 % 6]}{chr(97 + person // 48)}"
            rows.append(made)
    return small(tmp_path_factory.mktemp("months"), manifest(), [rows])


def recognised(opened: Opened, places: np.ndarray) -> Matched:
    return opened.recognise(leak([opened.texts(name, places) for name in COLUMNS]))


def test_a_row_that_fits_another_month_than_the_files_is_not_certain(opened: Opened) -> None:
    second = np.arange(PERSONS, 2 * PERSONS)
    second[3] = 3
    matched = recognised(opened, second)
    assert matched.linked_by == "blocks"
    assert (matched.verdict == EXACT).all()
    assert matched.surety[3] == PROBABLE
    assert (np.delete(matched.surety, 3) == CERTAIN).all()


def test_rows_that_share_their_version_are_not_certain(opened: Opened) -> None:
    matched = recognised(opened, np.append(np.arange(PERSONS, 2 * PERSONS), PERSONS + 7))
    assert (matched.verdict == EXACT).all()
    assert np.flatnonzero(matched.surety != CERTAIN).tolist() == [7, PERSONS]


@pytest.mark.parametrize("twice", [False, True])
def test_a_table_of_two_months_or_with_every_row_twice_has_nothing_usual(opened: Opened, twice: bool) -> None:
    places = np.concatenate([np.arange(PERSONS), np.arange(PERSONS) + (0 if twice else PERSONS)])
    assert (recognised(opened, places).surety == CERTAIN).mean() > 0.99


@pytest.mark.parametrize("seed", range(4))
def test_the_usual_is_what_almost_all_rows_have_in_common(opened: Opened, seed: int) -> None:
    """Against looking at every row and version by itself."""
    draw = np.random.default_rng(seed)
    rows = 200
    other = draw.random(rows) < (0.02, 0.02, 0.3, 0.0)[seed]
    version = draw.permutation(PERSONS)[:rows]
    # Versions of a record stand one after the other: the first month's is even, the second's odd.
    version = 2 * version + ~other
    version[:5] = version[5]
    zeros = np.zeros(rows, np.uint64)
    found = Linked(
        (version // 2 + 1).astype(np.uint32), np.full(rows, 2, np.uint8), np.full(rows, 2, np.uint8),
        np.zeros(rows, bool), zeros, zeros, np.ones(rows), np.arange(rows), version,
    )  # fmt: skip
    common = usual(found, opened.index)
    first, last = opened.index.times(version)
    assert (common.began is None) == (other.mean() > 1 - ALMOST)
    if common.moment is not None:
        assert ((first <= common.moment) & (last > common.moment)).mean() >= ALMOST
    for others in (0, 1):
        held = common.holds(found, opened.index, others)
        for at in range(rows):
            good = common.moment is None or first[at] <= common.moment < last[at]
            good &= common.began is None or common.began[0] <= first[at] < common.began[1]
            good &= common.fitted is None or int((version == version[at]).sum()) <= others
            assert held[at] == good
