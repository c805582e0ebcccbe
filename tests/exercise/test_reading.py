from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import orjson
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from exercise.logs import ACCOUNTS, DAYS, SETTINGS, LogFolder, logs

from kulla.errors import InputError, UsageError
from kulla.events.formats.postgres_csvlog import COLUMNS
from kulla.exercise.misdeeds import NAMES, Misdeed
from kulla.exercise.profile import shipped
from kulla.exercise.reading import orders_of, write_reads
from kulla.registers import bitmap
from kulla.registers.schema import EXPLANATIONS, READ, STAFF, TEMPLATES


@pytest.fixture(scope="module")
def made() -> LogFolder:
    return logs()


def test_an_owners_folder_is_filled(made: LogFolder) -> None:
    here = made.folder.owner.register("payroll")
    assert pq.read_schema(here.context / "staff.parquet").equals(STAFF)
    assert pq.read_schema(here.context / "explanations.parquet").equals(EXPLANATIONS)
    templates = pq.read_table(here.outbox / "templates.parquet")
    assert templates.schema.equals(TEMPLATES)
    reads = pq.read_table(here.outbox / "reads")
    assert reads.schema.equals(READ)
    assert reads.num_rows == made.written.reads
    known = set(templates["template_id"].to_pylist())
    assert set(reads["template_id"].to_pylist()) <= known


def test_truth_lies_apart_and_names_what_was_done(made: LogFolder) -> None:
    told = [orjson.loads(line) for line in (made.folder.truth / "misdeeds.jsonl").read_bytes().splitlines()]
    assert [each["name"] for each in told] == list(NAMES)
    for each in told:
        assert each["persons"] == len(each["record_numbers"])
        assert len(each["days"]) == 2
        assert each["from"].endswith("Z")
    accounts = pq.read_table(made.folder.truth / "accounts.parquet").to_pylist()
    doers = {account for each in told for account in each["accounts"]}
    assert {row["account"] for row in accounts if row["misdeeds"]} == doers
    assert sum(row["kind"] == "person" for row in accounts) == ACCOUNTS


def messages(made: LogFolder) -> list[dict[str, str]]:
    found = []
    for path in made.files:
        with path.open(newline="") as file:
            found += [dict(zip(COLUMNS, row, strict=True)) for row in csv.reader(file)]
    return found


def test_sessions_number_their_lines_without_a_gap_but_where_lines_were_deleted(made: LogFolder) -> None:
    sessions: dict[str, list[int]] = {}
    users: dict[str, str] = {}
    for row in messages(made):
        if row["backend_type"] != "postmaster":
            sessions.setdefault(row["session"], []).append(int(row["line_num"]))
            users[row["session"]] = row["user"] or users.get(row["session"], "")
    broken = {users[name] for name, numbers in sessions.items() if numbers != list(range(1, len(numbers) + 1))}
    told = [orjson.loads(line) for line in (made.folder.truth / "misdeeds.jsonl").read_bytes().splitlines()]
    assert broken == {each["accounts"][0] for each in told if each["name"] == "log_lines_deleted"}


def test_each_act_of_the_truth_is_found_in_its_line(made: LogFolder) -> None:
    told = pq.read_table(made.folder.truth / "reads-payroll.parquet")
    lines = {path.name: path.read_text("utf-8").split("\n") for path in made.files}
    seen = told.filter(pc.is_valid(told["file"])).to_pylist()
    assert len(seen) == made.written.reads
    for each in seen[::7]:
        line = lines[each["file"]][each["line_from"] - 1]
        assert f',"{each["account"]}",' in line
        if "READ,SELECT" in line and line.endswith(",0"):
            assert f',{each["rows"]}",' in line
    hidden = told.filter(pc.is_null(told["file"]))
    assert Counter(hidden["misdeed"].to_pylist()) == dict.fromkeys(
        ("restore_to_test", "read_from_replica", "file_level_copy", "audit_off_and_on", "log_lines_deleted"), 2
    )


def test_what_a_look_up_gave_is_that_person(made: LogFolder) -> None:
    keys = pq.read_table(made.folder.owner.register("payroll").map / "records.parquet").to_pylist()
    number = {row["key"]: row["record_no"] for row in keys}
    told = pq.read_table(made.folder.truth / "reads-payroll.parquet")
    told = told.filter(pc.is_valid(told["file"])).slice(0, 4000).to_pylist()
    lines = {path.name: path.read_text("utf-8").split("\n") for path in made.files}
    checked = 0
    for each in told:
        line = lines[each["file"]][each["line_from"] - 1]
        if "where nid = '" in line and "READ,SELECT" in line:
            nid = line.split("where nid = '")[1][:10]
            wanted = [number[nid]] if each["rows"] else []
            assert bitmap.unpack(each["records"]).tolist() == wanted
            checked += 1
    assert checked > 100


def test_the_same_settings_write_the_same_files(tmp_path: Path) -> None:
    written = []
    for name in ("one", "two"):
        write_reads(tmp_path / name, SETTINGS, shipped("steady"), accounts=20, days=4, registers=("payroll",))
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        written.append({str(path.relative_to(tmp_path / name)): path.read_bytes() for path in files})
    assert written[0] == written[1]
    assert len(written[0]) > 8


def test_a_number_of_reads_can_be_asked_for(tmp_path: Path) -> None:
    [written] = write_reads(
        tmp_path, SETTINGS, shipped("steady"), accounts=60, days=DAYS, registers=("payroll",), reads=20_000
    )
    assert 13_000 < written.reads < 28_000


def test_what_cannot_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="reads"):
        write_reads(tmp_path, SETTINGS, shipped("steady"), registers=("vehicle",), days=1)
    with pytest.raises(UsageError, match="staff list"):
        write_reads(tmp_path, SETTINGS, shipped("steady"), misdeeds=[Misdeed("pg_dump", "nobody")], days=2, accounts=3)
    with pytest.raises(InputError, match="no versions"):
        write_reads(tmp_path, SETTINGS, shipped("steady"), how="logs", days=2, accounts=3, registers=("payroll",))


def test_orders_by_name() -> None:
    [slow, dump] = orders_of(["low_and_slow:account=u00003,rate=20,days=40,start=7", "pg_dump"], 80)
    assert slow == Misdeed("low_and_slow", "u00003", 7, 40, 20)
    assert (dump.name, dump.days) == ("pg_dump", 1)
    assert 40 <= dump.start < 80
    for wrong in ("theft", "pg_dump:when=now", "pg_dump:days=many"):
        with pytest.raises(UsageError, match="--misdeed"):
            orders_of([wrong], 10)
