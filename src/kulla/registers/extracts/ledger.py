"""The ledger of extracts: who was handed what, when, for which purpose, and which marks are in it. Pure.

JSON lines, one an extract, each with the SHA-256 of the line before, so that a line changed or taken out shows. (Who
can write the file can write it anew from there on: copy its last hash to somebody else.) No value of a decoy stands in
it, only which slots were used and the recipient's 64-bit number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import orjson

from kulla.errors import InputError

FIRST: Final = "0" * 64
_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One extract handed out.

    Attributes:
        seq: its number, from 1.
        time: when it was made, ISO 8601.
        where: the columns by which rows were chosen; the values stay out, but for `where_hash`, keyed.
        rows: all rows of the file; `decoys`: how many of the persons in it are decoys.
        sha256: of the file.
        code: the recipient's number, in hexadecimal.
        slots: pool → bitmap of the slots with a decoy in the file (`table.bitmap`).
        colluders: 0, or for how many the collusion tier was asked.
    """

    seq: int
    time: str
    register: str
    recipient: str
    purpose: str
    legal_basis: str
    columns: tuple[str, ...]
    where: tuple[str, ...]
    where_hash: str
    format: str
    rows: int
    decoys: int
    sha256: str
    code: str
    slots: Mapping[str, str]
    colluders: int = 0

    @property
    def number(self) -> int:
        """The recipient's number."""
        return int(self.code, 16)


def line_of(entry: Entry, previous: str) -> bytes:
    """The line of an entry after the line whose hash is `previous`."""
    plain = {"kulla_extracts": _VERSION, **asdict(entry), "previous": previous}
    return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def hash_of(line: bytes) -> str:
    """The hash by which the next line names this one."""
    return hashlib.sha256(line.rstrip(b"\n")).hexdigest()


def entries(data: bytes, place: str) -> tuple[list[Entry], str]:
    """The entries of a ledger and the hash of its last line.

    Raises InputError naming `place` and the line when it is no ledger, or its chain is broken.
    """
    found: list[Entry] = []
    previous = FIRST
    for number, line in enumerate(data.splitlines(), 1):
        try:
            plain = orjson.loads(line)
            if plain.pop("kulla_extracts") != _VERSION:
                raise ValueError("version")
            before = plain.pop("previous")
            entry = _entry(plain)
        except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError, ValueError):
            raise InputError(f"{place}: line {number} is no line of a ledger of extracts") from None
        if before != previous or entry.seq != number:
            raise InputError(
                f"{place}: line {number} does not follow the one before: the ledger was changed. Put back a copy that "
                "is whole before making or identifying extracts"
            )
        found.append(entry)
        previous = hash_of(line)
    return found, previous


def _entry(plain: dict[str, Any]) -> Entry:
    for name in ("columns", "where"):
        plain[name] = tuple(plain[name])
    entry = Entry(**plain)
    int(entry.code, 16)
    for bits in entry.slots.values():
        int(bits, 16)
    return entry


def number_of(found: Sequence[Entry], recipient: str) -> int | None:
    """The number that a recipient has; None for one who was never handed anything."""
    return next((entry.number for entry in found if entry.recipient == recipient), None)


def issued_numbers(found: Sequence[Entry]) -> dict[str, int]:
    """Every recipient's number."""
    return {entry.recipient: entry.number for entry in found}
