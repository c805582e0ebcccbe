"""What the tests of commands share: running one as a user does, and small files to run it on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

RULE = r"""title: Certutil fetches a file
id: 11111111-2222-4333-8444-555555555555
status: stable
description: Certutil used to download.
author: test
date: 2026-01-01
tags: [attack.command-and-control, attack.t1105]
logsource: {product: windows, category: process_creation}
detection:
  image: {Image|endswith: '\certutil.exe'}
  line: {CommandLine|contains: [urlcache, verifyctl]}
  condition: image and line
falsepositives: [none known]
level: high
"""
OTHER = RULE.replace("Certutil fetches a file", "Certutil decodes a file").replace("11111111", "22222222")
BAD = "title: Broken\nlogsource: {product: windows}\ndetection: {a: {b: c}, condition: nothing}\n"


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    def json(self) -> object:
        return json.loads(self.out)


def kulla(*arguments: object, given: bytes = b"", env: Mapping[str, str] | None = None) -> Ran:
    """Run `kulla` with these arguments in a process of its own."""
    around = {name: value for name, value in os.environ.items() if not name.startswith("KULLA_")}
    done = subprocess.run(
        [sys.executable, "-m", "kulla", *map(str, arguments)],
        input=given, capture_output=True, check=False, timeout=120, env={**around, "COLUMNS": "80", **(env or {})},
    )  # fmt: skip
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def event(number: int, line: str = "certutil -urlcache http://192.0.2.1/a") -> dict[str, object]:
    """A process creation of Sysmon as NXLog ships it."""
    return {
        "EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational", "Hostname": "pc1",
        "EventTime": f"2026-05-01 10:00:{number:02}", "@timestamp": f"2026-05-01T10:00:{number:02}Z",
        "Image": r"C:\Windows\System32\certutil.exe", "CommandLine": line, "User": "PC1\\alice",
    }  # fmt: skip


def made(folder: Path) -> tuple[Path, Path]:
    """A folder of rules, and a log of three events of which the second meets one."""
    rules = folder / "rules"
    rules.mkdir()
    (rules / "fetch.yml").write_text(RULE)
    log = folder / "sysmon.json"
    lines = [event(1, "certutil -hashfile a"), event(2), event(3, "certutil -dump")]
    log.write_text("".join(json.dumps(each) + "\n" for each in lines))
    return rules, log
