from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import evtxmade
import orjson
import pytest

from kulla.events import sources
from kulla.events.formats import FORMATS
from kulla.events.formats._api import Bundle, Context, Cut, Parsed
from kulla.events.formats.evtx import Evtx
from kulla.events.rejects import RejectWriter
from kulla.hunt import pieces, run
from kulla.hunt.options import Options
from kulla.hunt.outputs import Outputs
from kulla.hunt.pieces import Task, bundled, tasks
from kulla.hunt.run import Hunt
from kulla.settings import Settings

RULES = """
title: Logon
id: 00000000-0000-4000-8000-000000000001
status: test
level: high
logsource: {product: windows, service: security}
detection: {s: {EventID: 4624, User: [a, c]}, condition: s}
---
title: Several
id: 00000000-0000-4000-8000-000000000002
status: test
level: high
correlation: {type: event_count, generate: true, rules: [00000000-0000-4000-8000-000000000001], group-by: [User],
  timespan: 1h, condition: {gte: 2}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Small EVTX files, some of them broken, a text log among them, and a file too large to share."""
    logs = tmp_path / "logs"
    logs.mkdir()
    (tmp_path / "rules.yml").write_text(RULES)
    for number in range(7):
        events: list[Mapping[str, str]] = [{"User": user} for user in "abc"[: number % 3 + 1]]
        made = evtxmade.file([evtxmade.chunk(10 * number + 1, events)])
        if number == 2:
            made = made[:-40_000]
        if number == 4:
            made = made[:4096] + b"\xff" * 100 + made[4196:]
        (logs / f"{number}.evtx").write_bytes(made)
    (logs / "3a.log").write_text("May  1 10:00:00 web1 sshd[99]: Failed password for root from 192.0.2.9\n" * 3)
    many = [evtxmade.chunk(1 + 3 * number, [{"User": "a"}] * 3) for number in range(20)]
    (logs / "5a.evtx").write_bytes(evtxmade.file(many))
    return tmp_path


def options(folder: Path, jobs: int = 1) -> Options:
    return Options([str(folder / "logs")], [str(folder / "rules.yml")], jobs=jobs, cache="", settings=Settings())


def found(folder: Path, name: str) -> tuple[list[dict[str, object]], list[object], int]:
    """All hits, all rejects, and the number of files read."""
    out, aside = folder / f"{name}.jsonl", folder / f"{name}.rejects"
    with Outputs([out]) as outputs, RejectWriter(aside) as rejects, Hunt(options(folder), rejects) as hunt:
        findings = hunt.run()
        outputs.write(findings)
    kept = [orjson.loads(line) for line in aside.read_bytes().splitlines()]
    return [orjson.loads(line) for line in out.read_bytes().splitlines()], kept, findings.facts.files


def test_files_read_together_give_what_each_alone_gives(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    together = found(folder, "together")
    assert len(together[0]) > 60
    assert len(together[1]) >= 2
    monkeypatch.setattr(run, "BUNDLING", frozenset())
    assert found(folder, "alone") == together


def test_a_worker_that_dies_over_one_file_costs_that_file_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = found(folder, "whole")[0]
    take = Evtx.read

    def broken(*_: object) -> Bundle:
        raise MemoryError

    def read(self: Evtx, stream: BinaryIO, part: Cut | None, context: Context) -> Iterator[Parsed]:
        if context.name == "1.evtx":
            raise MemoryError
        return take(self, stream, part, context)

    monkeypatch.setattr(Evtx, "read_bundle", broken)
    assert found(folder, "dying")[0] == whole
    monkeypatch.setattr(Evtx, "read", read)
    hits, rejects, _ = found(folder, "one")
    left = [hit for hit in whole if not str(hit["file"]).endswith("/1.evtx")]
    assert [hit for hit in hits if hit["kind"] == "detection"] == [hit for hit in left if hit["kind"] == "detection"]
    assert any("1.evtx" in str(reject) for reject in rejects)


def test_bundles_keep_the_order_and_their_limits(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "_MOST", 3)
    given = options(folder)
    plain = list(tasks(sources.find(given.paths, given.settings), FORMATS, None, given.settings))
    made = list(bundled(plain, {"evtx"}))
    names = [source.name for each in made for source in (each.sources if isinstance(each, Task) else (each.source,))]
    assert names == [each.source.name for each in plain]
    counts = [len(each.sources) for each in made if isinstance(each, Task)]
    assert max(counts) == 3
    assert counts == [3, 1, 1, 2, 1, 1]
    singles = [single for each in made if isinstance(each, Task) for single in each.singles()]
    assert singles == [each for each in plain if isinstance(each, Task)]


def test_tables_that_know_files_by_their_paths_are_asked_of_each(folder: Path) -> None:
    table = folder / "table.toml"
    table.write_text('[[source]]\npath = "*/1.evtx"\nconstituent = "tax-office"\n')
    given = replace(options(folder), mappings=[str(table)])
    out = folder / "told.jsonl"
    with Outputs([out]) as outputs, Hunt(given) as hunt:
        outputs.write(hunt.run())
    hits = [orjson.loads(line) for line in out.read_bytes().splitlines()]
    told = {(Path(str(hit["file"])).name, hit["constituent"]) for hit in hits if hit["kind"] == "detection"}
    assert ("1.evtx", "tax-office") in told
    assert {constituent for name, constituent in told if name != "1.evtx"} == {""}
