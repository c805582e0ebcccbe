"""When the state that an access saw was current, and in whose role it acted."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
from auditlogs import audit
from shared_postgres import csv_line

from kulla.registers.audit import csvlog
from kulla.registers.audit.sessions import join
from kulla.registers.audit.steps import steps
from kulla.registers.audit.window import roles, window

START = int(datetime(2026, 5, 11, 2, 44, tzinfo=UTC).timestamp())
SESSION = f"{START:x}.48e6"


def accesses(*records: tuple[int, str, str]) -> pa.Table:
    lines = [
        csv_line({
            "log_time": f"2026-05-11 02:44:{second:02d}.000 UTC", "message": message, "application": application,
            "session": SESSION, "line_num": str(number),
        })
        for number, (second, message, application) in enumerate(records, 2)
    ]  # fmt: skip
    return join(steps(csvlog.take("".join(lines).encode()).lines)).accesses


def seconds(table: pa.Table, uncertainty: float = 0.0) -> list[tuple[float, float]]:
    first, last = window(table, uncertainty)
    return [
        (round(a.timestamp() - START, 3), round(b.timestamp() - START, 3))
        for a, b in zip(first.to_pylist(), last.to_pylist(), strict=True)
    ]  # fmt: skip


def test_a_start_that_is_told_bounds_the_window() -> None:
    table = accesses((10, audit("select 1"), "psql"), (11, "duration: 3000 ms  statement: select 1", "psql"))
    assert seconds(table) == [(8, 10)]


def test_else_the_sessions_line_before_it_does_and_before_that_its_start() -> None:
    table = accesses((10, audit("select 1"), "psql"), (20, audit("select 2", number="2"), "psql"))
    assert seconds(table) == [(0, 10), (10, 20)]
    assert seconds(table.take([1, 0])) == [(10, 20), (0, 10)]


def test_the_clocks_uncertainty_widens_both_ends() -> None:
    assert seconds(accesses((10, audit("select 1"), "psql")), 1.5) == [(-1.5, 11.5)]


def test_a_statement_logged_before_it_ran_saw_its_state_until_the_next_line() -> None:
    table = accesses((10, "statement: select 1", "psql"), (20, "statement: select 2", "psql"))
    assert seconds(table) == [(10, 20), (20, 20)]


def test_a_fixed_snapshot_is_as_old_as_the_demand_for_it() -> None:
    table = accesses(
        (5, audit("select 0", number="1"), "psql"),
        (10, "duration: 1 ms  statement: begin isolation level repeatable read", "psql"),
        (20, audit("select 1", number="2"), "psql"),
        (30, audit("select 2", number="3"), "psql"),
    )
    assert seconds(table) == [(0, 5), (9.999, 10), (10, 20), (10, 30)]


def test_a_dump_sees_the_state_of_its_start() -> None:
    table = accesses(
        (10, audit("copy a to stdout", command="COPY", rows="0"), "pg_dump"),
        (30, audit("copy b to stdout", number="2", command="COPY", rows="0"), "pg_dump"),
    )
    assert seconds(table) == [(0, 10), (0, 30)]


def test_words_about_isolation_in_a_query_fix_nothing() -> None:
    table = accesses(
        (10, audit("select 'isolation level serializable'"), "psql"), (30, audit("select 2", number="2"), "psql")
    )
    assert seconds(table) == [(0, 10), (10, 30)]


def test_no_accesses_have_no_windows() -> None:
    assert seconds(accesses()) == []


def test_the_role_in_effect() -> None:
    def says(second: int, statement: str, group: str = "MISC", command: str = "SET") -> tuple[int, str, str]:
        return second, audit(statement, number=str(second), group=group, command=command), "psql"

    table = accesses(
        says(1, "select 1", "READ", "SELECT"), says(2, "set role 'boss'"), says(3, "select 2", "READ", "SELECT"),
        says(4, "set session authorization dba"), says(5, "select 3", "READ", "SELECT"),
        says(6, "reset role", command="RESET"), says(7, "select 4", "READ", "SELECT"),
    )  # fmt: skip
    assert roles(table).to_pylist() == [None, "boss", "boss", "dba", "dba", None, None]
    assert set(table.column("account").to_pylist()) == {"clerk7"}
