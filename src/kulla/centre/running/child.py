"""One process of a centre, started again when it ends, later each time; and everything it started with it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
WELL: Final = 60.0
"""Seconds after which a process counts as well again, and its next fall as its first."""
USELESS: Final = 2
"""The exit code of a process that would end the same way if started again: its configuration is wrong."""


@dataclass
class Child:
    """`command` in a process group of its own, so that Ctrl-C reaches the supervisor alone. Start it from the main
    thread: a child that ends with its parent ends, on Linux, with the thread that started it."""

    name: str
    command: Sequence[str]
    environ: Mapping[str, str]
    falls: int = 0
    """How often in a row it has ended before it was well."""
    _ended: bool = False
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _since: float = 0.0
    _next: float = 0.0

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its process's number; 0 when there is none."""
        return self._process.pid if self._process is not None and self.alive else 0

    def start(self) -> None:
        """Start it now."""
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and modules
            self.command, env=dict(self.environ), stdin=subprocess.DEVNULL, process_group=0
        )
        self._since = time.monotonic()
        self._next = 0.0

    @property
    def age(self) -> float:
        """Seconds since it was last started."""
        return time.monotonic() - self._since

    def tend(self, first: bool = True) -> str:
        """Start it again when its time has come; what happened, in words, or nothing.

        Raises SystemExit(2) when starting it again is of no use, and nothing of the centre has been of use yet
        (`first`); it has said why itself. Later it is tried again like any other: somebody may be at the configuration.
        """
        if self._process is None or self.alive:
            return ""
        now = time.monotonic()
        if not self._next:
            if self._process.returncode == USELESS and first:
                raise SystemExit(USELESS)
            self._sweep()
            self.falls = 1 if now - self._since > WELL and not self._ended else self.falls + 1
            self._ended = False
            wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(self.falls - 1, 10))
            self._next = now + wait
            return f"{self.name} ended ({_ending(self._process.returncode)}); it starts again in {wait:.0f} s"
        if now < self._next:
            return ""
        self.start()
        return f"{self.name} started again"

    def end(self) -> None:
        """Kill it, since it does nothing any more; `tend` starts it again, later each time."""
        if self._process is not None and self.alive:
            self._ended = True
            self._sweep()
            self._process.wait()

    def stop(self, patience: float = 10.0) -> None:
        """End it and all it started; it has `patience` seconds to do so by itself."""
        if self._process is None:
            return
        if self.alive:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(patience)
        self._sweep()
        self._process.wait()
        self._process = None

    def _sweep(self) -> None:
        """Kill what is left of its group."""
        assert self._process is not None
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return


def _ending(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"status {code}"
