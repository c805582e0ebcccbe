"""`kulla register watch` and `reveal` as a user runs them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import orjson
import pyarrow.parquet as pq
import pytest
from cli.command import kulla as kulla_apart
from cli.inprocess import kulla
from insiderreads import CLERKS, MANIFEST, at, clerks, ordinary, read, table

from kulla.registers.folder import OwnerFolder
from kulla.registers.keyfile import new_key, write_key

RULES = Path(__file__).parents[3] / "rules"


@pytest.fixture
def owner(tmp_path: Path) -> Path:
    """An owner's folder with a few days of reads, one of them by a cursor; the key lies beside it."""
    folder = OwnerFolder(tmp_path / "owner").register("payroll")
    for path in (folder.context, folder.outbox / "reads"):
        path.mkdir(parents=True)
    folder.write(MANIFEST)
    pq.write_table(clerks(), folder.context / "staff.parquet")
    cursor = read(CLERKS[2], at(3, 12), range(1, 4000), kind="cursor", extent="upper_bound")
    rows = [row for day in range(4) for row in ordinary(day)]
    pq.write_table(table([*rows, cursor]), folder.outbox / "reads" / "reads-1.parquet")
    write_key(tmp_path / "owner.key", new_key("owner", datetime(2026, 1, 1, tzinfo=UTC)))
    return tmp_path / "owner"


def test_a_cursor_is_found_before_anything_is_learnt_and_revealed_by_two(owner: Path) -> None:
    key = owner.parent / "owner.key"
    done = kulla("register", "watch", "payroll", "--owner", owner, "--key", key, "--json")
    found = orjson.loads(done.out)
    assert (done.code, found["days"], len(found["findings"])) == (0, 4, 1)
    (finding,) = found["findings"]
    assert "hides how many records" in finding["explanation"]
    assert not any(name in done.out for name in CLERKS)
    pseudonym = finding["entities"][0]["name"]
    ask = ("register", "reveal", "payroll", pseudonym, "--owner", owner, "--key", key, "--reason", "case 2026/31")
    assert kulla(*ask, "--by", "Drita", "--with", "drita").code == 2
    told = kulla(*ask, "--by", "Drita", "--with", "Agron")
    assert (told.code, told.out) == (0, f"{CLERKS[2]}\n")
    assert "entry 1 of the log" in told.err


def test_text_names_reasons_and_what_is_missing(owner: Path) -> None:
    done = kulla("register", "watch", "payroll", "--owner", owner, "--key", owner.parent / "owner.key")
    assert "Cleared by: a declared export, audit or job" in done.out
    assert "1 new findings; " in done.out
    assert "no case file or appointment can clear a read" in done.err
    assert kulla("register", "watch", "payroll", "--owner", owner, "--key", "x", "--since", "May").code in (2, 3)


def test_logs_are_hunted_for_administrators_acts(owner: Path, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    event = {
        "EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational", "Computer": "ADM1",
        "@timestamp": "2026-01-06T09:00:00.000Z", "UtcTime": "2026-01-06 09:00:00.000", "User": "AGENCY\\dba",
        "Image": "C:\\pg\\bin\\pg_dump.exe", "CommandLine": "C:\\pg\\bin\\pg_dump.exe -t payroll registers",
        "ParentImage": "C:\\Windows\\System32\\cmd.exe",
    }  # fmt: skip
    (logs / "adm1.ndjson").write_bytes(orjson.dumps(event) + b"\n")
    done = kulla_apart(
        "register", "watch", "payroll", "--owner", owner, "--key", owner.parent / "owner.key", "--json",
        "--logs", logs, "--rules", RULES / "host" / "windows_dump_tool_by_person.yml",
    )  # fmt: skip
    assert done.code == 0, done.err
    titles = [each["title"] for each in orjson.loads(done.out)["findings"]]
    assert "Administrator's act: dump" in titles
    assert "dba" not in done.out.replace("postgres", "")
