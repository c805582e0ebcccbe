"""From a sample and its proposed meanings to a manifest. Pure; what a person must decide comes in as options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations
from typing import get_args

import pyarrow as pa
import pyarrow.compute as pc

from kulla.errors import UsageError
from kulla.registers.manifest import MEANINGS, Column, Copy, CopyKind, History, Manifest, Meaning, Purpose, SourceKind
from kulla.registers.meanings.proposed import Suggested, proposed
from kulla.registers.schema import VALID_TO, VERSION_TIMES

_ENTRY: tuple[Meaning, ...] = ("period", "employer_id", "date", "code")


@dataclass(frozen=True, slots=True)
class Found:
    """What a source shows of itself.

    Attributes:
        sample: rows, with VERSION_TIMES where the source has them.
        key: the source's own primary key; empty when unknown.
        copies: what the server tells of copies.
        readers: roles that may read it, and by what means.
    """

    source: SourceKind
    connection: str
    table: str
    sample: pa.Table
    key: tuple[str, ...] = ()
    copies: tuple[Copy, ...] = ()
    readers: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """What the owner tells. Empty fields are proposed where that can be done."""

    name: str
    owner: str
    constituent: str
    zone: str
    legal_basis: str
    record: tuple[str, ...] = ()
    entry: tuple[str, ...] = ()
    person: str = ""
    remit: str = ""
    timezone: str = "UTC"
    copies: tuple[Copy, ...] = ()
    purposes: tuple[Purpose, ...] = ()
    electoral: bool | None = None


def suggestions(found: Found) -> tuple[Suggested, ...]:
    """The proposed meanings of the source's columns, but for those that hold the versions' times."""
    names = [name for name in found.sample.column_names if name not in VERSION_TIMES.names]
    return proposed(found.sample.select(names))


def manifest_of(found: Found, told: Told, columns: Sequence[Column]) -> Manifest:
    """The manifest. Raises UsageError when no column can name the record, or one that is named is not there."""
    _known(told, columns)
    record = told.record or _record(found, columns)
    entry = told.entry or _entry(found, columns, record)
    person = told.person or _first(columns, "national_id")
    versions = VERSION_TIMES.names[0] in found.sample.column_names
    history: History = "versions" if found.source == "files" and versions else "none"
    administrators = tuple(role for role, means in found.readers if set(means) - {"grant", "columns", "read_all_data"})
    electoral = _electoral(told.name, columns) if told.electoral is None else told.electoral
    return Manifest(
        told.name, told.owner, told.constituent, told.zone, told.legal_basis, found.source, found.connection,
        found.table, record, tuple(columns), entry, person,
        told.remit or _first(columns, "municipality") or _first(columns, "office"), history, told.timezone,
        purposes=told.purposes, copies=(*found.copies, *told.copies), administrators=administrators,
        electoral=electoral,
    )  # fmt: skip


def chosen_column(text: str) -> tuple[str, Meaning, str]:
    """`NAME=MEANING` or `NAME=special:CATEGORY`. Raises UsageError for another text or meaning.

    >>> chosen_column("preference=special:politics")
    ('preference', 'special', 'politics')
    """
    name, mark, rest = text.rpartition("=")
    word, _, category = rest.partition(":")
    for meaning in MEANINGS:
        if mark and name and word == meaning:
            if (meaning == "special") != bool(category):
                break
            return name, meaning, category
    raise UsageError(
        f"--column {text}: write NAME=MEANING, or NAME=special:CATEGORY; meanings are {', '.join(MEANINGS)}"
    )


def chosen_copy(text: str) -> Copy:
    """A copy as the command line tells it: `name=…,kind=backup,frozen_at=2021-04-01,reachable_by=a|b,read_log=yes`.

    Raises UsageError for unknown keys, kinds and times.
    """
    parts = _pairs("--copy", text, {"name", "kind", "place", "frozen_at", "reachable_by", "read_log", "note"})
    kind = next((k for k in get_args(CopyKind) if k == parts.get("kind", "other")), None)
    if not parts.get("name") or kind is None:
        raise UsageError(f"--copy {text}: give name=, and kind= one of {', '.join(get_args(CopyKind))}")
    frozen = _moment(text, parts["frozen_at"]) if parts.get("frozen_at") else None
    return Copy(
        parts["name"], kind, parts.get("place", ""), frozen, _several(parts.get("reachable_by", "")),
        _yes(parts.get("read_log", "")), parts.get("note", ""),
    )  # fmt: skip


def chosen_purpose(text: str) -> Purpose:
    """A purpose as the command line tells it: `name=tax audit,roles=auditor|inspector,case_required=yes`."""
    parts = _pairs("--purpose", text, {"name", "roles", "case_required"})
    if not parts.get("name"):
        raise UsageError(f"--purpose {text}: give name=")
    return Purpose(parts["name"], _several(parts.get("roles", "")), _yes(parts.get("case_required", "")))


def _known(told: Told, columns: Sequence[Column]) -> None:
    names = {c.name for c in columns}
    for option, given in (("record", told.record), ("entry", told.entry), ("person", (told.person,)),
                          ("remit", (told.remit,))):  # fmt: skip
        for name in given:
            if name and name not in names:
                raise UsageError(f"--{option} {name}: no such column; there are {', '.join(sorted(names))}")


def _record(found: Found, columns: Sequence[Column]) -> tuple[str, ...]:
    for meaning in ("plate", "national_id"):
        # A plate first: a vehicle register names its owners too, but a record is the vehicle.
        if name := _first(columns, meaning):
            return (name,)
    if found.key:
        return found.key
    raise UsageError("no column looks like a person's id or a plate; name the record's key with --record COLUMN")


def _entry(found: Found, columns: Sequence[Column], record: Sequence[str]) -> tuple[str, ...]:
    """The fewest columns that tell rows of one record apart at one time: the source's key, else as the sample shows."""
    if set(record) < set(found.key):
        return tuple(name for name in found.key if name not in record)
    rows = found.sample
    if VALID_TO in rows.column_names:
        rows = rows.filter(pc.is_null(rows.column(VALID_TO)))
    if _unique(rows, record):
        return ()
    able = [c.name for meaning in _ENTRY for c in columns if c.meaning == meaning and c.name not in record]
    for size in (1, 2):
        for chosen in combinations(able[:6], size):
            if _unique(rows, [*record, *chosen]):
                return _with_employer(chosen, columns)
    return ()


def _with_employer(chosen: tuple[str, ...], columns: Sequence[Column]) -> tuple[str, ...]:
    """Rows by period are by employer too: few people have two employers in a month, so a sample may show none."""
    employer = _first(columns, "employer_id")
    periods = {c.name for c in columns if c.meaning == "period"}
    return (employer, *chosen) if employer and employer not in chosen and periods.intersection(chosen) else chosen


def _unique(rows: pa.Table, names: Sequence[str]) -> bool:
    return bool(rows.select(list(names)).group_by(list(names)).aggregate([]).num_rows == rows.num_rows)


def _first(columns: Sequence[Column], meaning: str) -> str:
    return next((c.name for c in columns if c.meaning == meaning), "")


def _electoral(name: str, columns: Sequence[Column]) -> bool:
    words = " ".join([name, *(c.name for c in columns)]).lower()
    return any(word in words for word in ("voter", "elector", "zgjedh", "votues", "polling"))


def _pairs(option: str, text: str, known: set[str]) -> Mapping[str, str]:
    parts = {}
    for pair in text.split(","):
        key, mark, value = pair.partition("=")
        if not mark or key.strip() not in known:
            raise UsageError(
                f"{option} {text}: write key=value pairs with commas between; keys are {', '.join(sorted(known))}"
            )
        parts[key.strip()] = value.strip()
    return parts


def _several(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split("|") if part.strip())


def _yes(text: str) -> bool:
    return text.lower() in {"yes", "true", "1"}


def _moment(text: str, value: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise UsageError(f"--copy {text}: frozen_at must be a date or time in ISO 8601") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
