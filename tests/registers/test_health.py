from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from kulla.registers.audit.ranges import RANGES, ranges
from kulla.registers.health import CHECKS, Evidence, Finding, judge
from kulla.registers.manifest import Column, Copy, Manifest
from kulla.registers.schema import ACCESS
from kulla.registers.seals.chain import Fault

START = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MANIFEST = Manifest(
    name="payroll",
    owner="tax",
    constituent="tax",
    zone="civil",
    legal_basis="law",
    source="postgresql",
    connection="",
    table="public.payroll",
    record=("nid",),
    columns=(Column("nid", "national_id"),),
    administrators=("dba",),
)


def session(number: int, began: datetime = START) -> str:
    return f"{int(began.timestamp()):x}.{number:x}"


def line(number: int, **members: Any) -> dict[str, Any]:
    """A line of session 1, in its right place unless told otherwise."""
    usual = {
        "time": START + number * SECOND,
        "account": "clerk",
        "session": session(1),
        "line_num": number,
        "kind": "read",
        "statement": "select 1",
        "outcome": "ok",
        "rows": 1,
        "file_sha256": "ab" * 32,
        "line_from": number,
    }
    return usual | members


def found(lines: list[dict[str, Any]], manifest: Manifest = MANIFEST, **evidence: Any) -> dict[str, Finding]:
    table = pa.Table.from_pylist([{name: row.get(name) for name in ACCESS.names} for row in lines], schema=ACCESS)
    spans = ranges(table) if len(table) else RANGES.empty_table()
    return {each.check: each for each in judge(manifest, Evidence(accesses=table, ranges=spans, **evidence))}


WHOLE = [
    line(1, kind="connect", statement=None),
    *(line(number, statement_id=number - 1, substatement_id=1) for number in range(2, 9)),
    line(9, kind="disconnect", statement=None),
]


def test_a_whole_audit_has_no_finding() -> None:
    assert found(WHOLE) == {}
    assert found([]) == {}


def test_lines_missing_inside_and_at_the_head_of_a_session_are_counted() -> None:
    assert found([each for each in WHOLE if each["line_num"] not in (4, 5)])["line gaps"].count == 2
    later = [line(n, session=session(2, START + 60 * SECOND), time=START + (60 + n) * SECOND) for n in (4, 5)]
    assert found([*WHOLE, *later])["line gaps"].count == 3
    before = [line(n, session=session(3, START - 60 * SECOND)) for n in (4, 5)]
    assert "line gaps" not in found([*WHOLE, *before])


def test_statement_numbers_that_left_no_line_are_counted() -> None:
    gone = [each for each in WHOLE if each.get("statement_id") != 3]
    assert found(gone)["statement gaps"].count == 1


def test_sessions_without_statements_are_counted() -> None:
    silent = [line(1, session=session(7), kind="connect"), line(2, session=session(7), kind="disconnect")]
    assert found([*WHOLE, *silent])["silent sessions"].count == 1


@pytest.mark.parametrize("outcome", ["error", "cancelled"])
def test_reads_that_broke_off_are_counted(outcome: str) -> None:
    broken = found([*WHOLE, line(10, kind="error", outcome=outcome)])["error after read"]
    assert (broken.count, broken.accounts, broken.places) == (1, 1, (("ab" * 32, 10),))


@pytest.mark.parametrize(
    "statement",
    [
        "SET pgaudit.log = 'none'",
        "set  session pgaudit.log to none",
        "ALTER SYSTEM SET log_min_error_statement = panic",
        "ALTER ROLE x SET pgaudit.log = ''",
        "select set_config('pgaudit.log', 'none', false)",
        "DROP EXTENSION pgaudit",
    ],
)
def test_statements_that_weaken_the_audit_are_found(statement: str) -> None:
    assert found([*WHOLE, line(10, kind="setting", statement=statement)])["audit settings changed"].count == 1


@pytest.mark.parametrize("statement", ["SET work_mem = '1GB'", "select log_in from visits", "select 'set pgaudit.log'"])
def test_other_statements_do_not_weaken_it(statement: str) -> None:
    assert "audit settings changed" not in found([*WHOLE, line(10, statement=statement)])


def test_administrators_reads_rows_not_told_and_blind_copies() -> None:
    told = found([*WHOLE, line(10, account="dba"), line(11, account="postgres")], privileged=frozenset({"postgres"}))
    assert told["administrators' reads"].count == 2
    counted = pa.table({"query": ["select * from PAYROLL where nid=$1", "select 1"], "rows": [5_000, 9_000_000]})
    assert found(WHOLE, statement_rows=counted)["rows not told"].count == 5_000 - 9
    assert "rows not told" not in found([line(1, rows=5_000)], statement_rows=counted)
    copies = (Copy("nightly", "backup"), Copy("replica", "replica", read_log=True))
    assert found(WHOLE, replace(MANIFEST, copies=copies))["copies without a log"].count == 1


def test_a_clock_that_goes_back_within_a_session() -> None:
    back = found([*WHOLE, line(10, time=START - 90 * SECOND)])["clock jumps"]
    assert "by up to 99 s" in back.told


def test_spans_without_lines_only_where_they_are_unusual() -> None:
    hours = [START + timedelta(days=day, hours=hour) for day in range(35) if day % 7 < 5 for hour in range(9)]
    usual = [line(n, time=time) for n, time in enumerate(hours, 1)]
    assert "quiet spans" not in found(usual)
    gap = [each for each in usual if not START + timedelta(days=15) < each["time"] < START + timedelta(days=19)]
    assert found(gap)["quiet spans"].count == 1
    short = [line(n, time=START + n * SECOND) for n in range(1, 200)]
    assert "quiet spans" not in found([*short, line(200, time=START + timedelta(days=2))])
    assert found([*short, line(200, time=START + timedelta(days=4))])["quiet spans"].count == 1


def test_seals_settings_and_rejects_are_told() -> None:
    fault = Fault("rewritten", 7, START, None, "another seal")
    told = found(
        WHOLE, faults=[fault], graded={"never": 4, "late": 2, "sealed": 3}, weak=["pgaudit is not loaded"], rejects=3
    )
    assert told["seals: rewritten"].level == "critical"
    assert told["never sealed"].count == 4
    assert told["sealed late"].count == 2
    assert told["audit settings weak"].level == "high"
    assert told["unread records"].count == 3
    assert next(iter(told)) == "seals: rewritten"


def test_no_finding_names_an_account() -> None:
    told = found([*WHOLE, line(10, account="dba", kind="error", outcome="error", statement="SET pgaudit.log='x'")])
    assert len(told) >= 2
    assert not any(name in each.told for each in told.values() for name in ("dba", "clerk"))
    assert len(CHECKS) == 12
