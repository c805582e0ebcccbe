"""What is said of one record counts a few times in a run, wherever it stands."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from kulla.leaks.desk.thinning import MOST, Thinning, rows_of
from kulla.leaks.intervals import from_rows
from kulla.leaks.leaktable import LeakTable
from kulla.leaks.matched import ALTERED, EXACT, NO_PERSON, Matched

Row = tuple[int, int, int]
"""Record, verdict, when it began to stand so."""

rows = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from([EXACT, ALTERED, NO_PERSON]), st.integers(1, 3)), max_size=30
)


def table(made: list[Row]) -> tuple[LeakTable, Matched]:
    count = len(made)
    exact = np.array([at for at, row in enumerate(made) if row[1] == EXACT], np.int64)
    first = np.array([row[2] for row in made if row[1] == EXACT], np.int64)
    leak = LeakTable(
        "x", ("",), pa.table({"c0": pa.array([str(at) for at in range(count)], pa.string())}),
        np.arange(1, count + 1), np.zeros(count, np.int32),
    )  # fmt: skip
    matched = Matched(
        "payroll", (), "record", np.array([row[0] for row in made], np.uint32),
        np.array([row[1] for row in made], np.uint8), np.zeros(count, np.uint8),
        from_rows(exact, first, first + 10, count), np.full(count, -1, np.int16), 3, (0, 100),
    )  # fmt: skip
    return leak, matched


@given(st.lists(rows, min_size=1, max_size=4))
def test_as_counting_by_hand(tables: list[list[Row]]) -> None:
    thinning, seen = Thinning(), Counter[Row]()
    for made in tables:
        leak, matched = table(made)
        expected = []
        for at, (record, verdict, first) in enumerate(made):
            said = (record, verdict, first if verdict == EXACT else 0)
            seen[said] += 1
            if record == 0 or seen[said] <= MOST:
                expected.append(str(at))
        left = thinning.kept(matched)
        kept = rows_of(leak, left)
        assert kept.data["c0"].to_pylist() == expected
        assert kept.lines.tolist() == [int(each) + 1 for each in expected]
        assert len(left) == len(expected)
