"""The log of revealed pseudonyms: append-only lines of JSON, each holding the hash of the one before.

It says who looked behind which pseudonym, with whom, when and why; it does not hold the account. The chain shows a line
changed or taken out of the middle; that its end is whole shows only a copy of the last hash kept elsewhere, which is
why every entry prints its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import orjson

from kulla.errors import InputError, UsageError

START: Final = "0" * 64
_FIELDS: Final = ("number", "time", "register", "pseudonym", "by", "with", "reason", "previous")
_LEAST_REASON: Final = 10


@dataclass(frozen=True, slots=True)
class Revealed:
    """One entry. `previous` is the hash of the entry before, START for the first; `time` is aware."""

    number: int
    time: datetime
    register: str
    pseudonym: str
    by: str
    witness: str
    reason: str
    previous: str

    @property
    def hash(self) -> str:
        """SHA-256 of the entry's canonical JSON (keys sorted, UTF-8, no blanks), in hex."""
        return hashlib.sha256(orjson.dumps(self._plain(), option=orjson.OPT_SORT_KEYS)).hexdigest()

    def line(self) -> bytes:
        """The entry as it is written, line break included."""
        return orjson.dumps(self._plain() | {"hash": self.hash}, option=orjson.OPT_APPEND_NEWLINE)

    def _plain(self) -> dict[str, object]:
        values = (self.number, self.time.isoformat(), self.register, self.pseudonym, self.by, self.witness)
        return dict(zip(_FIELDS, (*values, self.reason, self.previous), strict=True))


def next_entry(
    last: Revealed | None, now: datetime, register: str, pseudonym: str, by: str, witness: str, reason: str
) -> Revealed:
    """The entry that follows `last`. Raises UsageError without two different names or without a reason in words."""
    by, witness, reason = by.strip(), witness.strip(), reason.strip()
    if not by or not witness or by.casefold() == witness.casefold():
        raise UsageError("name two different persons: --by who looks, --with who agrees")
    if len(reason) < _LEAST_REASON:
        raise UsageError("--reason: say in words why, with the case's number")
    number, previous = (last.number + 1, last.hash) if last else (1, START)
    return Revealed(number, now, register, pseudonym.strip().upper(), by, witness, reason, previous)


def read_log(lines: Iterable[bytes], place: str) -> tuple[Revealed, ...]:
    """The entries, their chain checked. Raises InputError naming `place` and the first line that does not fit."""
    found: list[Revealed] = []
    for at, line in enumerate(lines, 1):
        try:
            plain = orjson.loads(line)
            entry = Revealed(
                plain["number"], datetime.fromisoformat(plain["time"]), plain["register"], plain["pseudonym"],
                plain["by"], plain["with"], plain["reason"], plain["previous"],
            )  # fmt: skip
            expected = (len(found) + 1, found[-1].hash if found else START)
            whole = plain["hash"] == entry.hash and (entry.number, entry.previous) == expected
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            whole = False
        if not whole:
            raise InputError(f"{place}: line {at} was changed, or a line before it is gone; keep the file as evidence")
        found.append(entry)
    return tuple(found)
