"""Output files: found writable before work starts, complete or untouched afterwards."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, cast

from kulla.errors import OutputError, UsageError
from kulla.hunt.findings import Findings
from kulla.hunt.writers import WRITERS, Writer


def writer_for(path: Path) -> Writer:
    """The writer for a file's extension (case does not matter). Raises `UsageError` for one that none writes."""
    for writer in WRITERS:
        if path.name.lower().endswith(writer.suffix) and len(path.name) > len(writer.suffix):
            return writer
    known = ", ".join(writer.suffix for writer in WRITERS)
    raise UsageError(f"{path}: no output format has this extension; use one of {known}")


class Outputs:
    """The files a run was asked to write. A context manager.

    Entering makes a temporary file beside each, so that an unwritable place is told before the work (`OutputError`).
    `write` fills them and puts each in its place in one step; leaving without it leaves old files as they were.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._wanted = [(path, writer_for(path)) for path in dict.fromkeys(paths)]
        self._open: list[tuple[Path, Path, BinaryIO, Writer]] = []

    def __enter__(self) -> Self:
        try:
            for path, writer in self._wanted:
                self._open.append((path, *_beside(path), writer))
        except OutputError:
            self._discard()
            raise
        return self

    @property
    def files(self) -> tuple[Path, ...]:
        """The files asked for, and those they are made in."""
        return (*(path for path, _ in self._wanted), *(temporary for _, temporary, _, _ in self._open))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._discard()

    def write(self, findings: Findings) -> tuple[Path, ...]:
        """Write all files and return their paths. Raises `OutputError`; files already in place stay."""
        written = []
        while self._open:
            path, temporary, file, writer = self._open[0]
            try:
                with file:
                    writer.write(file, findings)
                    file.flush()
                    os.fsync(file.fileno())
                temporary.replace(path)
            except OSError as error:
                raise _unwritable(path, error) from error
            self._open.pop(0)
            written.append(path)
        return tuple(written)

    def _discard(self) -> None:
        for _, temporary, file, _ in self._open:
            file.close()
            temporary.unlink(missing_ok=True)
        self._open = []


def _beside(path: Path) -> tuple[Path, BinaryIO]:
    try:
        if path.is_dir():
            raise OutputError(f"{path}: is a folder; name a file")
        if path.exists() and not os.access(path, os.W_OK):
            raise OutputError(f"{path}: may not be written; choose another name or change its permissions")
        handle, name = tempfile.mkstemp(prefix=".kulla-", suffix=".part", dir=path.parent)
    except OSError as error:
        raise _unwritable(path, error) from error
    # mkstemp makes files private; the result is to be as any new file.
    mask = os.umask(0)
    os.umask(mask)
    os.fchmod(handle, 0o666 & ~mask)
    return Path(name), cast("BinaryIO", os.fdopen(handle, "w+b"))


def _unwritable(path: Path, error: OSError) -> OutputError:
    return OutputError(f"{path}: cannot be written ({error.strerror or type(error).__name__}); choose another place")
