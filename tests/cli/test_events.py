from __future__ import annotations

import gzip
import json
from pathlib import Path

from cli.command import kulla, made

from kulla.events.formats import FORMATS


def test_show_as_lines(tmp_path: Path) -> None:
    _, log = made(tmp_path)
    ran = kulla("events", "show", log, "--limit", 2)
    assert ran.code == 0
    first, second = ran.out.splitlines()
    assert first.split("\t")[:5] == ["1", "2026-05-01T10:00:01.000000Z", "pc1", "windows/process_creation/sysmon", "1"]
    assert "CommandLine=certutil -urlcache http://192.0.2.1/a" in second.split("\t")


def test_show_chosen_fields_as_a_table(tmp_path: Path) -> None:
    _, log = made(tmp_path)
    ran = kulla("events", "show", log, "-f", "CommandLine", "-f", "commandline")
    head, *rows = ran.out.splitlines()
    assert head.split()[:4] == ["position", "time", "host", "product/category/service"]
    assert len(rows) == 3
    assert rows[1].split()[0] == "2"
    assert rows[1].endswith("-")
    assert ran.err == "kulla: no event shown has a field commandline (case counts)\n"


def test_show_as_json(tmp_path: Path) -> None:
    _, log = made(tmp_path)
    first = json.loads(kulla("events", "show", log, "--json", "--raw").out.splitlines()[0])
    assert first["position"] == 1
    assert first["fields"]["User"] == "PC1\\alice"
    assert json.loads(first["raw"])["EventID"] == 1
    assert "raw" not in json.loads(kulla("events", "show", log, "--json", "-n", 1).out)


def test_show_tells_what_it_cannot_read_without_a_wall(tmp_path: Path) -> None:
    _, log = made(tmp_path)
    log.write_text(log.read_text() * 100 + '{"broken": x}\n' * 30)
    ran = kulla("events", "show", log, tmp_path / "nothing.evtx", "-f", "EventID")
    assert ran.code == 3
    complaints = ran.err.splitlines()
    assert len(complaints) == 21
    assert "sysmon.json: line 301: " in complaints[0]
    assert complaints[-1] == "kulla: and 11 more that could not be read"


def test_stats(tmp_path: Path) -> None:
    rules, log = made(tmp_path)
    packed = tmp_path / "sysmon.json.gz"
    packed.write_bytes(gzip.compress(log.read_bytes()))
    ran = kulla("events", "stats", packed)
    assert ran.out.startswith("3 events, 2026-05-01T10:00:01Z to 2026-05-01T10:00:03Z, 0 without time, 0 rejects\n")
    log.write_text(log.read_text().replace("CommandLine", "Cmd"))
    found = kulla("events", "stats", log, "--json", "--rules", rules).json()
    assert isinstance(found, dict)
    assert found["missing_fields"] == {"windows/process_creation/sysmon": ["CommandLine"]}


def test_cloudtrail_in_an_array_is_known(tmp_path: Path) -> None:
    record = {
        "eventTime": "2026-01-01T00:00:00Z", "eventSource": "iam.amazonaws.com", "eventName": "CreateUser",
        "awsRegion": "eu-south-1", "eventID": "0a1b", "eventVersion": "1.08",
    }  # fmt: skip
    log = tmp_path / "trail.json"
    log.write_text(json.dumps({"Records": [record, record]}))
    found = kulla("events", "stats", log, "--json").json()
    assert isinstance(found, dict)
    assert found["logsources"] == {"aws/*/cloudtrail": 2}
    assert found["codes"][0]["code"] == "CreateUser"


def test_formats_are_told_apart(tmp_path: Path) -> None:
    found = kulla("events", "formats", "--json").json()
    assert isinstance(found, list)
    assert [row["format"] for row in found] == [each.name for each in FORMATS]
    assert all(len(row["about"]) > 20 for row in found)
