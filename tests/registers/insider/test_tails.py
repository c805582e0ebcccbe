from __future__ import annotations

import numpy as np
import pytest

from kulla.registers.insider.tails import ALL, LEAST, OVER, Tails


def learnt(values: np.ndarray[tuple[int], np.dtype[np.float64]], role: str = "clerk") -> Tails:
    tails = Tails()
    tails.learn("s", [role] * len(values), values)
    return tails


def test_surprise_is_the_share_of_account_days_and_goes_on_straight() -> None:
    normal = learnt(np.random.default_rng(1).normal(size=200_000))
    found = normal.surprise("s", ["clerk"] * 4, np.array([0.0, 1.2816, 2.3263, 5.0]))
    assert found[:3] == pytest.approx([0.30, 1.0, 2.0], abs=0.06)
    assert 5 < found[3] < 7  # a normal's own is 6.5; straight on is less
    heavy = learnt(np.random.default_rng(1).standard_t(3, 200_000))
    assert heavy.surprise("s", ["clerk"], np.array([5.0]))[0] < 3


def test_a_few_misusing_accounts_hardly_move_it() -> None:
    values = np.random.default_rng(1).normal(size=100_000)
    spoilt = np.concatenate([values, np.full(2, 8.0)])
    clean, mixed = (learnt(v).surprise("s", ["clerk"], np.array([6.0]))[0] for v in (values, spoilt))
    assert mixed > 0.7 * clean


def test_what_other_roles_do_daily_is_no_excuse() -> None:
    tails = learnt(np.random.default_rng(1).normal(size=50_000))
    alone = tails.surprise("s", ["clerk"], np.array([9.0]))[0]
    tails.learn("s", ["analyst"] * 500, np.full(500, 9.0))
    assert tails.surprise("s", ["clerk", "analyst"], np.array([9.0, 9.0])) == pytest.approx([6.2, 0.5], abs=0.1)
    assert alone == pytest.approx(np.log10(51_000) + OVER, abs=0.1)  # as far as the days can tell


def test_no_value_is_rarer_than_the_days_can_tell() -> None:
    found = learnt(np.random.default_rng(1).normal(size=5_000)).surprise("s", ["clerk"] * 2, np.array([9.0, 50.0]))
    assert found == pytest.approx(np.full(2, np.log10(6_000) + OVER), abs=0.01)


def test_what_many_do_is_as_rare_as_it_is_however_large() -> None:
    tails = learnt(np.concatenate([np.zeros(100_000), np.full(300, 7.0)]))
    assert tails.surprise("s", ["clerk"], np.array([7.0]))[0] == pytest.approx(2.52, abs=0.05)


def test_rare_acts_are_rare_from_the_first_on() -> None:
    tails = learnt(np.zeros(100_000))
    found = tails.surprise("s", ["clerk"] * 3, np.array([0.0, 0.5, 4.0]))
    assert found[0] == 0
    assert 3 <= found[1] < found[2] < 8


def test_a_role_that_does_it_daily_is_not_surprised_by_it() -> None:
    tails = learnt(np.zeros(100_000))
    tails.learn("s", ["analyst"] * 20_000, np.full(20_000, 3.0))
    analyst, clerk = tails.surprise("s", ["analyst", "clerk"], np.array([3.0, 3.0]))
    assert analyst < 0.7
    assert clerk > analyst


def test_little_is_no_tail_and_nothing_is_no_surprise() -> None:
    few = learnt(np.zeros(int(LEAST) - 1))
    assert few.surprise("s", ["clerk"], np.array([9.0])).tolist() == [0.0]
    assert learnt(np.zeros(1000)).surprise("s", ["clerk"], np.array([np.nan])).tolist() == [0.0]
    assert Tails().surprise("s", ["clerk"], np.array([9.0])).tolist() == [0.0]


def test_two_add_up() -> None:
    one, other = learnt(np.arange(500.0) / 100), learnt(np.arange(900.0) / 300, "auditor")
    both = one.plus(other)
    assert both.counts["s", ALL].sum() == 1400
    assert both.counts["s", "clerk"].sum() == 500
    assert one.counts["s", ALL].sum() == 500
