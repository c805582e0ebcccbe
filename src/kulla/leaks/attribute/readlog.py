"""A register's audited reads as arrays: what episodes are made from. No personal value, no statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from kulla.registers.schema import EXTENTS, SEALS

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Small = npt.NDArray[np.int8]
Ids = npt.NDArray[np.uint8]

EXACT, UPPER_BOUND, UNKNOWN = range(len(EXTENTS))
SEALED, LATE, NEVER = range(len(SEALS))


@dataclass(frozen=True, slots=True)
class ReadLog:
    """Reads, one item each, in any order; about 100 bytes a read, and each distinct set of records once.

    Codes index the tuple of names beside them, -1 where the log tells nothing.

    Attributes:
        account, end_user, grade, client, application, kind, file: codes into accounts, end_users, grades, clients,
            applications, kinds, files.
        session, template: codes without names; equal ones are of one session or statement template.
        start, stop: the snapshot's bounds, microseconds UTC, both inclusive.
        columns: code into column_sets; None there: nobody knows which columns were read.
        extent: EXACT, UPPER_BOUND or UNKNOWN; rows: as logged, -1 unknown.
        record: the one record read, 0 for none or several; bitmap: code into bitmaps, the distinct roaring bitmaps.
        sealed: SEALED, LATE or NEVER.
        line_from, lines: first line in the file and how many; line_hash, read_id: shape (n, 16).
    """

    account: Codes
    end_user: Codes
    grade: Codes
    client: Codes
    application: Codes
    session: Codes
    template: Codes
    kind: Codes
    file: Codes
    columns: Codes
    start: Ints
    stop: Ints
    extent: Small
    rows: Ints
    record: npt.NDArray[np.uint32]
    bitmap: Codes
    sealed: Small
    line_from: Ints
    lines: Codes
    line_hash: Ids
    read_id: Ids
    accounts: tuple[str, ...] = ()
    end_users: tuple[str, ...] = ()
    grades: tuple[str, ...] = ()
    clients: tuple[str, ...] = ()
    applications: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    column_sets: tuple[tuple[str, ...] | None, ...] = ()
    bitmaps: tuple[bytes, ...] = ()

    def __len__(self) -> int:
        """How many reads."""
        return len(self.start)

    def take(self, which: npt.NDArray[Any]) -> ReadLog:
        """The reads at those places, or where the mask is true. The names stay as they are."""
        return replace(self, **{name: getattr(self, name)[which] for name in PER_READ})


NAMED: Final = {
    "account": "accounts", "end_user": "end_users", "grade": "grades", "client": "clients",
    "application": "applications", "kind": "kinds", "file": "files", "columns": "column_sets", "bitmap": "bitmaps",
}  # fmt: skip
"""Codes → the tuple that they index."""

PER_READ: Final = tuple(f.name for f in fields(ReadLog) if f.name not in NAMED.values())


def joined(logs: Sequence[ReadLog]) -> ReadLog:
    """The reads of several logs of one register, one after the other.

    Names are joined; those of the first keep their codes. Sessions and templates of different logs are told apart.
    """
    first, *others = logs
    if not others:
        return first
    names: dict[str, list[Any]] = {plural: list(getattr(first, plural)) for plural in NAMED.values()}
    parts = {name: [getattr(first, name)] for name in PER_READ}
    places = {plural: {each: at for at, each in enumerate(known)} for plural, known in names.items()}
    next_code = {name: int(getattr(first, name).max(initial=-1)) + 1 for name in ("session", "template")}
    for log in others:
        for name in PER_READ:
            values = getattr(log, name)
            if name in NAMED:
                plural = NAMED[name]
                values = _recoded(values, getattr(log, plural), names[plural], places[plural])
            elif name in next_code:
                moved = np.where(values >= 0, values + next_code[name], -1).astype(np.int32)
                next_code[name] += int(values.max(initial=-1)) + 1
                values = moved
            parts[name].append(values)
    arrays: dict[str, Any] = {name: np.concatenate(each) for name, each in parts.items()}
    return ReadLog(**arrays | {plural: tuple(known) for plural, known in names.items()})


def _recoded(codes: Codes, own: Sequence[Any], names: list[Any], places: dict[Any, int]) -> Codes:
    """The codes as places in `names`, which grows by what is new."""
    table = np.full(len(own) + 1, -1, np.int32)
    for at, name in enumerate(own):
        if name not in places:
            places[name] = len(names)
            names.append(name)
        table[at] = places[name]
    return table[codes]


def empty() -> ReadLog:
    """A log without a read."""
    kinds: dict[str, Any] = {
        "start": np.int64, "stop": np.int64, "rows": np.int64, "line_from": np.int64, "extent": np.int8,
        "sealed": np.int8, "record": np.uint32,
    }  # fmt: skip
    arrays: dict[str, Any] = {name: np.zeros(0, kinds.get(name, np.int32)) for name in PER_READ}
    return ReadLog(**arrays | {name: np.zeros((0, 16), np.uint8) for name in ("line_hash", "read_id")})
