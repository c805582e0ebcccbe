"""The log that a real PostgreSQL with pgaudit writes of real sessions, honest and evasive."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pgserver import Server

from kulla.registers.audit.postgres import READERS, stretch
from kulla.registers.audit.sessions import join
from kulla.registers.audit.window import roles

FORMS = {".csv": "postgres_csvlog", ".json": "postgres_jsonlog"}
PERSON = "J00000042A"


def drive(pg: Server, database: str) -> None:
    """One session that reads in every way."""
    columns = "i AS id, 'J' || lpad(i::text, 8, '0') || 'A' AS nid"
    pg.execute(f"CREATE TABLE payroll AS SELECT {columns} FROM generate_series(1, 999) i", database)
    name = "front-office;user=agron.h;case=2021/881"
    with psycopg.connect(pg.dsn(database=database, application_name=name), autocommit=True) as session:
        session.execute("SELECT * FROM payroll WHERE nid = %s", [PERSON]).fetchall()
        session.execute("SELECT id FROM payroll WHERE id < 5 AND nid <> %s AND nid <> %s", ["a,b\n\"c'", ""]).fetchall()
        with session.cursor() as cursor:
            for statement in ("COPY payroll TO STDOUT", "COPY (SELECT * FROM payroll WHERE id < 100) TO STDOUT"):
                with cursor.copy(statement) as copy:
                    assert sum(1 for _ in copy.rows())
        with session.transaction(), session.cursor("evading") as hidden:
            hidden.execute("SELECT * FROM payroll")
            hidden.fetchall()
        for statement in (
            "SELECT 1/(CASE WHEN id = 999 THEN 0 ELSE 1 END) FROM payroll",
            "SET LOCAL statement_timeout = 20; SELECT pg_sleep(5), nid FROM payroll",
        ):
            with contextlib.suppress(psycopg.Error):
                session.execute(statement)
        session.execute("PREPARE one(text) AS SELECT id FROM payroll WHERE nid = $1")
        session.execute(f"EXECUTE one('{PERSON}')")
        session.execute("DO $$ BEGIN PERFORM id FROM payroll WHERE id < 10; END $$")
        session.execute('SELECT id /* user=c.d */ FROM payroll\n-- 2026-05-11 02:44:02.875 UTC,"boss"\nWHERE id = 1')


@pytest.fixture
def accesses(pg: Server, database: str) -> dict[str, list[dict[str, Any]]]:
    drive(pg, database)
    logs = pg.logs()
    if not logs:
        pytest.skip("the logs of a server that is not ours are out of sight")
    return {FORMS[log.suffix]: read(log, database) for log in logs if log.suffix in FORMS}


def read(log: Path, database: str) -> list[dict[str, Any]]:
    made = stretch(FORMS[log.suffix], log.read_bytes(), 1, None, True)
    assert not made.rejects
    found = join(made.steps).accesses
    rows = [row | {"role": role} for row, role in zip(found.to_pylist(), roles(found).to_pylist(), strict=True)]
    name = "front-office;user=agron.h;case=2021/881"
    return [row for row in rows if row["database"] == database and row["application"] == name]


def test_what_each_way_of_reading_leaves(accesses: dict[str, list[dict[str, Any]]]) -> None:
    for found in accesses.values():
        told = [
            (row["kind"], row["rows"], row["outcome"]) for row in found if row["kind"] not in ("disconnect", "connect")
        ]
        assert told == [
            ("read", 1, "ok"), ("read", 4, "ok"), ("copy", None, "ok"), ("copy", 99, "ok"), ("cursor", None, "ok"),
            ("error", None, "error"), ("error", None, "cancelled"), ("other", None, "ok"), ("read", 1, "ok"),
            ("read", 9, "ok"), ("read", 1, "ok"),
        ]  # fmt: skip
        reads = [row for row in found if row["kind"] == "read"]
        assert reads[0]["parameters"] == f'["{PERSON}"]'
        assert reads[1]["parameters"] == '["a,b\\n\\"c\'",null]'
        assert reads[2]["parameters"] == f'["{PERSON}"]'
        assert {row["case_ref"] for row in found} == {"2021/881"}
        assert [row["end_user"] for row in reads] == ["agron.h"] * 4 + ["c.d"]
        assert {row["account"] for row in found} == {"postgres"}


def test_csvlog_and_jsonlog_tell_the_same(accesses: dict[str, list[dict[str, Any]]]) -> None:
    if len(accesses) < len(READERS) - 1:
        pytest.skip("a server before 15 writes no jsonlog")
    of_file = {"line_from", "line_to", "line_hash"}
    csv, json = ([{k: v for k, v in row.items() if k not in of_file} for row in rows] for rows in accesses.values())
    assert csv == json
