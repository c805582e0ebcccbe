from __future__ import annotations

import io
import re
from functools import cache
from pathlib import Path

import pytest
from exercise.logs import LogFolder, logs
from textlogs import CONTEXT

from kulla.events import pgaudit
from kulla.events.formats.postgres_csvlog import PostgresCsvlog
from kulla.exercise.pglog import member

REAL = Path(__file__).with_name("real_pglog.csv")
"""Lines that PostgreSQL 15.18 with pgaudit 1.7.0 wrote for sessions like the exercise's (names and addresses kept)."""


def records(data: bytes) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    for run in PostgresCsvlog().read(io.BytesIO(data), None, CONTEXT):
        assert not run.rejects, run.rejects[:2]
        found += [{name: values[0] for name, values in run.fields.row(at).items()} for at in range(len(run))]
    return found


@cache
def read(path: Path) -> list[dict[str, str]]:
    return records(path.read_bytes())


@pytest.fixture(scope="module")
def made() -> LogFolder:
    return logs()


def test_all_lines_are_read_and_each_file_is_in_order(made: LogFolder) -> None:
    total = 0
    for path in made.files:
        rows = read(path)
        times = [row["log_time"] for row in rows]
        assert times == sorted(times)
        assert {time[:10] for time in times} == {path.stem.removeprefix("postgresql-")}
        total += len(rows)
    assert total == made.lines


def shape(record: dict[str, str]) -> tuple[object, ...]:
    """What a record looks like, values aside."""
    message = record["message"]
    audit = pgaudit.unpack(message)
    if audit is not None:
        kind = f"{audit['class']} {audit['command']} {'bound' if audit.get('parameter') else 'plain'}"
    else:
        kind = re.sub(r"(=|: )[^ ,=]+|\"[^\"]*\"|[0-9]+", "", message.split(" (")[0])
        kind = re.sub(r"replication command .*", "replication command", kind).split(" application_name")[0]
    columns = tuple(sorted(set(record) - {"application", "parameter", "query_id"}))
    virtual = (
        "none"
        if "virtual_transaction" not in record
        else "idle"
        if record["virtual_transaction"].endswith("/0")
        else "some"
    )
    return kind, columns, record["severity"], record.get("sqlstate"), record.get("backend_type"), virtual


def test_lines_look_like_those_of_a_real_server(made: LogFolder) -> None:
    real = {shape(record) for record in records(REAL.read_bytes())}
    ours = {shape(record) for path in made.files for record in read(path)}
    honest_error = {each for each in ours if each[3] == "22P02"}
    assert ours - honest_error <= real, sorted(map(str, ours - honest_error - real))[:3]
    kinds = {str(each[0]) for each in ours}
    for wanted in ("READ SELECT bound", "READ SELECT plain", "READ DECLARE CURSOR plain", "READ COPY plain",
                   "DDL ALTER SYSTEM plain"):  # fmt: skip
        assert wanted in kinds


def test_members_are_quoted_as_pgaudit_does() -> None:
    for text in ("select 1", "a,b", 'say "x"', "two\nlines", ""):
        assert pgaudit.unpack(f"AUDIT: SESSION,1,1,READ,SELECT,,,{member(text)},<none>,1").get("statement", "") == text  # type: ignore[union-attr]
