"""The moments at which a reconstructed history knows everything are those of its copies, and no others."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st
from leakregisters import small
from payrolls import manifest, row

from kulla.leaks.desk.sights import UNKNOWN, Bounds
from kulla.leaks.intervals import FOREVER
from kulla.registers.reconstruct import no_dates, presence, versions

COPIES = st.lists(st.sets(st.integers(1, 8), min_size=1), min_size=1, max_size=5)
APART = 1000


def bounds(copies: list[set[int]], continuous: int = 0) -> Bounds:
    """What copies of these records, APART from each other, tell of them."""
    times = [APART * at for at in range(1, len(copies) + 1)]
    tables = [pa.table({"record": sorted(each)}) for each in copies]
    words = [np.array([[each, 0] for each in sorted(copy)], np.uint64) for copy in copies]
    whole = pa.concat_tables(
        [versions(table, masks, no_dates(len(masks)), times, continuous)[0]
         for table, masks in zip(tables, presence(words), strict=True)]
    )  # fmt: skip
    first, last, begun, ended = (
        whole[name].cast(pa.int64()).fill_null(FOREVER).to_numpy() for name in whole.column_names[1:]
    )
    return Bounds(whole["record"].to_numpy().astype(np.uint32), first, last, begun, ended)


@given(COPIES, st.booleans())
def test_each_copy_s_moment_is_known_and_none_between(copies: list[set[int]], close: bool) -> None:
    made = bounds(copies, APART if close else 0)
    times = [APART * at for at in range(1, len(copies) + 1)]
    # A copy between two that hold the same, taken as continuous, shows nowhere: it tells nothing apart either.
    shown = made.sights(times, 0)
    assert set(shown) <= set(times)
    assert close or list(shown) == times
    assert made.sights([moment + 7 for moment in times], 6) == ()
    assert set(made.sights([moment + 7 for moment in times], 7)) == set(shown)


def test_a_moment_at_which_some_row_is_in_doubt_is_none() -> None:
    """A date within a row says that it was there at the end of a day; of the other rows nobody knows."""
    made = bounds([{1, 2}, {1, 2, 3}])
    assert made.sights([1500], 0) == ()
    dated = replace(made, known_first=np.where(made.record == 3, 1500, made.known_first))
    assert dated.sights([1500], 0) == ()


def test_exact_versions_are_never_in_doubt() -> None:
    """A history that triggers carry on after a reconstruction."""
    one, nothing = np.array([1, 2], np.uint32), np.array([UNKNOWN, UNKNOWN])
    exact = Bounds(one, np.array([0, 10]), np.array([50, FOREVER]), nothing, nothing)
    assert exact.sights([20], 5) == ()
    seen = Bounds(one, np.array([0, 10]), np.array([50, FOREVER]), np.array([20, UNKNOWN]), np.array([21, UNKNOWN]))
    assert seen.sights([20], 5) == (20,)


def test_an_opened_imprint_tells_them(tmp_path: Path) -> None:
    def seen(at: int, lacked: int, sight: int, end: int | None = None) -> dict[str, object]:
        made = row(at, 1, 100 + at, lacked, end)
        moment = row(at, 1, 1, sight)["valid_from"]
        assert isinstance(moment, dt.datetime)
        return made | {"known_from": moment, "known_to": moment + dt.timedelta(microseconds=1)}

    def hour(number: int) -> int:
        return int(row(0, 1, 1, number)["valid_from"].timestamp() * 1_000_000)  # type: ignore[attr-defined]

    rows = [seen(1, 0, 5), seen(1, 0, 9), seen(2, 0, 5, 9), seen(3, 6, 9)]
    opened = small(tmp_path / "a", manifest(), [rows], reconstructed=True)
    assert opened.index.sights([hour(5), hour(7), hour(9) + 3], 5) == (hour(5), hour(9))
    assert opened.index.sights([], 5) == ()
    plain = small(tmp_path / "b", manifest(), [[row(1, 1, 101, 0)]])
    assert plain.index.sights([hour(0)], 5) == ()
