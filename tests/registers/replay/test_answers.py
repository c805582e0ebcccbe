"""Replay over time against a slow oracle: a pure Python filter, at every moment of the interval."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import cmp_to_key
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replaying import POOL, Version, accesses, history, quoted, records_of, replay, within

from kulla.registers.replay import answers as answering
from kulla.registers.replay import pages

Check = Callable[[Any], bool]
TIMES = st.integers(-4, 4).map(float)
TYPED = ("nid", "period", "born", "pay", "grade", "employer_id", "full_name")


@st.composite
def versions(draw: st.DrawFn) -> list[Version]:
    found = []
    for _ in range(draw(st.integers(1, 14))):
        record = draw(st.integers(1, 6))
        values = {column: draw(st.sampled_from(list(pool))) for column, pool in POOL.items()}
        start = draw(st.one_of(st.just(-100.0), TIMES))
        end = draw(st.one_of(st.none(), TIMES))
        if end is None or end > start:
            found.append(Version(record, {**values, "nid": POOL["nid"][record - 1]}, start, end))
    told = {column: next(value for value in pool if value is not None) for column, pool in POOL.items()}
    typed = Version(6, told, -200.0, -150.0)  # gone before any access; a column of nulls alone has no type
    return [*found, typed, Version(6, {"nid": POOL["nid"][5]}, -100.0)]


@st.composite
def conditions(draw: st.DrawFn) -> tuple[str, str, Check]:
    """A condition on a column: the column, its SQL, and its meaning in Python."""
    column = draw(st.sampled_from(TYPED))
    pool = [value for value in POOL[column] if value is not None]
    kind = draw(
        st.sampled_from(["=", "IN", "NULL"] if column in ("full_name", "nid") else ["=", "IN", "<=", ">", "NULL"])
    )
    if kind == "NULL":
        return column, f"{column} IS NULL", lambda value: value is None
    if kind == "IN":
        some = draw(st.lists(st.sampled_from(pool), min_size=1, max_size=4))
        return column, f"{column} IN ({', '.join(map(quoted, some))})", lambda value: value in some
    one = draw(st.sampled_from(pool))
    key: Callable[[Any], Any] = str.encode if isinstance(one, str) else lambda value: value
    checks: dict[str, Check] = {
        "=": lambda value: value == one,
        "<=": lambda value: value is not None and key(value) <= key(one),
        ">": lambda value: value is not None and key(value) > key(one),
    }
    return column, f"{column} {kind} {quoted(one)}", checks[kind]


def moments(found: Sequence[Version], first: float, last: float) -> list[float]:
    edges = {edge for each in found for edge in (each.start, each.end) if edge is not None}
    return [first, *sorted(edge for edge in edges if first < edge <= last)]


def at(found: Sequence[Version], asked: Sequence[tuple[str, str, Check]], moment: float) -> list[Version]:
    return [
        each
        for each in found
        if each.start <= moment
        and (each.end is None or each.end > moment)
        and all(check(each.values.get(column)) for column, _, check in asked)
    ]


def where(asked: Sequence[tuple[str, str, Check]]) -> str:
    return f" WHERE {' AND '.join(each[1] for each in asked)}" if asked else ""


@pytest.mark.parametrize("few", [0, 512], ids=["many rows", "few rows"])
@settings(max_examples=25, deadline=None)
@given(
    versions(), st.lists(st.lists(conditions(), max_size=3), min_size=1, max_size=8), TIMES, st.sampled_from([0, 1, 3])
)
def test_answers_are_those_of_a_slow_filter(
    few: int, found: list[Version], asked: list[list[tuple[str, str, Check]]], time: float, width: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(answering, "FEW", few)
        statements = [f"SELECT * FROM payroll{where(each)}" for each in asked]
        first, last = time - width, time + width
        lists = [[at(found, each, moment) for moment in moments(found, first, last)] for each in asked]
        rows = [len(some[0]) for some in lists]
        log = accesses([
            {"statement": text, "minutes": time, "rows": n} for text, n in zip(statements, rows, strict=True)
        ])  # fmt: skip
        reads = replay({"payroll": history(found)}, within(width * 60)).reads(log).to_pylist()
        assert len(reads) == len(asked)
        for statement, some, read in zip(statements, lists, reads, strict=True):
            counted = [Counter(version.record for version in each) for each in some]
            steady = all(each == counted[0] for each in counted)
            assert records_of(read) == set().union(*counted), statement
            assert read["extent"] == ("exact" if steady else "upper_bound"), statement


def ordered(found: list[Version], order: Sequence[tuple[str, bool]]) -> list[Version]:
    def compare(one: Version, other: Version) -> int:
        for column, down in order:
            left, right = one.values.get(column), other.values.get(column)
            if left == right:
                continue
            if left is None or right is None:
                return (1 if left is None else -1) * (-1 if down else 1)
            return (1 if left > right else -1) * (-1 if down else 1)
        return 0

    return sorted(found, key=cmp_to_key(compare))


def tied(rows: list[Version], edge: int, order: Sequence[tuple[str, bool]]) -> bool:
    if not 0 < edge < len(rows):
        return False
    return all(rows[edge - 1].values.get(column) == rows[edge].values.get(column) for column, _ in order)


@pytest.mark.parametrize("block", [0, 4_000], ids=["kept lists", "blocks"])
@settings(max_examples=40, deadline=None)
@given(
    versions(),
    st.lists(conditions(), max_size=2),
    st.lists(st.tuples(st.sampled_from(["nid", "period", "born", "grade"]), st.booleans()), min_size=1, max_size=2),
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=4),
    TIMES,
    st.sampled_from([0, 1]),
)
def test_pages_are_those_of_a_slow_sort(
    block: int, found: list[Version], asked: list[tuple[str, str, Check]], order: list[tuple[str, bool]],
    cuts: list[tuple[int, int]], time: float, width: int,
) -> None:  # fmt: skip
    found = [Version(v.record, {**v.values, "nid": f"{v.record}"}, v.start, v.end) for v in found]
    asked = [each for each in asked if each[0] != "nid"]
    by = ", ".join(f"{column}{' DESC' if down else ''}" for column, down in order)
    base = f"SELECT nid FROM payroll{where(asked)} ORDER BY {by}"
    lists = [ordered(at(found, asked, t), order) for t in moments(found, time - width, time + width)]
    log = accesses([
        {"statement": f"{base} LIMIT {take} OFFSET {skip}", "minutes": time, "rows": len(lists[0][skip : skip + take])}
        for take, skip in cuts
    ])  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "_BLOCK", block)
        reads = replay({"payroll": history(found)}, within(width * 60)).reads(log).to_pylist()
    for (take, skip), read in zip(cuts, reads, strict=True):
        told = records_of(read)
        assert told is not None
        cut = [[each.record for each in rows[skip : skip + take]] for rows in lists]
        assert told >= set().union(*cut)
        sure = not any(tied(rows, edge, order) for rows in lists for edge in (skip, skip + take))
        steady = all(sorted(each) == sorted(cut[0]) for each in cut)
        if read["extent"] == "exact":
            assert told == set(cut[0])
            assert steady
        if sure and steady and len(lists) <= 8:
            assert read["extent"] == "exact"


def test_results_of_many_rows_are_kept_for_all_times_between_two_changes() -> None:
    found = [Version(n, {"nid": f"{n:04}", "employer_id": "L1"}) for n in range(1, 600)]
    register = history([*found, Version(700, {"nid": "0700", "employer_id": "L1"}, 5)])
    made = replay({"payroll": register})
    log = accesses([{"statement": "SELECT * FROM payroll WHERE employer_id = 'L1'", "minutes": n} for n in range(10)])
    reads = made.reads(log)
    assert len({id(each) for each in reads["records"].to_pylist()}) == 10
    assert [len(records_of(read) or ()) for read in reads.to_pylist()] == [599] * 5 + [600] * 5


def test_spread_gives_each_row_of_each_slice() -> None:
    who, rows = answering.spread(
        np.array([3, 5]), np.array([1, 0]), np.array([3, 1]), np.array([10, 11, 12], np.int64)
    )  # fmt: skip
    assert who.tolist() == [3, 3, 5]
    assert rows.tolist() == [11, 12, 10]
