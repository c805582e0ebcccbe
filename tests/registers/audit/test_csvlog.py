"""The fast reader of csvlog equals the slow one, on whole and on broken logs."""

from __future__ import annotations

from datetime import tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from auditlogs import FORGED, audit, csvlogs
from hypothesis import given, settings
from hypothesis import strategies as st
from shared_postgres import csv_line

from kulla.events.formats.postgres_csvlog import PostgresCsvlog
from kulla.registers.audit import csvlog, slow
from kulla.registers.audit.lines import Taken

SAMPLE = Path(__file__).parents[2] / "events" / "formats" / "samples" / "postgres.csv"


def same(fast: Taken, oracle: Taken) -> None:
    assert fast.lines.schema == oracle.lines.schema
    assert fast.lines.to_pylist() == oracle.lines.to_pylist()
    assert [(r.position, r.reason, r.raw) for r in fast.rejects] == [
        (r.position, r.reason, r.raw) for r in oracle.rejects
    ]
    assert (fast.consumed, fast.count) == (oracle.consumed, oracle.count)


@settings(max_examples=50, deadline=None)
@given(csvlogs(), st.sampled_from((None, ZoneInfo("Europe/Tirane"))))
def test_fast_equals_slow(data: bytes, zone: tzinfo | None) -> None:
    same(csvlog.take(data, 5, zone), slow.read(PostgresCsvlog(), data, 5, zone))


@settings(max_examples=25, deadline=None)
@given(csvlogs(), st.data())
def test_a_log_read_in_two_stretches_is_the_same_log(data: bytes, draw: st.DataObject) -> None:
    first = csvlog.take(data[: draw.draw(st.integers(0, len(data)))], last=False)
    second = csvlog.take(data[first.consumed :], 1 + first.count)
    whole = csvlog.take(data)
    assert first.lines.to_pylist() + second.lines.to_pylist() == whole.lines.to_pylist()
    assert [r.position for r in (*first.rejects, *second.rejects)] == [r.position for r in whole.rejects]


def test_the_real_log_takes_the_fast_path_whole() -> None:
    data = SAMPLE.read_bytes()
    taken = csvlog._sound(data, 1, None)
    assert taken.consumed == len(data)
    same(taken, slow.read(PostgresCsvlog(), data, 1, None))


def test_windows_line_ends_take_the_fast_path_too() -> None:
    data = b"".join(csv_line({"message": f"m{n}"}).encode().replace(b"\n", b"\r\n") for n in range(3))
    assert csvlog._sound(data, 1, None).consumed == len(data)
    same(csvlog.take(data), slow.read(PostgresCsvlog(), data, 1, None))


def test_a_forged_record_inside_a_statement_stays_inside() -> None:
    data = (csv_line({"message": audit(f"select 1\n{FORGED}\n")}) + csv_line({"message": "after"})).encode()
    taken = csvlog.take(data)
    assert taken.lines.column("user").to_pylist() == ["clerk7", "clerk7"]
    assert taken.lines.column("line_to").to_pylist() == [3, 4]


def test_a_broken_record_does_not_hide_those_after_it() -> None:
    broken = csv_line({"message": "never ends"}).replace('ends"', "ends")
    data = (csv_line({}) + broken + csv_line({"message": "a"}) + csv_line({"message": "b"})).encode()
    taken = csvlog.take(data)
    assert taken.lines.column("message").to_pylist() == ["hello", "a", "b"]
    assert [reject.position for reject in taken.rejects] == [2]


@pytest.mark.parametrize(("right", "wrong"), [('"clerk7"', "clerk7"), ("4711", '"4711"'), ('"reg"', '"r"eg')])
def test_cells_that_postgresql_does_not_write_so_are_left_to_the_slow_reader(right: str, wrong: str) -> None:
    data = (csv_line({}) + csv_line({}).replace(right, wrong) + csv_line({})).encode()
    assert csvlog._sound(data, 1, None).count == 1
    taken = csvlog.take(data)
    same(taken, slow.read(PostgresCsvlog(), data, 1, None))
    assert [reject.position for reject in taken.rejects] == [2]


@pytest.mark.parametrize("columns", [23, 24, 26])
def test_each_layout(columns: int) -> None:
    taken = csvlog.take(csv_line({"message": audit("select 1")}, columns).encode())
    assert taken.lines.column("statement").to_pylist() == ["select 1"]
    assert taken.lines.column("application").to_pylist() == ["psql"]
