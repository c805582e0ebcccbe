"""Record numbers: once allotted, for ever."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.errors import ConfigError
from kulla.registers.records import allotted, empty_map, entombed, keys_of, next_number, numbers_of
from kulla.registers.schema import RECORD_MAP

KEYS = st.lists(st.one_of(st.none(), st.sampled_from([f"k{n}" for n in range(8)])), max_size=12)


@given(st.lists(st.one_of(KEYS, st.sampled_from([f"k{n}" for n in range(8)])), max_size=8))
@settings(max_examples=80, deadline=None)
def test_numbers_are_as_a_dictionary_would_give_them(steps: list[list[str | None] | str]) -> None:
    """A list is rows to number, a text a key to erase; a slow dictionary does the same."""
    slow: dict[str, int] = {}
    known, following = empty_map(), 1
    for step in steps:
        if isinstance(step, str):
            known, number = entombed(known, step)
            assert number == slow.pop(step, 0)
            continue
        known, numbers = allotted(known, pa.array(step, pa.string()))
        for key in step:
            if key is not None and key not in slow:
                slow[key], following = following, following + 1
        assert numbers.tolist() == [0 if key is None else slow[key] for key in step]
        assert next_number(known) == following
    assert known.schema.equals(RECORD_MAP)
    assert {k: n for k, n in zip(known["key"].to_pylist(), known["record_no"].to_pylist(), strict=True) if k} == slow
    assert known["record_no"].to_pylist() == list(range(1, following))
    assert known["erased"].to_pylist() == [key is None for key in known["key"].to_pylist()]


def test_an_erased_number_is_never_used_again() -> None:
    known, _ = allotted(empty_map(), pa.array(["a", "b"]))
    known, number = entombed(known, "b")
    known, again = allotted(known, pa.array(["b"]))
    assert number == 2
    assert again.tolist() == [3]
    assert numbers_of(known, pa.array(["a", "b"])).tolist() == [1, 3]


def test_keys_of_several_columns_are_joined_and_need_all_parts() -> None:
    rows = pa.table({"a": ["x", None, "y", ""], "b": [1, 2, 3, 4]})
    assert keys_of(rows, ("a", "b")).to_pylist() == ["x\x1f1", None, "y\x1f3", "\x1f4"]
    assert keys_of(rows, ("a",)).to_pylist() == ["x", None, "y", None]


def test_a_full_map_says_so() -> None:
    full = pa.table({"key": ["a"], "record_no": pa.array([2**32 - 1], pa.uint32()), "erased": [False]}, RECORD_MAP)
    with pytest.raises(ConfigError, match="full"):
        allotted(full, pa.array(["b"]))
    assert allotted(full, pa.array(["a"]))[1].tolist() == [2**32 - 1]
