"""A hunt from end to end on small logs of our own: positions, ids, order, rejects, correlations, cache."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import pickle
import signal
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zipfile import ZipFile

import pytest

from kulla.errors import ConfigError, UsageError
from kulla.events.rejects import RejectWriter
from kulla.events.schema import event_id
from kulla.hunt import pieces
from kulla.hunt.findings import Findings
from kulla.hunt.options import Options, Selection
from kulla.hunt.run import Hunt

RULES = r"""
title: Certutil
id: 00000000-0000-4000-8000-000000000001
name: certutil
status: test
level: high
tags: [attack.t1105]
logsource: {product: windows, category: process_creation}
detection:
  selection: {Image|endswith: '\certutil.exe'}
  condition: selection
---
title: Any Login Failure
id: 00000000-0000-4000-8000-000000000002
name: failure
status: test
level: low
logsource: {product: linux, service: sshd}
detection:
  selection: ['Failed password']
  condition: selection
---
title: Guessing
id: 00000000-0000-4000-8000-000000000003
status: test
level: medium
correlation:
  type: event_count
  rules: [failure]
  group-by: [host]
  timespan: 5m
  condition: {gte: 3}
"""


def sysmon(number: int, image: str = "cmd.exe") -> str:
    event = {
        "EventID": 1,
        "Channel": "Microsoft-Windows-Sysmon/Operational",
        "Computer": "PC1",
        "UtcTime": f"2026-05-01 10:{number // 60 % 60:02}:{number % 60:02}.000",
        "Image": f"C:\\Windows\\{image}",
        "User": "CORP\\ana",
        "CommandLine": f"{image} {number}",
    }
    return json.dumps(event)


def ssh(second: int, host: str = "web1") -> str:
    return f"May  1 10:00:{second:02} {host} sshd[99]: Failed password for root from 192.0.2.9 port 5 ssh2"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    logs = tmp_path / "logs"
    logs.mkdir()
    lines = [sysmon(n, "certutil.exe" if n % 100 == 7 else "cmd.exe") for n in range(1, 501)]
    lines[249] = lines[249][:40]
    (logs / "a.json").write_text("\n".join(lines) + "\n")
    (logs / "b.log.gz").write_bytes(gzip.compress("\n".join(ssh(n) for n in (1, 2, 3, 40)).encode() + b"\n"))
    with ZipFile(logs / "c.zip", "w") as archive:
        archive.writestr("inner/d.json", sysmon(1, "certutil.exe") + "\n")
        archive.writestr("readme.txt", "nothing to see\n")
    (tmp_path / "rules.yml").write_text(RULES)
    return tmp_path


def hunt(folder: Path, jobs: int = 0, **changes: object) -> tuple[list[dict[str, object]], Findings]:
    given: dict[str, object] = {"paths": [str(folder / "logs")], "rules": [str(folder / "rules.yml")], "cache": ""}
    options = Options(**{**given, **changes, "jobs": jobs})  # type: ignore[arg-type]
    with Hunt(options) as run:
        found = run.run()
        return [row for table in found.hits for row in table.to_pylist()], found


def places(rows: Sequence[dict[str, object]], title: str) -> list[tuple[str, object]]:
    return [(Path(str(row["file"])).name, row["record"]) for row in rows if row["rule_title"] == title]


def test_hits_stand_at_their_file_and_record(folder: Path) -> None:
    rows, found = hunt(folder)
    assert sorted(places(rows, "Certutil")) == [
        *(("a.json", 100 * n + 7) for n in range(5)),
        ("d.json", 1),
    ]
    assert found.facts.events == 499 + 4 + 1
    assert [(Path(each.file).name, each.position) for each in found.facts.rejects] == [("a.json", 250)]
    assert [(Path(each.file).name, each.reason) for each in found.facts.skipped] == [
        ("c.zip!readme.txt", "no known log format")
    ]


def test_events_bear_the_ids_of_the_contract(folder: Path) -> None:
    rows, _ = hunt(folder)
    zipped = next(row for row in rows if str(row["file"]).endswith("d.json"))
    sha256 = hashlib.sha256((folder / "logs" / "c.zip").read_bytes()).hexdigest()
    assert zipped["event_id"] == event_id(sha256, "inner/d.json", 1).hex()


def test_a_correlation_reports_and_its_base_rule_does_not(folder: Path) -> None:
    rows, _ = hunt(folder)
    assert places(rows, "Any Login Failure") == []
    (guessing,) = [row for row in rows if row["kind"] == "correlation"]
    assert (guessing["rule_title"], guessing["host"], guessing["record"]) == ("Guessing", "web1", 4)
    assert json.loads(str(guessing["why"]))["count"] == 4


def test_output_does_not_depend_on_jobs(folder: Path) -> None:
    alone, _ = hunt(folder, 0)
    assert alone
    for jobs in (1, 2):
        assert hunt(folder, jobs)[0] == alone


def test_pieces_of_one_file_keep_their_line_numbers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, found = hunt(folder)
    monkeypatch.setattr(pieces, "AIM", 5_000)
    cut, again = hunt(folder, 2)
    assert cut == whole
    assert again.facts.rejects == found.facts.rejects
    assert again.facts.events == found.facts.events


def test_selection_by_level_keeps_what_a_correlation_needs(folder: Path) -> None:
    rows, _ = hunt(folder, selection=Selection("medium"))
    assert {row["rule_title"] for row in rows} == {"Certutil", "Guessing"}
    rows, _ = hunt(folder, selection=Selection("high"))
    assert {row["rule_title"] for row in rows} == {"Certutil"}
    rows, _ = hunt(folder, selection=Selection(tags=("attack.t1105",)))
    assert {row["rule_title"] for row in rows} == {"Certutil"}


def test_since_and_until(folder: Path) -> None:
    since = datetime(2026, 5, 1, 10, 1, 47, tzinfo=UTC)
    rows, _ = hunt(folder, since=since, until=since + timedelta(seconds=100))
    assert places(rows, "Certutil") == [("a.json", 107)]


def test_rejects_are_kept_with_their_content(folder: Path) -> None:
    path = folder / "rejects.jsonl"
    options = Options([str(folder / "logs")], [str(folder / "rules.yml")], jobs=1, cache="")
    with RejectWriter(path) as writer, Hunt(options, writer) as run:
        run.run()
    (line,) = [json.loads(text) for text in path.read_text().splitlines()]
    assert (line["position"], line["unit"]) == (250, "line")
    assert line["raw"]


def test_the_cache_gives_the_same_hunt_and_is_made_anew_when_a_rule_changes(folder: Path) -> None:
    cache = str(folder / "cache")
    first, _ = hunt(folder, cache=cache)
    assert len(list((folder / "cache" / "kulla").glob("*.plan"))) == 1
    assert hunt(folder, cache=cache)[0] == first
    (folder / "rules.yml").write_text(RULES.replace("certutil.exe", "cmd.exe"))
    changed, _ = hunt(folder, cache=cache)
    assert len(places(changed, "Certutil")) > len(places(first, "Certutil"))


def test_a_cache_that_others_may_write_is_not_read(folder: Path) -> None:
    cache = folder / "cache" / "kulla"
    cache.mkdir(parents=True, mode=0o700)
    first, _ = hunt(folder, cache=str(folder / "cache"))
    for entry in cache.iterdir():
        entry.write_bytes(pickle.dumps("of another user"))
        entry.chmod(0o666)
    assert hunt(folder, cache=str(folder / "cache"))[0] == first


def test_what_is_wrong_with_the_call_is_told_before_work_starts(folder: Path) -> None:
    with pytest.raises(UsageError, match="no such file or folder"):
        hunt(folder, 1, rules=[str(folder / "nowhere")])
    (folder / "table.toml").write_text("[[logsource]]\nproduct = 3\n")
    with pytest.raises(ConfigError, match=r"table\.toml"):
        hunt(folder, 1, mappings=[str(folder / "table.toml")])


def test_an_interrupt_leaves_what_was_found(folder: Path) -> None:
    big = folder / "logs" / "z.json"
    big.write_text("\n".join(sysmon(n, "certutil.exe") for n in range(60_000)))
    seen: list[int] = []

    def stop(progress: object) -> None:
        if not seen:
            seen.append(1)
            os.kill(os.getpid(), signal.SIGINT)

    options = Options([str(folder / "logs" / "a.json"), str(big)], [str(folder / "rules.yml")], jobs=1, cache="")
    started = time.monotonic()
    with Hunt(options, progress=stop) as run:
        found = run.run()
    assert found.facts.interrupted
    assert 5 <= found.count < 60_005
    assert time.monotonic() - started < 60


def test_values_fill_placeholders(folder: Path) -> None:
    text = RULES.replace(r"Image|endswith: '\certutil.exe'", "Image|endswith|expand: '%tools%'")
    (folder / "rules.yml").write_text(text)
    rows, found = hunt(folder)
    assert places(rows, "Certutil") == []
    assert [rule.title for rule in found.facts.needs_value] == ["Certutil"]
    (folder / "values.yml").write_text("tools: ['\\certutil.exe', '\\bitsadmin.exe']\n")
    rows, _ = hunt(folder, values=str(folder / "values.yml"))
    assert len(places(rows, "Certutil")) == 6
