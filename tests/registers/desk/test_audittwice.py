"""csvlog and jsonlog of one server tell each statement twice; it is taken once."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from auditlogs import audit, json_line
from shared_postgres import csv_line

from kulla.registers.desk.accesses import FileReport, Options, take
from kulla.registers.folder import OwnerFolder, RegisterFolder
from kulla.registers.manifest import Column, Manifest
from kulla.settings import Settings

SAMPLES = Path(__file__).parents[2] / "events" / "formats" / "samples"


@pytest.fixture
def folder(tmp_path: Path) -> RegisterFolder:
    made = OwnerFolder(tmp_path / "owner").register("payroll")
    columns = (Column("nid", "national_id"),)
    made.write(Manifest("payroll", "owner", "tax", "civil", "law", "files", "", "", ("nid",), columns))
    return made


def run(folder: RegisterFolder, *paths: Path) -> list[FileReport]:
    return list(take(folder, [str(path) for path in paths], Options(), Settings()))


def stored(folder: RegisterFolder) -> pa.Table:
    return pa.concat_tables([pq.read_table(path) for path in folder.accesses.glob("*.parquet")])


def records(**changed: str) -> list[dict[str, str]]:
    common = {
        "log_time": "2026-05-11 02:44:02.875 UTC",
        "session": "6b04c4ae.48e6",
        "severity": "LOG",
        "user": "clerk7",
    }
    made = [common | {"message": audit(f"select {n}", number=str(n)), "line_num": str(n)} for n in range(1, 6)]
    return [*made[:3], made[3] | changed, made[4]]


def write(path: Path, found: list[dict[str, str]]) -> Path:
    if path.suffix == ".csv":
        path.write_text("".join(csv_line(record) for record in found))
    else:
        path.write_bytes(b"".join(json_line(record) for record in found))
    return path


def test_the_real_server_s_two_logs(folder: RegisterFolder) -> None:
    one, other = run(folder, SAMPLES / "postgres.csv", SAMPLES / "postgres.json")
    assert (one.accesses, one.twice) == (82, 0)
    assert other.records == one.records
    assert (other.accesses, other.twice) == (0, 82)
    assert len(stored(folder)) == 82


@pytest.mark.parametrize("names", [("a.csv", "b.json"), ("a.json", "b.csv")])
def test_what_only_the_second_tells_is_taken(folder: RegisterFolder, tmp_path: Path, names: tuple[str, str]) -> None:
    first, second = (tmp_path / name for name in names)
    run(folder, write(first, records()[1:4]))
    (report,) = run(folder, write(second, records()))
    assert (report.records, report.accesses, report.twice) == (5, 2, 3)
    assert sorted(stored(folder).column("statement").to_pylist()) == [f"select {n}" for n in range(1, 6)]


@pytest.mark.parametrize(
    "changed",
    [
        {"message": audit("select 'other'", number="4")},
        {"message": audit("select 4", number="4", parameter="x")},
        {"user": "boss"},
        {"log_time": "2026-05-11 02:44:02.876 UTC"},
        {"session": "6b04c4ae.48e7"},
    ],
    ids=["statement", "values", "account", "time", "session"],
)
def test_a_record_that_differs_in_anything_is_not_hidden(
    folder: RegisterFolder, tmp_path: Path, changed: dict[str, str]
) -> None:
    run(folder, write(tmp_path / "forged.csv", records(**changed)))
    (report,) = run(folder, write(tmp_path / "true.json", records()))
    assert (report.accesses, report.twice) == (1, 4)


def test_a_log_that_grew_is_not_held_against_itself(folder: RegisterFolder, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", records()[:2])
    run(folder, path)
    (report,) = run(folder, write(path, records()))
    assert (report.state, report.accesses, report.twice) == ("continued", 3, 0)
