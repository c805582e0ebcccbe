from __future__ import annotations

import io
from pathlib import Path

import pytest
from exercise.logs import logs
from textlogs import CONTEXT, read

from kulla.events.formats.auditd import Auditd
from kulla.events.formats.ndjson import Ndjson
from kulla.events.formats.syslog import Syslog
from kulla.exercise.admintrails import SCRIPTS
from kulla.exercise.misdeeds import MISDEEDS


@pytest.fixture(scope="module")
def folder() -> Path:
    return logs().folder.logs


def test_every_misdeed_by_administrators_leaves_a_trail() -> None:
    assert set(SCRIPTS) == {family.name for family in MISDEEDS if family.by == "administrators"}


def test_host_logs_are_read_without_a_reject_and_in_order(folder: Path) -> None:
    commands: list[str] = []
    for path in sorted(folder.glob("host/audit-*.log")):
        rows = read(Auditd(), path.read_bytes())
        times = [row.time or "" for row in rows]
        assert times == sorted(times)
        assert all(times)
        assert sum(line.startswith("node=") for line in path.read_text().splitlines()) == 4 * len(rows)
        commands += [row.fields["CommandLine"][0] for row in rows]
    whole = "\n".join(commands)
    for trace in ("pgbackrest --stanza=main --delta restore", "pg_basebackup -h db1", "pg_recvlogical",
                  "tar czf /tmp/.cache.tgz /var/lib/postgresql/15/main/base", "sed -i", "\\copy public.payroll",
                  "systemctl status postgresql"):  # fmt: skip
        assert trace in whole, trace


@pytest.mark.parametrize("pattern", ["host/syslog-*.log", "backup/*.log", "vpn/*.log"])
def test_syslog_is_read_too(folder: Path, pattern: str) -> None:
    files = sorted(folder.glob(pattern))
    assert files
    for path in files:
        rows = read(Syslog(), path.read_bytes())
        assert len(rows) == len(path.read_text().splitlines())
        assert all(row.time and row.host and row.fields["program"] for row in rows)


def test_windows_events_are_read_too(folder: Path) -> None:
    lines = b""
    for path in sorted(folder.glob("windows/*.ndjson")):
        lines += path.read_bytes()
        for run in Ndjson().read(io.BytesIO(path.read_bytes()), None, CONTEXT):
            assert not run.rejects
            assert run.time.null_count == 0
    assert b"pg_dump.exe" in lines
    assert b"robocopy" in lines


def test_the_honest_days_look_alike(folder: Path) -> None:
    whole = "".join(path.read_text() for path in folder.glob("host/syslog-*.log"))
    assert whole.count("session opened for user dba") > 40
    assert whole.count("svc_backup : TTY=pts/0") >= 1, "restores for tests happen without a misdeed"
