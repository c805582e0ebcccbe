"""Counts: small ones are not told outside the owner's site; a person counts once, under the best surety."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from leakregisters import Opened, leak
from payrolls import manifest

from kulla.leaks.intervals import from_rows
from kulla.leaks.matched import ColumnMatch, Matched
from kulla.leaks.recognise import duplicates, joined, persons, table_found


def matched(record: list[int], surety: list[int], verdict: list[int], columns: tuple[ColumnMatch, ...] = ()) -> Matched:
    rows = len(record)
    altered = np.where(np.array(verdict) == 1, 1, -1).astype(np.int16)
    return Matched(
        "payroll", columns, "record", np.array(record, np.uint32), np.array(verdict, np.uint8),
        np.array(surety, np.uint8), from_rows(*(np.empty(0, np.int64),) * 3, rows), altered, 10, (0, 1),
    )  # fmt: skip


def column(place: int, name: str, hits: float = 0.9) -> ColumnMatch:
    return ColumnMatch(place, name, hits, 0.1, 0.5, 100)


def test_a_person_counts_once_under_the_best_surety() -> None:
    one = matched([1, 1, 2, 3, 0, 4], [1, 0, 1, 0, 2, 3], [0, 0, 0, 0, 4, 2])
    two = matched([2, 9], [0, 1], [0, 0])
    assert persons([one]) == {"certain": 2, "probable": 1, "ambiguous": 1}
    assert persons([one, two]) == {"certain": 3, "probable": 1, "ambiguous": 1}
    assert persons([]) == {"certain": 0, "probable": 0, "ambiguous": 0}
    assert duplicates(one) == 1


def test_counts_below_a_hundred_are_for_the_owner_alone() -> None:
    found = matched(
        [*range(1, 121), 0], [0] * 120 + [3], [0] * 101 + [1] * 19 + [3], (column(0, "nid"), column(1, "phone"))
    )
    leaked = leak([["x"] * 121])
    told = table_found(0, leaked, found, manifest())
    assert told.verdicts["exact"] == 101
    assert told.verdicts["altered"] is None
    assert told.verdicts["no_such_person"] is None
    assert told.verdicts["ambiguous"] == 0
    assert told.persons == {"certain": 120, "probable": 0, "ambiguous": 0}
    assert told.altered_columns == {"phone": None}
    assert told.columns[1]["meaning"] == "phone"
    ours = table_found(0, leaked, found, manifest(), at_owner=True)
    assert (ours.verdicts["altered"], ours.altered_columns, ours.duplicates) == (19, {"phone": 19}, 0)


def test_a_table_joins_registers_when_each_has_a_column_of_its_own() -> None:
    rows = [*range(1, 201)]
    every = [0] * 200
    first = matched(rows, every, every, (column(0, "nid"), column(1, "salary"), column(2, "town")))
    second = replace(first, register="civil", columns=(column(0, "nid"), column(2, "town", 0.95), column(3, "address")))
    inside = replace(first, register="voter", columns=(column(0, "nid"), column(2, "town", 0.89)))
    apart = replace(second, record=np.array([0] * 150 + rows[150:], np.uint32))
    few = replace(second, record=np.array([0] * 120 + rows[120:], np.uint32))
    assert joined([first, second]) == (("payroll", "civil"),)
    assert joined([first, inside]) == ()
    assert joined([first, apart]) == ()
    assert joined([first, few]) == ()


def test_salaries_with_addresses_are_joined(registers: dict[str, Opened]) -> None:
    payroll, civil = registers["payroll"], registers["civil"]
    places = np.flatnonzero(np.array(payroll.versions["period"].to_pylist()) == "2024-05")
    ids = payroll.texts("nid", places)
    home = dict(zip(civil.versions["nid"].to_pylist(), civil.versions["address"].to_pylist(), strict=True))
    columns = [ids, payroll.texts("gross_salary", places), [home[i or ""] for i in ids]]
    both = [register.recognise(leak(columns)) for register in (payroll, civil)]
    assert joined(both) == (("payroll", "civil"),)
    alone = [register.recognise(leak(columns[:2])) for register in (payroll, civil)]
    assert joined(alone) == ()
