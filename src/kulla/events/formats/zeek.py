"""Zeek's tab-separated logs: `#separator`, `#fields`, `#types`, `#path` and rows; several may stand in one file."""

from __future__ import annotations

import re

from kulla.events.formats._api import Context
from kulla.events.formats._run import LineReader, WholeFormat
from kulla.events.lines import head_lines
from kulla.events.times import NO_TIME, Times

_ESCAPED = re.compile(r"((?:\\x[0-9A-Fa-f]{2})+)")


def _text(value: str) -> str:
    """A value with Zeek's `\\xNN` turned back into what they stand for."""
    if "\\x" not in value:
        return value
    return _ESCAPED.sub(
        lambda found: bytes.fromhex(found[1].replace("\\x", "")).decode("utf-8", "backslashreplace"), value
    )


class ZeekReader(LineReader):
    """Rows under the latest header. Sets and vectors become arrays; the provider is the path (`conn` …)."""

    def __init__(self, name: str, context: Context) -> None:
        super().__init__(name, context)
        self._times = Times(context.zone, context.clock)
        self._separator, self._set_separator = "\t", ","
        self._empty, self._unset = "(empty)", "-"
        self._names: list[str] = []
        self._types: list[str] = []
        self._path: str | None = None

    def feed(self, number: int, text: str) -> None:
        if text[0] == "#":
            self._directive(text)
            return
        values = text.split(self._separator)
        if len(values) != len(self._names):
            self.run.reject(number, f"the row has {len(values)} values where #fields names {len(self._names)}", text)
            return
        fields: dict[str, str | None] = {}
        for index, (name, value) in enumerate(zip(self._names, values, strict=True)):
            kind = self._types[index] if index < len(self._types) else ""
            self._value(fields, name, value, kind)
        when = self._times.epoch(fields.get("ts") or "")
        if when[0] is None:
            when = self._times.any(fields.get("ts") or "") if fields.get("ts") else NO_TIME
        self.run.add(number, text, fields, when, None, self._path)

    def _value(self, fields: dict[str, str | None], name: str, value: str, kind: str) -> None:
        if value == self._unset:
            fields[name] = None
        elif value == self._empty:
            fields[name] = ""
        elif kind.startswith(("set[", "vector[")):
            for index, element in enumerate(value.split(self._set_separator)):
                fields[f"{name}[{index}]"] = _text(element)
        else:
            fields[name] = _text(value)

    def _directive(self, text: str) -> None:
        if text.startswith("#separator "):
            self._separator = _text(text[11:]) or "\t"
            return
        name, _, value = text[1:].partition(self._separator)
        if name == "fields":
            self._names = value.split(self._separator)
        elif name == "types":
            self._types = value.split(self._separator)
        elif name == "path":
            self._path = value or None
        elif name == "set_separator":
            self._set_separator = _text(value) or ","
        elif name == "empty_field":
            self._empty = value
        elif name == "unset_field":
            self._unset = value


class Zeek(WholeFormat):
    """Zeek (Bro) logs in its own tab-separated form."""

    name = "zeek"

    def sniff(self, head: bytes, name: str) -> int:
        lines = head_lines(head)[:12]
        fields = any(line.startswith("#fields") and len(line) > 8 for line in lines)
        return 98 if fields and any(line.startswith(("#separator ", "#path")) for line in lines) else 0

    def reader(self, context: Context) -> ZeekReader:
        return ZeekReader(self.name, context)
