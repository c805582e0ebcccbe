"""Each signal on a small register: it speaks of the account it should, in words with its baseline, and of no other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from insiderreads import CLERKS, MANIFEST, at, clerks, day_reads, ordinary, plain_context, read, staff, watched_days

from kulla.registers.insider.context import Context, context
from kulla.registers.insider.signals import SIGNALS, Words
from kulla.registers.insider.state import State, from_bytes, to_bytes
from kulla.registers.insider.today import Today
from kulla.registers.insider.watch import watch_day

DAY = 56  # a Monday after eight weeks
BAD = CLERKS[7]
EVENING = {"template_id": b"t" * 16}


@pytest.fixture(scope="module")
def before() -> bytes:
    """The state after eight ordinary weeks."""
    state = State()
    watched_days(state, plain_context(), (ordinary(day) for day in range(DAY)))
    return to_bytes(state)


def measured(before: bytes, more: list[dict[str, Any]], told: Context | None = None) -> tuple[Today, dict[str, Any]]:
    """Monday with `more` reads: the day, and each signal's statistics by account."""
    state = from_bytes(before, "x")
    watched = watch_day(state, day_reads(ordinary(DAY) + more), told or plain_context(watched=[5, 6, 7], decoys=[9]))
    names = watched.today.facts.subjects
    return watched.today, {
        signal.name: dict(zip(names, values.tolist(), strict=True))
        for signal, values in zip(SIGNALS, watched.measured.statistics, strict=True)
    }


def some(count: int, **more: Any) -> list[dict[str, Any]]:
    """Look-ups of far persons by the account."""
    hour = more.pop("hour", 10)
    return [read(BAD, at(DAY, hour, n % 60), [1_000_000 + 7919 * n], **more) for n in range(count)]


def walk(count: int) -> list[dict[str, Any]]:
    return [read(BAD, at(DAY, 9 + n // 60, n % 60), [2_000_000 + n]) for n in range(count)]


CASES: dict[str, tuple[list[dict[str, Any]], str]] = {
    "persons_day": (some(200), "median day"),
    "persons_month": (some(1200), "earlier 30 days"),
    "outside_remit": (some(25, outside_remit=1), "1 in"),
    "enumeration": (walk(60), "usual"),
    "off_hours": (some(15, hour=23), "0.0"),
    "lists_and_pages": ([read(BAD, at(DAY, 10, n), range(1000 + 50 * n, 1050 + 50 * n)) for n in range(8)], "1 in"),
    "nobody_found": ([read(BAD, at(DAY, 10, n), []) for n in range(8)], "0."),
    "watched_persons": ([read(BAD, at(DAY, 10), [n]) for n in (5, 6)], "0.0"),
    "error_after_read": ([read(BAD, at(DAY, 10, n), outcome="error") for n in range(3)], "1 in"),
    "unknown_extent": ([read(BAD, at(DAY, 10), [1, 2], kind="cursor")], "1 in"),
    "first_statement": (some(10, template_id=b"n" * 16), "0 of 40"),
    "first_tool": (some(10, application="psql"), "0 of 40"),
    "first_computer": (some(10, client="pc-other"), "active days"),
    "without_case": (some(25, case_given=False), "1 in"),
    "database_copied": ([read(BAD, at(DAY, 10), application="pg_dump", kind="copy")], "looked at each time"),
    "decoy": ([read(BAD, at(DAY, 10), [9])], "nobody"),
}


@pytest.mark.parametrize("name", CASES)
def test_it_speaks_of_the_account_and_of_no_other(before: bytes, name: str) -> None:
    more, figure = CASES[name]
    today, found = measured(before, more)
    values = {account: value for account, value in found[name].items() if not np.isnan(value)}
    bad = values.pop(BAD)
    assert bad > 1.5
    assert bad > 1.5 * max(values.values())
    words = told(today, name)
    assert figure in words.baseline
    assert words.clears
    assert "person" not in words.changed or any(c.isdigit() for c in words.changed)


def told(today: Today, name: str) -> Words:
    signal = next(each for each in SIGNALS if each.name == name)
    return signal.words(today, today.facts.subjects.index(BAD))


def test_no_case_is_missing_above() -> None:
    below = {"persons_change", "persons_quarter", "persons_peers", "pool_from_elsewhere"}
    assert set(CASES) | below == {signal.name for signal in SIGNALS}


def test_a_lasting_rise_is_dated() -> None:
    state = State()
    days = []
    for day in range(84):
        more = [read(BAD, at(day, 9, n), [500_000 + 997 * n + day]) for n in range(15)] if day >= 60 else []
        days.append(ordinary(day) + (more if day % 7 < 5 else []))
    last = watched_days(state, plain_context(), days)[-1]
    place = last.today.facts.subjects.index(BAD)
    values = dict(zip((s.name for s in SIGNALS), last.measured.statistics[:, place].tolist(), strict=True))
    others = np.delete(last.measured.statistics[[s.name for s in SIGNALS].index("persons_change")], place)
    assert values["persons_change"] > np.nanmax(others)
    words = next(s for s in SIGNALS if s.name == "persons_change").words(last.today, place)
    assert words.since is not None
    assert abs((words.since - at(60).date()).days) <= 7
    assert words.persons > 200


def test_a_pool_used_from_elsewhere_is_told_and_a_new_server_is_none() -> None:
    listed = staff([*clerks().to_pylist(), {"account": "pool", "pooled": True}])
    told = context(MANIFEST, listed)

    def day(number: int, client: str, other: str = "", users: int = 5) -> list[dict[str, Any]]:
        rows = []
        for n, name in enumerate(CLERKS[:users]):
            more = {"end_user": name, "end_user_grade": "application"}
            rows.append(read("pool", at(number, 9, n), [n + 1], client=other if n == 3 and other else client, **more))
        return rows

    state = State()
    watched_days(state, told, (day(n, "10.9.0.1") for n in range(15)))
    watched = watch_day(state, day_reads(day(15, "10.9.0.1", "10.20.0.7"), pooled=told.pooled), told)
    place = [signal.name for signal in SIGNALS].index("pool_from_elsewhere")
    values = watched.measured.statistics[place]
    assert values.tolist() == pytest.approx([0, 0, 0, 2 + np.log10(2), 0])
    words = SIGNALS[place].words(watched.today, 3)
    assert "1 reads through a pooled account" in words.changed
    assert "forged" in words.changed
    server = watch_day(from_bytes(to_bytes(state), "x"), day_reads(day(16, "10.9.0.2"), pooled=told.pooled), told)
    assert server.measured.statistics[place].tolist() == [0, 0, 0, 0, 0]


def test_an_account_whose_work_moved_before_the_list_did_is_not_outside_its_remit(before: bytes) -> None:
    moved = [row | {"outside_remit": 1} if row["account"] == BAD else row for row in ordinary(DAY)]
    state = from_bytes(before, "x")
    watched = watch_day(state, day_reads(moved), plain_context())
    place = watched.today.facts.subjects.index(BAD)
    signal = [each.name for each in SIGNALS].index("outside_remit")
    assert watched.today.facts.outside[place] > 5
    assert watched.measured.statistics[signal][place] == 0


QUIET: dict[str, Callable[[], Context]] = {
    "a declared job": lambda: context(MANIFEST, staff([{"account": BAD, "role": "clerk", "job": True}]), decoys=[1]),
    "a new post": lambda: context(MANIFEST, staff([
        {"account": BAD, "role": "clerk", "office": "north"},
        {"account": BAD, "role": "chief", "office": "north", "valid_from": at(DAY - 1)},
    ]), decoys=[1]),
}  # fmt: skip


@pytest.mark.parametrize("name", QUIET)
def test_own_past_is_silent_for(before: bytes, name: str) -> None:
    _, found = measured(before, some(200), QUIET[name]())
    for signal in ("persons_day", "persons_change", "persons_month", "first_computer"):
        assert np.isnan(found[signal][BAD])


def test_a_new_account_is_held_against_its_peers_alone(before: bytes) -> None:
    rows = [read("new", at(DAY, 9, n), [3000 * (n + 1)]) for n in range(60)]
    listed = staff([*clerks().to_pylist(), {"account": "new", "role": "clerk", "office": "north"}])
    today, found = measured(before, rows, context(MANIFEST, listed))
    assert np.isnan(found["persons_day"]["new"])
    assert found["first_statement"]["new"] < 1.2  # all its peers use it
    assert found["persons_peers"]["new"] > 2
    place = today.facts.subjects.index("new")
    words = next(s for s in SIGNALS if s.name == "persons_peers").words(today, place)
    assert "too little past" in words.baseline


def test_what_moves_all_peers_moves_none(before: bytes) -> None:
    state = from_bytes(before, "x")
    watched = watch_day(state, day_reads(ordinary(DAY, mean=36.0)), plain_context())
    day = watched.measured.statistics[0]
    assert np.nanmedian(np.abs(day)) < 1.2
    assert abs(float(np.median(watched.today.shift)) - np.log(3)) < 0.35
