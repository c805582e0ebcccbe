"""The manifest of a register: what it holds, where, on what legal basis, who may read it, and every known copy.

`manifest.toml` in the owner's folder is the truth; `read_manifest` and `manifest_text` turn it into this value and
back. A manifest holds no value of any person. All times are aware, UTC.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal, get_args

import tomli_w

from kulla.errors import ConfigError

SCHEMA = 1

Meaning = Literal[
    "national_id", "name", "given_name", "family_name", "phone", "email", "plate", "iban", "money", "employer_id",
    "employer", "birth_date", "date", "period", "address", "municipality", "office", "special", "code", "other",
]  # fmt: skip
"""What a column means. `special`: a special category of personal data (GDPR art. 9), named in `Column.category`."""

MEANINGS: tuple[Meaning, ...] = get_args(Meaning)

CopyKind = Literal["replica", "backup", "test", "warehouse", "processor", "other"]
History = Literal["trigger", "snapshots", "versions", "reconstructed", "none"]
SourceKind = Literal["postgresql", "files"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the register.

    Attributes:
        name: as the source spells it.
        meaning: how its values are normalised and what a leak of them weighs.
        category: for `special` columns what they tell (health, politics, religion …); else empty.
        imprint: whether its cells go into the imprint.
        evidence: why this meaning was proposed; counts only, never a value.
    """

    name: str
    meaning: Meaning
    category: str = ""
    imprint: bool = True
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Copy:
    """A known copy of the register outside it: a candidate source of every leak.

    Attributes:
        frozen_at: the state it holds when it does not follow the register; None for one that follows.
        reachable_by: accounts, roles or organisations that could read it.
        read_log: whether reads of it are logged anywhere.
    """

    name: str
    kind: CopyKind
    place: str = ""
    frozen_at: datetime | None = None
    reachable_by: tuple[str, ...] = ()
    read_log: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Purpose:
    """Who may read the register for what.

    Attributes:
        roles: roles (of the staff list) or database accounts.
        case_required: whether each read must name a case.
    """

    name: str
    roles: tuple[str, ...] = ()
    case_required: bool = False


@dataclass(frozen=True, slots=True)
class Manifest:
    """A register as its owner declares it.

    Attributes:
        source: `postgresql` (a live table or view) or `files` (CSV or Parquet of versions).
        connection: a libpq connection string or URI without a password, or the files' path.
        table: schema-qualified table or view; empty for files.
        record: columns that name the record (the person's id, or the plate).
        entry: further columns that, with `record`, name one row at a time (period, employer); empty when a record has
            one row at a time.
        person: the column that names the person; empty when none does.
        remit: the column by whose value records belong to an office's remit; empty when there is none.
        history: how versions are obtained.
        timezone: of times without an offset in source and audit.
        clock_uncertainty: seconds by which the audit's clock may be off.
    """

    name: str
    owner: str
    constituent: str
    zone: str
    legal_basis: str
    source: SourceKind
    connection: str
    table: str
    record: tuple[str, ...]
    columns: tuple[Column, ...]
    entry: tuple[str, ...] = ()
    person: str = ""
    remit: str = ""
    history: History = "none"
    timezone: str = "UTC"
    clock_uncertainty: float = 1.0
    purposes: tuple[Purpose, ...] = ()
    copies: tuple[Copy, ...] = ()
    administrators: tuple[str, ...] = ()
    electoral: bool = False
    schema: int = SCHEMA

    def column(self, name: str) -> Column:
        """The column of that name. Raises KeyError."""
        return next(c for c in self.columns if c.name == name)

    @property
    def imprinted(self) -> tuple[Column, ...]:
        """The columns whose cells go into the imprint."""
        return tuple(c for c in self.columns if c.imprint)


def manifest_text(manifest: Manifest) -> str:
    """The manifest as TOML. What has its default is left out, but for the columns."""
    return tomli_w.dumps(_plain(manifest))


def read_manifest(text: str, place: str) -> Manifest:
    """The manifest in a TOML text. Raises ConfigError naming `place` and the key that is wrong."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{place}: not TOML: {error}") from error
    if table.get("schema") != SCHEMA:
        raise ConfigError(f"{place}: schema must be {SCHEMA}; a newer Kulla may have written it")
    made = _made(Manifest, table, place)
    assert isinstance(made, Manifest)
    _check(made, place)
    return made


def _check(manifest: Manifest, place: str) -> None:
    names = [c.name for c in manifest.columns]
    if len(set(names)) != len(names):
        raise ConfigError(f"{place}: columns: a name occurs twice")
    for key in ("record", "entry"):
        missing = sorted(set(getattr(manifest, key)) - set(names))
        if missing:
            raise ConfigError(f"{place}: {key}: {missing[0]} is no declared column")
    if not manifest.record:
        raise ConfigError(f"{place}: record: name at least one column")
    for key in ("person", "remit"):
        value = getattr(manifest, key)
        if value and value not in names:
            raise ConfigError(f"{place}: {key}: {value} is no declared column")
    if "=" in manifest.connection and "password" in manifest.connection.lower():
        raise ConfigError(f"{place}: connection: holds a password; use a pgpass file or PGPASSWORD")


_NESTED: Mapping[str, type[Any]] = {"columns": Column, "copies": Copy, "purposes": Purpose}
_WORDS: Mapping[str, tuple[str, ...]] = {
    "meaning": MEANINGS,
    "kind": get_args(CopyKind),
    "history": get_args(History),
    "source": get_args(SourceKind),
}


def _made(kind: type[Any], table: Mapping[str, Any], place: str) -> Any:
    known = {f.name: f for f in kind.__dataclass_fields__.values()}
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known:
            raise ConfigError(f"{place}: unknown key {key}; known are {', '.join(sorted(known))}")
        values[key] = _value(key, str(known[key].type), value, place)
    try:
        return kind(**values)
    except TypeError as error:
        raise ConfigError(f"{place}: a key is missing: {error}") from error


def _value(key: str, annotation: str, value: Any, place: str) -> Any:
    if key in _NESTED:
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise ConfigError(f"{place}: {key}: must be tables, written [[{key}]]")
        return tuple(_made(_NESTED[key], each, f"{place}: {key}") for each in value)
    if key in _WORDS and value not in _WORDS[key]:
        raise ConfigError(f"{place}: {key}: must be one of {', '.join(_WORDS[key])}")
    if annotation.startswith("tuple"):
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise ConfigError(f"{place}: {key}: must be a list of strings")
        return tuple(value)
    if annotation.startswith("datetime"):
        if not isinstance(value, date):
            raise ConfigError(f"{place}: {key}: must be a date or time, without quotes")
        moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    wanted: dict[str, tuple[type[Any], ...]] = {"bool": (bool,), "int": (int,), "float": (int, float)}
    if not isinstance(value, wanted.get(annotation, (str,))) or (isinstance(value, bool) and annotation != "bool"):
        raise ConfigError(f"{place}: {key}: must be of type {annotation if annotation in ('bool', 'int') else 'text'}")
    return value


def _plain(value: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for name, spec in value.__dataclass_fields__.items():
        each = getattr(value, name)
        if each == spec.default and name != "schema":
            continue
        if name in _NESTED:
            plain[name] = [_plain(part) for part in each]
        else:
            plain[name] = list(each) if isinstance(each, tuple) else each
    nested = {name: plain.pop(name) for name in _NESTED if name in plain}
    return plain | nested
