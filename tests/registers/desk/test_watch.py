"""The watch on an owner's folder: days once, late reads told, watched persons by token, findings without a name."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from insiderreads import CLERKS, MANIFEST, at, clerks, ordinary, read, table

from kulla.errors import InputError, UsageError
from kulla.registers.desk.reveal import reveal, reveals
from kulla.registers.desk.watch import watch
from kulla.registers.folder import OwnerFolder, RegisterFolder
from kulla.registers.imprint import plan, record_tokens
from kulla.registers.insider.administrators import Hit
from kulla.registers.keyfile import KeyFile, new_key
from kulla.registers.keys import owner_keys
from kulla.registers.schema import RECORD_MAP, WATCHED
from kulla.registers.tokens import fixed

NOW = datetime(2026, 3, 9, tzinfo=UTC)
EXPORT = read(CLERKS[3], at(45, 10), range(10_000, 11_500), template_id=b"x" * 16)
NIDS = [f"J{n:08}W" for n in range(1, 6)]


@pytest.fixture(scope="module")
def key() -> KeyFile:
    return new_key("owner", NOW).rotated(NOW)


@pytest.fixture
def folder(tmp_path: Path, key: KeyFile) -> RegisterFolder:
    """Two files of reads that share a day, a staff list, a record map, and two watched tokens."""
    found = OwnerFolder(tmp_path / "owner").register("payroll")
    for path in (found.context, found.outbox / "reads", found.map):
        path.mkdir(parents=True)
    found.write(MANIFEST)
    pq.write_table(clerks(), found.context / "staff.parquet")
    put(found, 1, [row for day in range(30) for row in ordinary(day)])
    put(found, 2, [*(row for day in range(30, 46) for row in ordinary(day)), EXPORT, read(CLERKS[9], at(29, 15), [1])])
    pq.write_table(
        pa.table({"key": NIDS, "record_no": range(1, 6), "erased": [False] * 5}, schema=RECORD_MAP),
        found.map / "records.parquet",
    )
    parts = {"nid": pa.array([NIDS[1]])}
    token = fixed(*record_tokens(owner_keys(key.secret(1)), plan(MANIFEST, key.id, 1), parts))
    rows = {"token": pa.concat_arrays([token, pa.array([b"?" * 16], pa.binary(16))]), "reason": ["x", "y"]}
    pq.write_table(pa.table(rows, schema=WATCHED), found.context / "watched.parquet")
    return found


def put(folder: RegisterFolder, number: int, rows: list[dict[str, object]]) -> None:
    pq.write_table(table(rows), folder.outbox / "reads" / f"reads-{number}.parquet")


def test_an_export_is_found_once_and_days_are_watched_once(folder: RegisterFolder, key: KeyFile) -> None:
    found = watch(folder, key)
    (only,) = [each for each in found.alerts if EXPORT["read_id"].hex() in {e.id for e in each.evidence}]
    assert only.time_last is not None
    assert (found.first, found.last) == (at(0).date(), at(45).date())
    assert found.late == 0
    lines = (folder.outbox / "findings.jsonl").read_bytes().splitlines()
    assert [orjson.loads(line)["id"] for line in lines] == [each.id for each in found.alerts]
    assert not any(name.encode() in line for line in lines for name in CLERKS)
    again = watch(folder, key)
    assert (again.alerts, again.days) == ((), 0)
    assert again.late == found.reads
    anew = watch(folder, key, anew=True)
    assert (anew.alerts, anew.reads) == ((), found.reads)  # the same findings, already there


def test_in_two_runs_the_same_is_found(folder: RegisterFolder, key: KeyFile) -> None:
    first = watch(folder, key, until=at(20).date())
    second = watch(folder, key, since=at(21).date())
    whole = watch(folder, key, anew=True)
    assert first.days + second.days == whole.days
    assert whole.alerts == ()
    assert EXPORT["read_id"].hex() in {e.id for each in second.alerts for e in each.evidence}


def test_watched_persons_are_known_by_their_tokens_alone(folder: RegisterFolder, key: KeyFile) -> None:
    put(folder, 3, [read(CLERKS[5], at(45, 11), [2]), read(CLERKS[6], at(45, 11), [3])])
    found = watch(folder, key)
    assert any("1 of 2 watched persons" in note for note in found.notes)
    from kulla.registers.desk.watch import _watched

    tokens = pq.read_table(folder.context / "watched.parquet")
    assert _watched(folder, MANIFEST, key, tokens) == [2]


def test_administrators_acts_are_findings_unless_explained(folder: RegisterFolder, key: KeyFile) -> None:
    hit = Hit("d5f7c14a-17a6-5baf-a33e-8a34819698e4", "Dump", "high", at(45, 3), "db1", "user:dba", "e1")
    (dump,) = [each for each in watch(folder, key, [hit]).alerts if each.rule_id == hit.rule_id]
    assert "dba" not in repr(dump)
    account, _ = reveal(folder, key, dump.entities[0].name, "case 2026/31", "Drita", "Agron", NOW)
    assert account == "dba"


def test_revealing_writes_its_log_first(folder: RegisterFolder, key: KeyFile) -> None:
    found = watch(folder, key).alerts[0].entities[0].name
    account, entry = reveal(folder, key, found, "case 2026/31", "Drita", "Agron", NOW)
    assert account in CLERKS
    assert reveals(folder) == (entry,)
    assert account.encode() not in (folder.state / "reveals.jsonl").read_bytes()
    with pytest.raises(UsageError):
        reveal(folder, key, found, "case 2026/31", "Drita", "Drita", NOW)
    with pytest.raises(InputError):
        reveal(folder, key, "A-0000-0000-0000", "case 2026/31", "Drita", "Agron", NOW)
    assert reveals(folder) == (entry,)
    path = folder.state / "reveals.jsonl"
    path.write_bytes(path.read_bytes().replace(b"2026/31", b"2026/32"))
    with pytest.raises(InputError, match="line 1"):
        reveal(folder, key, found, "case 2026/31", "Drita", "Agron", NOW)


def test_what_is_missing_or_wrong_is_told(folder: RegisterFolder, key: KeyFile) -> None:
    pq.write_table(pa.table({"account": ["a"]}), folder.context / "explanations.parquet")
    with pytest.raises(InputError, match=r"explanations\.parquet: has no column"):
        watch(folder, key)
    (folder.context / "explanations.parquet").unlink()
    (folder.context / "staff.parquet").unlink()
    assert any("peers are all accounts" in note for note in watch(folder, key, until=at(1).date()).notes)
    assert pc.min(pq.read_table(folder.outbox / "reads" / "reads-1.parquet")["snapshot_to"]).as_py() == at(0, 8)
