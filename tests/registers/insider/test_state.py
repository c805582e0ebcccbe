from __future__ import annotations

import numpy as np
import pytest
from insiderreads import CLERKS, ordinary, plain_context, watched_days

from kulla.errors import InputError
from kulla.registers.insider.state import DAYS, FORGET, SERIES, State, from_bytes, merged, to_bytes


@pytest.fixture(scope="module")
def whole() -> State:
    state = State()
    watched_days(state, plain_context(), (ordinary(day) for day in range(40)))
    return state


def same(one: State, other: State) -> None:
    assert sorted(one.names) == sorted(other.names)
    order = other.rows(one.names)
    n = len(one.names)
    for name in ("seen", "ring", "cells", "hours"):
        np.testing.assert_allclose(getattr(one, name)[:n], getattr(other, name)[order], rtol=1e-6, err_msg=name)
    for name in ("templates", "tools", "clients"):
        mine, theirs = getattr(one, name), getattr(other, name).picked(order)
        for row in range(n):
            assert dict(zip(mine.code[row], mine.day[row], strict=True)) == dict(
                zip(theirs.code[row], theirs.day[row], strict=True))  # fmt: skip
    assert one.last == other.last
    assert one.pools == other.pools


def test_it_comes_back_from_bytes(whole: State) -> None:
    back = from_bytes(to_bytes(whole), "x")
    same(whole, back)
    assert back.tails.counts.keys() == whole.tails.counts.keys()
    assert (back.days, back.tokens, back.alerted) == (whole.days, whole.tokens, whole.alerted)


def test_names_with_line_breaks_come_back() -> None:
    state = State()
    state.rows(["a\nb", "ç", "\\n", ""])
    assert from_bytes(to_bytes(state), "x").names == ["a\nb", "ç", "\\n", ""]


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"\x93NUMPY"])
def test_what_is_no_state_is_told(data: bytes) -> None:
    with pytest.raises(InputError, match=r"insider\.npz"):
        from_bytes(data, "insider.npz")


def test_shards_by_account_merge_into_the_whole() -> None:
    # Peers are the shard's: shift and pace are the two figures that depend on company.
    parts = []
    for chosen in (CLERKS[:20], CLERKS[20:]):
        state = State()
        others = [name for name in CLERKS if name not in chosen]
        watched_days(state, plain_context(), (ordinary(day, leave_out=others) for day in range(20)))
        parts.append(state)
    together = State()
    watched_days(together, plain_context(), (ordinary(day) for day in range(20)))
    found = merged(*parts)
    told = [SERIES.index(name) for name in ("shift", "pace")]
    for state in (found, together):
        state.ring[:, told] = 0
    same(together, found)


def test_merging_days_in_turn_is_watching_them_in_turn(whole: State) -> None:
    early, late = State(), State()
    watched_days(early, plain_context(), (ordinary(day) for day in range(20)))
    watched_days(late, plain_context(), (ordinary(day) for day in range(20, 40)))
    found = merged(late, early)
    # Rolling figures and shifts of the first days of `late` were told without what came before.
    told = [SERIES.index(name) for name in ("month", "quarter", "shift", "pace")]
    expected = from_bytes(to_bytes(whole), "x")
    for state in (found, expected):
        state.ring[:, told] = 0
    same(expected, found)
    assert found.days == whole.days


def test_a_ring_forgets_and_days_come_once() -> None:
    state = State()
    told = plain_context()
    watched_days(state, told, [ordinary(0)])
    row = state.rows([CLERKS[0]])
    day = state.last
    assert np.isfinite(state.past(row, "persons", day + 1)[0, -1])
    watched_days(state, told, [ordinary(7)])
    past = state.past(row, "persons", day + 8)
    assert np.isfinite(past).sum() == 2
    assert np.isnan(state.past(row, "persons", day + 7 + DAYS)).sum() == DAYS - 1
    with pytest.raises(InputError, match="already"):
        watched_days(state, told, [ordinary(7)])


def test_accounts_long_gone_are_forgotten(whole: State) -> None:
    state = from_bytes(to_bytes(whole), "x")
    state.seen[state.rows([CLERKS[3]])] = state.last - FORGET
    kept = state.forgotten()
    assert CLERKS[3] not in kept.names
    assert len(kept.names) == len(CLERKS) - 1
    assert kept.rows([CLERKS[4]]).tolist() == [kept.names.index(CLERKS[4])]
    assert whole.forgotten() is whole


def test_memory_of_an_account_is_bounded(whole: State) -> None:
    parts = (whole.ring, whole.cells, whole.hours, whole.templates.code, whole.templates.day)
    assert sum(part[0].nbytes for part in parts) < 23_000
