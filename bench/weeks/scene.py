"""The scene: where habits write. Records are kept by the hour, sorted and appended to their files, so memory stays bounded."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO

from bench.weeks.clock import SECOND, Times

HEADERS: dict[str, bytes] = {}
"""First lines of files whose format has such (file name within the output folder → bytes)."""


class Sink:
    """Appends records to files in time order."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0
        self.marks: dict[int, list[tuple[str, int]]] = {}
        self._waiting: list[tuple[int, int, str, bytes, int]] = []
        self._files: dict[str, BinaryIO] = {}
        self._last: dict[str, int] = {}
        self._lines: dict[str, int] = {}
        self._sequence = 0

    def add(self, file: str, time: int, line: bytes, mark: int = 0) -> None:
        """One record; `line` without its line end. Where those with a mark come to stand is kept in `marks`."""
        self._sequence += 1
        self._waiting.append((time, self._sequence, file, line, mark))

    def flush(self, until: int) -> None:
        """Write everything before a time."""
        self._waiting.sort(key=itemgetter(0, 1))
        cut = next((n for n, each in enumerate(self._waiting) if each[0] >= until), len(self._waiting))
        for time, _, file, line, mark in self._waiting[:cut]:
            self._open(file).write(line + b"\n")
            self._last[file] = time
            if mark:
                self.marks.setdefault(mark, []).append((file, self._lines[file] + 1))
            self._lines[file] += 1 + line.count(b"\n")
        self.count += cut
        del self._waiting[:cut]

    def _open(self, file: str) -> BinaryIO:
        if file not in self._files:
            path = self.folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            self._files[file] = path.open("wb")
            head = HEADERS.get(file, b"")
            self._files[file].write(head)
            self._lines[file] = head.count(b"\n")
        return self._files[file]

    def close(self) -> None:
        """Close the files and give each the time of its last record, as a server's own file has."""
        for name, file in self._files.items():
            file.close()
            seconds = self._last[name] / SECOND
            os.utime(self.folder / name, (seconds, seconds))


@dataclass(slots=True)
class Scene:
    """One occurrence of a habit: its time (which the act moves on), its random source and the sink."""

    sink: Sink
    rng: random.Random
    time: int
    scale: float = 1.0
    mark: int = 0
    """The step of an intrusion that this is, 0 when ordinary."""

    def wait(self, seconds: float) -> int:
        """Let time pass, a little unevenly."""
        self.time += int(seconds * SECOND * self.rng.uniform(0.7, 1.4)) + 1
        return self.time

    def write(self, file: str, line: str | bytes) -> None:
        """A record at the present moment."""
        self.sink.add(file, self.time, line.encode() if isinstance(line, str) else line, self.mark)


Act = Callable[[Scene], None]


@dataclass(frozen=True, slots=True)
class Habit:
    """Something the estate does: its name (which seeds it), when, and what it leaves in the logs."""

    name: str
    times: Times
    act: Act
