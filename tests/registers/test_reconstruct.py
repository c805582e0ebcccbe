"""Reconstruction from copies, against a slow oracle, and against a register that really lived."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.registers.history import row_hashes
from kulla.registers.reconstruct import NONE, Dates, day_bounds, no_dates, presence, versions

VALUES = st.sampled_from(["x", "y", "z"])
KEYS = st.sampled_from("ab")
Copy = list[tuple[str, str]]
COPIES = st.lists(st.lists(st.tuples(KEYS, VALUES), max_size=5), min_size=1, max_size=5)
Version = tuple[str, str, int, int | None, int, int]


def found(copies: list[Copy], times: list[int], continuous: int) -> list[Version]:
    tables = [pa.table({"key": [k for k, _ in c], "value": [v for _, v in c]}, SCHEMA) for c in copies]
    masks = presence([row_hashes(table, ["key", "value"]) for table in tables])
    parts = [versions(table, mask, no_dates(len(mask)), times, continuous)[0]
             for table, mask in zip(tables, masks, strict=True)]  # fmt: skip
    return plain(pa.concat_tables(parts))


def plain(table: pa.Table) -> list[Version]:
    numbers = [table.column(name).cast(pa.int64()).to_pylist() for name in table.column_names[2:]]
    rows = zip(table.column("key").to_pylist(), table.column("value").to_pylist(), *numbers, strict=True)
    return [tuple(row) for row in rows]


SCHEMA = pa.schema([("key", pa.string()), ("value", pa.string())])


def slowly(copies: list[Copy], times: list[int], continuous: int) -> set[Version]:
    """For each row and each copy that holds it: how far it surely and possibly reaches from there."""
    out: set[Version] = set()
    for row in {each for copy in copies for each in copy}:
        held = [row in copy for copy in copies]
        for place in (place for place, holds in enumerate(held) if holds):
            before = max((times[i] + 1 for i in range(place) if not held[i]), default=0)
            after = min((times[i] for i in range(place, len(held)) if not held[i]), default=None)
            first = last = place
            while first and held[first - 1] and times[first] - times[first - 1] <= continuous:
                first -= 1
            while last + 1 < len(held) and held[last + 1] and times[last + 1] - times[last] <= continuous:
                last += 1
            out.add((*row, before, after, times[first], times[last] + 1))
    return out


@settings(max_examples=60, deadline=None)
@given(COPIES, st.lists(st.integers(1, 30), min_size=5, max_size=5), st.integers(0, 20))
def test_versions_are_what_the_copies_prove(copies: list[Copy], steps: list[int], continuous: int) -> None:
    times = np.cumsum(steps)[: len(copies)].tolist()
    got = found(copies, times, continuous)
    assert len(set(got)) == len(got)
    assert set(got) == slowly(copies, times, continuous)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 9), KEYS, st.sampled_from(["x", "y", "z", None])), max_size=12), st.data())
def test_nothing_that_is_known_was_ever_otherwise(
    events: list[tuple[int, str, str | None]], data: st.DataObject
) -> None:
    """A register lives; copies are taken at some moments. What is called known was so, and what was is possible."""
    state: dict[str, str] = {}
    lived = {0: dict(state)}
    at = 0
    for pause, key, value in events:
        at += pause
        if value is None:
            state.pop(key, None)
        else:
            state[key] = value
        lived[at] = dict(state)
    at_each = {moment: lived[max(each for each in lived if each <= moment)] for moment in range(at + 12)}
    times = sorted(data.draw(st.sets(st.integers(1, at + 10), min_size=1, max_size=4)))
    got = found([list(at_each[moment].items()) for moment in times], times, 0)
    for key, value, begun, ended, known_from, known_to in got:
        assert all(at_each[moment].get(key) == value for moment in range(known_from, known_to))
        assert begun <= known_from < known_to <= (ended or at + 99)
    for moment in times:
        for row in at_each[moment].items():
            assert any((k, v) == row and start <= moment < end for k, v, _, _, start, end in got)
        # At a copy's own moment nothing is in doubt: what may have stood then is what the copy held.
        possible = {(k, v) for k, v, start, end, _, _ in got if start <= moment < (end or at + 99)}
        assert possible == set(at_each[moment].items())


def test_a_row_that_says_when_it_was_written_closes_the_gap() -> None:
    day = 86_400_000_000
    times = [10 * day + 5, 20 * day + 5, 30 * day + 5]
    rows = pa.table({"key": ["a", "b", "c"], "value": ["x", "x", "x"]}, SCHEMA)
    written = np.array([15 * day, 3 * day, NONE], np.int64)
    dates = Dates(written, np.where(written == NONE, NONE, written + day), np.array([NONE, NONE, 14 * day], np.int64))
    made, contradictions = versions(rows, np.array([0b110] * 3), dates, times, 0)
    # b says that it was written before the first copy, which lacks it: its date is no evidence.
    assert contradictions == 1
    assert sorted(plain(made)) == [
        ("a", "x", 15 * day, None, 16 * day, times[2] + 1),
        ("b", "x", times[0] + 1, None, times[1], times[1] + 1),
        ("b", "x", times[0] + 1, None, times[2], times[2] + 1),
        ("c", "x", 14 * day, None, times[1], times[1] + 1),
        ("c", "x", 14 * day, None, times[2], times[2] + 1),
    ]


def test_days_are_of_the_register_s_zone() -> None:
    begun, ended = day_bounds(pa.array([dt.date(2026, 3, 29), None]), "Europe/Tirane")
    assert begun[0] == int(dt.datetime(2026, 3, 28, 23, tzinfo=dt.UTC).timestamp()) * 1_000_000
    assert ended[0] - begun[0] == 23 * 3_600_000_000  # the clocks go forward
    assert (begun[1], ended[1]) == (NONE, NONE)
