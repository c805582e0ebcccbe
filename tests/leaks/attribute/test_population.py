"""How many records stood at a moment, against counting them one by one."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kulla.leaks.attribute import population, steady
from kulla.leaks.intervals import FOREVER

SECOND = 1_000_000
stretch = st.tuples(st.integers(1, 5), st.integers(0, 40), st.one_of(st.none(), st.integers(1, 40)))


@given(st.lists(stretch, min_size=1, max_size=30), st.integers(-5, 90))
def test_a_record_counts_once_while_any_of_its_versions_stands(
    versions: list[tuple[int, int, int | None]], second: int
) -> None:
    versions = sorted(versions, key=lambda each: each[0])
    record = np.array([each[0] for each in versions], np.uint32)
    first = np.array([each[1] for each in versions], np.int64) * SECOND
    last = np.array([FOREVER if each[2] is None else (each[1] + each[2]) * SECOND for each in versions], np.int64)
    found = population(record, first, last)
    moment = second * SECOND
    standing = {int(r) for r, a, b in zip(record, first, last, strict=True) if a <= moment < b}
    assert found.at(np.array([moment]))[0] == max(len(standing), 1)
    assert found.ever == len(set(record.tolist()))


@given(st.lists(stretch, min_size=1, max_size=30), st.integers(0, 60), st.integers(0, 30))
def test_within_days_no_fewer_stood_than_at_a_moment_of_them(
    versions: list[tuple[int, int, int | None]], begin: int, length: int
) -> None:
    versions = sorted(versions, key=lambda each: each[0])
    record = np.array([each[0] for each in versions], np.uint32)
    first = np.array([each[1] for each in versions], np.int64) * SECOND
    last = np.array([FOREVER if each[2] is None else (each[1] + each[2]) * SECOND for each in versions], np.int64)
    found = population(record, first, last)
    ends = np.array([begin * SECOND]), np.array([(begin + length) * SECOND])
    within = found.within(*ends)[0]
    assert found.at(ends[0])[0] <= within <= max(found.ever, 1)
    assert found.at(ends[1])[0] <= within


def test_a_steady_register_has_all_its_records_at_any_time() -> None:
    assert steady(7).at(np.array([-(10**15), 0, 10**17])).tolist() == [7.0, 7.0, 7.0]
