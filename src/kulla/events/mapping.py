"""The logsource table read from TOML: users' files before the shipped ones. docs/logsources.md shows the format.

Everything wrong in all files is said at once, with file and key, as one `ConfigError`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyarrow as pa
import pyarrow.compute as pc

from kulla.errors import ConfigError
from kulla.events.formats import FORMATS
from kulla.events.logsource import Alias, Includes, Logsource
from kulla.events.table import KINDS, LABELS, Entry, FieldTest, LogsourceTable, SourceOptions
from kulla.events.text import fold

T = TypeVar("T")

__all__ = ["LogsourceTable", "SourceOptions", "load", "shipped"]

_TOP: Final = {"aliases", "includes", "labels", "logsource", "rename", "source", "unfed"}
_PARTS: Final = {"product", "category", "service"}
_CONDITIONS: Final = {"formats", "channel", "provider", "event_code", "file", "where"}
_RENAMES: Final = {"use", "aliases"}
_ALIAS: Final = {"from", "join", "values", "extract", "prefixes", "also"}
_SPAN = re.compile(r"([+-]?)(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def load(paths: Sequence[Path | str] = ()) -> LogsourceTable:
    """The users' files, in the order given, before the shipped table.

    Raises `ConfigError` with everything that is wrong in all of them, one problem a line, each with file and key.
    """
    if not paths:
        return shipped()
    texts: list[tuple[str, str]] = []
    problems: list[str] = []
    for path in paths:
        try:
            texts.append((str(path), Path(path).read_text("utf-8")))
        except OSError as error:
            problems.append(f"{path}: cannot be read ({error.strerror}); give the path of a logsource TOML file")
        except UnicodeDecodeError:
            problems.append(f"{path}: is not UTF-8 text; save it as UTF-8")
    return parse(texts, _shipped_sets(), problems) + shipped()


@cache
def shipped() -> LogsourceTable:
    """The table that comes with Kulla: the files of `logsources/`, in the order of their names."""
    return parse(_shipped_files(), {})


@cache
def _shipped_files() -> tuple[tuple[str, str], ...]:
    folder = resources.files("kulla.events") / "logsources"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    return tuple((file.name, file.read_text("utf-8")) for file in files)


@cache
def _shipped_sets() -> Mapping[str, Any]:
    """The named alias sets of the shipped files, for `use` in users' files."""
    return {
        name: given for _, text in _shipped_files() for name, given in tomllib.loads(text).get("aliases", {}).items()
    }


def parse(texts: Sequence[tuple[str, str]], sets: Mapping[str, Any], problems: Sequence[str] = ()) -> LogsourceTable:
    """Tables in TOML, in order, as one. `texts` are (file name, content); `sets` are alias sets known already;
    `problems` are reported with those found here."""
    said = list(problems)
    documents: list[tuple[str, dict[str, Any]]] = []
    for name, text in texts:
        try:
            documents.append((name, tomllib.loads(text)))
        except tomllib.TOMLDecodeError as error:
            said.append(f"{name}: is not valid TOML: {error}; correct it there")
    known = dict(sets)
    for _, document in documents:
        known |= document.get("aliases", {}) if isinstance(document.get("aliases"), dict) else {}
    table = LogsourceTable()
    for name, document in documents:
        table = table + _Reader(name, known, said).table(document)
    if said:
        raise ConfigError("\n".join(said))
    return table


class _Reader:
    """Reads one document; what is wrong goes to `problems`, and reading goes on."""

    def __init__(self, name: str, sets: Mapping[str, Any], problems: list[str]) -> None:
        self._name = name
        self._sets = sets
        self._problems = problems

    def table(self, document: dict[str, Any]) -> LogsourceTable:
        self._unknown("", document, _TOP)
        for name, given in self._dict("", document, "aliases").items():
            self._aliases(f"aliases.{name}", given)
        labels = self._dict("", document, "labels")
        self._unknown("labels", labels, {*LABELS, "formats"})
        return LogsourceTable(
            tuple(self._entry(f"logsource[{n}]", item) for n, item in self._tables(document, "logsource")),
            tuple(self._entry(f"rename[{n}]", item) for n, item in self._tables(document, "rename")),
            tuple(self._source(f"source[{n}]", item) for n, item in self._tables(document, "source")),
            {label: self._texts("labels", labels, label) for label in LABELS},
            self._formats("labels", labels),
            tuple(
                (self._triple(f"unfed[{n}]", item), self._text(f"unfed[{n}]", item, "reason") or "")
                for n, item in self._tables(document, "unfed")
            ),
            self._includes(self._dict("", document, "includes")),
        )

    def _formats(self, key: str, item: dict[str, Any]) -> frozenset[str]:
        known = {each.name for each in FORMATS}
        given = frozenset(self._texts(key, item, "formats"))
        for name in sorted(given - known):
            self._say(f"{key}.formats", f"no format is called {name}; the formats are {_listed(known)}")
        return given

    def _entry(self, key: str, item: dict[str, Any]) -> Entry:
        self._unknown(key, item, _PARTS | _CONDITIONS | _RENAMES | {"labels", "audit"})
        logsource = self._triple(key, item)
        if logsource == Logsource():
            self._say(key, "names no product, category or service; give at least one")
        if not _CONDITIONS & item.keys():
            self._say(key, f"has no condition and would take every event; give one of {_listed(_CONDITIONS)}")
        labels = self._dict(key, item, "labels")
        self._unknown(f"{key}.labels", labels, set(LABELS))
        return Entry(
            logsource,
            self._formats(key, item),
            frozenset(fold(text) for text in self._texts(key, item, "channel")),
            frozenset(fold(text) for text in self._texts(key, item, "provider")),
            frozenset(fold(text) for text in self._texts(key, item, "event_code")),
            self._texts(key, item, "file"),
            self._where(f"{key}.where", item.get("where")),
            self._renames(key, item),
            {label: self._texts(f"{key}.labels", labels, label) for label in labels},
            self._flag(key, item, "audit") or False,
        )

    def _source(self, key: str, item: dict[str, Any]) -> tuple[str, SourceOptions]:
        self._unknown(
            key, item, _PARTS | _RENAMES | {"path", "timezone", "clock_offset", "constituent", "zone", "audit"}
        )
        path = self._text(key, item, "path")
        if not path:
            self._say(f"{key}.path", 'is missing; give a glob such as "web01/*.log"')
        parts = self._triple(key, item)
        options = SourceOptions(
            self._convert(key, item, "timezone", ZoneInfo, 'give an IANA name such as "Europe/Tirane"'),
            self._convert(key, item, "clock_offset", _span, 'give a length of time such as "-3m" or "1h30m"'),
            self._text(key, item, "constituent"),
            self._text(key, item, "zone"),
            parts.product,
            parts.category,
            parts.service,
            self._renames(key, item),
            self._flag(key, item, "audit"),
        )
        return path or "", options

    def _where(self, key: str, given: Any) -> tuple[tuple[FieldTest, ...], ...]:
        """A table: all tests must hold. An array of tables: those of one of them."""
        if given is None:
            return ()
        choices = given if isinstance(given, list) else [given]
        tests: list[tuple[FieldTest, ...]] = []
        for choice in choices:
            if not isinstance(choice, dict) or not choice:
                self._say(key, 'must be a table of field = test, such as { program = "sshd" }')
                continue
            tests.append(tuple(test for name, asked in choice.items() for test in self._tests(key, name, asked)))
        return tuple(tests)

    def _tests(self, key: str, name: str, asked: Any) -> list[FieldTest]:
        at = f"{key}.{name}"
        if not isinstance(asked, dict):
            return [FieldTest(name, "equals", self._texts(key, {name: asked}, name))]
        self._unknown(at, asked, set(KINDS))
        tests: list[FieldTest] = []
        for kind in KINDS:
            if kind == "exists" and kind in asked:
                tests.append(FieldTest(name, kind, (), self._flag(at, asked, kind) is not False))
            elif kind in asked:
                values = self._texts(at, asked, kind)
                if kind == "matches":
                    for value in values:
                        self._regex(f"{at}.{kind}", value)
                tests.append(FieldTest(name, kind, values))
        return tests

    def _renames(self, key: str, item: dict[str, Any]) -> dict[str, Alias]:
        """The entry's own aliases, then those of the sets it uses; the first to name a field wins."""
        aliases = self._aliases(f"{key}.aliases", item.get("aliases", {}))
        for name in self._texts(key, item, "use"):
            if name not in self._sets:
                self._say(f"{key}.use", f"there is no alias set {name!r}; define [aliases.{name}] or correct the name")
            else:
                silent = _Reader(self._name, {}, [])  # a set's own problems are said where it is defined
                aliases = {**silent._aliases(name, self._sets[name]), **aliases}
        return aliases

    def _aliases(self, key: str, given: Any) -> dict[str, Alias]:
        if not isinstance(given, dict):
            self._say(key, 'must be a table such as { Image = "process.executable" }')
            return {}
        return {name: self._alias(f"{key}.{name}", spec) for name, spec in given.items()}

    def _alias(self, key: str, spec: Any) -> Alias:
        if not isinstance(spec, dict):
            return Alias(self._texts(key.rpartition(".")[0], {key: spec}, key, full=key))
        self._unknown(key, spec, _ALIAS)
        sources = self._texts(key, spec, "from")
        if not sources:
            self._say(f"{key}.from", "is missing; name the field or fields that hold the value")
        extract = self._text(key, spec, "extract")
        if extract is not None:
            self._regex(f"{key}.extract", extract)
            if "(?P<value>" not in extract:
                self._say(f"{key}.extract", "has no group (?P<value>…); put one around the part to keep")
        return Alias(
            sources,
            self._text(key, spec, "join"),
            self._translation(key, spec, "values"),
            extract,
            self._translation(key, spec, "prefixes"),
            self._flag(key, spec, "also") or False,
        )

    def _includes(self, given: dict[str, Any]) -> Includes:
        self._unknown("includes", given, _PARTS)
        parts: list[dict[str, tuple[str, ...]]] = []
        for part in ("product", "category", "service"):
            wider = self._dict("includes", given, part)
            parts.append(
                {
                    name.lower(): tuple(text.lower() for text in self._texts(f"includes.{part}", wider, name))
                    for name in wider
                }
            )
        return Includes(*parts)

    def _triple(self, key: str, item: dict[str, Any]) -> Logsource:
        return Logsource(*(self._text(key, item, part) for part in ("product", "category", "service")))

    def _say(self, key: str, problem: str) -> None:
        self._problems.append(f"{self._name}: {key}: {problem}")

    def _unknown(self, key: str, item: Mapping[str, Any], known: set[str]) -> None:
        for name in item.keys() - known:
            self._say(f"{key}.{name}".lstrip("."), f"is no key of this table; use one of {_listed(known)}")

    def _tables(self, item: dict[str, Any], name: str) -> list[tuple[int, dict[str, Any]]]:
        given = item.get(name, [])
        if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
            self._say(name, f"must be an array of tables; write [[{name}]]")
            return []
        return list(enumerate(given, 1))

    def _dict(self, key: str, item: dict[str, Any], name: str) -> dict[str, Any]:
        given = item.get(name, {})
        if isinstance(given, dict):
            return given
        self._say(f"{key}.{name}".lstrip("."), "must be a table")
        return {}

    def _text(self, key: str, item: dict[str, Any], name: str) -> str | None:
        given = item.get(name)
        if given is None or isinstance(given, str):
            return given
        self._say(f"{key}.{name}", "must be text in quotes")
        return None

    def _texts(self, key: str, item: dict[str, Any], name: str, full: str = "") -> tuple[str, ...]:
        """One text or number, or an array of them."""
        given = item.get(name, [])
        texts = given if isinstance(given, list) else [given]
        if all(isinstance(text, str | int) for text in texts):
            return tuple(str(text).lower() if isinstance(text, bool) else str(text) for text in texts)
        self._say(full or f"{key}.{name}", "must be text or an array of texts")
        return ()

    def _flag(self, key: str, item: dict[str, Any], name: str) -> bool | None:
        given = item.get(name)
        if given is None or isinstance(given, bool):
            return given
        self._say(f"{key}.{name}", "must be true or false")
        return None

    def _translation(self, key: str, item: dict[str, Any], name: str) -> dict[str, str] | None:
        given = item.get(name)
        if given is None:
            return None
        if isinstance(given, dict) and all(isinstance(text, str) for text in given.values()):
            return given
        self._say(f"{key}.{name}", 'must be a table of texts such as { "%%14593" = "true" }')
        return None

    def _convert(self, key: str, item: dict[str, Any], name: str, make: Callable[[str], T], advice: str) -> T | None:
        text = self._text(key, item, name)
        try:
            return None if text is None else make(text)
        except (ValueError, OSError, ZoneInfoNotFoundError):
            self._say(f"{key}.{name}", f"cannot be understood; {advice}")
            return None

    def _regex(self, key: str, pattern: str) -> None:
        try:
            pc.match_substring_regex(pa.array([""]), pattern)
        except pa.ArrowInvalid as error:
            self._say(key, f"is no RE2 regular expression: {str(error).removeprefix('Invalid regular expression: ')}")


def _span(text: str) -> timedelta:
    """A length of time: sign, then numbers with ms, s, m, h or d."""
    body = text.lstrip("+-")
    found = _SPAN.findall(body)
    if not found or "".join("".join(part) for part in found) != body or len(text) - len(body) > 1:
        raise ValueError(text)
    seconds = sum(float(number) * _SECONDS[unit] for _, number, unit in found)
    return timedelta(seconds=-seconds if text.startswith("-") else seconds)


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names))
