from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kulla.exercise.packing import packed
from kulla.registers import bitmap

NUMBERS = st.lists(st.one_of(st.integers(0, 40), st.integers(65_500, 65_570), st.integers(0, 2**32 - 1)), max_size=30)


@given(st.lists(NUMBERS, max_size=6))
def test_all_at_once_is_one_by_one(sets: list[list[int]]) -> None:
    owner = np.repeat(np.arange(len(sets)), [len(each) for each in sets]).astype(np.int64)
    number = np.array([each for part in sets for each in part], dtype=np.int64)
    made = packed(owner, number, len(sets)).to_pylist()
    assert [bitmap.unpack(each).tolist() for each in made] == [sorted(set(each)) for each in sets]


def test_a_full_container_holds() -> None:
    number = np.arange(4096)
    [made] = packed(np.zeros(4096, dtype=np.int64), number, 1).to_pylist()
    assert bitmap.unpack(made).tolist() == number.tolist()
