"""SHA-256 of large files that seldom change, remembered by name, size, and times of writing and of change."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from kulla.errors import OutputError
from kulla.registers.desk.recordmap import replaced
from kulla.registers.folder import made


def file_hashes(paths: Iterable[Path], kept: Path) -> list[bytes]:
    """The SHA-256 of each file, in order. kept: a JSON file with those known before, made when there is none.

    A file counts as unchanged while its size and both times are the same; the time of change nobody can set, so a file
    that was exchanged is read again. Where `kept` cannot be written (a read-only medium), files are hashed each time.
    """
    known, now, found = _known(kept), {}, []
    for path in paths:
        state = path.stat()
        stamp = [state.st_size, state.st_mtime_ns, state.st_ctime_ns]
        held = known.get(path.name)
        digest = held["sha256"] if isinstance(held, dict) and held.get("stamp") == stamp else _sha256(path)
        now[path.name] = {"stamp": stamp, "sha256": digest}
        found.append(bytes.fromhex(digest))
    if now != known:
        with suppress(OSError, OutputError):
            made(kept.parent)
            with replaced(kept) as waiting:
                waiting.write_bytes(orjson.dumps(now, option=orjson.OPT_INDENT_2))
    return found


def _known(kept: Path) -> dict[str, Any]:
    try:
        told = orjson.loads(kept.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    return told if isinstance(told, dict) else {}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
