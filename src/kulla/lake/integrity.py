"""Whether a lake is whole: its log without a gap, every file there, of its size, of its hash, readable."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa

from kulla.errors import KullaError
from kulla.lake.datafile import Reader
from kulla.lake.delta import entries, torn
from kulla.lake.layout import READ, File
from kulla.settings import GIB

LEAST_FREE: Final = 5 * GIB
LEAST_SHARE: Final = 0.05

_TOGETHER = 16


def log_problems(folder: Path) -> Iterator[str]:
    """What is wrong with the log's entries themselves."""
    numbered = entries(folder)
    log = folder / "_delta_log"
    starts = [int(path.name[:20]) for path in log.glob("*.checkpoint*.parquet") if path.name[:20].isdigit()]
    if not numbered and not starts:
        yield f"{log}: no entry and no checkpoint; restore the folder from a backup"
        return
    begin = max(starts, default=-1)
    if begin < 0 and 0 not in numbered:
        yield f"{log}: the first entry is missing and there is no checkpoint; restore it from a backup"
    end = max(numbered, default=begin)
    for number in range(max(begin, 0) + (begin >= 0), end + 1):
        if number not in numbered:
            yield f"{log / f'{number:020}.json'}: this entry of the log is missing; restore it from a backup"
    for _, path in sorted(numbered.items()):
        if (problem := _entry_problem(path)) is not None:
            yield f"{path}: this entry of the log {problem}"
    for path in sorted(log.glob("*.torn")):
        yield f"{path}: torn by a power failure and put aside; its source was not acknowledged and is taken again"


def _entry_problem(path: Path) -> str | None:
    try:
        return "cannot be read; restore it from a backup" if torn(path) else None
    except FileNotFoundError:  # summed up by a checkpoint, or put aside, since its name was read
        return None
    except OSError as error:
        return f"cannot be opened ({error.strerror}); it may be whole: put right the disk, the mode or the limit first"


def file_problem(root: Path, reader: Reader, file: File, deep: bool) -> str | None:
    """What is wrong with a data file; None: nothing. `deep` reads every byte, else size and footer are looked at."""
    path = root / file.path
    if not path.is_file():
        return f"{path}: missing; its {file.rows:,} events are lost unless a backup has it"
    size = path.stat().st_size
    if size != file.size:
        return f"{path}: {size:,} bytes instead of {file.size:,}; restore it from a backup"
    if deep and (found := _hash(path)) != _named(path):
        return f"{path}: its bytes were changed (SHA-256 {found[:16]}… is not its name); restore it from a backup"
    try:
        rows = int(reader.blocks(file.path).rows.sum())
        if deep:
            rows = sum(_rows(reader, file))
    except KullaError as error:
        return str(error)
    except (pa.ArrowException, OSError, ValueError) as error:
        return f"{path}: cannot be read ({type(error).__name__}); restore it from a backup"
    return None if rows == file.rows else f"{path}: {rows:,} events instead of {file.rows:,}; restore it from a backup"


def _rows(reader: Reader, file: File) -> Iterator[int]:
    count = len(reader.blocks(file.path).rows)
    for first in range(0, count, _TOGETHER):
        table = reader.read(file.path, range(first, min(first + _TOGETHER, count)), READ.names)
        table.validate(full=True)
        yield len(table)


def _hash(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _named(path: Path) -> str:
    return path.stem[:64] if re.fullmatch(r"[0-9a-f]{64}-[0-9a-f]{16}", path.stem) else ""


def disk_low(folder: Path, least_bytes: int = LEAST_FREE, least_share: float = LEAST_SHARE) -> str | None:
    """A warning when the disk of a folder has less free than both bounds allow to pass unsaid; None: enough is free."""
    usage = shutil.disk_usage(folder)
    if usage.free >= least_bytes and usage.free >= least_share * usage.total:
        return None
    return (
        f"{folder}: {usage.free / GIB:.1f} GiB of {usage.total / GIB:.1f} GiB are free; "
        "shorten the retention, or give the lake a larger disk"
    )
