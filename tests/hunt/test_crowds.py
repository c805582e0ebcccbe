"""Crowds: what many meet is one group, and who meets more than they do stands out."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_hits import DAY, MINUTE, START, Step, Week, table

from kulla.hunt.crowds import CROWD
from kulla.hunt.groups import ENTITIES, EXAMPLES, GAP, Group, Grouper, Key, group

SCAN = Step("scan", "high", ("attack.t1190",))
SHELL = Step("shell", "high", ("attack.t1505.003",))


def sorted_hits(made: Week) -> list[pa.Table]:
    return [table(sorted(made.rows, key=lambda row: (row["time"] is None, row["time"] or 0, row["record"])))]


def groups(made: Week) -> tuple[Grouper, tuple[Group, ...]]:
    grouper = group(sorted_hits(made))
    return grouper, grouper.groups()


def scanned(addresses: int) -> Week:
    made = Week(1)
    for n in range(addresses):
        made.hit(SCAN, "web", f"address:10.0.{n // 256}.{n % 256}", START + n * 3 * GAP)
    return made


def test_few_addresses_have_groups_of_their_own() -> None:
    _, found = groups(scanned(CROWD))
    assert len(found) == CROWD
    assert not any(each.key.others for each in found)


def test_a_crowd_is_one_group_of_all_its_hits() -> None:
    grouper, (one,) = groups(scanned(CROWD + 1))
    assert one.key.others
    assert one.entities == one.count == len(one.bursts) == CROWD + 1
    assert len(one.examples) == EXAMPLES
    assert grouper.key(one.key.rule_id, "web", "address:10.0.0.1") == one.key


def test_one_who_also_meets_a_rule_that_few_meet_stands_out() -> None:
    made = scanned(30)
    made.hit(SHELL, "other", "address:10.0.0.7", START + DAY)
    grouper, found = groups(made)
    scans = [each for each in found if each.title == "scan"]
    assert sorted((each.entities, each.key.others) for each in scans) == [(1, False), (29, True)]
    assert grouper.key(scans[0].key.rule_id, "web", "address:10.0.0.7").entity == "address:10.0.0.7"


def test_a_rarer_rule_for_the_same_technique_lets_nobody_stand_out() -> None:
    made = scanned(30)
    made.hit(Step("rarer scan", "high", ("attack.t1083", "attack.t1190")), "web", "address:10.0.0.7", START + DAY)
    assert [each.entities for each in groups(made)[1] if each.title == "scan"] == [30]


def test_an_informational_rule_lets_nobody_stand_out() -> None:
    made = scanned(30)
    made.hit(Step("login", "informational", ()), "other", "address:10.0.0.7", START + DAY)
    assert [each.entities for each in groups(made)[1] if each.title == "scan"] == [30]


def test_beyond_the_limit_of_entities_all_are_counted() -> None:
    _, (one,) = groups(scanned(ENTITIES + 50))
    assert one.entities == one.count == ENTITIES + 50


def test_hosts_have_crowds_of_their_own() -> None:
    made = Week(1)
    for n in range(9):
        made.hit(SCAN, "web", f"user:u{n}", START)
        made.hit(SCAN, "alone" if n == 0 else "web2", f"user:u{n}", START + MINUTE)
    assert sorted(each.entities for each in groups(made)[1]) == [1, 8, 9]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 12), st.integers(0, 500)), max_size=60))
def test_every_hit_finds_its_group_and_none_is_lost(hits: list[tuple[int, int, int, int]]) -> None:
    made = Week(1)
    for rule, host, entity, minute in hits:
        step = Step(f"r{rule}", "low", ())
        made.hit(step, f"h{host}", f"user:{entity}", START + minute * MINUTE)
    grouper, found = groups(made)
    counts: dict[Key, int] = {}
    for row in made.rows:
        key = grouper.key(str(row["rule_id"]), str(row["host"]), str(row["entity"]))
        counts[key] = counts.get(key, 0) + 1
    assert {each.key: each.count for each in found} == counts
    for each in found:
        assert sum(burst.count for burst in each.bursts) == each.count
        assert all(b.start - a.end > GAP for a, b in zip(each.bursts, each.bursts[1:], strict=False))
