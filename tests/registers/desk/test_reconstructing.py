"""Reconstruction from files: dumps, exports and dates."""

from __future__ import annotations

import datetime as dt
import gzip
import subprocess
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq
import pytest
from pgserver import Server, binaries

from kulla.errors import InputError, UsageError
from kulla.registers.desk import history
from kulla.registers.desk.historystore import HistoryStore
from kulla.registers.desk.reconstructing import Backup, Evidence, backup_of, reconstruct
from kulla.registers.folder import RegisterFolder
from kulla.registers.history import BEGINNING, INSTANT
from kulla.registers.manifest import Column, Manifest

COLUMNS = tuple(Column(name, "other") for name in ("nid", "salary", "written"))
JAN, FEB, MAR = (dt.datetime(2026, month, 28, 22, tzinfo=dt.UTC) for month in (1, 2, 3))
DUMP = "COPY public.payroll (salary, nid, written) FROM stdin;\n{}\\.\n"


@pytest.fixture
def folder(tmp_path: Path) -> RegisterFolder:
    made = RegisterFolder(tmp_path / "registers" / "payroll")
    names = ("payroll", "tax", "tax", "civil", "law", "postgresql", "host=db", "public.payroll")
    made.write(Manifest(*names, ("nid",), COLUMNS, timezone="Europe/Tirane"))  # type: ignore[arg-type]
    return made


@pytest.fixture
def backups(tmp_path: Path) -> list[Backup]:
    """January as a packed dump, February as CSV, March as Parquet."""
    january, february, march = tmp_path / "jan.sql.gz", tmp_path / "feb.csv", tmp_path / "mar.parquet"
    january.write_bytes(gzip.compress(DUMP.format("10.00\tA\t2026-01-05\n20.00\tB\t\\N\n").encode()))
    table = pa.table(
        {"nid": ["A", "B", "C"], "salary": ["10.00", "25.00", "5.00"], "written": ["2026-01-05", None, "2026-02-10"]}
    )
    csv.write_csv(table, february)
    pq.write_table(table.slice(0, 1), march)
    return [Backup(march, MAR), Backup(january, JAN), Backup(february, FEB)]


def rows(folder: RegisterFolder) -> list[tuple[object, ...]]:
    table = pa.Table.from_batches(list(HistoryStore(folder).changes(None)))
    names = ("nid", "salary", "valid_from", "valid_to", "known_from", "known_to")
    return sorted((tuple(row[name] for name in names) for row in table.to_pylist()), key=str)


def test_gaps_are_unknown_never_unchanged(folder: RegisterFolder, backups: list[Backup]) -> None:
    done = reconstruct(folder, backups, Evidence())
    assert rows(folder) == [
        ("A", "10.00", BEGINNING, None, JAN, JAN + INSTANT),
        ("A", "10.00", BEGINNING, None, FEB, FEB + INSTANT),
        ("A", "10.00", BEGINNING, None, MAR, MAR + INSTANT),
        ("B", "20.00", BEGINNING, FEB, JAN, JAN + INSTANT),
        ("B", "25.00", JAN + INSTANT, MAR, FEB, FEB + INSTANT),
        ("C", "5.00", JAN + INSTANT, MAR, FEB, FEB + INSTANT),
    ]
    assert [(gap.start, gap.end) for gap in done.gaps] == [(None, JAN), (JAN, MAR), (MAR, None)]
    assert (done.closed, done.lasting, done.at) == (3, 3, MAR)


def test_dates_and_close_copies_narrow_it(folder: RegisterFolder, backups: list[Backup]) -> None:
    done = reconstruct(folder, backups, Evidence(dt.timedelta(days=40), written="written"))
    day = dt.datetime(2026, 1, 5, 23, tzinfo=dt.UTC)  # the fifth of January ends, in Tirana
    came = dt.datetime(2026, 2, 9, 23, tzinfo=dt.UTC)
    assert rows(folder) == [
        ("A", "10.00", day - dt.timedelta(days=1), None, day, MAR + INSTANT),
        ("B", "20.00", BEGINNING, FEB, JAN, JAN + INSTANT),
        ("B", "25.00", JAN + INSTANT, MAR, FEB, FEB + INSTANT),
        ("C", "5.00", came, MAR, came + dt.timedelta(days=1), FEB + INSTANT),
    ]
    assert [(gap.start, gap.end) for gap in done.gaps] == [(None, JAN), (MAR, None)]


def test_dates_that_contradict_the_copies_are_told_and_not_used(folder: RegisterFolder, tmp_path: Path) -> None:
    one, two = tmp_path / "a.csv", tmp_path / "b.csv"
    one.write_text("nid,salary,written\nA,1,2026-01-01\n")
    two.write_text("nid,salary,written\nA,1,2026-01-01\nB,1,2026-01-01\n")
    done = reconstruct(folder, [Backup(one, JAN), Backup(two, FEB)], Evidence(written="written"))
    assert any(note.startswith("1 rows whose dates contradict") for note in done.notes)
    assert ("B", "1", JAN + INSTANT, None, FEB, FEB + INSTANT) in rows(folder)


def test_a_column_added_later_is_a_change(folder: RegisterFolder, tmp_path: Path) -> None:
    one, two = tmp_path / "a.csv", tmp_path / "b.csv"
    one.write_text("nid,salary\nA,1\n")
    two.write_text("nid,salary,written\nA,1,2026-01-01\n")
    reconstruct(folder, [Backup(one, JAN), Backup(two, FEB)], Evidence())
    assert [(row[2], row[3]) for row in rows(folder)] == [(BEGINNING, FEB), (JAN + INSTANT, None)]


def test_what_cannot_be_used_is_refused(folder: RegisterFolder, backups: list[Backup], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="at least one copy"):
        reconstruct(folder, [], Evidence())
    with pytest.raises(UsageError, match="two copies have one time"):
        reconstruct(folder, [backups[0], backups[0]], Evidence())
    with pytest.raises(UsageError, match="no column of register payroll"):
        reconstruct(folder, backups, Evidence(written="nothing"))
    with pytest.raises(UsageError, match="write FILE@TIME"):
        backup_of("payroll.sql", "UTC")
    (tmp_path / "cut.sql.gz").write_bytes(gzip.compress(DUMP.encode() * 1000)[:60])
    with pytest.raises(InputError, match=r"cut\.sql\.gz"):
        reconstruct(folder, [Backup(tmp_path / "cut.sql.gz", JAN)], Evidence())
    reconstruct(folder, backups, Evidence())
    with pytest.raises(UsageError, match="holds a history already"):
        reconstruct(folder, backups, Evidence())
    reconstruct(folder, backups[:1], Evidence(), replace_old=True)
    assert len(rows(folder)) == 1


def test_bad_lines_of_a_dump_are_told(folder: RegisterFolder, tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text(DUMP.format("1\tA\t\\N\nbroken\n"))
    done = reconstruct(folder, [Backup(tmp_path / "a.sql", JAN)], Evidence())
    assert any("1 lines that are no rows, the first is line 3" in note for note in done.notes)


def test_from_a_real_dump_to_the_living_table(
    pg: Server, database: str, folder: RegisterFolder, tmp_path: Path
) -> None:
    """The day after a leak: an old dump is all there is; from now on triggers keep the history."""
    tools = binaries()
    if tools is None:
        pytest.skip("no pg_dump here")
    pg.execute("CREATE TABLE payroll (nid text PRIMARY KEY, salary text, written text); "
               "INSERT INTO payroll VALUES ('A', '10.00', 'x'), ('B', E'\\\\N\\t', NULL)", database)  # fmt: skip
    command = [
        str(tools / "pg_dump"),
        "-t",
        "payroll",
        "-f",
        str(tmp_path / "old.sql"),
        "-d",
        pg.dsn(database=database),
    ]
    subprocess.run(command, check=True)
    reconstruct(folder, [Backup(tmp_path / "old.sql", JAN)], Evidence())
    pg.execute("UPDATE payroll SET salary = '11.00' WHERE nid = 'A'", database)
    dsn = pg.dsn(database=database)
    history.apply(folder, dsn, "postgres")
    first = history.take(folder, JAN, dsn)
    found = rows(folder)
    assert found == [
        ("A", "10.00", BEGINNING, first.at, JAN, JAN + INSTANT),
        ("A", "11.00", JAN, None, first.at, None),
        ("B", "\\N\t", BEGINNING, None, JAN, JAN + INSTANT),
        ("B", "\\N\t", BEGINNING, None, first.at, None),
    ]
    pg.execute("DELETE FROM payroll WHERE nid = 'B'", database)
    history.take(folder, JAN, dsn)
    ended = [row[3] for row in rows(folder) if row[0] == "B"]
    assert len(ended) == 2
    assert ended[0] == ended[1] is not None
