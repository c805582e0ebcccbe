"""Health over what a real server wrote."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from pgserver import Server

from kulla.registers.desk import accesses, health
from kulla.registers.folder import RegisterFolder
from kulla.registers.manifest import Column, Manifest
from kulla.settings import Settings

TABLE = (
    "CREATE TABLE payroll (nid text PRIMARY KEY, salary int); "
    "INSERT INTO payroll SELECT n::text, n FROM generate_series(1, 500) n"
)


def register(path: Path) -> RegisterFolder:
    folder = RegisterFolder(path / "owner" / "registers" / "payroll")
    folder.write(
        Manifest(
            name="payroll",
            owner="tax",
            constituent="tax",
            zone="civil",
            legal_basis="law",
            source="postgresql",
            connection="",
            table="public.payroll",
            record=("nid",),
            columns=(Column("nid", "national_id"), Column("salary", "money")),
        )
    )
    return folder


def checks(folder: RegisterFolder, pg: Server, lines: list[str], dsn: str = "") -> dict[str, int]:
    for report in accesses.take(folder, lines, accesses.Options(), Settings()):
        assert report.state in ("taken", "continued", "known"), report.reason
    return {each.check: each.count for each in health.health(folder, datetime.now(UTC), dsn)}


def test_errors_leave_no_gap_and_removed_lines_do(pg: Server, database: str, tmp_path: Path) -> None:
    pg.execute(TABLE, database)
    with psycopg.connect(pg.dsn(database=database), autocommit=True) as clerk:
        for number in range(8):
            clerk.execute("SELECT salary FROM payroll WHERE nid = %s", [str(number)])
            with suppress(psycopg.Error):
                clerk.execute("SELECT 1 / (CASE WHEN nid = '400' THEN 0 ELSE 1 END) FROM payroll")
        clerk.execute("DO $$ BEGIN PERFORM * FROM payroll; END $$")
        clerk.execute("SET work_mem = '8MB'")
    log = next(path for path in pg.logs() if path.suffix == ".csv")
    lines = log.read_text().splitlines(keepends=True)
    sessions = {line.split(",")[5] for line in lines if f'"{database}"' in line and '"psql' not in line}
    whole = [line for line in lines if any(session in line for session in sessions)]
    kept = tmp_path / "whole.csv"
    kept.write_text("".join(whole))
    told = checks(register(tmp_path / "a"), pg, [str(kept)], pg.dsn(database=database))
    assert "line gaps" not in told
    assert "statement gaps" not in told
    assert told["error after read"] == 8
    assert "audit settings changed" not in told

    reads = [n for n, line in enumerate(whole) if "salary FROM payroll" in line]
    fewer = tmp_path / "fewer.csv"
    fewer.write_text("".join(line for n, line in enumerate(whole) if n not in reads[2:4]))
    told = checks(register(tmp_path / "b"), pg, [str(fewer)])
    assert told["line gaps"] == 2
    assert told["statement gaps"] == 2
