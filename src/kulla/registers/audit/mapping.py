"""Mappings: how another source's audit, read by a format of `kulla.events`, becomes accesses. docs/audit-logs.md.

A mapping is a TOML file. `[columns]` says which field fills which column of an access; the other tables say how values
are to be understood. Mappings that are shipped lie in `mappings/`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field, fields
from importlib import resources
from typing import Any, Final, Literal

from kulla.errors import ConfigError
from kulla.registers.schema import ACCESS, ACCESS_KINDS

SCHEMA: Final = 1
LINES: Final = "lines"
"""The format of logs that are lines of text: each is the field `line`, which `[pattern]` takes apart."""

FORMATS: Final = (LINES, "csv", "ndjson", "json_array", "mysql", "syslog", "plain")
STYLES: Final = ("oracle", "json", "text")
_MADE: Final = {"line_from", "line_to", "line_hash", "file_sha256", "kind", "outcome", "end_user_grade"}
COLUMNS: Final = tuple(f.name for f in ACCESS if f.name not in _MADE)
MORE: Final = ("duration",)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a column's value comes from: the first of `names` that is not empty, or all of them joined by `by`, if
    there is the last."""

    names: tuple[str, ...]
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping as read.

    Attributes:
        formats: formats of `kulla.events`, or `lines`.
        match: fields that every such log has, by which a file is known as this mapping's.
        pattern: what takes the field `pattern_field` apart; its groups are further fields. pattern_when: a field and a
            value of it; other records are left whole.
        columns: column of ACCESS (or `duration`, in milliseconds) → its source.
        time_formats: how `time` is written (strptime), where it is none that `kulla.events.times` knows.
        kind: the field that tells the kind; kinds: its values, in capitals; `skip` leaves the record out.
        kind_default: for other values: a kind, or `statement`, that is by the statement's first words.
        outcome: the field that tells the outcome; empty: all are ok. ok, cancelled: its values; others are errors.
        longest: characters at which the source cuts statements, 0 for never.
        escape: `backslash` when quotes and line ends in statements are escaped so.
        zero_rows: what zero rows mean: `none` or `unknown`.
        style: how bound parameters are written.
        continued: fields that records of one statement share when it is spread over several, and `number` their order.
        same: columns by which several records are one access.
        carried: columns that a session's later records take from its connect.
        grade: of the end user.
    """

    name: str
    formats: tuple[str, ...]
    columns: Dict[str, Source]
    title: str = ""
    timezone: str = ""
    match: tuple[str, ...] = ()
    pattern_field: str = ""
    pattern: re.Pattern[str] | None = None
    pattern_when: tuple[str, ...] = ()
    time_formats: tuple[str, ...] = ()
    kind: str = ""
    kinds: Dict[str, str] = field(default_factory=dict)
    kind_default: str = "statement"
    outcome: str = ""
    ok: tuple[str, ...] = ()
    cancelled: tuple[str, ...] = ()
    longest: int = 0
    escape: Literal["", "backslash"] = ""
    zero_rows: Literal["none", "unknown"] = "none"
    style: str = "text"
    continued: tuple[str, ...] = ()
    number: str = ""
    same: tuple[str, ...] = ()
    carried: tuple[str, ...] = ()
    grade: str = "application"


_TABLES: Final[Dict[str, Dict[str, str]]] = {
    "match": {"fields": "match"},
    "pattern": {"field": "pattern_field", "text": "pattern", "when": "pattern_when"},
    "time": {"formats": "time_formats"},
    "kind": {"field": "kind", "values": "kinds", "default": "kind_default"},
    "outcome": {"field": "outcome", "ok": "ok", "cancelled": "cancelled"},
    "statement": {"longest": "longest", "escape": "escape"},
    "rows": {"zero": "zero_rows"},
    "parameters": {"style": "style"},
    "continued": {"by": "continued", "number": "number"},
    "same": {"by": "same"},
    "carry": {"columns": "carried"},
    "end_user": {"grade": "grade"},
}
"""Table and key of the TOML → attribute."""

_WORDS: Final[Dict[str, tuple[str, ...]]] = {
    "formats": FORMATS,
    "kind_default": (*ACCESS_KINDS, "statement", "skip"),
    "escape": ("", "backslash"),
    "zero_rows": ("none", "unknown"),
    "style": STYLES,
    "grade": ("none", "application", "comment", "verified"),
    "same": COLUMNS,
    "carried": COLUMNS,
}


def read_mapping(text: str, place: str) -> Mapping:
    """The mapping in a TOML text. Raises ConfigError with everything that is wrong, each with `place` and key."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{place}: not TOML: {error}") from error
    return _Reader(place, table).mapping()


def shipped() -> dict[str, Mapping]:
    """The mappings that come with Kulla, by name."""
    folder = resources.files("kulla.registers.audit") / "mappings"
    files = sorted((each for each in folder.iterdir() if each.name.endswith(".toml")), key=lambda each: each.name)
    found = (read_mapping(each.read_text("utf-8"), each.name) for each in files)
    return {each.name: each for each in found}


class _Reader:
    """Reads a table and gathers what is wrong with it."""

    def __init__(self, place: str, table: dict[str, Any]) -> None:
        self._place = place
        self._table = table
        self._problems: list[str] = []

    def mapping(self) -> Mapping:
        table = self._table
        if table.get("schema") != SCHEMA:
            self._say("schema", f"must be {SCHEMA}; a newer Kulla may have written it")
        values: dict[str, Any] = {}
        for key, given in table.items():
            if key == "columns":
                values["columns"] = self._columns(given)
            elif key in _TABLES:
                values |= self._group(key, given)
            elif key == "format":
                values["formats"] = self._value("format", "formats", given)
            elif key in ("name", "title", "timezone"):
                values[key] = self._value(key, key, given)
            elif key != "schema":
                known = ", ".join(sorted((*_TABLES, "columns", "format")))
                self._say(key, f"is no key of a mapping; use one of {known}")
        for key in ("name", "formats", "columns"):
            if not values.get(key) and {"formats": "format"}.get(key, key) not in table:
                self._say(key.removesuffix("s") if key == "formats" else key, "is missing")
        if "time" not in values.get("columns", {"time": 0}):
            self._say("columns.time", "is missing; an access without a time cannot be used")
        if self._problems:
            raise ConfigError("\n".join(f"{self._place}: {problem}" for problem in self._problems))
        return Mapping(**values)

    def _say(self, key: str, problem: str) -> None:
        self._problems.append(f"{key}: {problem}")

    def _columns(self, given: Any) -> dict[str, Source]:
        if not isinstance(given, dict):
            self._say("columns", "must be a table")
            return {}
        found: dict[str, Source] = {}
        for name, value in given.items():
            if name not in (*COLUMNS, *MORE):
                self._say(f"columns.{name}", f"is no column of an access; use one of {', '.join((*COLUMNS, *MORE))}")
                continue
            joins = isinstance(value, dict) and set(value) == {"join", "by"} and isinstance(value["by"], str)
            by, source = (value["by"], value["join"]) if joins else (None, value)
            names = (source,) if isinstance(source, str) else tuple(source) if isinstance(source, list) else ()
            if not names or not all(isinstance(each, str) for each in names):
                self._say(f"columns.{name}", 'must be a field, a list of fields, or { join = ["a", "b"], by = "." }')
                continue
            found[name] = Source(names, by)
        return found

    def _group(self, table: str, given: Any) -> dict[str, Any]:
        if not isinstance(given, dict):
            self._say(table, f"must be a table, written [{table}]")
            return {}
        found: dict[str, Any] = {}
        for key, value in given.items():
            attribute = _TABLES[table].get(key)
            if attribute is None:
                self._say(f"{table}.{key}", f"is no key of this table; use one of {', '.join(_TABLES[table])}")
            else:
                found[attribute] = self._value(f"{table}.{key}", attribute, value)
        return found

    def _value(self, key: str, attribute: str, value: Any) -> Any:
        kind = next(str(f.type) for f in fields(Mapping) if f.name == attribute)
        if attribute == "kinds":
            return self._kinds(key, value)
        if attribute == "pattern":
            return self._pattern(key, value)
        if kind.startswith("tuple"):
            value = tuple(value) if isinstance(value, list) else (value,)
            if not all(isinstance(each, str) for each in value):
                self._say(key, "must be text or a list of texts")
        elif not isinstance(value, int if kind == "int" else str) or isinstance(value, bool):
            self._say(key, "must be a whole number" if kind == "int" else "must be text in quotes")
            return None
        words = _WORDS.get(attribute)
        for each in value if isinstance(value, tuple) else (value,):
            if words is not None and each not in words:
                self._say(key, f"{each!r}: must be one of {', '.join(word for word in words if word)}")
        return value

    def _kinds(self, key: str, value: Any) -> dict[str, str]:
        if not isinstance(value, dict):
            self._say(key, 'must be a table such as { SELECT = "read" }')
            return {}
        for name, kind in value.items():
            if kind not in (*ACCESS_KINDS, "statement", "skip"):
                self._say(f"{key}.{name}", f"must be statement, skip or one of {', '.join(ACCESS_KINDS)}")
        return {name.upper(): kind for name, kind in value.items()}

    def _pattern(self, key: str, value: Any) -> re.Pattern[str] | None:
        try:
            return re.compile(value, re.DOTALL | re.VERBOSE)
        except (re.error, TypeError) as error:
            self._say(key, f"is no regular expression: {error}")
            return None
