"""Where a table shows by itself that something was pasted on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.leaks.date.seams import LEAST, MOST, seams
from kulla.leaks.leaktable import LeakTable


def table(*columns: Sequence[str | None], blocks: Sequence[int] | None = None) -> LeakTable:
    data = pa.table({f"c{at}": pa.array(list(each), pa.string()) for at, each in enumerate(columns)})
    block = np.zeros(data.num_rows, np.int32) if blocks is None else np.array(blocks, np.int32)
    return LeakTable("sheet", (), data, np.arange(data.num_rows) + 1, block)


def names(count: int, seed: int = 0) -> list[str]:
    known = [f"{given} {family}" for given in ("Agim", "Besa", "Çlirim") for family in ("Hoxha", "Leka", "Gashi")]
    return [str(each) for each in np.random.default_rng(seed).choice(known, count)]


def ids(count: int, seed: int = 0) -> list[str]:
    return [str(each) for each in np.random.default_rng(seed).integers(1, 10**7, count)]


def found(*columns: Sequence[str | None], blocks: Sequence[int] | None = None) -> list[int]:
    return [int(each) for each in seams(table(*columns, blocks=blocks))]


def test_a_table_of_one_kind_has_none() -> None:
    assert found(names(3000), ids(3000)) == []
    assert found(sorted(names(3000)), [*map(str, sorted(map(int, ids(3000))))], ["x"] * 3000) == []


def test_another_value_throughout_is_a_seam() -> None:
    assert found(names(3000), ["2024-02"] * 1800 + ["2024-01"] * 1200) == [1800]


def test_an_order_that_begins_anew_is_a_seam() -> None:
    first, second = sorted(ids(1800, 1), key=int), sorted(ids(1200, 2), key=int)
    assert found(names(3000), [*first, *second]) == [1800]
    assert found(names(3000), [*reversed(first), *reversed(second)]) == [1800]
    by_name = [*sorted(f"{name} {at:04d}" for at, name in enumerate(names(1800))), *sorted(names(1200))]
    assert found(by_name, ids(3000)) == [1800]


def test_a_column_that_one_part_lacks_is_a_seam() -> None:
    assert found(names(3000), [*ids(1000), *[None] * 2000]) == [1000]


def test_capitals_in_one_part_are_a_seam() -> None:
    assert found(
        [
            *names(1000),
            *(name.upper() for name in names(2000)),
        ],
        ["7"] * 3000,
    ) == [1000]


def test_blocks_are_seams() -> None:
    assert found(names(1000), blocks=[0] * 400 + [2] * 600) == [400]


@pytest.mark.parametrize("count", [MOST, MOST + 1])
def test_what_changes_often_is_how_the_file_is(count: int) -> None:
    values = [str(at) for at in range(count + 1) for _ in range(LEAST)]
    assert found(values, names(len(values))) == ([LEAST * (at + 1) for at in range(count)] if count <= MOST else [])


def test_of_many_seams_those_that_most_signs_show_are_taken() -> None:
    one = ["a"] * 1000 + ["b"] * 1000 + ["c"] * 1000 + ["d"] * 2000
    two = ["x"] * 1000 + ["y"] * 1000 + ["z"] * 2000 + ["w"] * 1000
    assert found(one, two) == [1000, 2000, 3000]
    assert found(["a"] * 1000 + ["b"] * 4000, ["x"] * 1100 + ["y"] * 3900, ["x"] * 1100 + ["y"] * 3900) == [1100]


def test_small_parts_are_none() -> None:
    assert found(["a"] * (LEAST - 1) + ["b"] * 2000) == []
    assert found(["a"] * 2000 + ["total"]) == []
    assert found(["a"] * (LEAST - 1) + ["b"] * LEAST) == []


def test_empty_columns_and_tables_have_none() -> None:
    assert found([None] * 1000, ids(1000)) == []
    assert found([]) == []


cells = st.one_of(st.none(), st.text(max_size=3))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.lists(cells, min_size=2, max_size=2), st.integers(1, 2 * LEAST)), min_size=1, max_size=6))
def test_seams_leave_parts_of_some_length(runs: list[tuple[list[str | None], int]]) -> None:
    columns = [[value for values, count in runs for value in [values[at]] * count] for at in range(2)]
    places = [0, *found(*columns), len(columns[0])]
    assert len(places) <= MOST + 2
    assert len(places) == 2 or min(np.diff(places)) >= LEAST
    changes = {sum(count for _, count in runs[:at]) for at in range(len(runs))}
    assert set(places[1:-1]) <= changes
