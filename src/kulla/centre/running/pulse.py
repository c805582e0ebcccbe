"""The worker's sign of life: a small file in state/ that it writes while it is at work, and others read."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from kulla.errors import OutputError


@dataclass(frozen=True, slots=True)
class Pulse:
    """`doing` in few words, without a file's name; `at` in seconds since 1970, `tick` in seconds of the machine's own
    clock, which nobody sets."""

    pid: int
    at: float
    doing: str
    tick: float
    NAME: ClassVar[str] = "worker.json"

    @property
    def age(self) -> float:
        """Seconds since it was written, as far as the time of day tells."""
        return max(0.0, time.time() - self.at)

    @property
    def silence(self) -> float:
        """The same, while the machine has not been started anew: a clock that is set back would hide a hang, and one
        that is set forward would end who works."""
        return max(0.0, time.monotonic() - self.tick)


def beat(state: Path, doing: str) -> None:
    """Write it. It is not synced: after a crash of the machine nobody asks for it. Raises OutputError."""
    waiting = state / f"{Pulse.NAME}.new"
    try:
        told = {"pid": os.getpid(), "at": time.time(), "doing": doing, "tick": time.monotonic()}
        waiting.write_text(json.dumps(told), "utf-8")
        waiting.replace(state / Pulse.NAME)
    except OSError as error:
        raise OutputError(f"{state / Pulse.NAME}: cannot be written: {error.strerror}; make room for it") from error


def beating(state: Path) -> Pulse | None:
    """The last one; None when there is none, or none that can be read."""
    try:
        row = json.loads((state / Pulse.NAME).read_text("utf-8"))
        return Pulse(int(row["pid"]), float(row["at"]), str(row["doing"]), float(row["tick"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
