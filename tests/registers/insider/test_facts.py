from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from insiderreads import MANIFEST, at, day_reads, explanations, groups, read, staff

from kulla.registers.insider.context import context
from kulla.registers.insider.facts import FEW, LIST, STEP, facts

ACCOUNTS, OFFICES, GROUPS_OF = ("a", "b", "c"), {"a": "north", "b": "north", "c": "south"}, ("g1", "g2")
RECORDS = st.integers(1, 12)
TIMES = st.integers(0, 20).map(lambda n: at(0, 6 + n // 2, 30 * (n % 2)))
READS = st.lists(
    st.builds(
        lambda account, when, records, outside, case: read(
            account, when, records, outside_remit=min(outside, len(records)), case_given=case
        ),
        st.sampled_from(ACCOUNTS), TIMES, st.lists(RECORDS, min_size=1, max_size=4, unique=True), st.integers(0, 3),
        st.booleans(),
    ),
    min_size=1, max_size=25,
)  # fmt: skip
WHO = st.one_of(st.sampled_from(ACCOUNTS).map(lambda a: {"account": a}),
                st.sampled_from(("north", "south")).map(lambda o: {"office": o}))  # fmt: skip
WHAT: st.SearchStrategy[dict[str, Any]] = st.one_of(
    RECORDS.map(lambda n: {"record_no": n}), st.sampled_from(GROUPS_OF).map(lambda g: {"group": g}), st.just({})
)  # fmt: skip
WHEN = st.tuples(st.none() | TIMES, st.none() | TIMES).map(lambda t: {"valid_from": t[0], "valid_to": t[1]})
EXPLAINED = st.lists(st.builds(lambda a, b, c: {**a, **b, **c}, WHO, WHAT, WHEN), max_size=5)
GROUP = {n: GROUPS_OF[n % 2] for n in range(1, 11)}  # 11 and 12 belong to no group
STAFF_ROWS = [{"account": a, "role": "clerk" if a != "c" else "auditor", "office": OFFICES[a]} for a in ACCOUNTS]


def covered(account: str, record: int | None, when: datetime, rows: list[dict[str, Any]]) -> bool:
    """The obvious meaning of EXPLANATIONS. record None: only what covers any record."""
    for row in rows:
        who = row["account"] == account if "account" in row else row["office"] == OFFICES[account]
        anything = "record_no" not in row and "group" not in row
        what = anything or (record is not None and (
            row["record_no"] == record if "record_no" in row else GROUP.get(record) == row["group"]))  # fmt: skip
        since, until = row["valid_from"] or datetime.min, row["valid_to"] or datetime.max
        if who and what and since.replace(tzinfo=None) <= when.replace(tzinfo=None) < until.replace(tzinfo=None):
            return True
    return False


def numbers(row: dict[str, Any]) -> list[int]:
    from kulla.registers import bitmap

    return [row["record"]] if row["record"] is not None else bitmap.unpack(row["records"]).tolist()


@given(READS, EXPLAINED, st.sets(RECORDS, max_size=3), st.sets(RECORDS, max_size=3))
@settings(max_examples=120, deadline=None)
def test_counts_are_those_of_the_obvious_way(
    rows: list[dict[str, Any]], cleared: list[dict[str, Any]], watched: set[int], decoys: set[int]
) -> None:
    told = context(MANIFEST, staff(STAFF_ROWS), explanations(cleared), groups(GROUP), watched, decoys)
    found = facts(day_reads(rows), told)
    for place, account in enumerate(found.subjects):
        mine = [row for row in rows if row["account"] == account]
        open_of = [{n for n in numbers(row) if not covered(account, n, row["snapshot_to"], cleared)} for row in mine]
        every = {n for row in mine for n in numbers(row) if covered(account, n, row["snapshot_to"], cleared)}
        persons: set[int] = set().union(*open_of)
        assert found.persons[place] == len(persons)
        assert found.explained[place] == len(every)
        assert found.watched[place] == len(persons & watched)  # no read is of more than FEW
        assert found.decoys[place] == len(persons & decoys)
        singles = {n for row, some in zip(mine, open_of, strict=True) for n in some
                   if row["record"] is not None and row["outside_remit"]}  # fmt: skip
        others = sum(min(row["outside_remit"], len(some)) > 0 for row, some in zip(mine, open_of, strict=True)
                     if row["record"] is None)  # fmt: skip
        assert found.outside[place] == len(singles) + others
        assert found.inside[place] == sum(row["outside_remit"] == 0 for row in mine)
        alone = [some for row, some in zip(mine, open_of, strict=True) if row["record"] is not None]
        assert found.singles[place] == len(set().union(*alone))
        whole = [row for row in mine if covered(account, None, row["snapshot_to"], cleared)]
        assert found.lookups[place] == sum(row["record"] is not None and row not in whole for row in mine)
        caseless = sum(bool(some) and not row["case_given"] and account != "c" and row not in whole
                       for row, some in zip(mine, open_of, strict=True))  # fmt: skip
        assert found.without_case[place] == caseless
        assert found.hours[place].sum() == sum(bool(some) for some in open_of)


def test_lists_and_look_ups_that_met_nobody_are_counted_as_reads() -> None:
    rows = [
        read("a", at(0, 9), range(1, LIST + 1)), read("a", at(0, 10), range(1, LIST)), read("a", at(0, 11), []),
        read("a", at(0, 12), [7]), read("a", at(0, 13)),
    ]  # fmt: skip
    found = facts(day_reads(rows), context(MANIFEST))
    assert (found.lists.tolist(), found.missed.tolist(), found.lookups.tolist()) == ([1.0], [1.0], [2.0])


def test_watched_persons_count_where_somebody_asked_for_them() -> None:
    rows = [read("a", at(0, 9), [5]), read("a", at(0, 10), range(6, 6 + FEW)), read("a", at(0, 11), range(20, 40))]
    found = facts(day_reads(rows), context(MANIFEST, watched=[5, 7, 30]))
    assert found.watched.tolist() == [2.0]


def test_behind_a_pool_and_directly_is_one_person_if_the_list_has_it() -> None:
    listed = staff([{"account": "eva", "role": "clerk"}, {"account": "pool", "pooled": True}])
    behind = {"end_user_grade": "application"}
    rows = [
        read("eva", at(0, 9), [1]), read("pool", at(0, 10), [2], end_user="eva", **behind),
        read("pool", at(0, 11), [3], end_user="stranger", **behind), read("pool", at(0, 12), [4]),
    ]  # fmt: skip
    found = facts(day_reads(rows, pooled=frozenset({"pool"})), context(MANIFEST, listed))
    persons = dict(zip(found.subjects, found.persons.tolist(), strict=True))
    assert persons == {"eva": 2.0, "pool/stranger": 1.0, "pool": 1.0}
    assert (found.read_pool != 0).tolist() == [False, True, True, False]


def test_steps_are_neighbours_one_after_the_other() -> None:
    walk = [10, 11, 13, 12, 40, 40 + STEP + 1, 41]
    found = facts(day_reads([read("a", at(0, 9, n), [r]) for n, r in enumerate(walk)]), context(MANIFEST))
    assert found.steps.tolist() == [4.0]  # 11, 13, 12, and 41 after 44
    lists = [read("a", at(0, 9, n), [r, r + 100]) for n, r in enumerate(walk)]
    assert facts(day_reads(lists), context(MANIFEST)).steps.tolist() == [0.0]


def test_reads_of_unknown_extent_count_unless_a_job_or_audit_covers_them() -> None:
    rows = [read("a", at(0, 9), outcome="error"), read("a", at(0, 10)), read("b", at(0, 11), outcome="error")]
    told = context(MANIFEST, explanations=explanations([{"account": "b"}]))
    found = facts(day_reads(rows), told)
    assert (found.subjects, found.broken.tolist(), found.unknown.tolist()) == (("a", "b"), [1.0, 0.0], [1.0, 0.0])


def test_hours_tell_weekends_apart() -> None:
    found = facts(day_reads([read("a", at(5, 9), [1])]), context(MANIFEST))
    assert np.flatnonzero(found.hours[0]).tolist() == [24 + 9]
