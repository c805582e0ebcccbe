"""A worker that dies again and again, or hangs: the console goes on, and says so."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import workermade

from kulla.centre.folder import opened
from kulla.centre.running import supervisor
from kulla.centre.running.child import Child
from kulla.centre.running.pulse import beat
from kulla.centre.running.supervisor import Supervisor

PATIENCE = 180.0


def free() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def until(true: Callable[[], bool], why: str) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if true():
            return
        time.sleep(0.2)
    raise AssertionError(why)


def test_a_worker_that_dies_again_and_again_is_told_and_the_console_goes_on(tmp_path: Path) -> None:
    """It is killed each time it claims the file that lies in the inbox."""
    env = workermade.environ(workermade.rules(tmp_path / "rules"), KULLA_FAULT="claimed:1")
    centre, port = workermade.centre(tmp_path, env), free()
    waiting = centre / "inbox" / "tax" / "a.json.part"
    waiting.write_bytes(workermade.ndjson([workermade.process(0)]))
    toml = centre / "centre.toml"
    toml.write_text(toml.read_text() + "\n[worker]\nquiet = 0\njobs = 1\n")
    waiting.rename(waiting.with_suffix(""))

    def told() -> list[str]:
        with closing(sqlite3.connect(centre / "state" / "centre.sqlite3", timeout=30)) as database:
            rows = database.execute("SELECT text FROM worker_health WHERE kind='stopped' AND until IS NULL").fetchall()
        return [str(text) for (text,) in rows]

    process = subprocess.Popen(
        [sys.executable, "-m", "kulla", "run", str(centre), "--listen", f"127.0.0.1:{port}"], env=env,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        until(lambda: bool(told()), "never told")
        assert len(told()) == 3, "in each zone"
        assert "times in a row: nothing is read" in told()[0]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=30) as answer:
            assert answer.status == 200
        assert process.poll() is None
    finally:
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
    assert said.count("signal SIGKILL") >= 3, said
    assert "starts again in 1 s" in said
    assert "starts again in 4 s" in said


@pytest.mark.parametrize("beaten", [True, False])
def test_a_worker_that_hangs_is_ended_though_it_may_never_have_given_a_sign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, beaten: bool
) -> None:
    env = workermade.environ(workermade.rules(tmp_path / "rules"))
    centre = opened(workermade.centre(tmp_path, env))
    monkeypatch.setattr(supervisor, "STUCK", 0.4)
    said: list[str] = []
    made = Supervisor(centre, "127.0.0.1:1", said.append)
    worker = Child("worker", [sys.executable, "-c", "import time; time.sleep(600)"], env)
    console = Child("console", [sys.executable, "-c", "import time; time.sleep(600)"], env)
    made._children = [console, worker]
    try:
        for each in made._children:
            each.start()
        if beaten:
            with monkeypatch.context() as patch:
                patch.setattr(os, "getpid", lambda pid=worker.pid: pid)
                beat(centre.state, "reading files")
        made._wake()
        assert worker.alive
        time.sleep(0.5)
        made._wake()
        assert not worker.alive
        assert console.alive
        made._tend(worker)
        assert f"while {'reading files' if beaten else 'starting'}; ended" in said[0]
        assert "it starts again in 1 s" in said[1]
    finally:
        for each in made._children:
            each.stop(0)
