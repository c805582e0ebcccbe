"""`kulla register accesses` as a user runs it."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from cli.inprocess import kulla

from kulla.registers.folder import OwnerFolder
from kulla.registers.manifest import Column, Manifest

SAMPLES = Path(__file__).parents[2] / "events" / "formats" / "samples"
MAPPING = 'schema = 1\nname = "ours"\nformat = "csv"\n[columns]\ntime = "w"\naccount = "who"\nstatement = "q"\n'


@pytest.fixture
def own(tmp_path: Path) -> Path:
    column = Column("nid", "national_id")
    manifest = Manifest("payroll", "o", "tax", "civil", "law", "files", "", "", ("nid",), (column,))
    OwnerFolder(tmp_path / "own").register("payroll").write(manifest)
    return tmp_path / "own"


def test_logs_of_three_formats(own: Path) -> None:
    ran = kulla("register", "accesses", "payroll", SAMPLES, "--owner", own, "--jobs", 2)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.count("taken") == 3
    assert "by outcome: ok 134, error 26, cancelled 4" in ran.out
    again = kulla("register", "accesses", "payroll", SAMPLES, "--owner", own)
    assert again.out.count("taken before") == 3


def test_for_programs(own: Path) -> None:
    ran = kulla(
        "register", "accesses", "payroll", SAMPLES / "postgres.csv", "--owner", own, "--jobs", 0, "--json"
    ).json()
    assert isinstance(ran, dict)
    (log,) = ran["logs"]
    assert (log["state"], log["records"], log["accesses"], log["rejects"]) == ("taken", 142, 82, {})
    assert log["kinds"]["copy"] == 3


def test_what_is_printed_holds_no_value_of_the_log(own: Path) -> None:
    for how in ((), ("--json",)):
        ran = kulla("register", "accesses", "payroll", SAMPLES, "--owner", own, "--jobs", 0, *how)
        for value in ("clerk7", "agron.h", "2021/881", "X00000042Q", "Emri77", "127.0.0.1"):
            assert value not in ran.out + ran.err


def test_a_mapping_of_ones_own_and_a_time_zone(own: Path, tmp_path: Path) -> None:
    (tmp_path / "ours.toml").write_text(MAPPING)
    (tmp_path / "log.csv").write_text("w,who,q\n2026-05-11 10:00:00,agron,SELECT 1\n")
    told = ("--mapping", tmp_path / "ours.toml", "--tz", "Europe/Tirane", "--jobs", 0)
    ran = kulla("register", "accesses", "payroll", tmp_path / "log.csv", "--owner", own, *told)
    assert ran.code == 0, ran.err
    (path,) = OwnerFolder(own).register("payroll").accesses.glob("*.parquet")
    (row,) = pq.read_table(path).to_pylist()
    assert (str(row["time"]), row["account"], row["kind"]) == ("2026-05-11 08:00:00+00:00", "agron", "read")


def test_what_is_wrong_is_said(own: Path, tmp_path: Path) -> None:
    missing = kulla("register", "accesses", "payroll", tmp_path / "none.csv", "--owner", own, "--jobs", 0)
    assert missing.code == 3
    assert "none.csv: No such file or directory" in missing.err
    nobody = kulla("register", "accesses", "other", SAMPLES, "--owner", own, "--jobs", 0)
    assert nobody.code == 3
    assert "no register here" in nobody.err
    wrong = kulla("register", "accesses", "payroll", SAMPLES, "--owner", own, "--mapping", "nothing")
    assert wrong.code == 2
    assert "mariadb-audit" in wrong.err
