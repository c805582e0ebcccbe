"""YAML texts as plain values that know their lines. The only file here that meets PyYAML.

Values are built from libyaml's event stream, without recursion and without constructing anything but text, numbers,
booleans, null, lists and maps, so that a text from a stranger can neither run code nor exhaust the stack. Plain
scalars follow the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema), which Sigma names, so `yes`,
`1:30` and dates are text; numbers in other than their plainest form are text too (see `scalar`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import yaml

MAX_CHARACTERS: Final = 16 * 1024 * 1024
MAX_VALUES: Final = 1_000_000
"""Values of one text, with every alias counted as the values it stands for: stops alias bombs."""
MAX_DEPTH: Final = 64
MAX_NUMBER: Final = 400
"""Longest number read as such. Python refuses to print integers of more than 4,300 digits."""


class Map(dict[str, "Value"]):
    """A YAML map: keys as written, the line it starts at, and the line of each key (from 1)."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int = 1) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}

    def line_of(self, key: str) -> int:
        """The line of `key`, or of the map when it has no such key."""
        return self.lines.get(key, self.line)


class Seq(list["Value"]):
    """A YAML list: the line it starts at, and the line of each element (from 1)."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int = 1) -> None:
        super().__init__()
        self.line = line
        self.lines: list[int] = []


Scalar = str | int | float | bool | None
Value = Scalar | Map | Seq


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a text, or the rest of it, could not be read."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a text: its value and the line it starts at."""

    value: Value
    line: int


_INT = re.compile(r"-?(0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"-?[0-9]+\.[0-9]+\Z")
_WORDS: Final[dict[str, Scalar]] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_TAG = "tag:yaml.org,2002:"
_NUMERIC = frozenset("-0123456789")


class _ReadError(Exception):
    """Reading stops here; the documents before are kept."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.fault = Fault(line, message)


def documents(text: str) -> tuple[list[Document], list[Fault]]:
    """The documents of `text`, up to the first fault. Never raises on any text.

    >>> found, faults = documents("a: 1\\nb: [x, null]\\n---\\n- yes")
    >>> [document.value for document in found], faults
    ([{'a': 1, 'b': ['x', None]}, ['yes']], [])
    """
    if len(text) > MAX_CHARACTERS:
        return [], [Fault(1, f"the file is longer than {MAX_CHARACTERS:,} characters: split it")]
    builder = _Builder()
    faults: list[Fault] = []
    try:
        loader = yaml.CSafeLoader(text)
        while (event := loader.get_event()) is not None and not isinstance(event, yaml.StreamEndEvent):
            builder.take(event)
    except _ReadError as refused:
        faults.append(refused.fault)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        faults.append(Fault(mark.line + 1 if mark else 1, f"this is not YAML: {error.problem or error.context}"))
    except (yaml.YAMLError, UnicodeError):
        faults.append(_bad_character(text))
    return builder.documents, faults


def _bad_character(text: str) -> Fault:
    """The reader refuses characters that YAML does not allow; it gives no line, so look for the first."""
    bad = re.search(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|\ufeff(?!\A)", text)
    line = text.count("\n", 0, bad.start()) + 1 if bad else 1
    return Fault(line, "this is not YAML: a character that YAML does not allow; save the file as UTF-8 text")


def scalar(text: str) -> Scalar:
    """What an unquoted scalar means.

    Only a number in its plainest form is a number. `007`, `0x17`, `1e3` stay the text that was written, since it is
    as text that events are compared with it (a rule of SigmaHQ looks for `00000429`).

    >>> scalar("4688"), scalar("-1.5"), scalar("0x1F"), scalar("yes"), scalar("~")
    (4688, -1.5, '0x1F', 'yes', None)
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMERIC or len(text) > MAX_NUMBER:
        return text
    if _INT.match(text):
        return int(text) if text != "-0" else text
    if _FLOAT.match(text) and repr(float(text)) == text:
        return float(text)
    return text


def _line(event: yaml.Event) -> int:
    mark = event.start_mark
    return mark.line + 1 if mark is not None else 1


class _Builder:
    """Builds values from events with an explicit stack."""

    def __init__(self) -> None:
        self.documents: list[Document] = []
        self._stack: list[Map | Seq] = []
        self._keys: list[tuple[str, int] | None] = []
        self._starts: list[tuple[str | None, int]] = []
        self._anchors: dict[str, tuple[Value, int]] = {}
        self._values = 0
        self._start = 1

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._close()
        elif isinstance(event, yaml.CollectionStartEvent):
            self._open(event)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._start = _line(event)
            self._anchors.clear()

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        line = _line(event)
        self._count(1, line)
        if self._expects_key():
            self._keys[-1] = (event.value, line)
            return
        value = self._tagged(event, line)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, 1)
        self._put(value, line)

    def _tagged(self, event: yaml.ScalarEvent, line: int) -> Scalar:
        if event.tag is None:
            return scalar(event.value) if event.implicit[0] else str(event.value)
        kind = event.tag.removeprefix(_TAG)
        if kind in ("str", "timestamp", "binary") or event.tag == "!":
            return str(event.value)
        if kind in ("int", "float", "bool", "null"):
            return scalar(event.value)
        raise _ReadError(line, f"the tag `{event.tag[:60]}` has no meaning in a rule: remove it")

    def _open(self, event: yaml.CollectionStartEvent) -> None:
        line = _line(event)
        if self._expects_key():
            raise _ReadError(line, "a list or map stands as a key: put quotes around the key")
        if event.tag not in (None, "!", _TAG + "map", _TAG + "seq"):
            raise _ReadError(line, f"the tag `{event.tag[:60]}` has no meaning in a rule: remove it")
        if len(self._stack) >= MAX_DEPTH:
            raise _ReadError(line, f"nested deeper than {MAX_DEPTH} levels: flatten it")
        self._count(1, line)
        self._stack.append(Map(line) if isinstance(event, yaml.MappingStartEvent) else Seq(line))
        self._keys.append(None)
        self._starts.append((event.anchor, self._values))

    def _close(self) -> None:
        value = self._stack.pop()
        self._keys.pop()
        anchor, before = self._starts.pop()
        if anchor is not None:
            self._anchors[anchor] = (value, self._values - before + 1)
        self._put(value, value.line)

    def _alias(self, event: yaml.AliasEvent) -> None:
        line = _line(event)
        name = event.anchor or ""
        if name not in self._anchors:
            raise _ReadError(line, f"`*{name[:60]}` refers to no finished `&{name[:60]}` above")
        value, size = self._anchors[name]
        self._count(size, line)
        if self._expects_key():
            if not isinstance(value, str):
                raise _ReadError(line, "a list or map stands as a key: put quotes around the key")
            self._keys[-1] = (value, line)
            return
        self._put(value, line)

    def _count(self, values: int, line: int) -> None:
        self._values += values
        if self._values > MAX_VALUES:
            raise _ReadError(line, f"more than {MAX_VALUES:,} values, aliases counted: split the file")

    def _expects_key(self) -> bool:
        return bool(self._stack) and isinstance(self._stack[-1], Map) and self._keys[-1] is None

    def _put(self, value: Value, line: int) -> None:
        if not self._stack:
            self.documents.append(Document(value, self._start if value is None else line))
            self._values = 0
            return
        parent = self._stack[-1]
        if isinstance(parent, Seq):
            parent.append(value)
            parent.lines.append(line)
            return
        key, key_line = self._keys[-1] or ("", line)
        self._keys[-1] = None
        if key == "<<" and isinstance(value, Map | Seq):
            _merge(parent, value, key_line)
        elif key in parent.lines:
            raise _ReadError(
                key_line, f"the key `{key[:60]}` stands twice in one map (first: line {parent.lines[key]})"
            )
        else:
            parent[key] = value
            parent.lines[key] = key_line


def _merge(parent: Map, value: Map | Seq, line: int) -> None:
    """The merge key (https://yaml.org/type/merge.html): what the map says itself goes before what it takes over."""
    for source in [value] if isinstance(value, Map) else value:
        if not isinstance(source, Map):
            raise _ReadError(line, "`<<` takes a map or a list of maps")
        for key, item in source.items():
            if key not in parent:
                parent[key] = item
