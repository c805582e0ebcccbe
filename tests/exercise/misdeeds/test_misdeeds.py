from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from exercise.worlds import DAYS, SEED, START, country, profile, reads, staff, world

from kulla.errors import UsageError
from kulla.exercise import simulate
from kulla.exercise.misdeeds import MISDEEDS, NAMES, Done, Misdeed
from kulla.registers import bitmap

WANTED = (
    "bulk_export", "paged_crawl", "low_and_slow", "sequential_enumeration", "watched_person_snooping", "off_hours",
    "error_after_read", "cursor_evasion", "copy_evasion", "two_colluders", "forged_application_name", "pg_dump",
    "base_backup", "replication_connection", "restore_to_test", "read_from_replica", "file_level_copy",
    "audit_off_and_on", "log_lines_deleted",
)  # fmt: skip
REGISTERED = int(country().is_employed.sum())


def done(*orders: Misdeed) -> tuple[Done, ...]:
    return simulate.truth(country(), staff(), profile(), SEED, DAYS, START, orders)


def test_every_misdeed_of_the_plan_is_there() -> None:
    assert NAMES == WANTED


@pytest.mark.parametrize("rate", [5, 10, 20, 50])
def test_low_and_slow_reads_so_many_new_persons_of_its_remit_a_day(rate: int) -> None:
    [truth] = done(Misdeed("low_and_slow", "u00008", start=3, days=4, rate=rate))
    span = world().roster.span(7, 3)
    assert span is not None
    size = int(np.isin(country().municipality[country().is_employed], range(span.low, span.high)).sum())
    assert [day[1:3] for day in truth.daily] == [(min(rate, size), min(rate, size))] * 4
    assert truth.persons == min(4 * rate, size)
    where = country().municipality[bitmap.unpack(truth.record_numbers) - 1]
    assert set(where) <= set(range(span.low, span.high))


@pytest.mark.parametrize("name", [family.name for family in MISDEEDS if family.rate])
def test_a_rate_is_kept(name: str) -> None:
    [truth] = done(Misdeed(name, start=5, days=3, rate=100))
    [family] = [each for each in MISDEEDS if each.name == name]
    assert len(truth.daily) == 3
    assert len(truth.accounts) == family.doers
    most = 100 if name != "watched_person_snooping" else int((country().is_watched & country().is_employed).sum())
    for _, acts, persons, _new in truth.daily:
        assert 0 < acts <= 125
        assert 0 < persons <= most


@pytest.mark.parametrize("name", [family.name for family in MISDEEDS if not family.rate])
def test_what_takes_all_takes_all(name: str) -> None:
    [truth] = done(Misdeed(name, start=5))
    [family] = [each for each in MISDEEDS if each.name == name]
    assert truth.persons == REGISTERED
    assert truth.logged == family.logged == (truth.daily[0][1] > 0)


ALL = tuple(Misdeed(name, start=2, days=2) for name in WANTED)


@cache
def added() -> tuple[dict[str, Done], pa.Table]:
    """All misdeeds at once: their truth, and the reads that are not there without them."""
    alone, along = reads(), reads(ALL)
    new = ~np.isin(*(table["snapshot_to"].cast("int64").to_numpy() for table in (along, alone)))
    assert along.num_rows - alone.num_rows == new.sum()
    return {each.name: each for each in done(*ALL)}, along.filter(pa.array(new))


def mine(names: Collection[str]) -> list[dict[str, Any]]:
    rows = added()[1].to_pylist()
    return [each for each in rows if (each["end_user"] or each["account"]) in names]


def test_no_read_is_added_that_the_truth_does_not_know() -> None:
    truths, rows = added()
    assert rows.num_rows == sum(day[1] for truth in truths.values() for day in truth.daily)


@pytest.mark.parametrize("name", WANTED)
def test_reads_show_what_the_truth_says(name: str) -> None:
    truths, _ = added()
    truth = truths[name]
    if not truth.logged:
        assert all(day[1] == 0 for day in truth.daily)
        return
    rows = mine(truth.forged or truth.accounts)
    seen: set[int] = set()
    for each in rows:
        if each["record"] is not None or each["records"] is not None:
            seen |= {each["record"]} if each["record"] else set(bitmap.unpack(each["records"]).tolist())
    told = set(bitmap.unpack(truth.record_numbers).tolist())
    if {"error", "replication"} & {each["kind"] for each in rows}:
        assert len(told) == REGISTERED
    else:
        # One in a hundred reads through a pool comes without its end user.
        assert len(told - seen) <= 0.2 * len(told) + 1


def test_shapes_of_evasion() -> None:
    for name, kind in (("cursor_evasion", "cursor"), ("copy_evasion", "copy"), ("error_after_read", "error"),
                       ("pg_dump", "copy"), ("base_backup", "replication")):  # fmt: skip
        kinds = {each["kind"] for each in mine(added()[0][name].accounts)}
        assert kind in kinds, name


def test_a_forged_name_comes_from_the_doers_computer() -> None:
    truth = added()[0]["forged_application_name"]
    rows = mine(truth.forged)
    assert {each["end_user_grade"] for each in rows} == {"application"}
    assert all(each["account"].startswith("app_") and not each["client"].startswith("10.9.") for each in rows)
    assert truth.accounts != truth.forged


def test_off_hours_are_off_hours() -> None:
    [truth] = done(Misdeed("off_hours", start=2, days=6))
    made = world((Misdeed("off_hours", start=2, days=6),))
    for day, _, acts in made.misdeeds():
        hour = (acts.time - day.midnight) / 3.6e9
        assert (not day.worked) or (hour >= 20).all()
    assert truth.persons > 10


def test_ids_come_in_order() -> None:
    made = world((Misdeed("sequential_enumeration", start=2, days=2, rate=60),))
    line = {int(person): place for place, person in enumerate(made.shelves.by_rank)}
    for _, _, acts in made.misdeeds():
        known = [line[target] for target in acts.target.tolist() if target >= 0]
        assert (np.diff(known) % len(line) == 1).all()
        assert (acts.target < 0).sum() == 15


def test_doers_are_not_shared_and_names_must_exist() -> None:
    orders = [Misdeed("low_and_slow", start=2, days=3) for _ in range(6)]
    accounts = [each.accounts[0] for each in done(*orders)]
    assert len(set(accounts)) == 6
    with pytest.raises(UsageError, match="not on the staff list"):
        done(Misdeed("low_and_slow", "nobody"))
    with pytest.raises(ValueError, match="known are"):
        done(Misdeed("theft"))


def test_colluders_share_the_pages() -> None:
    made = world((Misdeed("two_colluders", start=2, days=2, rate=400),))
    pages: dict[int, set[tuple[int, int]]] = {}
    for _, _, acts in made.misdeeds():
        for account, target, extra in zip(
            acts.account.tolist(), acts.target.tolist(), acts.extra.tolist(), strict=True
        ):
            pages.setdefault(account, set()).add((target, extra))
    one, two = pages.values()
    assert len(one) == len(two) == 8
    assert not one & two
