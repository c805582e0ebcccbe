"""Which format a file is in, told from its first bytes."""

from __future__ import annotations

from collections.abc import Sequence

from kulla.errors import UsageError
from kulla.events.formats._api import Format

HEAD = 64 << 10
"""How many bytes of a file are looked at."""

THRESHOLD = 20
"""How sure a format must be, out of 100, for a file to be taken as a log."""

UNKNOWN = "no known log format"


def choose(head: bytes, name: str, formats: Sequence[Format]) -> Format | None:
    """The format that is surest of `head` (the first `HEAD` bytes), or None when none reaches `THRESHOLD`.

    Between equals the first in `formats` wins. `name` is the file's or innermost member's name.
    """
    best: Format | None = None
    surest = THRESHOLD - 1
    for candidate in formats:
        sure = candidate.sniff(head[:HEAD], name)
        if sure > surest:
            best, surest = candidate, sure
    return best


def named(name: str, formats: Sequence[Format]) -> Format:
    """The format of that name, for `--format`. Raises UsageError listing the names there are."""
    for candidate in formats:
        if candidate.name == name.lower():
            return candidate
    known = ", ".join(candidate.name for candidate in formats)
    raise UsageError(f"--format {name}: no such format; choose one of {known}")
