"""Logs, rules and registers for tests of the centre's worker."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kulla.registers.manifest import Column, Manifest, manifest_text

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

FAILED = """\
title: Failed logon
id: 11111111-1111-4111-8111-111111111111
status: test
level: low
logsource: {product: windows, service: security}
detection: {selection: {EventID: 4625}, condition: selection}
"""
SHADOW = """\
title: Shadow copies deleted
id: 22222222-2222-4222-8222-222222222222
status: test
level: high
tags: [attack.impact, attack.t1490]
logsource: {product: windows, category: process_creation}
detection: {selection: {CommandLine|contains: 'delete shadows'}, condition: selection}
"""
BRUTE = """\
title: Many failed logons
id: 33333333-3333-4333-8333-333333333333
status: test
level: medium
correlation:
    type: event_count
    rules: [11111111-1111-4111-8111-111111111111]
    group-by: [TargetUserName]
    timespan: 10m
    condition: {gte: 5}
    generate: true
"""


def rules(folder: Path) -> Path:
    """A folder with three rules: failed logons, deleted shadow copies, and a correlation of the first."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (("failed", FAILED), ("shadow", SHADOW), ("brute", BRUTE)):
        (folder / f"{name}.yml").write_text(text, "utf-8")
    return folder


def logon(minute: float, user: str = "arta", host: str = "DC01") -> dict[str, object]:
    """A failed logon."""
    return {"EventID": 4625, "Channel": "Security", "Computer": host, "TargetUserName": user,
            "TimeCreated": (START + timedelta(minutes=minute)).isoformat()}  # fmt: skip


def process(minute: float, line: str = "vssadmin delete shadows /all", host: str = "FS01") -> dict[str, object]:
    """A process that was started."""
    return {"EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational", "Computer": host, "User": "AD\\blerim",
            "Image": "C:\\Windows\\System32\\vssadmin.exe", "CommandLine": line,
            "UtcTime": f"{START + timedelta(minutes=minute):%Y-%m-%d %H:%M:%S.000}"}  # fmt: skip


def ndjson(events: Iterable[Mapping[str, object]]) -> bytes:
    """One event a line."""
    return b"".join(json.dumps(each).encode() + b"\n" for each in events)


def zipped(members: Mapping[str, bytes]) -> bytes:
    """A zip of these."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 3, 2, 9, 0, 0)), data)
    return held.getvalue()


def manifest(**values: object) -> str:
    """A register `payroll` of `tax`, as its owner delivers its manifest."""
    made = Manifest(
        name="payroll", owner="Tax Administration", constituent="tax", zone="civil", legal_basis="law 1/2020",
        source="postgresql", connection="", table="fisc.wages", record=("nid",),
        columns=(Column("nid", "national_id"),),
    )  # fmt: skip
    return manifest_text(made)


AUDIT = (
    b'2026-03-02 09:00:00.000 UTC,"clerk","fisc",100,"10.0.0.7:5000",65e2f000.64,1,"SELECT",2026-03-02 08:59:00 UTC,'
    b'3/7,0,LOG,00000,"AUDIT: SESSION,1,1,READ,SELECT,TABLE,fisc.wages,'
    b'""select * from fisc.wages where nid = \'J50312045K\'"",<none>,1",,,,,,,,,'
    b'"psql","client backend",,0\n'
)
"""A line of PostgreSQL's csvlog by pgaudit that quotes a person's number."""


def environ(rules_at: Path, **more: str) -> dict[str, str]:
    """The environment for commands: these rules, no other database, no colours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KULLA_", "DJANGO_"))}
    kept.pop("DATABASE_URL", None)
    return {**kept, "KULLA_RULES": str(rules_at), "PYTHONUTF8": "1", **more}


def kulla(*arguments: object, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    command = [sys.executable, "-m", "kulla", *map(str, arguments)]
    return subprocess.run(command, env=dict(env), capture_output=True, text=True, check=False)


POPULATE = """\
import sys
from pathlib import Path
from kulla.centre.folder import opened
from kulla.centre.running import serving
centre = opened(Path(sys.argv[1]))
serving.set_up(centre)
from kulla.centre.people.models import Constituent
for name, zone in (("tax", "civil"), ("navy", "military")):
    Constituent.objects.create(name=name, title=name.title(), zone=zone)
    centre.inbox_of(name)
"""


def centre(folder: Path, env: Mapping[str, str]) -> Path:
    """A centre made by the command, with the constituents tax (civil) and navy (military)."""
    path = folder / "centre"
    done = kulla("init", path, "--name", "Qendra", "--keys", folder / "keys", "--no-tls", "--exercise", env=env)
    assert done.returncode == 0, done.stderr
    subprocess.run([sys.executable, "-c", POPULATE, str(path)], env=dict(env), check=True)
    return path
