from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from insiderreads import MONDAY, at, day_reads, read, table

from kulla.registers.insider.reads import by_day, code, day_number, day_of


def test_days_are_those_of_the_registers_zone() -> None:
    late = datetime(2026, 1, 5, 23, 30, tzinfo=UTC)  # half past midnight of Tuesday in Tirana
    days = by_day(table([read("a", late, [1]), read("a", at(0), [2])]), "Europe/Tirane")
    assert [day_of(each.day).isoformat() for each in days] == ["2026-01-05", "2026-01-06"]
    assert days[0].minute.tolist() == [11 * 60]
    assert days[1].minute.tolist() == [30]
    assert by_day(table([]), "UTC") == []


def test_touches_follow_reads_in_order_of_time() -> None:
    rows = [read("b", at(0, 11), [9, 4]), read("a", at(0, 10), [7]), read("a", at(0, 12)), read("a", at(0, 13), [])]
    found = day_reads(rows)
    assert [found.subjects[n] for n in found.subject] == ["a", "b", "a", "a"]
    assert found.touch_read.tolist() == [0, 1, 1]
    assert found.touch_record.tolist() == [7, 4, 9]
    assert found.unknown.tolist() == [False, False, True, False]
    assert found.single.tolist() == [True, False, False, False]
    assert found.read_id[1].tobytes() == rows[0]["read_id"]
    assert found.day == day_number(MONDAY)


def test_read_ids_survive_a_slice() -> None:
    rows = [read("a", at(0, 8 + n), [n + 1]) for n in range(5)]
    (found,) = by_day(table(rows).slice(2), "UTC")
    assert [each.tobytes() for each in found.read_id] == [row["read_id"] for row in rows[2:]]


def test_behind_a_pool_the_end_user_counts_where_one_is_graded() -> None:
    rows = [
        read("pool", at(0, 8), [1], end_user="eva", end_user_grade="application"),
        read("pool", at(0, 9), [1], end_user="eva", end_user_grade="none"),
        read("pool", at(0, 10), [1]),
        read("own", at(0, 11), [1], end_user="eva", end_user_grade="comment"),
    ]
    found = day_reads(rows, pooled=frozenset({"pool"}))
    assert [found.subjects[n] for n in found.subject] == ["pool/eva", "pool", "pool", "own"]


def test_broken_and_hidden_reads() -> None:
    rows = [
        read("a", at(0, 8), outcome="error", kind="error"),
        read("a", at(0, 9), outcome="cancelled", kind="error"),
        read("a", at(0, 10), [1], outcome="error"),
        read("a", at(0, 11), [1, 2], kind="copy", extent="upper_bound"),
    ]
    found = day_reads(rows)
    assert found.broken.tolist() == [True, True, False, False]
    assert found.whole.tolist() == [False, False, False, True]


def test_codes_are_stable_and_never_zero() -> None:
    assert code("psql") == code(b"psql") != code("psql2")
    assert code("") != 0
    assert day_reads([read("a", at(0), [1], application=None)]).tool.tolist() == [0]
    assert np.unique(day_reads([read("a", at(0), [1]), read("b", at(0), [1])]).template).size == 1


def test_logged_rows_count_where_the_records_are_not_known() -> None:
    rows = [
        read("a", at(0, 8), rows=7),
        read("a", at(0, 9), [1, 2, 3], extent="upper_bound", rows=2),
        read("a", at(0, 10), [1, 2, 3], extent="upper_bound"),
        read("a", at(0, 11), [1, 2], extent="exact", rows=2),
        read("a", at(0, 12), rows=0),
    ]
    found = day_reads(rows)
    assert found.loose.tolist() == [7, 2, 0, 0, 0]
    assert found.touch_read.tolist() == [2, 2, 2, 3, 3]
    assert not found.unknown.any()
