"""W3C extended log files (IIS, Exchange, CloudFront, proxies): columns named by `#Fields`, which may change midway.

Names stay as `#Fields` gives them. Dates and times are in UTC by the standard; a single dash is no value. IIS writes
a blank as `+` in the headers that a client sends, and only there is it turned back.
"""

from __future__ import annotations

import re

from kulla.events.formats._api import Context
from kulla.events.formats._run import LineReader, WholeFormat
from kulla.events.lines import head_lines
from kulla.events.times import NO_TIME, Instant, Times

_PLUS = frozenset(("cs(user-agent)", "cs(cookie)", "cs(referer)"))
_QUOTED = re.compile(r'"([^"]*+(?:""[^"]*+)*)"(?=[ \t]|\Z)|([^ \t]+)')


class W3cReader(LineReader):
    """Rows under the latest `#Fields`."""

    def __init__(self, name: str, context: Context) -> None:
        super().__init__(name, context)
        self._times = Times(context.zone, context.clock)
        self._names: list[str] = []
        self._plus: list[int] = []
        self._day = ""
        self._software: str | None = None

    def feed(self, number: int, text: str) -> None:
        if text[0] == "#":
            self._directive(text)
        elif not self._names:
            self.run.reject(number, "the row comes before any #Fields line", text)
        else:
            self._row(number, text)

    def _directive(self, text: str) -> None:
        name, _, value = text[1:].partition(":")
        name, value = name.strip().lower(), value.strip()
        if name == "fields":
            self._names = value.split()
            self._plus = [i for i, column in enumerate(self._names) if column.lower() in _PLUS]
        elif name == "date":
            self._day = value[:10]
        elif name == "software":
            self._software = value or None

    def _row(self, number: int, text: str) -> None:
        values = self._cells(text)
        if len(values) != len(self._names):
            self.run.reject(number, f"the row has {len(values)} values where #Fields names {len(self._names)}", text)
            return
        for index in self._plus:
            values[index] = values[index].replace("+", " ")
        fields: dict[str, str | None] = dict(zip(self._names, values, strict=True))
        for name, value in fields.items():
            if value == "-":
                fields[name] = None
        host = fields.get("s-computername")
        self.run.add(number, text, fields, self._when(fields), host, self._software)

    def _cells(self, text: str) -> list[str]:
        values = text.split("\t") if "\t" in text else text.split()
        if '"' not in text or len(values) == len(self._names):
            return [_unquoted(value) for value in values] if '"' in text else values
        return [quoted.replace('""', '"') if quoted else word for quoted, word in _QUOTED.findall(text)]

    def _when(self, fields: dict[str, str | None]) -> Instant:
        day, clock = fields.get("date") or self._day, fields.get("time")
        if day and clock:
            return self._times.iso(f"{day}T{clock}Z")
        for name in ("date-time", "datetime", "timestamp", "x-timestamp"):
            value = fields.get(name)
            if value:
                return self._times.any(value)
        return NO_TIME


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return value[1:-1].replace('""', '"')
    return value


class W3c(WholeFormat):
    """W3C extended log files."""

    name = "w3c"

    def sniff(self, head: bytes, name: str) -> int:
        lines = head_lines(head)
        directives = [line for line in lines[:20] if line.startswith("#")]
        if any(line.startswith(("#Fields: ", "#Fields:\t")) for line in directives):
            return 97
        return 0

    def reader(self, context: Context) -> W3cReader:
        return W3cReader(self.name, context)
