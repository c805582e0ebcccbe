"""The file of rejects (`--rejects FILE`): everything that could not be parsed, kept for a second look.

JSON Lines, one reject a line: `file`, `member` (empty for a plain file), `position` with its `unit` (line,
record or byte), `reason`, and `raw`, the rejected bytes in base64 (RFC 4648). It may hold personal data, so it is
made readable by its owner alone.
"""

from __future__ import annotations

import base64
import os
import stat
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson

from kulla.errors import OutputError
from kulla.events.formats._api import Reject


class RejectWriter:
    """Writes rejects as they come. Open it before work starts: an unwritable path is an OutputError at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            self._file = os.fdopen(handle, "wb")
            if stat.S_ISREG(os.fstat(handle).st_mode):
                os.fchmod(handle, 0o600)  # an older file keeps its mode otherwise
        except OSError as error:
            raise OutputError(f"{path}: cannot write rejects there: {error.strerror}") from error

    def write(self, file: str, member: str, reject: Reject) -> None:
        """Add one. Names that are not valid UTF-8 are written with their bytes as \\xNN."""
        line = {
            "file": readable(file),
            "member": readable(member),
            "position": reject.position,
            "unit": reject.unit,
            "reason": reject.reason,
            "raw": base64.b64encode(reject.raw).decode("ascii"),
        }
        try:
            self._file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
        except OSError as error:
            raise OutputError(f"{self.path}: writing rejects failed: {error.strerror}") from error
        self.count += 1

    def close(self) -> None:
        """Write out what is buffered."""
        try:
            self._file.close()
        except OSError as error:
            raise OutputError(f"{self.path}: writing rejects failed: {error.strerror}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()


def readable(name: str) -> str:
    """A file or member name as valid Unicode without control characters (which could drive a terminal).

    >>> readable("a\\udcff\\x1b[2J.log")
    'a\\\\xff\\\\x1b[2J.log'
    """
    text = name.encode("utf-8", "surrogateescape" if _escaped(name) else "backslashreplace")
    text_ = text.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text_)


def _escaped(name: str) -> bool:
    """Whether the only surrogates in `name` are those by which Python escapes undecodable bytes."""
    return all(0xDC80 <= ord(c) <= 0xDCFF for c in name if 0xD800 <= ord(c) <= 0xDFFF)
