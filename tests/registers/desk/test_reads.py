"""From a real PostgreSQL's audit log to reads in the outbox, and the files around it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pgserver import Server
from replaying import COLUMNS, NOON, accesses, manifest, records_of

from kulla.cli.main import app
from kulla.errors import InputError
from kulla.registers.desk import reads as desk
from kulla.registers.desk.accesses import Options, take
from kulla.registers.folder import OwnerFolder, made
from kulla.registers.schema import READ, RECORD_MAP, VERSION_TIMES
from kulla.settings import Settings

IDS = ["J00101999W", "J05115999K", "K10229001A", "A00101001B"]


@pytest.fixture
def owner(tmp_path: Path) -> OwnerFolder:
    """A payroll of four persons, in the state it has had for a long time."""
    owner = OwnerFolder(tmp_path)
    folder = owner.register("payroll")
    folder.write(manifest())
    rows: dict[str, Any] = {name: pa.array([None] * len(IDS), kind) for name, (_, kind) in COLUMNS.items()}
    rows["nid"] = pa.array(IDS)
    rows["grade"] = pa.array([1, 1, 2, 3], pa.int32())
    for field in VERSION_TIMES:
        first = field.name == "valid_from"
        rows[field.name] = pa.array([NOON - timedelta(days=9_000) if first else None] * len(IDS), field.type)
    pq.write_table(pa.table(rows), made(folder.history) / "versions-000001.parquet")
    numbers = {"key": IDS, "record_no": np.arange(1, 5, dtype=np.uint32), "erased": [False] * 4}
    pq.write_table(pa.table(numbers, schema=RECORD_MAP), made(folder.map) / "records.parquet")
    return owner


def told(owner: OwnerFolder) -> list[dict[str, Any]]:
    files = sorted((owner.register("payroll").outbox / "reads").glob("reads-*.parquet"))
    tables = [pq.read_table(path) for path in files]
    found: list[dict[str, Any]] = pa.concat_tables(tables).to_pylist()
    return found


def log(owner: OwnerFolder, name: str, ids: list[str]) -> None:
    rows = [{"statement": f"SELECT grade FROM payroll WHERE nid = '{nid}'", "rows": 1} for nid in ids]
    pq.write_table(accesses(rows), made(owner.register("payroll").accesses) / name, row_group_size=2)


def test_only_new_accesses_are_resolved(owner: OwnerFolder) -> None:
    log(owner, "a.parquet", IDS[:2])
    assert desk.resolve(owner, "payroll").files == 1
    log(owner, "b.parquet", IDS[2:])
    outcome = desk.resolve(owner, "payroll")
    assert (outcome.files, outcome.skipped, outcome.counts.accesses) == (1, 1, 2)
    assert sorted(read["record"] for read in told(owner)) == [1, 2, 3, 4]
    assert desk.resolve(owner, "payroll", anew=True).files == 2
    assert pq.read_table(owner.register("payroll").outbox / "templates.parquet")["template"].to_pylist() == [
        "SELECT grade FROM payroll WHERE nid = ?"
    ]


def test_parts_in_processes_give_what_one_gives(owner: OwnerFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    log(owner, "a.parquet", IDS * 2)
    desk.resolve(owner, "payroll", workers=1)
    alone = told(owner)
    monkeypatch.setattr(desk, "PART", 3)
    outcome = desk.resolve(owner, "payroll", anew=True, workers=2)
    assert outcome.files == 3
    assert told(owner) == alone
    monkeypatch.undo()
    desk.resolve(owner, "payroll", anew=True)
    assert told(owner) == alone
    for path in (owner.register("payroll").outbox / "reads").iterdir():
        assert pq.read_schema(path).names == READ.names
        assert path.stat().st_mode & 0o077 == 0


def test_what_is_missing_is_told(tmp_path: Path, owner: OwnerFolder) -> None:
    with pytest.raises(InputError, match="no accesses"):
        desk.resolve(owner, "payroll")
    log(owner, "a.parquet", IDS[:1])
    (owner.register("payroll").map / "records.parquet").unlink()
    with pytest.raises(InputError, match="no record numbers"):
        desk.resolve(owner, "payroll")


def test_the_command(owner: OwnerFolder, capsys: pytest.CaptureFixture[str]) -> None:
    log(owner, "a.parquet", IDS)
    assert app(["register", "reads", "payroll", "--owner", str(owner.path)], standalone_mode=False) == 0
    text = capsys.readouterr().out
    assert "4 accesses, 4 reads" in text
    assert "exact" in text
    assert not any(nid in text for nid in IDS)


def test_a_real_audit_log(owner: OwnerFolder, pg: Server, database: str, tmp_path: Path) -> None:
    if not pg.own:
        pytest.skip("the logs of a server that is not ours are out of sight")
    kinds = {"born": "date", "pay": "numeric(12,2)", "grade": "integer"}
    with psycopg.connect(pg.dsn(database=database, application_name="replaytest"), autocommit=True) as connection:
        columns = ", ".join(f"{column} {kinds.get(column, 'text')}" for column in COLUMNS)
        connection.execute(f"CREATE TABLE payroll ({columns})")
        for nid, grade in zip(IDS, (1, 1, 2, 3), strict=True):
            connection.execute("INSERT INTO payroll (nid, grade) VALUES (%s, %s)", [nid, grade])
        connection.execute("SELECT * FROM payroll WHERE nid = %s", [IDS[0]])
        connection.execute("SELECT nid FROM payroll WHERE grade = ANY (%s)", [[1, 2]])
        connection.execute(f"SELECT nid FROM payroll WHERE nid IN ('{IDS[3]}', '{IDS[2]}', 'it''s')")
        connection.execute("SELECT nid FROM payroll ORDER BY nid LIMIT 2 OFFSET 1")
        with pytest.raises(psycopg.errors.DivisionByZero):
            connection.execute("SELECT nid, 1 / (grade - 3) FROM payroll")
        with connection.transaction():
            connection.execute("DECLARE c CURSOR FOR SELECT * FROM payroll WHERE grade = 1")
            connection.execute("FETCH ALL FROM c")
        with (
            connection.cursor() as cursor,
            cursor.copy("COPY (SELECT nid FROM payroll WHERE grade > 1) TO STDOUT") as out,
        ):
            list(out)
        connection.execute("DO $$BEGIN PERFORM * FROM payroll WHERE grade = 3; END$$")
        connection.execute("PREPARE q (text) AS SELECT * FROM payroll WHERE nid = $1")
        connection.execute(f"EXECUTE q ('{IDS[1]}')")
    paths = [str(path) for path in pg.logs() if path.suffix == ".csv"]
    list(take(owner.register("payroll"), paths, Options(), Settings()))
    desk.resolve(owner, "payroll")
    mine = [read for read in told(owner) if read["application"] == "replaytest"]
    found = [(read["kind"], read["extent"], records_of(read)) for read in mine]
    expected = [
        ("read", "exact", {1}), ("read", "exact", {1, 2, 3}), ("read", "exact", {3, 4}), ("read", "exact", {1, 2}),
        ("error", "upper_bound", {1, 2, 3, 4}), ("cursor", "upper_bound", {1, 2}),
    ]  # fmt: skip
    assert [each for each in found if each in expected] == expected, found
    assert {(kind, extent) for kind, extent, records in found if records == {3, 4}} >= {("copy", "exact")}, found
    assert ("read", "exact", {4}) in found, found
    assert ("read", "exact", {2}) in found, found
