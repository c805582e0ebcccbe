from __future__ import annotations

import numpy as np
from exercise.worlds import SEED, country
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.exercise.acts import FAMILY, KEY_PAGE, LIST, LOOK_UP, PAGE, SAMPLE, SCAN, acts
from kulla.exercise.shelves import shelves
from kulla.exercise.touched import Touched

TOUCHED = Touched(shelves(country(), "payroll", SEED), SEED)
SHELVES = TOUCHED.shelves
ONE = st.one_of(
    st.tuples(st.just(FAMILY), st.integers(0, SHELVES.persons - 1), st.just(0)),
    st.tuples(st.just(LIST), st.integers(0, SHELVES.employer_start.size - 2), st.just(0)),
    st.tuples(st.just(PAGE), st.integers(-1, SHELVES.places - 1), st.integers(0, 60)),
    st.tuples(st.just(KEY_PAGE), st.integers(0, SHELVES.by_rank.size + 10), st.integers(0, 200)),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(ONE, max_size=12))
def test_many_at_once_are_those_of_each(some: list[tuple[int, int, int]]) -> None:
    shape, target, extra = np.array(some, dtype=np.int64).reshape(-1, 3).T
    owner, person = TOUCHED.many(acts(len(some), shape=shape, target=target, extra=extra))
    for number, each in enumerate(some):
        assert sorted(person[owner == number]) == sorted(TOUCHED.persons(*each)), each


def test_only_persons_with_a_record_are_touched() -> None:
    nobody, somebody = int(SHELVES.others[0]), int(SHELVES.by_id[0])
    assert TOUCHED.persons(LOOK_UP, nobody, 0).size == 0
    assert TOUCHED.persons(LOOK_UP, -1, 0).size == 0
    assert TOUCHED.persons(LOOK_UP, somebody, 0).tolist() == [somebody]
    assert set(TOUCHED.persons(SCAN, -1, 0)) == set(SHELVES.everyone)
    assert 30 <= TOUCHED.persons(SAMPLE, 7, 40).size <= 40


def test_outside_counts_persons_of_other_municipalities() -> None:
    persons = TOUCHED.persons(LIST, int(SHELVES.employer[SHELVES.by_id[5]]), 0)
    place = SHELVES.municipality[persons]
    what = LIST, int(SHELVES.employer[SHELVES.by_id[5]]), 0
    assert TOUCHED.outside(*what, 2, 9) == int(((place < 2) | (place >= 9)).sum())
