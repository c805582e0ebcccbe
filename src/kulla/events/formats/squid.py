"""Squid's native access log: `time elapsed client code/status bytes method URL user hierarchy/peer type`."""

from __future__ import annotations

import re

from kulla.events.formats._api import Context
from kulla.events.formats._run import LineFormat, LineReader
from kulla.events.lines import head_lines
from kulla.events.times import Times

_LINE = re.compile(
    r"(\d{9,11}\.\d{3}) +(-?\d+) (\S+) ([A-Z_]+)/(\d{1,3}) (-?\d+) (\S+) (\S+) (\S+) ([^\s/]+)/(\S+) (\S+)(?: (.*))?\Z",
    re.DOTALL,
)
_NAMES = (
    "time", "elapsed", "client_ip", "result", "status", "bytes", "method", "uri", "user", "hierarchy", "peer",
    "content_type", "extra",
)  # fmt: skip
_URL = re.compile(
    r"(?:[a-z][a-z0-9+.-]*://)?(?:[^/@\s]*@)?(\[[^\]]*\]|[^/:?#\s]+)(?::\d+)?([^?#\s]*)(?:\?(\S*))?", re.IGNORECASE
)


class SquidReader(LineReader):
    """One request a line. `host`, `path` and `query` are parts of the requested URL."""

    def __init__(self, name: str, context: Context) -> None:
        super().__init__(name, context)
        self._times = Times(context.zone, context.clock)

    def feed(self, number: int, text: str) -> None:
        found = _LINE.match(text)
        if found is None:
            self.run.reject(number, "the line is no Squid access log line", text)
            return
        fields = {name: None if value == "-" else value for name, value in zip(_NAMES, found.groups(), strict=True)}
        if fields["extra"] is None:
            del fields["extra"]
        url = _URL.match(found[8])
        if url is not None:
            fields.update(host=url[1], path=url[2] or None, query=url[3])
        self.run.add(number, text, fields, self._times.epoch(found[1]), None, "squid")


class Squid(LineFormat):
    """Squid access logs in the native format."""

    name = "squid"

    def sniff(self, head: bytes, name: str) -> int:
        lines = head_lines(head)
        hits = sum(_LINE.match(line) is not None for line in lines)
        return int(65 + 30 * hits / len(lines)) if lines and hits * 2 >= len(lines) else 0

    def reader(self, context: Context) -> SquidReader:
        return SquidReader(self.name, context)
