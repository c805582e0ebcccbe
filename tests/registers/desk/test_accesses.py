"""Audit logs into a register's folder: what is new is taken, what was taken is left."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import tarfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from auditlogs import audit
from shared_postgres import csv_line

from kulla.errors import ConfigError, InputError
from kulla.registers.desk import accesses as desk
from kulla.registers.desk.accesses import FileReport, Options, take
from kulla.registers.folder import OwnerFolder, RegisterFolder
from kulla.registers.manifest import Column, Manifest
from kulla.registers.schema import ACCESS
from kulla.settings import Settings

SAMPLE = Path(__file__).parents[2] / "events" / "formats" / "samples" / "postgres.csv"


@pytest.fixture
def folder(tmp_path: Path) -> RegisterFolder:
    made = OwnerFolder(tmp_path / "owner").register("payroll")
    made.write(
        Manifest(
            "payroll", "owner", "tax", "civil", "law", "files", "", "", ("nid",), (Column("nid", "national_id"),),
            timezone="Europe/Tirane",
        )
    )  # fmt: skip
    return made


def run(folder: RegisterFolder, *paths: Path, options: Options | None = None) -> list[FileReport]:
    return list(take(folder, [str(path) for path in paths], options or Options(), Settings()))


def stored(folder: RegisterFolder) -> pa.Table:
    tables = [pq.read_table(path).cast(ACCESS) for path in folder.accesses.glob("*.parquet")]
    return pa.concat_tables(tables).sort_by("line_from")


def line(number: int, statement: str = "select 1") -> str:
    return csv_line({"message": audit(statement, number=str(number)), "line_num": str(number)})


def test_a_log_is_taken_once(folder: RegisterFolder) -> None:
    (first,) = run(folder, SAMPLE)
    assert (first.state, first.records, first.accesses) == ("taken", 142, 82)
    assert first.kinds["copy"] == 3
    assert first.outcomes["cancelled"] == 2
    table = stored(folder)
    assert set(table.column("file_sha256").to_pylist()) == {hashlib.sha256(SAMPLE.read_bytes()).hexdigest()}
    (again,) = run(folder, SAMPLE)
    assert again.state == "known"
    assert len(stored(folder)) == len(table)


def test_a_rotated_and_compressed_log_is_known_by_its_content(folder: RegisterFolder, tmp_path: Path) -> None:
    run(folder, SAMPLE)
    (tmp_path / "old.gz").write_bytes(gzip.compress(SAMPLE.read_bytes()))
    (tmp_path / "old.bz2").write_bytes(bz2.compress(SAMPLE.read_bytes()))
    with tarfile.open(tmp_path / "old.tar", "w") as archive:
        archive.add(SAMPLE, "logs/postgres.csv")
    assert [each.state for each in run(folder, tmp_path / "old.gz", tmp_path / "old.bz2", tmp_path / "old.tar")] == [
        "known"
    ] * 3


def test_a_compressed_log_is_read(folder: RegisterFolder, tmp_path: Path) -> None:
    (tmp_path / "old.csv.gz").write_bytes(gzip.compress(SAMPLE.read_bytes()))
    (report,) = run(folder, tmp_path / "old.csv.gz")
    assert (report.state, report.accesses) == ("taken", 82)


def test_a_grown_log_is_continued(folder: RegisterFolder, tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text(line(1) + line(2))
    run(folder, log)
    log.write_text(line(1) + line(2) + line(3, "select\n3") + line(4))
    (report,) = run(folder, log)
    assert (report.state, report.accesses) == ("continued", 2)
    table = stored(folder)
    assert table.column("line_from").to_pylist() == [1, 2, 3, 5]
    assert table.column("line_to").to_pylist() == [1, 2, 4, 5]
    assert len(set(table.column("file_sha256").to_pylist())) == 2


def test_a_record_half_written_is_taken_when_it_is_whole(folder: RegisterFolder, tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    text = line(1) + line(2, "select\n2\n") + line(3)
    log.write_text(text[: text.index("2\n")])
    (first,) = run(folder, log)
    assert (first.accesses, first.rejects.total()) == (1, 1)
    log.write_text(text)
    run(folder, log)
    table = stored(folder)
    assert table.column("statement_id").to_pylist() == [1, 2, 3]
    assert table.column("line_from").to_pylist() == [1, 2, 5]


def test_a_changed_log_is_another_log(folder: RegisterFolder, tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text(line(1) + line(2))
    run(folder, log)
    log.write_text(line(9) + line(2) + line(3))
    (report,) = run(folder, log)
    assert (report.state, report.accesses, report.twice) == ("taken", 2, 1)  # the second line is as it was


def test_rejects_are_kept_aside_with_their_reason(folder: RegisterFolder, tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text(line(1) + "rubbish\n" + line(2))
    (report,) = run(folder, log)
    assert (report.accesses, dict(report.rejects)) == (2, {"does not start like a record": 1})
    (kept,) = (folder.state / "rejects").glob("*.jsonl")
    assert kept.stat().st_mode & 0o777 == 0o600


def test_the_lines_seen_are_told_those_of_no_access_too(folder: RegisterFolder) -> None:
    run(folder, SAMPLE)
    (path,) = (folder.state / "lines").glob("*.parquet")
    ranges = pq.read_table(path).to_pylist()
    assert sum(each["line_num_to"] - each["line_num_from"] + 1 for each in ranges) == 142
    # The sample was shortened where pg_dump asks its many questions: the only gap there is.
    gap = [each for each in ranges if each["session"] == "6b04c4c9.4ab0"]
    assert [(each["line_num_from"], each["line_num_to"]) for each in gap] == [(1, 2), (119, 121)]
    assert len(ranges) == 1 + len({each["session"] for each in ranges})


def test_times_without_a_zone_are_read_in_the_registers(folder: RegisterFolder, tmp_path: Path) -> None:
    log = tmp_path / "lookups.csv"
    log.write_text("time,user,action,statement,case\n2026-05-11 10:00:00,agron.h,search,SELECT 1,2021/881\n")
    (report,) = run(folder, log)
    assert report.format == "application-lookups"
    assert str(stored(folder).column("time")[0].as_py()) == "2026-05-11 08:00:00+00:00"


def test_a_mapped_log_that_has_grown_is_continued(folder: RegisterFolder, tmp_path: Path) -> None:
    log = tmp_path / "lookups.csv"
    head = "time,user,action,statement,case\n"
    rows = [f"2026-05-11 10:00:0{n},agron.h,search,SELECT {n},1\n" for n in range(4)]
    log.write_text(head + "".join(rows[:2]))
    run(folder, log)
    log.write_text(head + "".join(rows))
    (report,) = run(folder, log)
    assert (report.state, report.accesses) == ("continued", 2)
    assert stored(folder).column("statement").to_pylist() == [f"SELECT {n}" for n in range(4)]


def test_a_json_array_that_grows_is_continued(folder: RegisterFolder, tmp_path: Path) -> None:
    log = tmp_path / "audit.json"
    one = '{"timestamp":"2026-05-11 08:31:1%d","id":0,"class":"general","event":"status","connection_id":46,'
    one += '"account":{"user":"root"},\n"general_data":{"query":"SELECT %d","status":0}}'
    log.write_text("[\n" + ",\n".join(one % (n, n) for n in range(2)) + ",\n")
    run(folder, log)
    log.write_text("[\n" + ",\n".join(one % (n, n) for n in range(4)) + "\n]\n")
    (report,) = run(folder, log)
    assert (report.state, report.format, report.accesses) == ("continued", "mysql-audit", 2)
    assert sorted(stored(folder).column("statement").to_pylist()) == [f"SELECT {n}" for n in range(4)]


def test_a_file_that_is_no_audit_is_left_with_the_reason(folder: RegisterFolder, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("buy milk\n")
    (report,) = run(folder, tmp_path / "notes.txt")
    assert (report.state, report.reason) == ("skipped", desk.UNKNOWN)
    assert not list(folder.accesses.glob("*"))


def test_a_pooler_that_is_trusted_verifies_the_user(folder: RegisterFolder, tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text(csv_line({"message": audit("select 1"), "application": "app;user=a.b", "client": "10.0.0.9:5"}))
    run(folder, log, options=Options(poolers=("10.0.0.9",)))
    assert stored(folder).column("end_user_grade").to_pylist() == ["verified"]


def test_a_register_that_does_not_exist_is_not_made(folder: RegisterFolder) -> None:
    nobody = RegisterFolder(folder.path.parent / "nobody")
    with pytest.raises(InputError, match="no register here"):
        run(nobody, SAMPLE, options=Options(zone="UTC"))
    assert not nobody.path.exists()


def test_a_time_zone_that_does_not_exist(folder: RegisterFolder) -> None:
    with pytest.raises(ConfigError, match="is no time zone"):
        run(folder, SAMPLE, options=Options(zone="Europe/Nowhere"))


def test_a_mapping_that_does_not_exist() -> None:
    with pytest.raises(ConfigError, match="no shipped mapping; those are application-lookups"):
        desk.read_mapping("nowhere.toml")
