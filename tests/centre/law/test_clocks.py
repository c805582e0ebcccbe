"""The cases in cases/*.toml, and what holds for every clock."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kulla.centre.law.clocks import MARKS, STATES, Bearer, Clock, Decision, Ledger, Verb, clocks, most_urgent
from kulla.centre.law.jurisdiction import BEARERS, shipped
from kulla.errors import UsageError

FILES = sorted((Path(__file__).parent / "cases").glob("*.toml"))
ALL: list[dict[str, Any]] = [case for path in FILES for case in tomllib.loads(path.read_text("utf-8"))["case"]]
START = datetime(2026, 6, 1, 10, 20, tzinfo=UTC)


def decision(words: str, at: datetime, order: int = 0) -> Decision:
    verb, _, subject = words.partition(" ")
    # Recorded in the order of the file, after everything that happened.
    recorded = datetime(2100, 1, 1, tzinfo=UTC) + timedelta(seconds=order)
    return Decision(cast("Verb", verb), subject, at, "duty officer", "as told by the entity", recorded)


def found(case: dict[str, Any]) -> dict[str, Clock]:
    bearer = Bearer(case["bearer"], "Ministry", frozenset(case.get("traits", ())), case.get("timezone", ""))
    ledger = Ledger(
        "2026-0001", bearer, tuple(decision(words, at, order) for order, (words, at) in enumerate(case["decisions"]))
    )
    told = clocks(ledger, shipped()[case["jurisdiction"]], case["now"], frozenset(case.get("holidays", ())))
    return {clock.duty.id: clock for clock in told}


@pytest.mark.parametrize("case", ALL, ids=lambda case: case["name"])
def test_a_case_shows_what_its_author_expects(case: dict[str, Any]) -> None:
    told = found(case)
    for duty, wanted in case["clock"].items():
        if wanted.get("state") == "absent":
            assert duty not in told
            continue
        clock = told[duty]
        assert not set(wanted) - {"state", "due", "latest", "mark", "waits_for"}
        for key, value in wanted.items():
            assert getattr(clock, key) == (None if value == "none" else value), key


def test_every_state_has_a_case() -> None:
    told = {wanted["state"] for case in ALL for wanted in case["clock"].values() if "state" in wanted}
    assert told >= set(STATES)


moments = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))


@given(moments, st.sampled_from(sorted(shipped())), st.integers(0, 60 * 24 * 90))
def test_the_law_never_ends_before_the_aim(start: datetime, code: str, later: int) -> None:
    jurisdiction = shipped()[code]
    for law in jurisdiction.laws:
        ledger = Ledger("c", Bearer("controller", "x"), (decision(f"aware {law}", start),))
        now = start + timedelta(minutes=later)
        for clock in clocks(ledger, jurisdiction, now):
            if clock.due is None or clock.latest is None:
                continue
            assert start < clock.due <= clock.latest <= clock.due + timedelta(hours=1)
            assert (clock.state == "overdue") == (now > clock.latest)
            assert clock.due - start == timedelta(hours=72)
            assert clock.mark == max((m for m, at in clock.marks() if at <= now), default=0)


@given(moments)
def test_a_month_has_between_28_and_31_days_and_at_most_two_more(start: datetime) -> None:
    ledger = Ledger("c", Bearer("entity", "x"), (decision("sent notification", start),))
    clock = {each.duty.id: each for each in clocks(ledger, shipped()["eu"], start)}["final_report"]
    assert clock.due is not None
    assert clock.latest is not None
    local = start.astimezone(shipped()["eu"].zone)
    assert timedelta(days=28) <= clock.due - start <= timedelta(days=32, hours=1)
    assert clock.latest - clock.due <= timedelta(days=2, hours=1)
    last = (clock.latest - timedelta(microseconds=1)).astimezone(local.tzinfo)
    assert last.weekday() < 5


def test_each_mark_is_told_once() -> None:
    ledger = Ledger("c", Bearer("controller", "x"), (decision("aware gdpr", START),))
    told: list[int] = []
    before = START
    for hours in range(1, 80):
        now = START + timedelta(hours=hours)
        clock = clocks(ledger, shipped()["eu"], now)[0]
        told += clock.reached(before, now)
        before = now
    assert told == list(MARKS)
    sent = Ledger("c", ledger.bearer, (*ledger.decisions, decision("sent dpa_notice", START, 1)))
    assert clocks(sent, shipped()["eu"], before)[0].reached(START, before) == ()


def test_a_clock_of_a_law_that_nobody_read_says_so() -> None:
    for code, verified in (("eu", True), ("al", False), ("xk", False), ("mk", False)):
        told = [clock for kind in BEARERS for clock in clocks(Ledger("c", Bearer(kind, "x")), shipped()[code], START)]
        assert {clock.verified for clock in told} == {verified}
        assert all(clock.duty.checked for clock in told)


def test_the_most_urgent_come_first() -> None:
    decisions = (decision("aware nis2", START), decision("sent early_warning", START, 1))
    told = most_urgent(clocks(Ledger("c", Bearer("entity", "x"), decisions), shipped()["eu"], START))
    assert [clock.duty.id for clock in told] == ["notification", "final_report", "final_after_handling"]


@pytest.mark.parametrize(
    "broken",
    [
        {"person": " "},
        {"reason": ""},
        {"at": datetime(2026, 6, 1, 10, 20)},
        {"at": datetime(2100, 1, 2, tzinfo=UTC)},
        {"verb": "sent", "subject": "postcard"},
        {"verb": "decided", "subject": "lunch"},
    ],
)
def test_a_decision_is_whole_or_refused(broken: dict[str, Any]) -> None:
    whole: dict[str, Any] = {
        "verb": "aware", "subject": "gdpr", "at": START, "person": "A", "reason": "B",
        "recorded": datetime(2100, 1, 1, tzinfo=UTC),
    }  # fmt: skip
    Decision(**whole)
    with pytest.raises(UsageError, match=str(broken.get("verb", "aware"))):
        Decision(**{**whole, **broken})


def test_a_moment_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        clocks(Ledger("c", Bearer("entity", "x")), shipped()["eu"], datetime(2026, 6, 1))


def test_bearers_are_told_apart() -> None:
    two = [clocks(Ledger("c", Bearer("centre", "CSIRT", towards=name)), shipped()["eu"], START)[0] for name in "ab"]
    assert two[0].key != two[1].key
