"""A centre's files as they are at one moment, held while they are copied: hard links, which cost no room and no time.

Files of a centre are replaced, not changed in place, or only appended to; so a link, and the size at the time of
linking, keep what there was. Where a link cannot be made (another file system) the file is copied.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kulla.errors import OutputError

_UNLINKABLE: Final = (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP)
_PASSING: Final = (".new", ".part", "-wal", "-shm", "-journal")
"""Ends of names of what is not whole, or belongs to a database that is copied by itself."""
_TRIES: Final = 20


@dataclass(frozen=True, slots=True)
class Held:
    """A file to copy: where it can be read, and how much of it."""

    path: Path
    size: int


class Stage:
    """What has been taken hold of so far: place in the centre's folder → file. `folders`: those there, empty or not."""

    def __init__(self, root: Path, folder: Path) -> None:
        """`root`: the centre's folder; `folder`: an empty one for the links."""
        self.files: dict[str, Held] = {}
        self.folders: set[str] = set()
        self.root, self._folder, self._number = root, folder, 0

    def add(self, path: Path, place: str | None = None) -> None:
        """Take hold of one file. Raises OSError, FileNotFoundError when it is gone."""
        target = self.spare()
        try:
            os.link(path, target, follow_symlinks=False)
        except OSError as error:
            if error.errno not in _UNLINKABLE:
                raise
            shutil.copyfile(path, target)
        self.files[place or path.relative_to(self.root).as_posix()] = Held(target, _whole(path, target))

    def made(self, path: Path, place: str) -> None:
        """Take in a file that was made for this stage."""
        self.files[place] = Held(path, path.stat().st_size)

    def spare(self) -> Path:
        """A path within the stage at which there is nothing yet."""
        self._number += 1
        return self._folder / f"{self._number:08}"

    def tree(self, folder: Path, wanted: Callable[[Path], bool] = lambda path: True) -> None:
        """Take hold of every file below a folder that is wanted; one that goes meanwhile is not missed."""
        for path in _files(folder, self.folders, self.root):
            if wanted(path):
                try:
                    self.add(path)
                except FileNotFoundError:
                    continue

    def steady(self, folder: Path, wanted: Callable[[Path], bool] = lambda path: True) -> None:
        """The same for files that belong together: all of one moment, in which none came, went or was replaced.

        Raises OutputError when the folder does not come to rest.
        """
        before = _listing(folder)
        for _ in range(_TRIES):
            mine = Stage(self.root, self._folder)
            mine._number = self._number
            mine.tree(folder, wanted)
            self._number = mine._number
            after = _listing(folder)
            if before == after:
                self.files |= mine.files
                self.folders |= mine.folders
                return
            before = after
        raise OutputError(f"{folder}: is being written to without a pause; back up again later")


def _files(folder: Path, folders: set[str], root: Path) -> Iterator[Path]:
    for place, names, files in os.walk(folder):
        names.sort()
        folders.add(Path(place).relative_to(root).as_posix())
        for name in sorted(files):
            path = Path(place) / name
            if not name.endswith(_PASSING) and path.is_file() and not path.is_symlink():
                yield path


def _listing(folder: Path) -> dict[str, tuple[int, int, int]]:
    found = {}
    for path in _files(folder, set(), folder):
        try:
            state = path.stat()
        except FileNotFoundError:
            continue
        found[str(path)] = (state.st_ino, state.st_size, state.st_mtime_ns)
    return found


def _whole(path: Path, target: Path) -> int:
    """How much of a file counts: all of it; of a file of lines, those that have an end."""
    size = target.stat().st_size
    if path.suffix != ".jsonl":
        return size
    with target.open("rb") as file:
        while size > 0:
            start = max(0, size - 65_536)
            file.seek(start)
            end = file.read(size - start).rfind(b"\n")
            if end >= 0:
                return start + end + 1
            size = start
    return 0
