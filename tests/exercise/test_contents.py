from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from exercise.countries import people, versions

from kulla.exercise.acts import AGGREGATE, FAMILY, KEY_PAGE, LIST, LOOK_UP, PAGE, SAMPLE, SCAN
from kulla.exercise.contents import Contents, period_at
from kulla.exercise.shelves import shelves
from kulla.registers import nationalid

TIMES = [round(datetime(2024, month, 10, 9, tzinfo=UTC).timestamp() * 1e6) for month in (2, 5, 9)]


@cache
def contents(register: str = "payroll") -> Contents:
    frame = people().frame
    return Contents(register, versions(register).drop_columns(["record"]), frame, shelves(frame, register, 3), 3)


@cache
def rows(register: str) -> list[dict[str, Any]]:
    """All rows with their times as microseconds, in the order of (nid, employer_id)."""
    table = versions(register)
    for name in ("valid_from", "valid_to"):
        table = table.set_column(table.column_names.index(name), name, table[name].cast(pa.int64()))
    return sorted(table.to_pylist(), key=lambda row: (row["nid"], row.get("employer_id", "")))


def slowly(shape: int, target: int, extra: int, time: int, monthly: bool, register: str = "payroll") -> list[str]:
    """The ids of the rows, the obvious way."""
    frame, made = people().frame, contents(register)
    asked = (
        {made.nid(each) for each in made.asked(shape, target, extra)} if shape in (LOOK_UP, FAMILY, SAMPLE) else set()
    )
    found = []
    for row in rows(register):
        if not (row["valid_from"] <= time and (row["valid_to"] is None or time < row["valid_to"])):
            continue
        if monthly and row["period"] != period_at(time):
            continue
        if shape in (LOOK_UP, FAMILY, SAMPLE):
            wanted = row["nid"] in asked
        elif shape == LIST:
            wanted = row["employer_id"] == frame.employer_ids[target]
        elif shape == KEY_PAGE:
            wanted = row["nid"] > made.before(target)
        else:
            wanted = target < 0 or row["municipality"] == frame.municipalities[target]
        if wanted:
            found.append(row["nid"])
    return found[extra * 50 : extra * 50 + 50] if shape == PAGE else found[:extra] if shape == KEY_PAGE else found


@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize("monthly", [True, False])
@pytest.mark.parametrize("what", [
    (LOOK_UP, 40, 0), (LOOK_UP, -1, 0), (FAMILY, 77, 0), (LIST, 3, 0), (PAGE, 2, 0), (PAGE, 2, 1), (PAGE, -1, 3),
    (KEY_PAGE, 0, 20), (KEY_PAGE, 300, 70), (SAMPLE, 99, 30), (SCAN, -1, 0), (SCAN, 5, 0), (AGGREGATE, 5, 0),
])  # fmt: skip
def test_rows_are_those_of_a_plain_scan(what: tuple[int, int, int], monthly: bool, time: int) -> None:
    made = contents()
    found = made.rows(*what, time, monthly)
    nids = [made.nid(int(each)) for each in made._person[found]]
    wanted = slowly(*what, time, monthly)
    assert (nids if what[0] in (PAGE, KEY_PAGE) else sorted(nids)) == (
        wanted if what[0] in (PAGE, KEY_PAGE) else sorted(wanted)
    )


def test_registers_without_periods_have_them_too() -> None:
    made = contents("civil")
    found = made.rows(PAGE, 3, 1, TIMES[1], False)
    assert [made.nid(int(each)) for each in made._person[found]] == slowly(PAGE, 3, 1, TIMES[1], False, "civil")
    assert made.groups(made.rows(AGGREGATE, -1, 0, TIMES[1], False), "municipality") == len(
        np.unique(people().frame.municipality)
    )


def test_the_period_asked_for_is_that_before_the_last() -> None:
    assert period_at(round(datetime(2024, 1, 31, 22, 59, tzinfo=UTC).timestamp() * 1e6)) == "2023-11"
    assert period_at(round(datetime(2024, 1, 31, 23, 1, tzinfo=UTC).timestamp() * 1e6)) == "2023-12"


def test_an_id_that_nobody_has_is_well_formed() -> None:
    made = contents()
    for salt in range(300):
        nid = made.nid(-1, salt * 997)
        assert nationalid.well_formed(nid)
        assert nid not in set(made.nids)
