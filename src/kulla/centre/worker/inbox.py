"""What lies in the inbox and may be taken: inbox/<constituent>/, subfolders too.

A file may be taken once it was renamed from *.part, or has lain unchanged for a while. Hidden names, *.part and links
are left alone: a link could lead to any file that the centre can read.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

PART: Final = ".part"
DONE: Final = ".done"
MOST: Final = 4096
"""Files listed of one constituent at a time; the rest have their turn when these are read."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file that may be taken. `state` tells whether it is still the same later on."""

    path: Path
    name: str
    size: int
    state: tuple[int, int, int]
    mtime: float

    def same(self) -> bool:
        """Whether the file is still there, and still what it was."""
        try:
            found = os.lstat(self.path)
        except OSError:
            return False
        return stat.S_ISREG(found.st_mode) and _state(found) == self.state


@dataclass
class Inbox:
    """The folder `inbox` of a centre. It remembers which files it has seen under a name in .part."""

    folder: Path
    quiet: float
    _parts: dict[str, set[tuple[int, int]]] = field(default_factory=dict)

    def constituents(self) -> list[str]:
        """Names of the folders in it, sorted."""
        with os.scandir(self.folder) as entries:
            return sorted(e.name for e in entries if e.is_dir(follow_symlinks=False) and not e.name.startswith("."))

    def waiting(self, constituent: str) -> list[Waiting]:
        """The files that may be taken now, by name; the first `MOST` of them."""
        root = self.folder / constituent
        found: list[Waiting] = []
        parts: set[tuple[int, int]] = set()
        before, now = self._parts.get(constituent, set()), time.time()
        for path in _files(str(root)):
            try:
                status = os.lstat(path)
            except OSError:
                continue
            if not stat.S_ISREG(status.st_mode):
                continue
            inode = status.st_dev, status.st_ino
            if path.endswith(PART):
                parts.add(inode)
            elif inode in before or now - max(status.st_mtime, status.st_ctime) >= self.quiet:
                # A file renamed from *.part stays known until it is taken; what vanished is forgotten with this look.
                parts.update({inode} & before)
                if len(found) < MOST:
                    name = os.fsencode(os.path.relpath(path, root)).decode("utf-8", "backslashreplace")
                    found.append(Waiting(Path(path), name, status.st_size, _state(status), status.st_mtime))
        # Every name is looked at, though no more are taken: a *.part not seen would not be known when it is renamed.
        self._parts[constituent] = parts
        return found


def _state(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_dev, status.st_ino, status.st_mtime_ns ^ status.st_size


def _files(folder: str) -> Iterator[str]:
    """Every file below, in order of names. One that vanishes meanwhile is left out."""
    for at, folders, names in os.walk(folder, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (path for name in sorted(names) if not name.startswith(".") and os.path.lexists(
            path := os.path.join(at, name)))  # fmt: skip
