"""The difference of full reads, against an oracle that keeps sets of rows."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.registers.history import BEGINNING, INSTANT, row_hashes, version_schema
from kulla.registers.schema import VERSION_TIMES
from kulla.registers.snapshots import Comparison, HashSet, ended, first_of_equal, seen_again, seen_first

ROW = st.tuples(st.sampled_from("abc"), st.sampled_from(["", "x", "y", None]))
ROWS = st.lists(ROW, max_size=8)
SCHEMA = version_schema([pa.field("key", pa.string()), pa.field("value", pa.string())])
START = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
Row = tuple[str, str | None]


def batches(rows: list[Row]) -> list[pa.RecordBatch]:
    """The rows in batches of two."""
    parts = [rows[place : place + 2] for place in range(0, len(rows), 2)]
    columns = pa.schema([("key", pa.string()), ("value", pa.string())])
    return [pa.record_batch([[k for k, _ in part], [v for _, v in part]], schema=columns) for part in parts]


def kept(reads: list[list[Row]], every: dt.timedelta, vouched: bool = False) -> list[dict[str, object]]:
    """The versions after these reads, as the store keeps them."""
    closed, lasting, seen = [SCHEMA.empty_table()], SCHEMA.empty_table(), BEGINNING
    for number, rows in enumerate(reads):
        at = START + number * every
        comparison = Comparison(lasting.to_batches(), ["key", "value"])
        opened = list(comparison.opened(batches(rows)))
        parts = list(comparison.parted(lasting.to_batches()))
        new = [pa.Table.from_batches([batch]) for batch in comparison.once(opened)]
        stays = [seen_again(stay, seen, at, vouched, dt.timedelta(hours=36)) for stay, _ in parts]
        closed += [ended(gone, seen, at) for _, gone in parts]
        first = [seen_first(batch, seen, at, vouched) for batch in new]
        lasting, seen = pa.concat_tables([SCHEMA.empty_table(), *stays, *first]), at
    return [dict(row) for row in pa.concat_tables([*closed, lasting]).to_pylist()]


def as_read(reads: list[list[Row]], every: dt.timedelta) -> set[tuple[object, ...]]:
    """The slow, obvious way: for each row the stretches of reads that hold it."""
    found: set[tuple[object, ...]] = set()
    for row in {each for rows in reads for each in rows}:
        held = [row in rows for rows in reads]
        for place, is_held in enumerate(held):
            if is_held and (place == 0 or not held[place - 1]):
                end = place
                while end + 1 < len(held) and held[end + 1]:
                    end += 1
                begun = START + (place - 1) * every if place else BEGINNING
                gone = START + (end + 1) * every if end + 1 < len(held) else None
                found.add((*row, begun, gone, START + place * every, START + end * every + INSTANT))
    return found


def plain(versions: list[dict[str, object]]) -> list[tuple[object, ...]]:
    names = ["key", "value", *VERSION_TIMES.names]
    return [tuple(version[name] for name in names) for version in versions]


@settings(max_examples=40, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=5))
def test_nightly_reads_become_bounded_versions(reads: list[list[Row]]) -> None:
    found = plain(kept(reads, DAY))
    assert len(set(found)) == len(found)
    assert set(found) == as_read(reads, DAY)


@settings(max_examples=30, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=4))
def test_reads_far_apart_vouch_for_their_moments_alone(reads: list[list[Row]]) -> None:
    every = 30 * DAY
    expected = set()
    for *row, begun, gone, first, last in as_read(reads, every):
        assert isinstance(first, dt.datetime)
        assert isinstance(last, dt.datetime)
        for number in range((last - first) // every + 1):
            sight = first + number * every
            expected.add((*row, begun, gone, sight, sight + INSTANT))
    assert set(plain(kept(reads, every))) == expected


def test_where_a_trigger_vouches_the_last_sight_is_open() -> None:
    version = kept([[("a", "x")], [("a", "x")]], DAY, vouched=True)[0]
    assert (version["known_from"], version["known_to"], version["valid_to"]) == (START, None, None)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=12), st.lists(st.integers(0, 3), max_size=6))
def test_hash_sets_are_sets(pairs: list[tuple[int, int]], asked: list[int]) -> None:
    whole = np.array(pairs, np.uint64).reshape(-1, 2)
    questions = np.array([(a, b) for a in asked for b in range(4)], np.uint64).reshape(-1, 2)
    expected = [tuple(each) in set(pairs) for each in questions.tolist()]
    assert HashSet([whole[:3], whole[3:]]).contains(questions).tolist() == expected
    firsts = [pairs.index(pair) == place for place, pair in enumerate(pairs)]
    assert first_of_equal(whole).tolist() == firsts


def test_cells_do_not_run_together_and_null_is_not_empty() -> None:
    rows = pa.table({"a": ["x", "xy", None, ""], "b": ["yz", "z", "", None]})
    assert len({tuple(each) for each in row_hashes(rows, ["a", "b"]).tolist()}) == 4
