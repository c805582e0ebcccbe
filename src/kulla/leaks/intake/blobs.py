"""Bytes of files and of archive members, mapped rather than read."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from kulla.errors import InputError
from kulla.leaks.intake._api import Blob


@contextmanager
def opened(path: str, name: str) -> Iterator[Blob]:
    """A file on disk. Raises InputError when it cannot be read."""
    try:
        file = open(path, "rb")  # noqa: SIM115 - closed below
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}") from None
    with file, mapped(file, name, path) as blob:
        yield blob


@contextmanager
def mapped(file: BinaryIO, name: str, path: str = "") -> Iterator[Blob]:
    """An open file with a descriptor, also one without a name."""
    where = path or f"/proc/self/fd/{file.fileno()}"
    if not os.fstat(file.fileno()).st_size:
        yield Blob(name, b"", where)
        return
    data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    try:
        yield Blob(name, data, where)
    finally:
        with suppress(BufferError):  # where something still looks at it, it goes with that
            data.close()
