"""Which files make up a Delta table at its newest version, from its log alone (Delta protocol, PROTOCOL.md).

A table is its log: entries `_delta_log/<version>.json` that add and remove files, and now and then a checkpoint that
sums them up. A backup takes the log up to one version and the files that this version names; what comes later is not
in it, and what was removed before need not be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from kulla.errors import InputError

LOG: Final = "_delta_log"
LAST: Final = "_last_checkpoint"
_ENTRY: Final = re.compile(r"(\d{20})\.json")
_CHECKPOINT: Final = re.compile(r"(\d{20})\.checkpoint(?:\.(\d{10})\.(\d{10}))?\.parquet")


@dataclass(frozen=True, slots=True)
class Version:
    """A table at a version. log: names in `_delta_log` that tell it; files: data files, relative to the table."""

    number: int
    log: tuple[str, ...]
    files: tuple[str, ...]


def tables_in(folder: Path) -> Iterator[Path]:
    """The folders of tables at or below a folder, sorted."""
    yield from sorted(path.parent for path in folder.rglob(LOG) if path.is_dir())


def newest(table: Path) -> Version:
    """The table's newest whole version: an entry that is not whole is one whose writer has not acknowledged it.

    Raises InputError when the log has a gap or cannot be read; OSError (FileNotFoundError) when files go meanwhile, so
    that it can be tried again.
    """
    names = {path.name for path in (table / LOG).iterdir()}
    entries = {int(found[1]): found[0] for name in names if (found := _ENTRY.fullmatch(name))}
    start, parts = max(_checkpoints(names), default=(-1, ()))
    files = set(_summed(table / LOG, parts))
    at, log = start, list(parts)
    while at + 1 in entries:
        entry = _entry(table / LOG / entries[at + 1])
        if entry is None:
            if at + 2 in entries:
                raise InputError(f"{table / LOG / entries[at + 1]}: cannot be read, and later entries follow it")
            break
        at += 1
        log.append(entries[at])
        for action in entry:
            if "add" in action:
                files.add(action["add"]["path"])
            elif "remove" in action:
                files.discard(action["remove"]["path"])
    if at < 0:
        raise InputError(f"{table / LOG}: no entry and no checkpoint can be read")
    if any(version > at + 1 for version in entries):
        raise InputError(f"{table / LOG}: entry {at + 1} is missing, and later ones follow")
    earlier = [name for version, name in entries.items() if version <= start]
    return Version(at, tuple(sorted({*log, *earlier})), tuple(sorted(unquote(each) for each in files)))


def last_checkpoint(version: Version) -> bytes:
    """What `_last_checkpoint` must say for a copy of this version; empty when it has no checkpoint."""
    found = max(_checkpoints(set(version.log)), default=None)
    if found is None:
        return b""
    number, parts = found
    whole: dict[str, Any] = {"version": number, "size": 0}
    return orjson.dumps(whole | ({"parts": len(parts)} if len(parts) > 1 else {}))


def _checkpoints(names: set[str]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Whole checkpoints: version and the names of their parts."""
    parts: dict[tuple[int, int], list[str]] = {}
    for name in names:
        if found := _CHECKPOINT.fullmatch(name):
            parts.setdefault((int(found[1]), int(found[3] or 1)), []).append(name)
    for (version, of), held in parts.items():
        if len(held) == of:
            yield version, tuple(sorted(held))


def _summed(log: Path, parts: tuple[str, ...]) -> Iterator[str]:
    for name in parts:
        try:
            with pq.ParquetFile(log / name) as file:
                table = file.read(columns=["add.path"])
        except pa.ArrowException as error:
            raise InputError(f"{log / name}: the checkpoint cannot be read ({type(error).__name__})") from None
        for each in table["add"].to_pylist():
            if each is not None and each["path"] is not None:
                yield each["path"]


def _entry(path: Path) -> list[dict[str, Any]] | None:
    try:
        return [orjson.loads(line) for line in path.read_bytes().splitlines() if line.strip()] or None
    except orjson.JSONDecodeError:
        return None
