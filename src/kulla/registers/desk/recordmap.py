"""The record map's file: map/records.parquet, and the lock under which it may change."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from kulla.errors import InputError, OutputError
from kulla.registers.folder import RegisterFolder, made
from kulla.registers.records import empty_map
from kulla.registers.schema import RECORD_MAP

__all__ = ["map_file", "only_one", "read_map", "replaced", "write_map"]


def map_file(folder: RegisterFolder) -> Path:
    """Where the map lies."""
    return folder.map / "records.parquet"


def read_map(folder: RegisterFolder) -> pa.Table:
    """The record map; empty when the register has none yet. Raises InputError when it is damaged."""
    path = map_file(folder)
    if not path.exists():
        return empty_map()
    try:
        return pq.read_table(path, columns=RECORD_MAP.names).cast(RECORD_MAP)
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"{path}: the record map cannot be read ({type(error).__name__}); restore it from a backup:"
            " without it, old reads and imprints mean nothing"
        ) from None


def write_map(folder: RegisterFolder, table: pa.Table) -> None:
    """Write the record map, whole or not at all."""
    made(folder.map)
    with replaced(map_file(folder)) as waiting:
        pq.write_table(table, waiting, compression="zstd")


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """A path to write to, which takes the place of `path` once it is safely on disk. Raises OutputError.

    Each has a name of its own: of two that write at once the later one holds, whole.
    """
    waiting = path.with_name(f".{path.name}.{secrets.token_hex(8)}.new")
    try:
        yield waiting
        waiting.chmod(0o600)
        with waiting.open("rb") as file:
            os.fsync(file.fileno())
        waiting.replace(path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
    finally:
        waiting.unlink(missing_ok=True)


@contextmanager
def only_one(folder: RegisterFolder) -> Iterator[None]:
    """Hold the register's lock: two imprints at once would give one number to two records. Raises OutputError."""
    with (made(folder.state) / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OutputError(f"{folder.path}: another command is at work on this register; try again later") from error
        yield
