"""Locks among processes on a lake's folder: `.writing` for changing the table, `.upkeep` for rewriting its files."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from kulla.errors import InputError

WRITING: Final = ".writing"
UPKEEP: Final = ".upkeep"


@contextmanager
def locked(path: Path, wait: bool = True) -> Iterator[None]:
    """Alone among all processes and threads with a file. Without `wait`, raises InputError when another has it."""
    with path.open("ab") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(
                f"{path.parent}: another process is compacting or dropping events; try again later"
            ) from error
        yield
