from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from exercise.worlds import ACCOUNTS, DAYS, SEED, START, country, profile

from kulla.errors import UsageError
from kulla.exercise.staff import ADMINISTRATOR, JOB, PERSON, POOL, Roster, roster


def made(name: str = "reorganised", seed: int = SEED, days: int = DAYS) -> Roster:
    return roster(country(), profile(name), ACCOUNTS, days, START, seed)


def test_the_same_seed_is_the_same_staff_and_another_is_not() -> None:
    one, two, other = made(), made(), made(seed=6)
    assert one.spans == two.spans
    assert (one.level == two.level).all()
    assert (one.present == two.present).all()
    assert one.spans != other.spans


def test_every_kind_of_account_is_there() -> None:
    staff, habits = made(), profile("reorganised").staff
    counts = [staff.of_kind(kind).size for kind in (PERSON, POOL, JOB, ADMINISTRATOR)]
    assert counts == [ACCOUNTS, habits.pools, habits.jobs, habits.administrators]
    assert len(set(staff.names)) == len(staff.names)
    assert staff.names[staff.number("svc_backup")] == "svc_backup"
    with pytest.raises(UsageError, match="not on the staff list"):
        staff.number("nobody")


def test_spans_of_an_account_follow_each_other_and_the_list_lags() -> None:
    staff = made(days=300)
    by_account: dict[int, list[object]] = {}
    for one, two in pairwise(staff.spans):
        if one.account == two.account:
            assert one.stop == two.first
            assert one.stated <= two.stated
            assert two.stated >= two.first
        by_account.setdefault(one.account, []).append(one)
    assert sum(len(spans) > 1 for spans in by_account.values()) > ACCOUNTS / 5
    assert any(two.stated > two.first for two in staff.spans)


def test_nobody_is_present_outside_the_spans() -> None:
    staff = made(days=300)
    inside = np.zeros_like(staff.present)
    for span in staff.spans:
        inside[span.account, span.first : span.stop] = True
    assert not (staff.present & ~inside).any()
    assert 0.8 < staff.present[inside].mean() < 0.97, "vacation, illness"


def test_a_reorganisation_widens_remits_of_offices() -> None:
    staff = made(days=120)
    assert staff.moves
    day, low, high = staff.moves[0]
    wide = [span for span in staff.spans if span.handover == day and (span.low, span.high) == (low, high)]
    assert high - low == 2
    assert all(span.first == day for span in wide)


def test_rates_differ_by_orders_of_magnitude_between_accounts() -> None:
    staff = roster(country(), profile("overdispersed"), 1000, 10, START, SEED)
    rate = np.exp(1.4 * staff.traits.rate)
    assert np.quantile(rate, 0.95) / np.quantile(rate, 0.05) > 50
