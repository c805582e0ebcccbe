"""A writer that kills itself at a step. In a module of its own, since a fresh process imports it: deltalake works in no
process that was forked after it was used."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import lakes
import pytest
from deltalake import DeltaTable
from lakes import NOON

from kulla.lake import Hold, Lake, Policy, datafile, indexing

EVENTS = lakes.table([{"raw": f"event {n}", "product": ("windows", "linux")[n % 2]} for n in range(40)])
HELD = Hold("case 1", query="windows or product:windows")


def append(folder: Path) -> None:
    """Append what is not there yet."""
    with Lake(folder) as lake:
        for chunk in range(lake.taken("civil", "mof", "aa"), 4):
            lake.append(EVENTS.slice(10 * chunk, 10), "aa", chunk)
            lake.sync()


def append_again(folder: Path) -> None:
    """Append two chunks, whether or not they are there."""
    with Lake(folder) as lake:
        for chunk in range(2):
            lake.append(EVENTS.slice(10 * chunk, 10), "aa", chunk)
            lake.sync()


def compact(folder: Path) -> None:
    """Compact and vacuum."""
    with Lake(folder) as lake:
        lake.compact(every=True)
        lake.vacuum(0)


def retain(folder: Path) -> None:
    """Drop what is not held."""
    with Lake(folder) as lake:
        lake.retain(Policy(30), [HELD], (NOON + timedelta(days=60)).date())


class Killer:
    """A process that has not used deltalake yet, and forks one that works and dies, as often as it is told to."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip

    def killed(self, work: Callable[[Path], None], folder: Path, at: int) -> bool:
        """Do the work in a process that dies before its step number `at`; whether it got that far."""
        assert self._process.stdin
        assert self._process.stdout
        print(work.__name__, at, folder, file=self._process.stdin, flush=True)
        code = int(self._process.stdout.readline())
        assert code in (0, -signal.SIGKILL)
        return code != 0

    def close(self) -> None:
        """End it."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


def _serve() -> None:
    for line in sys.stdin:
        name, at, folder = line.rstrip("\n").split(" ", 2)
        child = os.fork()
        if not child:
            code = 1
            try:
                _run(globals()[name], Path(folder), int(at))
                code = 0
            finally:
                os._exit(code)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _run(work: Callable[[Path], None], folder: Path, at: int) -> None:
    steps = 0

    def step() -> None:
        nonlocal steps
        if steps == at:
            os.kill(os.getpid(), signal.SIGKILL)
        steps += 1

    lakes.small_blocks(pytest.MonkeyPatch())
    for module, name in (
        (os, "replace"), (os, "fsync"), (datafile, "_written"), (DeltaTable, "create_write_transaction"),
        (DeltaTable, "create_checkpoint"), (DeltaTable, "cleanup_metadata"), (Path, "mkdir"),
        (Path, "write_bytes"), (Path, "unlink"), (indexing, "_write_columns"),
    ):  # fmt: skip
        setattr(module, name, _before(getattr(module, name), step))
    work(folder)


def _before(real: Callable[..., object], step: Callable[[], None]) -> Callable[..., object]:
    """Count a call that changes the disk, before it."""

    def wrapped(*args: object, **named: object) -> object:
        step()
        return real(*args, **named)

    return wrapped


if __name__ == "__main__":
    _serve()
