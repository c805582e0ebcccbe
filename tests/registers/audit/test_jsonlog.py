"""The fast reader of jsonlog equals the slow one."""

from __future__ import annotations

from pathlib import Path

from auditlogs import jsonlogs
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.events.formats.postgres_jsonlog import PostgresJsonlog
from kulla.registers.audit import jsonlog, slow

SAMPLE = Path(__file__).parents[2] / "events" / "formats" / "samples" / "postgres.json"


def check(data: bytes) -> None:
    fast, oracle = jsonlog.take(data, 3), slow.read(PostgresJsonlog(), data, 3, None)
    assert fast.lines.to_pylist() == oracle.lines.to_pylist()
    assert [(r.position, r.reason, r.raw) for r in fast.rejects] == [
        (r.position, r.reason, r.raw) for r in oracle.rejects
    ]
    assert (fast.consumed, fast.count) == (oracle.consumed, oracle.count)


@settings(max_examples=40, deadline=None)
@given(jsonlogs())
def test_fast_equals_slow(data: bytes) -> None:
    check(data)


def test_the_real_log() -> None:
    check(SAMPLE.read_bytes())


@settings(max_examples=15, deadline=None)
@given(jsonlogs(), st.data())
def test_a_line_that_the_end_cuts_is_left(data: bytes, draw: st.DataObject) -> None:
    part = data[: draw.draw(st.integers(0, len(data)))]
    assert jsonlog.take(part, last=False).consumed == part.rfind(b"\n") + 1
