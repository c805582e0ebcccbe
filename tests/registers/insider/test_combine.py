from __future__ import annotations

import numpy as np
from insiderreads import CLERKS, at, ordinary, plain_context, read, watched_days

from kulla.registers.insider.combine import (
    BUDGET,
    COLD,
    COUNTS,
    EVERYBODYS,
    FEW,
    QUIET_DAYS,
    SAVED,
    Scored,
    chosen,
    weighted,
)
from kulla.registers.insider.reads import day_number
from kulla.registers.insider.signals import SIGNALS
from kulla.registers.insider.state import State

MONDAY = day_number(at(0).date())


def scored(subject: str, score: float, name: str = "persons_day", surprise: float = 5.0) -> Scored:
    return Scored(0, subject, score, ((name, surprise),))


def test_the_budget_holds_over_any_stretch_of_days() -> None:
    state, accounts, found = State(), 4000, 0
    for day in range(MONDAY, MONDAY + 70):
        found += len(chosen(state, day, accounts, [scored(f"a{day}-{n}", 9.0) for n in range(6)]))
        worked = sum(each % 7 not in (0, 1) for each in range(MONDAY, day + 1))
        assert found <= accounts * BUDGET * worked + SAVED * accounts * BUDGET
    assert found >= 95


def test_the_strongest_come_first_and_a_small_register_has_one_a_day() -> None:
    state = State(tokens=0.0)
    found = chosen(state, MONDAY, 40, [scored("a", 9.0), scored("b", 8.0)])
    assert [each.subject for each in found] == ["a"]
    assert [each.subject for each in chosen(state, MONDAY + 1, 40, [scored("b", 8.0)])] == ["b"]
    assert chosen(state, MONDAY + 5, 40, [scored("d", 8.0)]) == []  # a Saturday adds nothing


def test_an_account_under_a_finding_makes_no_second_one() -> None:
    state = State()
    assert chosen(state, MONDAY, 9000, [scored("a", 9.0)])
    assert not chosen(state, MONDAY + QUIET_DAYS, 9000, [scored("a", 9.0)])
    assert chosen(state, MONDAY + QUIET_DAYS + 1, 9000, [scored("a", 9.0)])


def test_what_is_certain_is_found_without_budget() -> None:
    state = State(tokens=-3.0)
    some = [scored("b", 8.0), scored("a", 12.0, "decoy", 12.0)]
    assert [each.subject for each in chosen(state, MONDAY, 40, some)] == ["a"]
    assert state.tokens <= -3.0


def test_one_cause_is_not_counted_thrice() -> None:
    assert weighted(np.full((9, 1), 4.0))[0] == 7.0
    assert weighted(np.zeros((3, 2))).tolist() == [0.0, 0.0]


def test_a_bulk_read_is_found_on_its_day_and_ordinary_weeks_are_silent() -> None:
    state, told = State(), plain_context()
    quiet = watched_days(state, told, (ordinary(day) for day in range(70)))
    assert sum(len(each.found) for each in quiet) <= 1
    bulk = [read(CLERKS[3], at(70, 10), range(10_000, 11_500), template_id=b"x" * 16)]
    (last,) = watched_days(state, told, [ordinary(70) + bulk])
    assert [each.subject for each in last.found] == [CLERKS[3]]


def test_before_it_has_learnt_only_the_certain_and_the_hidden_are_found() -> None:
    state, told = State(), plain_context(decoys=[9])
    more = [
        read(CLERKS[3], at(3, 10), range(10_000, 11_500)), read(CLERKS[4], at(3, 11), [9]),
        read(CLERKS[5], at(3, 12), range(100, 3000), kind="cursor", extent="upper_bound"),
        read(CLERKS[6], at(3, 13), outcome="error", kind="error"),
    ]  # fmt: skip
    days = watched_days(state, told, [ordinary(0), ordinary(1), ordinary(2), ordinary(3) + more])
    assert sorted(each.subject for day in days for each in day.found) == list(CLERKS[4:7])
    second = [read(CLERKS[8], at(4, 12), range(100, 3000), kind="cursor", extent="upper_bound")]
    assert watched_days(state, told, [ordinary(4) + second])[0].found == ()  # the role has shown such reads by now


def test_a_small_role_speaks_from_the_first_day_and_a_large_one_from_the_fourth() -> None:
    hidden = [read(CLERKS[5], at(0, 12), range(100, 3000), kind="cursor", extent="upper_bound")]
    few = [each for each in ordinary(0) if each["account"] in CLERKS[: FEW - 1]]
    (small,) = watched_days(State(), plain_context(), [few + hidden])
    assert [each.subject for each in small.found] == [CLERKS[5]]
    (large,) = watched_days(State(), plain_context(), [ordinary(0) + hidden])
    assert large.found == ()


def test_what_a_surprise_counts_names_signals() -> None:
    names = {signal.name for signal in SIGNALS}
    assert {*COUNTS, *EVERYBODYS, *COLD} <= names
