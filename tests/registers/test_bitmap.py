from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kulla.registers.bitmap import count, pack, pack_range, union, unpack

SETS = st.sets(st.integers(0, 2**32 - 1), max_size=60)


@given(SETS, SETS)
def test_bitmaps_are_sets(first: set[int], second: set[int]) -> None:
    assert unpack(pack(first)).tolist() == sorted(first)
    assert count(pack(first)) == len(first)
    assert unpack(union([pack(first), pack(second)])).tolist() == sorted(first | second)


def test_a_range_packs_small() -> None:
    packed = pack_range(1, 3_000_001)
    assert count(packed) == 3_000_000
    assert len(packed) < 1_000


def test_what_is_no_bitmap_is_refused() -> None:
    with pytest.raises(ValueError, match=r".*"):
        unpack(b"no bitmap")
