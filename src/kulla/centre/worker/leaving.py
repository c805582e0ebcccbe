"""How a file leaves the inbox: kept, deleted, or put aside with the reason."""

from __future__ import annotations

import errno
import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

from kulla.centre.vault.keyring import synced
from kulla.errors import OutputError


def moved(path: Path, folder: Path, name: str, sha256: str) -> Path:
    """Move a file to `folder`/`name` (which may have folders in it), beside one of that name if there is one; safe on
    disk when this returns. A file that is gone was moved before. Raises OutputError."""
    target = folder / name
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if target.exists():
            target = target.with_name(f"{sha256[:12]}-{target.name}"[-255:])
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
        raise OutputError(f"{path}: cannot be moved to {folder}: {error.strerror}") from error
    return target


def deleted(path: Path) -> None:
    """Delete a file that was read. Raises OutputError."""
    try:
        path.unlink(missing_ok=True)
        synced(path.parent)
    except OSError as error:
        raise OutputError(f"{path}: cannot be deleted: {error.strerror}") from error


def aside(path: Path, folder: Path, name: str, sha256: str, reason: str) -> Path:
    """Move a file aside with a file beside it that says why, `NAME.reason.json`. The reason lies there first."""
    target = folder / name
    told = {"file": name, "sha256": sha256, "reason": reason, "at": datetime.now(UTC).isoformat(timespec="seconds")}
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = target.with_name(f"{target.name[:200]}.{sha256[:12]}.reason.json")
        beside.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", "utf-8")
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written: {error.strerror}") from error
    return moved(path, folder, name, sha256)


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


def _copied(path: Path, target: Path) -> None:
    """To another file system: whole under another name first."""
    waiting = target.with_name(target.name[:200] + ".part")
    shutil.copy2(path, waiting)
    with waiting.open("rb") as file:
        os.fsync(file.fileno())
    waiting.replace(target)
    path.unlink()
