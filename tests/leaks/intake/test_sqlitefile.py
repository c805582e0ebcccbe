"""Databases whose schema is not to be trusted."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from leakfiles import SMALL, read_here, rows, tables

from kulla.leaks.intake import take
from kulla.leaks.intake._api import Fact
from kulla.leaks.intake.sqlitefile import _opened


def made(path: Path, script: str) -> Path:
    database = sqlite3.connect(path)
    database.executescript(script)
    database.close()
    return path


def test_only_tables_are_read(tmp_path: Path) -> None:
    path = made(tmp_path / "a.db", """
        CREATE TABLE "pa""ga" (nid TEXT, paga REAL, foto BLOB, twice AS (paga * 2));
        INSERT INTO "pa""ga" VALUES ('J1', 45000.0, x'ff00'), ('0691', 1e22, NULL);
        CREATE TABLE t2 (a PRIMARY KEY, b) WITHOUT ROWID; INSERT INTO t2 VALUES (1, NULL), (2, 'x');
        CREATE VIEW v AS SELECT nid FROM "pa""ga";
        CREATE VIRTUAL TABLE f USING fts5(x);
        CREATE TABLE empty (a);
    """)  # fmt: skip
    found = {table.name: table for table in tables(path) if not table.name.startswith("f_")}
    assert set(found) == {'pa"ga', "t2"}
    assert found['pa"ga'].headers == ("nid", "paga", "foto")
    assert [row[:2] for row in rows(found['pa"ga'])] == [["J1", "45000"], ["0691", "1" + "0" * 22]]
    assert rows(found["t2"]) == [["1", None], ["2", "x"]]


def test_no_function_of_a_hostile_schema_runs(tmp_path: Path) -> None:
    """A table that is in truth a view would run whatever it selects when it is read."""
    path = made(tmp_path / "a.db", """
        CREATE TABLE t (nid); INSERT INTO t VALUES ('J1');
        CREATE VIEW w AS SELECT hex(randomblob(100000000)) AS nid;
        PRAGMA writable_schema=on;
        UPDATE sqlite_master SET type = 'table' WHERE name = 'w';
    """)  # fmt: skip
    taken = take(path, SMALL)
    assert all(table.name == "t" for table in taken.tables)


@pytest.mark.parametrize(
    "statement",
    ["ATTACH ':memory:' AS x", "CREATE TEMP TABLE x (a)", "PRAGMA writable_schema=on", "SELECT load_extension('x')",
     "DELETE FROM t", "SELECT readfile('x')", "PRAGMA journal_mode=wal"],
)  # fmt: skip
def test_the_connection_allows_reading_alone(statement: str, tmp_path: Path) -> None:
    database = _opened(str(made(tmp_path / "a.db", "CREATE TABLE t (a); INSERT INTO t VALUES (1)")))
    assert database.execute("SELECT a FROM t").fetchall() == [(1,)]
    with pytest.raises(sqlite3.DatabaseError):
        database.execute(statement)
    database.close()


def test_a_journal_beside_the_file_is_not_played(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode=wal")
    database.execute("CREATE TABLE t (a)")
    database.execute("INSERT INTO t VALUES ('J1')")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.execute("INSERT INTO t VALUES ('J2')")
    (table,) = tables(path)
    assert rows(table) == [["J1"]]
    facts = {sent.key: sent.text for sent in read_here(path) if isinstance(sent, Fact)}
    assert "-wal" in facts["journal"]
    database.close()


def test_damage_in_one_table_leaves_the_others(tmp_path: Path) -> None:
    values = ",".join(f"('J{at:06}', '{'x' * 50}')" for at in range(3000))
    path = made(tmp_path / "a.db", f"""
        PRAGMA page_size=4096;
        CREATE TABLE one (nid, t); INSERT INTO one VALUES {values};
        CREATE TABLE two (nid); INSERT INTO two VALUES ('K1');
    """)  # fmt: skip
    data = bytearray(path.read_bytes())
    data[4096 * 20 : 4096 * 21] = b"\xff" * 4096
    path.write_bytes(data)
    taken = take(path, SMALL)
    assert {table.name: table.rows for table in taken.tables}["two"] == 1
    assert len(taken.problems) == 1
    assert "damaged" in taken.problems[0]
