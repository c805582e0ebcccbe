from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kulla.registers.insider.pools import PLACES, Pools

USES = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4), st.integers(0, 9)), max_size=30)


def pools(uses: list[tuple[int, int, int]]) -> Pools:
    found = Pools()
    for pool, client, day in uses:
        found.learn(np.array([pool], np.uint64), np.array([client], np.uint64), day)
    return found


@given(USES, USES)
def test_first_and_last_days_are_the_obvious_ones_and_add_up(one: list[tuple[int, int, int]],
                                                             other: list[tuple[int, int, int]]) -> None:  # fmt: skip
    both = pools(one).plus(pools(other))
    for pool in range(3):
        for client in range(5):
            days = [d for p, c, d in one + other if (p, c) == (pool, client) and p and c]
            assert both.of(pool).get(client) == ((min(days), max(days)) if days else None)
    assert Pools.of_rows(*both.rows()) == both


def test_computers_unused_for_longest_are_forgotten() -> None:
    found = pools([(1, client, client) for client in range(1, PLACES + 6)])
    assert sorted(found.of(1)) == list(range(6, PLACES + 6))
