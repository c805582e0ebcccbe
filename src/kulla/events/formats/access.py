"""Web servers' access logs: common, combined, with a virtual host before or anything behind (Apache httpd, nginx)."""

from __future__ import annotations

import re

from kulla.events.formats._api import Context
from kulla.events.formats._run import LineFormat, LineReader
from kulla.events.lines import head_lines
from kulla.events.times import Instant, Times

_QUOTED = r'"([^"\\]*(?:\\.[^"\\]*)*)"'
_LINE = re.compile(
    r"(?:(\S+) (?=[0-9A-Fa-f]*[.:][0-9A-Fa-f.:%]+ ))?(\S+) (\S+) (\S+|\S.{0,255}?) "
    r"\[(\d\d/[A-Z][a-z]{2}/\d{4}:[^\]]{8,20})\] "
    rf"{_QUOTED} (\d{{3}}|-) (\d+|-)(?: {_QUOTED} {_QUOTED})?(?: (.*))?\Z",
    re.DOTALL,
)
_START = re.compile(
    r'(?:\S+ )?\S+ \S+ (?:\S+|\S.{0,255}?) \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d(?: [+-]\d{4})?\] "'
)
_ESCAPED = re.compile(r"((?:\\x[0-9A-Fa-f]{2})+)|\\([\"\\])|\\([tnr])")
_CONTROL = {"t": "\t", "n": "\n", "r": "\r"}
_METHOD = re.compile(r"[A-Za-z][A-Za-z_-]{1,31}\Z")
_EXTRA = re.compile(_QUOTED + r"|(\S+)", re.DOTALL)


def _hex(found: re.Match[str]) -> str:
    if found[1]:
        return bytes.fromhex(found[1].replace("\\x", "")).decode("utf-8", "backslashreplace")
    return found[2] or _CONTROL[found[3]]


def _text(value: str | None) -> str | None:
    """A quoted value as it was before the server escaped it; None for a lone dash."""
    if value is None or value == "-":
        return None
    return _ESCAPED.sub(_hex, value) if "\\" in value else value


def parse(text: str, times: Times) -> tuple[dict[str, str | None], Instant] | None:
    """Fields and time of one line; None when it is no access log line.

    A request that is no HTTP (TLS bytes sent to a plain port) has `request` only. Values that follow the known ones
    are `extra[0]`, `extra[1]` …

    >>> parse('192.0.2.1 - - [05/Jan/2026:10:11:12 +0100] "GET /a?b=c HTTP/1.1" 200 5', Times())[0]["query"]
    'b=c'
    """
    found = _LINE.match(text)
    if found is None:
        return None
    vhost, client, ident, user, stamp, request, status, size, referer, agent, extra = found.groups()
    fields: dict[str, str | None] = {
        "client_ip": client,
        "ident": None if ident == "-" else ident,
        "user": None if user == "-" else user,
        "status": None if status == "-" else status,
        "bytes": None if size == "-" else size,
        "referer": _text(referer),
        "user_agent": _text(agent),
    }
    if vhost is not None:
        fields["vhost"] = vhost
    _request(_text(request), fields)
    if extra:
        for index, (quoted, word) in enumerate(_EXTRA.findall(extra)):
            fields[f"extra[{index}]"] = _text(quoted or word)
    return fields, times.common(stamp)


def _request(request: str | None, fields: dict[str, str | None]) -> None:
    fields["request"] = request
    if request is None:
        return
    method, _, rest = request.partition(" ")
    uri, _, protocol = rest.rpartition(" ")
    if not protocol.startswith("HTTP/"):
        uri, protocol = rest, ""
    if not uri or _METHOD.match(method) is None:
        return
    path, mark, query = uri.partition("?")
    fields["method"] = method
    fields["uri"] = uri
    fields["path"] = path
    fields["query"] = query if mark else None
    fields["protocol"] = protocol or None


class AccessReader(LineReader):
    """One request a line."""

    def __init__(self, name: str, context: Context) -> None:
        super().__init__(name, context)
        self._times = Times(context.zone, context.clock)

    def feed(self, number: int, text: str) -> None:
        parsed = parse(text, self._times)
        if parsed is None:
            self.run.reject(number, "the line is no access log line", text)
        else:
            fields, when = parsed
            self.run.add(number, text, fields, when, fields.get("vhost"))


class Access(LineFormat):
    """Access logs in the common and combined formats."""

    name = "access"

    def sniff(self, head: bytes, name: str) -> int:
        lines = head_lines(head)
        if not lines:
            return 0
        share = sum(_START.match(line) is not None for line in lines) / len(lines)
        return int(65 + 30 * share) if share >= 0.5 else 0

    def reader(self, context: Context) -> AccessReader:
        return AccessReader(self.name, context)
