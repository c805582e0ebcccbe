"""TOML that people edit, read with the line of each key: every fault is told at once, with file and line.

`tomllib` tells no lines. A second, simple look at the text finds where headers and keys stand; a key that it does not
find (inside an inline table) is told at the line of the table around it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from kulla.errors import ConfigError

Path = tuple[str | int, ...]

_HEADER: Final = re.compile(r"\s*(\[{1,2})\s*([^\[\]]+?)\s*\]{1,2}\s*(#.*)?$")
_KEY: Final = re.compile(r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"))*)\s*=""")
_PART: Final = re.compile(r"""[A-Za-z0-9_-]+|"([^"]*)"|'([^']*)'""")


@dataclass(slots=True)
class Source:
    """A text that is being read: its place for messages, the line of each path, and what is wrong so far."""

    place: str
    lines: dict[Path, int]
    problems: list[str] = field(default_factory=list)

    def say(self, path: Path, message: str) -> None:
        """Notes a fault at a path."""
        line = next((self.lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in self.lines), 1)
        name = ".".join(str(part) for part in path if isinstance(part, str))
        self.problems.append(f"{self.place}:{line}: {name}: {message}" if name else f"{self.place}:{line}: {message}")

    def finish(self) -> None:
        """Raises ConfigError with every fault, if there is one."""
        if self.problems:
            raise ConfigError("\n".join(self.problems))


class Table:
    """One table of the text. Each getter takes a key once; `done` tells what nobody asked for."""

    def __init__(self, values: dict[str, Any], path: Path, source: Source) -> None:
        self.path, self.source = path, source
        self._values, self._asked = values, set[str]()

    def say(self, key: str, message: str) -> None:
        """Notes a fault at a key."""
        self.source.say((*self.path, key) if key else self.path, message)

    def has(self, key: str) -> bool:
        """Whether the key is there."""
        return key in self._values

    def keys(self) -> tuple[str, ...]:
        """The table's keys."""
        return tuple(self._values)

    def text(self, key: str, missing: str | None = None) -> str:
        """A text that is not blank; `missing` when the key is not there, None makes that a fault."""
        value = self._value(key, str, "a text in quotes", missing)
        if isinstance(value, str) and key in self._values and not value.strip():
            self.say(key, "must not be empty")
        return str(value or "")

    def flag(self, key: str, missing: bool | None = None) -> bool:
        """true or false."""
        return bool(self._value(key, bool, "true or false", missing))

    def whole(self, key: str, missing: int | None = None) -> int:
        """A whole number."""
        return int(self._value(key, int, "a whole number", missing) or 0)

    def word(self, key: str, allowed: Iterable[str], missing: str | None = None) -> str:
        """One of the allowed words."""
        value = self.text(key, missing)
        if value and value not in (known := tuple(allowed)) and value != missing:
            self.say(key, f"must be one of {', '.join(known)}")
        return value

    def texts(self, key: str, missing: Sequence[str] | None = ()) -> tuple[str, ...]:
        """A list of texts."""
        value = self._value(key, list, 'a list such as ["one", "two"]', missing)
        told = tuple(value) if isinstance(value, list | tuple) else ()
        if not all(isinstance(each, str) and each.strip() for each in told):
            self.say(key, "must hold texts in quotes only")
            return ()
        return told

    def words(self, key: str, allowed: Iterable[str]) -> tuple[str, ...]:
        """A list of allowed words; empty when the key is not there."""
        known, told = tuple(allowed), self.texts(key)
        for each in told:
            if each not in known:
                self.say(key, f"holds a word that is none of {', '.join(known)}")
        return told

    def spoken(self, key: str, languages: Sequence[str], missing: bool = False) -> dict[str, str]:
        """A text in each language: a table with exactly these keys. missing: whether it may be absent (then empty)."""
        if missing and not self.has(key):
            self._asked.add(key)
            return {}
        table = self.table(key)
        told = {language: table.text(language) for language in languages}
        table.done()
        return told

    def table(self, key: str, missing: bool = False) -> Table:
        """A table; an empty one when `missing` is true and there is none."""
        value = self._value(key, dict, "a table", {} if missing else None)
        return Table(value if isinstance(value, dict) else {}, (*self.path, key), self.source)

    def tables(self, key: str) -> tuple[Table, ...]:
        """A list of tables, [[key]]; may be absent."""
        value = self._value(key, list, f"tables, each headed [[{key}]]", [])
        told = value if isinstance(value, list) else []
        if not all(isinstance(each, dict) for each in told):
            self.say(key, f"must be tables, each headed [[{key}]]")
            return ()
        return tuple(Table(each, (*self.path, key, at), self.source) for at, each in enumerate(told))

    def done(self) -> None:
        """Notes each key that is none of those asked for."""
        for key in self._values:
            if key not in self._asked:
                self.say(key, f"is no key here; the keys are {', '.join(sorted(self._asked))}")

    def _value(self, key: str, kind: type, called: str, missing: object) -> Any:
        self._asked.add(key)
        if key not in self._values:
            if missing is None:
                self.say(key, "is missing")
            return missing
        value = self._values[key]
        if type(value) is not kind:
            self.say(key, f"must be {called}")
            return missing
        return value


def read(text: str, place: str) -> Table:
    """The whole of a TOML text. Raises ConfigError, with the line, for text that is not TOML."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        raise ConfigError(f"{place}:{line}: not TOML: {error}") from None
    return Table(values, (), Source(place, _lines(text)))


def _lines(text: str) -> dict[Path, int]:
    lines: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    above: Path = ()
    inside = ""
    for number, line in enumerate(text.splitlines(), 1):
        if inside:
            inside = "" if line.count(inside) % 2 else inside
            continue
        if header := _HEADER.match(line):
            above = _headed(header[1], _parts(header[2]), counts)
            lines.setdefault(above, number)
        elif key := _KEY.match(line):
            parts = _parts(key[1])
            for end in range(1, len(parts) + 1):
                lines.setdefault((*above, *parts[:end]), number)
            inside = next((quotes for quotes in ('"""', "'''") if line.count(quotes) % 2), "")
    return lines


def _headed(brackets: str, parts: tuple[str, ...], counts: dict[Path, int]) -> Path:
    """The path of a header: within a list of tables, the last one so far."""
    path: Path = ()
    for part in parts[:-1]:
        path = (*path, part)
        if path in counts:
            path = (*path, counts[path] - 1)
    path = (*path, parts[-1])
    if brackets == "[[":
        counts[path] = counts.get(path, 0) + 1
    return (*path, counts[path] - 1) if path in counts else path


def _parts(name: str) -> tuple[str, ...]:
    return tuple(match[1] or match[2] or match[0] for match in _PART.finditer(name))
