"""How a file leaves the inbox: kept, deleted, or put aside with the reason."""

from __future__ import annotations

import errno
import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from kulla.centre.vault.keyring import synced
from kulla.errors import OutputError

LONGEST: Final = 255
"""Bytes of a name: file systems count these, not letters."""
DEEPEST: Final = 3800
"""Bytes of a path that leave room for the names beside it: 4096 is the end."""


def moved(path: Path, folder: Path, within: str, sha256: str) -> Path:
    """Move a file to `folder`/`within` (the path as the system has it; it may have folders in it), beside one of that
    name if there is one; safe on disk when this returns. A file that is gone was moved before. Raises OutputError."""
    try:
        target = _place(folder, within, sha256)
        if os.path.lexists(target):
            target = target.with_name(f"{sha256[:12]}-{_cut(target.name, LONGEST - 13)}")
        try:
            os.rename(path, target)
        except FileNotFoundError:
            return target
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            _copied(path, target)
        synced(target.parent)
        synced(path.parent)
    except OSError as error:
        raise OutputError(f"{_shown(path)}: cannot be moved to {folder}: {error.strerror}") from error
    return target


def deleted(path: Path) -> None:
    """Delete a file that was read. Raises OutputError."""
    try:
        path.unlink(missing_ok=True)
        synced(path.parent)
    except OSError as error:
        raise OutputError(f"{_shown(path)}: cannot be deleted: {error.strerror}") from error


def erased(folder: Path) -> None:
    """Delete a folder of files that were read. Raises OutputError naming what cannot be deleted."""
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise OutputError(f"{_shown(Path(error.filename or folder))}: cannot be deleted: {error.strerror}") from error


def full(error: OutputError) -> bool:
    """Whether the disk itself takes nothing more, so that no other file will fare better."""
    cause = error.__cause__
    return isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EROFS, errno.EDQUOT)


def aside(path: Path, folder: Path, within: str, name: str, sha256: str, reason: str) -> Path:
    """Move a file aside with a file beside it that says why, `NAME.reason.json`. The reason lies there first. `name` is
    the file's as people are shown it."""
    told = {"file": name, "sha256": sha256, "reason": reason, "at": datetime.now(UTC).isoformat(timespec="seconds")}
    try:
        target = _place(folder, within, sha256)
        beside = target.with_name(f"{_cut(target.name, 200)}.{sha256[:12]}.reason.json")
        _written(beside, json.dumps(told, indent=2, ensure_ascii=False) + "\n")
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written: {error.strerror}") from error
    return moved(path, folder, within, sha256)


def old(folder: Path, days: int, today: datetime) -> list[Path]:
    """The folders below inbox/.done that are older than `days`, by their names."""
    found = []
    for path in sorted(folder.glob("????-??-??")):
        try:
            age = today.date() - datetime.fromisoformat(path.name).date()
        except ValueError:
            continue
        if age.days > days:
            found.append(path)
    return found


def _place(folder: Path, within: str, sha256: str) -> Path:
    """Where a file goes; its folder is made. What was a file's name this morning may be a folder's now, and below a
    longer folder a path may be too long: then a folder named by the hash takes it."""
    target = folder / within
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if len(os.fsencode(target)) < DEEPEST:
            return target
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTDIR, errno.ENAMETOOLONG):
            raise
    target = folder / sha256[:24] / target.name
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return target


def _cut(name: str, most: int) -> str:
    """A name of at most so many bytes."""
    return os.fsdecode(os.fsencode(name)[:most])


def _shown(path: Path) -> str:
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _written(path: Path, text: str) -> None:
    """Whole or not at all, and on the disk."""
    waiting = path.with_name(_cut(path.name, 200) + ".part")
    with waiting.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    waiting.replace(path)
    synced(path.parent)


def _copied(path: Path, target: Path) -> None:
    """To another file system: whole under another name first, and nothing left there when that fails."""
    waiting = target.with_name(_cut(target.name, 200) + ".part")
    try:
        shutil.copy2(path, waiting)
        with waiting.open("rb") as file:
            os.fsync(file.fileno())
        waiting.replace(target)
    except OSError:
        waiting.unlink(missing_ok=True)
        raise
    synced(target.parent)
    path.unlink()
