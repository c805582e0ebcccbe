"""The worker's sign of life: a small file in state/ that it writes while it is at work, and others read."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Pulse:
    """`doing` in few words, without a file's name; `at` in seconds since 1970."""

    pid: int
    at: float
    doing: str
    NAME: ClassVar[str] = "worker.json"

    @property
    def age(self) -> float:
        """Seconds since it was written."""
        return max(0.0, time.time() - self.at)


def beat(state: Path, doing: str) -> None:
    """Write it. It is not synced: after a crash of the machine nobody asks for it."""
    waiting = state / f"{Pulse.NAME}.new"
    waiting.write_text(json.dumps({"pid": os.getpid(), "at": time.time(), "doing": doing}), "utf-8")
    waiting.replace(state / Pulse.NAME)


def beating(state: Path) -> Pulse | None:
    """The last one; None when there is none, or none that can be read."""
    try:
        row = json.loads((state / Pulse.NAME).read_text("utf-8"))
        return Pulse(int(row["pid"]), float(row["at"]), str(row["doing"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
