from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kulla.errors import InputError, UsageError
from kulla.registers.desk import history
from kulla.registers.desk.historystore import HistoryStore
from kulla.registers.folder import RegisterFolder
from kulla.registers.manifest import Column, Manifest

NOW = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
COLUMNS = (Column("nid", "national_id"), Column("period", "period"), Column("salary", "money"))


@pytest.fixture
def folder(tmp_path: Path) -> RegisterFolder:
    made = RegisterFolder(tmp_path / "registers" / "payroll")
    made.write(
        Manifest(
            *("payroll", "tax", "tax", "civil", "law", "files"), str(tmp_path / "in"), "", ("nid",), COLUMNS,
            entry=("period",), history="versions", timezone="Europe/Tirane",
        )
    )  # fmt: skip
    (tmp_path / "in").mkdir()
    return made


def rows(folder: RegisterFolder) -> list[tuple[object, ...]]:
    table = pa.Table.from_batches(list(HistoryStore(folder).changes(None)))
    found = (tuple(row[name] for name in table.column_names[:5]) for row in table.to_pylist())
    return sorted(found, key=str)


def test_versions_come_from_csv_and_parquet_and_bad_rows_stay_aside(folder: RegisterFolder, tmp_path: Path) -> None:
    (tmp_path / "in" / "a.csv").write_text(
        'nid,period,salary,valid_from,valid_to\nA,2026-01,"10.50",2026-01-05T10:00:00,2026-02-01T00:00:00Z\n'
        "A,2026-01,,2026-02-01T00:00:00Z,\nB,2026-01,1,yesterday,\n,2026-01,1,2026-01-05,\nC,2026-01,1,2026-01-05,2026-01-01\n"
        "D,2026-01,1,,\n"
    )
    table = pa.table({"nid": ["E"], "period": ["2026-02"], "salary": ["7"], "valid_from": [NOW], "valid_to": [None]})
    pq.write_table(table, tmp_path / "in" / "b.parquet")
    done = history.take(folder, NOW)
    assert (done.opened, done.closed, done.lasting) == (3, 1, 2)
    begun = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)
    change = dt.datetime(2026, 2, 1, tzinfo=dt.UTC)
    assert rows(folder) == sorted([
        ("A", "2026-01", "10.50", begun, change),
        ("A", "2026-01", None, change, None),
        ("E", "2026-02", "7", NOW, None),
    ], key=str)  # fmt: skip
    aside = [json.loads(line) for line in (folder.state / "rejected.jsonl").read_text().splitlines()]
    assert [(each["file"], each["row"], each["reason"]) for each in aside] == [
        ("a.csv", 3, "valid_from is no time"), ("a.csv", 4, "no value in nid"), ("a.csv", 5, "ends before it begins"),
        ("a.csv", 6, "no valid_from"),
    ]  # fmt: skip
    assert done.gaps[0].end == begun
    before = rows(folder)
    again = history.take(folder, NOW)
    assert (again.opened, rows(folder)) == (0, before)


def test_what_is_no_longer_in_the_files_is_no_longer_in_the_history(folder: RegisterFolder, tmp_path: Path) -> None:
    path = tmp_path / "in" / "a.csv"
    path.write_text("nid,period,salary,valid_from,valid_to\nA,1,1,2026-01-05,2026-02-01\nA,1,2,2026-01-20,\n")
    assert any("begin before" in note for note in history.take(folder, NOW).notes)
    path.write_text("nid,period,salary,valid_from,valid_to\nA,1,2,2026-01-20,\n")
    history.take(folder, NOW)
    assert len(rows(folder)) == 1
    assert [path.name for path in HistoryStore(folder).files()] == ["versions-open.parquet"]


def test_files_that_cannot_be_read_are_named(folder: RegisterFolder, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no CSV or Parquet files"):
        history.take(folder, NOW)
    (tmp_path / "in" / "a.csv").write_text("nid,period\nA,1\n")
    with pytest.raises(InputError, match=r"a\.csv: has no column salary"):
        history.take(folder, NOW)
    (tmp_path / "in" / "a.csv").unlink()
    (tmp_path / "in" / "a.parquet").write_bytes(b"nonsense")
    with pytest.raises(InputError, match=r"a\.parquet: damaged"):
        history.take(folder, NOW)


def test_paths_count_from_the_owner_s_folder(folder: RegisterFolder, tmp_path: Path) -> None:
    (tmp_path / "in" / "a.csv").write_text("nid,period,salary,valid_from,valid_to\nA,1,2,2026-01-20,\n")
    folder.write(replace(folder.read(), connection="in"))
    assert history.take(folder, NOW).lasting == 1
    folder.write(replace(folder.read(), connection="registers/payroll/history"))
    with pytest.raises(UsageError, match="its history already"):
        history.take(folder, NOW)
