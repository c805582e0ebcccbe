"""The chain on disk: `outbox/seals.jsonl`, appended and synced before anything is said of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from kulla.errors import InputError, OutputError
from kulla.registers.folder import RegisterFolder, made
from kulla.registers.seals.seal import Head, Seal, read_head, read_seal

T = TypeVar("T", Seal, Head)


def chain_file(folder: RegisterFolder) -> Path:
    """Where a register's chain lies."""
    return folder.outbox / "seals.jsonl"


def read_chain(path: Path) -> list[Seal]:
    """All seals. Raises InputError naming the line that is none; a missing file is an empty chain."""
    return [_one(path, number, line, read_seal, "seal") for number, line in _lines(path)]


def read_heads(path: Path) -> list[Head]:
    """All countersigned heads, likewise."""
    return [_one(path, number, line, read_head, "head") for number, line in _lines(path)]


def append(path: Path, statements: Sequence[Seal] | Sequence[Head]) -> None:
    """Add lines, synced to disk. A last line that a crash cut off is ended first, so that it spoils no other."""
    made(path.parent)
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "r+b") as file:
            size = file.seek(0, os.SEEK_END)
            if size:
                file.seek(size - 1)
                if file.read(1) != b"\n":
                    file.seek(_last_end(file.fileno(), size))
                    file.truncate()
            file.seek(0, os.SEEK_END)
            file.write(b"".join(statement.line() for statement in statements))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error


def _last_end(handle: int, size: int) -> int:
    """Where the last whole line ends."""
    data = os.pread(handle, min(size, 1 << 16), max(size - (1 << 16), 0))
    return size - len(data) + data.rfind(b"\n") + 1


def _lines(path: Path) -> Iterable[tuple[int, bytes]]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    whole = data[: data.rfind(b"\n") + 1]  # what a crash left half written was never sealed
    return enumerate(whole.splitlines(), 1)


def _one(path: Path, number: int, line: bytes, read: Callable[[bytes], T], what: str) -> T:
    try:
        return read(line)
    except ValueError as error:
        raise InputError(f"{path}: line {number}: no {what}: {error}; the file was changed or damaged") from error
