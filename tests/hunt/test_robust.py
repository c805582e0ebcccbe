"""Hunts over hostile and broken input: all else is still read, and what was lost is told with its place."""

from __future__ import annotations

import functools
import gzip
import io
import json
import os
import signal
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import evtxmade
import pytest

from kulla.errors import UsageError
from kulla.events.formats._api import Context
from kulla.events.rejects import RejectWriter
from kulla.events.sources import Broken, Skipped
from kulla.hunt import hashes, pieces, reader
from kulla.hunt.findings import Findings
from kulla.hunt.look import Look, look
from kulla.hunt.options import Options
from kulla.hunt.outputs import Outputs
from kulla.hunt.run import Hunt, Progress
from kulla.hunt.worker import Part, Worker
from kulla.settings import Settings

RULES = """
title: Failure
id: 00000000-0000-4000-8000-000000000002
name: failure
status: test
level: high
tags: [attack.t1110]
logsource: {product: linux, service: sshd}
detection:
  selection: ['Failed password']
  condition: selection
---
title: Logon
id: 00000000-0000-4000-8000-000000000003
status: test
level: low
logsource: {product: windows, service: security}
detection:
  selection: {EventID: 4624}
  condition: selection
"""


def ssh(number: int, host: str = "web1") -> str:
    return f"May  1 10:{number // 60 % 60:02}:{number % 60:02} {host} sshd[99]: Failed password for root\n"


def lines(count: int, start: int = 0) -> bytes:
    return "".join(ssh(n) for n in range(start, start + count)).encode()


@dataclass
class Hunted:
    """What a hunt gave: positions of hits by the name of their file, rejects, skipped files, the findings."""

    hits: dict[str, list[int]]
    rejects: list[tuple[str, int, str, str]]
    skipped: dict[str, str]
    findings: Findings


class Folder:
    """A folder of logs with the rules beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.logs = path / "logs"
        self.logs.mkdir()
        (path / "rules.yml").write_text(RULES)

    def put(self, name: str, content: bytes) -> Path:
        path = self.logs / name
        path.write_bytes(content)
        return path

    def short(self, shown: str) -> str:
        return shown.removeprefix(f"{self.logs}/")

    def hunt(
        self,
        jobs: int = 1,
        settings: Settings | None = None,
        progress: Callable[[Hunt, Progress], None] | None = None,
        rejects: Path | None = None,
        **changes: object,
    ) -> Hunted:
        given: dict[str, object] = {"paths": [str(self.logs)], "rules": [str(self.path / "rules.yml")], "cache": ""}
        options = Options(**{**given, **changes, "jobs": jobs, "settings": settings or Settings()})  # type: ignore[arg-type]
        keep = RejectWriter(rejects) if rejects else None
        with Hunt(options, keep) as run:
            if progress:
                run.progress = functools.partial(progress, run)
            found = run.run()
            if keep:
                keep.close()
            hits: dict[str, list[int]] = {}
            for table in found.hits:
                for row in table.select(["file", "record"]).to_pylist():
                    hits.setdefault(self.short(row["file"]), []).append(row["record"])
            facts = found.facts
            return Hunted(
                {name: sorted(records) for name, records in sorted(hits.items())},
                [(self.short(r.file), r.position, r.unit, r.reason) for r in facts.rejects],
                {self.short(s.file): s.reason for s in facts.skipped},
                found,
            )


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_broken_text_is_told_by_line_and_the_rest_is_read(folder: Folder) -> None:
    folder.put("long.log", lines(1) + b"May  1 10:00:04 web1 x: " + b"A" * (20 << 20) + b"\n" + lines(2, 5))
    folder.put("half.json", b'{"EventID": 4624, "Channel": "Security"}\n' * 3 + b'{"EventID": 46')
    folder.put("utf8.log", lines(1) + b"May  1 10:00:01 web1 sshd[9]: Failed password for \xff\xfe\n" + lines(1, 2))
    folder.put("utf16.log", lines(3).decode().encode("utf-16"))
    folder.put("dos.log", lines(3).replace(b"\n", b"\r\n"))
    folder.put("wrong.evtx", lines(2))
    kept = folder.path / "rejects.jsonl"
    kept.write_text("old")
    kept.chmod(0o644)
    found = folder.hunt(rejects=kept)
    assert found.hits == {
        "dos.log": [1, 2, 3],
        "half.json": [1, 2, 3],
        "long.log": [1, 3, 4],
        "utf16.log": [1, 2, 3],
        "utf8.log": [1, 2, 3],
        "wrong.evtx": [1, 2],
    }
    assert [reject[:3] for reject in found.rejects] == [("half.json", 4, "line"), ("long.log", 2, "line")]
    assert "AAAA" not in found.rejects[1][3]
    written = [json.loads(line) for line in kept.read_bytes().splitlines()]
    assert [(Path(line["file"]).name, line["position"]) for line in written] == [("half.json", 4), ("long.log", 2)]
    assert kept.stat().st_mode & 0o777 == 0o600


def test_a_damaged_and_a_truncated_chunk_of_an_evtx_lose_only_themselves(folder: Folder) -> None:
    chunks = [evtxmade.chunk(10 * n + 1, [{"User": f"u{n}{m}"} for m in range(10)]) for n in range(4)]
    damaged = bytearray(chunks[1])
    damaged[600:3_000] = os.urandom(1) * 2_400
    whole = evtxmade.file([chunks[0], bytes(damaged), *chunks[2:]])
    folder.put("a.evtx", whole)
    folder.put("b.evtx", whole[: -evtxmade.CHUNK // 2])
    folder.put("c.log", lines(2))
    found = folder.hunt()
    assert {1, 10, 21, 30, 31, 40} <= set(found.hits["a.evtx"])
    assert {1, 10, 21, 30} <= set(found.hits["b.evtx"])
    assert found.hits["c.log"] == [1, 2]
    assert {reject[0] for reject in found.rejects} == {"a.evtx", "b.evtx"}


def test_archives_cannot_escape_nor_blow_up(folder: Folder) -> None:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as tar:
        for name in ("../../evil.log", "/tmp/kulla-evil.log"):
            info = tarfile.TarInfo(name)
            info.size = len(lines(1))
            tar.addfile(info, io.BytesIO(lines(1)))
        link = tarfile.TarInfo("link.log")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    folder.put("a.tar.gz", held.getvalue())
    bomb = gzip.compress(b"May  1 10:00:00 web1 cron[1]: tick\n" * 60_000, 9)
    folder.put("bomb.gz", bomb)
    with zipfile.ZipFile(folder.logs / "nested.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.log", lines(2))
        archive.writestr("bomb.gz.gz", gzip.compress(bomb))
        archive.writestr("z.log", lines(3))
    folder.put("crypt.zip", _encrypted())
    settings = Settings(archive_bytes=600_000, archive_ratio_free=1 << 20)
    found = folder.hunt(settings=settings)
    assert found.hits["a.tar.gz!../../evil.log"] == [1]
    assert found.hits["a.tar.gz!/tmp/kulla-evil.log"] == [1]
    assert found.hits["nested.zip!a.log"] == [1, 2]
    assert found.hits["crypt.zip!open.log"] == [1, 2]
    assert 5_000 < found.findings.facts.events < 60_000
    assert not Path("/tmp/kulla-evil.log").exists()
    assert not list(folder.path.rglob("evil.log"))
    assert "encrypted" in found.skipped["crypt.zip!crypt.log"]
    reasons = {name: reason for name, _, _, reason in found.rejects}
    assert "archive_" in reasons["bomb.gz"]
    assert any(name.startswith("nested.zip!bomb") for name in reasons)


def _encrypted() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("crypt.log", lines(2))
        archive.writestr("open.log", lines(2))
    data = bytearray(held.getvalue())
    data[6] |= 1
    data[data.find(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def test_what_is_no_file_is_named_and_passed_over(folder: Folder) -> None:
    log = folder.put("a.log", lines(2))
    folder.put("empty.log", b"")
    folder.put("new\nline\x1b[31m.log", lines(1))
    os.mkfifo(folder.logs / "fifo.log")
    (folder.logs / "loop").symlink_to(".")
    (folder.logs / "zero.log").symlink_to("/dev/zero")
    (folder.logs / "gone.log").symlink_to("nowhere")
    gone = str(folder.logs / "absent.log")
    found = folder.hunt(paths=[str(folder.logs), str(log), gone, str(folder.logs / "gone.log"), "/dev/null"])
    assert found.hits == {"a.log": [1, 2], "new\\nline\\x1b[31m.log": [1]}
    assert found.skipped["empty.log"] == "empty file"
    assert found.skipped["fifo.log"] == "FIFO"
    assert found.skipped["a.log"] == "given twice"
    assert {"loop", "zero.log"} <= set(found.skipped)
    assert [(name, reason) for name, _, _, reason in found.rejects] == [
        ("absent.log", "No such file or directory"),
        ("gone.log", "No such file or directory"),
    ]


def test_a_file_that_vanishes_or_shrinks_is_told(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "AIM", 5_000)
    for name in ("a.log", "b.log", "c.log"):
        folder.put(name, lines(400))
    real = pieces.tasks

    def meddling(*given: object) -> Iterator[object]:
        for task in real(*given):  # type: ignore[arg-type]
            yield task
            if isinstance(task, pieces.Task) and task.source.path.endswith("a.log") and task.first:
                os.truncate(folder.logs / "b.log", 2_000)
                (folder.logs / "a.log").unlink()

    monkeypatch.setattr("kulla.hunt.run.tasks", meddling)
    found = folder.hunt(jobs=0)
    assert found.hits["c.log"] == list(range(1, 401))
    assert {name for name, *_ in found.rejects} >= {"a.log"}
    reasons = " ".join(reason for *_, reason in found.rejects)
    assert "No such file" in reasons


def test_a_file_cut_short_after_it_was_found_is_told(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.put("a.log", lines(40))
    real = Worker.__call__

    def shrinking(self: Worker, task: pieces.Task) -> object:
        os.truncate(folder.logs / "a.log", len(lines(20)))
        return real(self, task)

    monkeypatch.setattr(Worker, "__call__", shrinking)
    found = folder.hunt(jobs=0)
    assert found.hits == {"a.log": list(range(1, 21))}
    assert [(name, unit) for name, _, unit, _ in found.rejects] == [("a.log", "byte")]
    assert "shorter" in found.rejects[0][3]


def test_positions_hold_over_pieces_of_several_batches(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.put("a.log", lines(900))
    monkeypatch.setattr(pieces, "AIM", 15_000)
    monkeypatch.setattr(reader, "Context", functools.partial(Context, batch_events=50))
    for jobs in (0, 2):
        assert folder.hunt(jobs).hits == {"a.log": list(range(1, 901))}
    shown = [
        found.table for found in look(Options([str(folder.logs)], ()), want_events=True) if isinstance(found, Look)
    ]
    assert [at for table in shown if table is not None for at in table["position"].to_pylist()] == list(range(1, 901))


def test_a_piece_that_fails_midway_does_not_move_the_lines_after_it(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.put("a.log", lines(900))
    monkeypatch.setattr(pieces, "AIM", 15_000)
    monkeypatch.setattr(reader, "Context", functools.partial(Context, batch_events=50))
    real, seen = Worker._parts, []

    def failing(self: Worker, read: reader.Read) -> list[Part]:
        seen.append(1)
        if len(seen) == 6:
            raise ZeroDivisionError("secret")
        return real(self, read)

    monkeypatch.setattr(Worker, "_parts", failing)
    found = folder.hunt(jobs=0)
    (reject,) = found.rejects
    assert "ZeroDivisionError" in reject[3]
    assert "secret" not in reject[3]
    records = found.hits["a.log"]
    assert records == sorted(set(records))
    assert {1, 250, 900} <= set(records)
    missing = set(range(1, 901)) - set(records)
    assert missing == set(range(min(missing), max(missing) + 1))


def test_a_killed_worker_costs_one_piece(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.put("a.log", lines(2_000))
    monkeypatch.setattr(pieces, "AIM", 10_000)
    killed: list[int] = []

    def kill(run: Hunt, _: Progress) -> None:
        if not killed:
            killed.append(run._pool._workers[0].pid)
            os.kill(killed[0], signal.SIGKILL)

    found = folder.hunt(progress=kill)
    (reject,) = found.rejects
    assert reject[2] == "byte"
    assert "killed" in reject[3]
    records = found.hits["a.log"]
    missing = sorted(set(range(1, 2_001)) - set(records))
    assert missing == list(range(missing[0], missing[-1] + 1))
    assert len(missing) < 200
    assert found.findings.facts.events == len(records)


def test_output_is_the_same_for_any_jobs_and_at_any_time(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "AIM", 5_000)
    folder.put("a.log", lines(300))
    folder.put("b.json", b'{"EventID": 4624, "Channel": "Security", "Computer": "PC"}\n{"EventID"\n' * 20)
    suffixes = (".csv", ".jsonl", ".parquet", ".html", ".navigator.json")
    seen = set()
    for jobs in (0, 1, 2, 5):
        paths = [folder.path / f"x{suffix}" for suffix in suffixes]
        options = Options([str(folder.logs)], [str(folder.path / "rules.yml")], jobs=jobs, cache="")
        with Outputs(paths) as outputs, Hunt(options) as run:
            outputs.write(run.run())
        seen.add(tuple(path.read_bytes() for path in paths))
    assert len(seen) == 1
    assert all(next(iter(seen)))


def test_a_rule_that_matches_everything_is_only_many_hits(folder: Folder) -> None:
    rule = RULES.replace("'Failed password'", "'*'")
    (folder.path / "rules.yml").write_text(rule)
    folder.put("a.log", lines(2_000))
    found = folder.hunt()
    assert found.findings.count == 2_000
    assert len(found.findings.ranked) == 1


DETECTION = (
    "title: T\nlogsource: {product: linux}\ndetection:\n  selection: {message|re: 'XX'}\n  condition: selection\n"
)
HOSTILE = {
    "alias.yml": "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 10)}]\n" for n in range(9)),
    "regex.yml": DETECTION.replace("XX", "a" * (10 << 20)),
    "nested.yml": "a: " + "[" * 100_000,
    "deep.yml": DETECTION.replace("condition: selection", "condition: " + "(" * 20_000 + "selection" + ")" * 20_000),
    "repeat.yml": DETECTION.replace("XX", "((a{1000}){1000}){1000}"),
    "backtrack.yml": DETECTION.replace("XX", "(a+)+$").replace("title: T", "title: Slow"),
    "python.yml": "!!python/object/apply:os.system ['touch /tmp/kulla-evil']",
    "empty.yml": "",
}


def test_hostile_rules_are_told_and_the_others_run(folder: Folder, caplog: pytest.LogCaptureFixture) -> None:
    rules = folder.path / "rules"
    rules.mkdir()
    for name, text in HOSTILE.items():
        (rules / name).write_text(text)
    (rules / "binary.yml").write_bytes(bytes(range(256)) * 50)
    os.mkfifo(rules / "fifo.yml")
    (rules / "zero.yml").symlink_to("/dev/zero")
    (rules / "loop").symlink_to(".")
    (rules / "good.yml").write_text(RULES)
    folder.put("a.log", lines(3) + b"May  1 11:00:00 web1 sshd[9]: " + b"a" * 5_000 + b"!\n")
    found = folder.hunt(rules=[str(rules)])
    assert found.hits == {"a.log": [1, 2, 3]}
    assert found.findings.facts.rule_errors >= 6
    assert not Path("/tmp/kulla-evil").exists()
    told = caplog.text
    assert "fifo.yml" in told or found.findings.facts.rule_errors >= 8


def test_no_rule_at_all_is_no_clean_result(folder: Folder) -> None:
    folder.put("a.log", lines(1))
    (folder.path / "none").mkdir()
    with pytest.raises(UsageError, match="no rule to run"):
        folder.hunt(rules=[str(folder.path / "none")])


def test_what_is_not_covered_agrees_with_a_users_includes(folder: Folder) -> None:
    folder.put("a.log", lines(2))
    table = folder.path / "table.toml"
    table.write_text('[includes.service]\nsshd = ["remote_login"]\n')
    (folder.path / "rules.yml").write_text(RULES.replace("service: sshd", "service: remote_login"))
    without = folder.hunt()
    assert without.hits == {}
    assert {rule.title for rule in without.findings.facts.not_covered} == {"Failure", "Logon"}
    found = folder.hunt(mappings=[str(table)])
    assert found.hits == {"a.log": [1, 2]}
    assert {rule.title for rule in found.findings.facts.not_covered} == {"Logon"}


CHAIN = """
---
title: Guessing
id: 00000000-0000-4000-8000-000000000004
name: guessing
status: test
level: medium
correlation:
  type: event_count
  rules: [failure]
  group-by: [host]
  timespan: 5m
  generate: true
  condition: {gte: 3}
---
title: Entry
id: 00000000-0000-4000-8000-000000000005
name: entry
status: test
level: low
logsource: {product: linux, service: sshd}
detection:
  selection: ['Accepted password']
  condition: selection
---
title: Guessed
id: 00000000-0000-4000-8000-000000000006
status: test
level: critical
correlation:
  type: temporal_ordered
  rules: [guessing, entry]
  group-by: [host]
  timespan: 10m
---
title: Not Ours
id: 00000000-0000-4000-8000-000000000007
logsource: {product: linux, service: sshd}
filter:
  rules: [failure]
  selection: {host: scanner}
  condition: not selection
"""


def test_chained_correlations_over_files_out_of_order(folder: Folder) -> None:
    (folder.path / "rules.yml").write_text(RULES + CHAIN)
    entry = b"May  1 10:02:00 web1 sshd[99]: Accepted password for root\n"
    folder.put("a.log", entry + lines(1, 50) + lines(1, 3))
    with gzip.open(folder.logs / "b.log.gz", "wb") as file:
        file.write(lines(1, 20))
    folder.put("c.log", b"".join(ssh(n, "scanner").encode() for n in range(5)))
    for jobs in (0, 2):
        with Hunt(Options([str(folder.logs)], [str(folder.path / "rules.yml")], jobs=jobs, cache="")) as run:
            rows = [row for table in run.run().hits for row in table.to_pylist()]
        told = {(row["rule_title"], row["host"], Path(row["file"]).name, row["record"]) for row in rows}
        assert ("Guessed", "web1", "a.log", 1) in told
        assert {file for title, _, file, _ in told if title == "Failure"} == {"a.log", "b.log.gz"}  # generate: true
        assert not any(title == "Guessing" for title, *_ in told)  # only serves the last
        assert not any(host == "scanner" for _, host, _, _ in told)


def test_events_show_meets_the_same(folder: Folder) -> None:
    folder.put("half.json", b'{"EventID": 4624, "Channel": "Security"}\n' * 3 + b'{"EventID": 46')
    folder.put("empty.log", b"")
    found = list(look(Options([str(folder.logs), str(folder.logs / "none")], ()), want_events=True))
    assert [type(each) for each in found if not isinstance(each, Look)] == [Skipped, Broken]
    (shown,) = [each for each in found if isinstance(each, Look)]
    assert [(reject.position, reject.unit) for reject in shown.rejects] == [(4, "line")]


def test_a_hash_is_given_up_when_the_hunt_ends(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(64 << 30)
        file.write(struct.pack("<I", 1))
    from kulla.events.sources import Source

    held = hashes.Hashes()
    held.want(Source(str(path)))
    held.close()
