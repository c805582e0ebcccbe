"""The command as its users meet it: streams of every kind, misuse, interrupts, exit codes."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from kulla.cli import main

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
"""


def ssh(number: int, host: str = "web1") -> str:
    return f"May  1 10:{number // 60 % 60:02}:{number % 60:02} {host} sshd[99]: Failed password for root from 192.0.2.9"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("KULLA_RULES", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.yml").write_text(RULES)
    (tmp_path / "a.log").write_text("".join(ssh(n) + "\n" for n in range(20)))
    return tmp_path


def started(
    *arguments: str, code: str = "from kulla.cli.main import run; run()", stdout: int = subprocess.PIPE, **more: Any
) -> subprocess.Popen[bytes]:
    process: subprocess.Popen[bytes] = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=stdout, stderr=subprocess.PIPE, **more
    )
    return process


def called(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str
) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a call in this process."""
    monkeypatch.setattr(sys, "argv", ["kulla", *arguments])
    with pytest.raises(SystemExit) as left:
        main.run()
    out, err = capsys.readouterr()
    return int(str(left.value.code)), out, err


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["hunt", "a.log"], 2, "--rules"),
        (["hunt", "a.log", "-r", "nowhere"], 2, "nowhere: no such file"),
        (["hunt", "a.log", "-r", "rules.yml", "--level", "worst"], 2, "choose one of informational"),
        (["hunt", "a.log", "-r", "rules.yml", "--level", "critical"], 2, "no rule to run"),
        (["hunt", "a.log", "-r", "rules.yml", "--status", "odd"], 2, "choose one of stable"),
        (["hunt", "a.log", "-r", "rules.yml", "--tag", "attack.t9"], 2, "no rule to run"),
        (["hunt", "a.log", "-r", "rules.yml", "--since", "yesterday"], 2, "ISO 8601"),
        (["hunt", "a.log", "-r", "rules.yml", "--since", "2026-05-02", "--until", "2026-05-01"], 2, "before --until"),
        (["hunt", "a.log", "-r", "rules.yml", "--tz", "Nowhere"], 2, "Europe/Tirane"),
        (["hunt", "a.log", "-r", "rules.yml", "--format", "odd"], 2, "choose one of evtx"),
        (["hunt", "a.log", "-r", "rules.yml", "--values", "nowhere"], 2, "--values"),
        (["hunt", "a.log", "-r", "rules.yml", "--logsources", "nowhere"], 2, "nowhere"),
        (["hunt", "a.log", "-r", "rules.yml", "--jobs", "-1"], 2, "--jobs"),
        (["hunt", "a.log", "-r", "rules.yml", "-o", "x.pdf"], 2, "use one of .csv"),
        (["hunt", "a.log", "-r", "rules.yml", "-o", "no/where/x.csv"], 5, "cannot be written"),
        (["hunt", "a.log", "-r", "rules.yml", "--rejects", "no/where/x"], 5, "cannot write rejects"),
        (["hunt", "a.log", "-r", "rules.yml", "--rejects", "./a.log"], 2, "is an input"),
        (["hunt", "a.log", "-r", "rules.yml", "--rejects", "x.csv", "-o", "./x.csv"], 2, "named twice"),
        (["hunt", "--odd"], 2, "--odd"),
        (["odd"], 2, "odd"),
        (["events", "show", "nowhere"], 3, "nowhere"),
        (["rules", "explain", "odd", "a.log", "-r", "rules.yml"], 2, "odd"),
        (["rules", "show", "odd", "-r", "rules.yml"], 2, "odd"),
        (["rules", "list", "rules.yml", "--by", "odd"], 2, "choose one of"),
    ],
)
def test_misuse_is_told_in_words_before_work_starts(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: Sequence[str],
    code: int,
    told: str,
) -> None:
    before = (folder / "a.log").read_bytes()
    status, out, err = called(capsys, monkeypatch, *arguments)
    assert status == code
    assert told in err
    assert "Traceback" not in err + out
    assert (folder / "a.log").read_bytes() == before
    assert not list(folder.glob(".kulla-*"))


def test_every_command_shows_help_that_fits_and_has_examples(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for command in ("", "hunt", "rules check", "rules list", "rules show", "rules test", "rules explain",
                    "events show", "events stats", "events formats"):  # fmt: skip
        status, out, _ = called(capsys, monkeypatch, *command.split(), "--help")
        assert status == 0
        assert max(map(len, out.splitlines())) <= 80
        assert "Example" in out, command


def test_completion_is_offered(folder: Path) -> None:
    child = started(env={**os.environ, "_KULLA_COMPLETE": "complete_bash", "COMP_WORDS": "kulla hu", "COMP_CWORD": "1"},
                    code="import sys; sys.argv[0] = 'kulla'; from kulla.cli.main import run; run()")  # fmt: skip
    out, _ = child.communicate(timeout=60)
    assert out.split() == [b"hunt"]


def test_a_reader_that_leaves_ends_it_quietly(folder: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    child = started("hunt", "a.log", "-r", "rules.yml", "-j", "1", "-o", "x.jsonl", stdout=write)
    os.close(write)
    _, err = child.communicate(timeout=60)
    assert (child.returncode, b"Traceback" in err) == (141, False)
    assert len((folder / "x.jsonl").read_bytes().splitlines()) == 20


def test_no_locale_and_no_terminal_does_it_harm(folder: Path) -> None:
    name = folder / "n\u00e9\n\x1b[31m\u202e.log"
    name.write_text(ssh(1, "w\u00e9b\x1b[2J\u202e") + "\n")
    env = {**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
    text = started("hunt", str(name), "-r", "rules.yml", "-j", "1", env=env)
    out, err = text.communicate(timeout=60)
    assert text.returncode == 0, err
    assert b"\\x1b" in out
    assert not any(byte >= 0x80 or (byte < 0x20 and byte not in b"\t\n") for byte in out + err)
    as_json = started("hunt", str(name), "-r", "rules.yml", "-j", "1", "--json", "--profile", env=env)
    out, err = as_json.communicate(timeout=60)
    assert json.loads(out.decode("utf-8"))["hits"] == 1
    assert b"processor time" in err


def test_standard_input_and_closed_streams(folder: Path) -> None:
    with (folder / "a.log").open("rb") as given:
        child = started("hunt", "-", "-r", "rules.yml", "-j", "1", "-o", "x.csv", stdin=given)
        out, _ = child.communicate(timeout=60)
    assert (child.returncode, b"20 events" in out) == (0, True)
    with (folder / "x.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["file"], row["record"]) for row in rows] == [
        ("'-", str(n)) for n in range(1, 21)
    ]  # no formula, see writers.csv
    program = "import os; os.close(0); os.close(1); os.close(2)\nfrom kulla.cli.main import run; run()"
    silent = started("hunt", "a.log", "-r", "rules.yml", "-j", "1", "-o", "y.csv", code=program)
    silent.communicate(timeout=60)
    assert silent.returncode == 0
    assert (folder / "y.csv").stat().st_size > 1_000


STOPPING = """
import contextlib, os, signal
from kulla.cli import main, progress
from kulla.hunt import pieces
pieces.AIM = 20_000
@contextlib.contextmanager
def bar():
    yield lambda _: os.kill(os.getpid(), signal.{name})
progress.bar = bar
main.run()
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_an_interrupted_hunt_leaves_whole_output_and_no_process(folder: Path, name: str) -> None:
    (folder / "b.log").write_text("".join(ssh(n % 3_600) + "\n" for n in range(5_000)))
    outs = [folder / f"x{suffix}" for suffix in (".csv", ".jsonl", ".parquet", ".html", ".navigator.json")]
    wanted = [word for path in outs for word in ("-o", str(path))]
    child = started(
        "hunt", "b.log", "-r", "rules.yml", "-j", "2", *wanted, code=STOPPING.format(name=name), start_new_session=True
    )
    out, err = child.communicate(timeout=60)
    assert (child.returncode, b"Traceback" in err) == (130, False), err
    assert b"interrupted" in out
    with pytest.raises(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    hits = [json.loads(line) for line in outs[1].read_bytes().splitlines()]
    assert len(hits) < 5_000
    assert sorted(hit["record"] for hit in hits) == list(range(1, len(hits) + 1))
    with outs[0].open(newline="") as file:
        assert sum(1 for _ in csv.DictReader(file)) == len(hits)
    assert pq.read_table(outs[2]).num_rows == len(hits)
    assert outs[3].read_bytes().rstrip().endswith(b"</html>")
    assert json.loads(outs[4].read_bytes())["domain"] == "enterprise-attack"
    assert not list(folder.glob(".kulla-*"))


def test_earlier_output_in_the_input_folder_is_no_input(folder: Path) -> None:
    logs = folder / "logs"
    logs.mkdir()
    (folder / "a.log").rename(logs / "a.log")
    outs = [logs / f"x{suffix}" for suffix in (".csv", ".jsonl", ".parquet", ".html", ".navigator.json")]
    wanted = [word for path in outs for word in ("-o", str(path))]
    runs = []
    for _ in range(2):
        child = started("hunt", str(logs), "-r", "rules.yml", "-j", "2", *wanted, "--rejects", str(logs / "rejects"))
        assert child.communicate(timeout=60)[1].count(b"wrote") == 5
        assert child.returncode == 0
        runs.append([path.read_bytes() for path in outs])
    assert runs[0] == runs[1]


def test_a_full_disk_is_told(folder: Path) -> None:
    (folder / "a.json").write_text('{"EventID": 1}\n{"EventID": \n')
    child = started("hunt", "a.json", "-r", "rules.yml", "-j", "1", "--rejects", "/dev/full")
    _, err = child.communicate(timeout=60)
    assert (child.returncode, b"No space left" in err) == (5, True)
