from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kulla.registers.insider.known import Known

USES = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 6), st.integers(0, 30)), max_size=40)


@given(USES)
def test_the_latest_codes_are_known(uses: list[tuple[int, int, int]]) -> None:
    uses = sorted(uses, key=lambda each: each[2])
    known = Known.empty(3, 4)
    last: list[dict[int, int]] = [{}, {}, {}]
    for row, code, day in uses:
        known.learn(np.array([row]), np.array([code], np.uint64), day)
        if code:
            last[row][code] = day
            while len(last[row]) > 4:  # the one unused for longest gives way
                del last[row][min((c for c in last[row] if c != code), key=lambda c: (last[row][c], c))]
    for row in range(3):
        held = {int(c): int(d) for c, d in zip(known.code[row], known.day[row], strict=True) if c}
        assert held == last[row]
        for code in range(7):
            expected = code == 0 or code in last[row]
            assert known.knows(np.array([row]), np.array([code], np.uint64))[0] == expected


def test_many_at_once_are_the_same_as_one_by_one() -> None:
    rows, codes = np.array([0, 1, 0, 1, 0]), np.array([5, 5, 5, 7, 0], np.uint64)
    known = Known.empty(2, 4)
    known.learn(rows, codes, 3)
    assert sorted(known.code[0].tolist()) == [0, 0, 0, 5]
    assert sorted(known.code[1].tolist()) == [0, 0, 5, 7]
    assert known.users(np.array([0, 1]), 5) == 2
    assert known.users(np.array([0, 1]), 7) == 1


def test_absorbing_keeps_the_later_day() -> None:
    one, other = Known.empty(1, 3), Known.empty(1, 3)
    one.learn(np.array([0]), np.array([5], np.uint64), 3)
    other.learn(np.array([0, 0]), np.array([5, 6], np.uint64), 9)
    one.absorb(np.array([0]), other)
    assert {int(c): int(d) for c, d in zip(one.code[0], one.day[0], strict=True) if c} == {5: 9, 6: 9}
