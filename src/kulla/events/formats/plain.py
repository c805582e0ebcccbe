"""Applications' logs that begin a record with a time and a level: log4j, Spring, Python, Django, Rails, Node, and the
error logs of Apache httpd and nginx. Lines that begin otherwise (stack traces) belong to the record before.

Not a catch-all: a file is taken only when enough of its lines begin so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from kulla.events.formats._api import Context
from kulla.events.formats._run import Joiner, LineFormat
from kulla.events.lines import head_lines, looks_binary
from kulla.events.times import Times

_ISO = r"\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?"
_LEVEL = (
    r"(?:TRACE|DEBUG|FINE(?:R|ST)?|INFO|INFORMATION|NOTICE|WARN(?:ING)?|ERROR|ERR|CRITICAL|CRIT|ALERT|EMERG|FATAL"
    r"|SEVERE|PANIC)"
)
_ANY_LEVEL = rf"(?:{_LEVEL}|{_LEVEL.lower()}|Trace|Debug|Info|Information|Warn|Warning|Error|Critical|Fatal)"

_WORD = r"[A-Za-z_$][\w$]*(?:[./][\w$]+)+"

# Spring Boot: time LEVEL pid --- [app] [thread] logger : message
_SPRING = (
    rf"(?P<time>{_ISO})\s+(?P<level>{_LEVEL})\s+(?P<pid>\d+) --- (?:\[[^\]]{{0,120}}\] ?)??"
    r"\[(?P<thread>[^\]]{0,120})\] (?P<logger>\S+)\s*: "
)
# nginx error log: time [level] pid#tid: *connection message
_NGINX = r"(?P<time>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[(?P<level>[a-z]+)\] (?P<pid>\d+)#(?P<thread>\d+): "
# Apache httpd error log: [time] [module:level] [pid …] [client …] message
_APACHE = (
    r"\[(?P<time>[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)? \d{4})\] "
    r"\[(?:(?P<logger>[\w-]*):)?(?P<level>[a-z]+\d?)\] "
    r"(?:\[pid (?P<pid>\d+)(?::tid (?P<thread>\d+))?\] )?(?:\[client (?P<client>[^\]]{1,80})\] )?"
)
# Ruby's Logger: S, [time #pid] LEVEL -- program: message
_RUBY = (
    r"[DIWEFA], \[(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?) #(?P<pid>\d+)\]\s+(?P<level>[A-Z]+) -- "
    r"(?P<logger>[^:]{0,80}): "
)
# Python's logging, usual form: time - logger - LEVEL - message
_PYTHON = rf"(?P<time>{_ISO}) - (?P<logger>[^\s]{{1,120}}) - (?P<level>{_ANY_LEVEL}) - "
# Django's development server and gunicorn: [time] LEVEL [logger:line] message
_DJANGO = (
    rf"\[(?P<time>\d\d/[A-Z][a-z]{{2}}/\d{{4}} \d\d:\d\d:\d\d|{_ISO})\] (?:\[\d+\] )?"
    rf"\[?(?P<level>{_ANY_LEVEL})\]?:? (?:\[(?P<logger>[^\]\s]{{1,120}})\] )?"
)
# log4j, logback and kin: time [thread] LEVEL logger - message; either of thread and logger may lack
_LOG4J = (
    rf"\[?(?P<time>{_ISO})\]?[\s|]+(?:[-|] )?(?:\[(?P<thread>[^\]]{{1,120}})\][\s|]+)?"
    rf"\[?(?P<level>{_ANY_LEVEL})\]?(?=[\s:|\]])[:|]?\s*(?:[-|] )?(?:\[(?P<thread2>[^\]]{{1,120}})\] )?"
    rf"(?:(?P<logger>{_WORD})(?::| -| :)? )?(?:- )?"
)
# Level first: LEVEL time logger message (Python, Django), LEVEL: [time] message
_LEVEL_FIRST = (
    rf"\[?(?P<level>{_LEVEL})\]?:?\s+\[?(?P<time>{_ISO})\]?:?\s+(?:\[(?P<thread>[^\]]{{1,120}})\] )?"
    rf"(?:(?P<logger>{_WORD})(?::| -)? )?"
)
# java.util.logging: the level stands on the second line.
_JUL = r"(?P<time>[A-Z][a-z]{2} \d\d?, \d{4} \d\d?:\d\d:\d\d [AP]M) (?P<logger>\S+) \S+\n(?P<level>[A-Z]+): "

_FORMS: tuple[tuple[str | None, re.Pattern[str]], ...] = tuple(
    (provider, re.compile(pattern + r"(?P<message>.*)\Z", re.DOTALL))
    for provider, pattern in (
        (None, _SPRING),
        ("nginx", _NGINX),
        ("apache", _APACHE),
        (None, _RUBY),
        (None, _PYTHON),
        (None, _DJANGO),
        (None, _LOG4J),
        (None, _LEVEL_FIRST),
        (None, _JUL),
    )
)
_JUL_START = re.compile(r"[A-Z][a-z]{2} \d\d?, \d{4} \d\d?:\d\d:\d\d [AP]M \S+ \S+\Z")
_MAY_OPEN = re.compile(
    r"\[?\d{4}[-/]\d\d[-/]\d\d[T ]|\[\d\d/|\[[A-Z][a-z]{2} |[DIWEFA], \[|\[?[A-Z]{3,11}\]?:?\s+\[?\d{4}"
    r"|[A-Z][a-z]{2} \d\d?, "
)


def match(text: str) -> tuple[str | None, re.Match[str]] | None:
    """The form that a record has, as who writes it so (if only one program does) and the parts; None for no form."""
    if _MAY_OPEN.match(text) is None:
        return None
    for provider, form in _FORMS:
        found = form.match(text)
        if found is not None:
            return provider, found
    return None


class PlainReader(Joiner):
    """Records that begin with a time and a level, with the lines that follow them."""

    def __init__(self, name: str, context: Context) -> None:
        super().__init__(name, context)
        self._times = Times(context.zone, context.clock)

    def feed(self, number: int, text: str) -> None:
        if _JUL_START.match(text) or match(text) is not None:
            self.begin(number, text)
        elif not self.go_on(text):
            self.run.reject(number, "the line begins no record and follows none", text)

    def record(self, number: int, lines: Sequence[str]) -> None:
        text = "\n".join(lines)
        matched = match(text)
        if matched is None:
            self.run.reject(number, "the record has a time but no level", text)
            return
        provider, found = matched
        parts = found.groupdict()
        fields: dict[str, str | None] = {"message": parts["message"], "level": parts["level"]}
        for name in ("logger", "pid", "client"):
            if parts.get(name):
                fields[name] = parts[name]
        thread = parts.get("thread") or parts.get("thread2")
        if thread:
            fields["thread"] = thread
        self.run.add(number, text, fields, self._times.any(parts["time"]), None, provider)


class Plain(LineFormat):
    """Application logs with a time and a level."""

    name = "plain"

    def sniff(self, head: bytes, name: str) -> int:
        lines = head_lines(head)
        if not lines or looks_binary(head):
            return 0
        hits = sum(match(line) is not None or _JUL_START.match(line) is not None for line in lines)
        # Stack traces can outnumber the records' first lines.
        enough = hits == len(lines) or (hits >= 2 and hits * 10 >= len(lines))
        return int(52 + 25 * hits / len(lines)) if enough else 0

    def reader(self, context: Context) -> PlainReader:
        return PlainReader(self.name, context)

    def opens(self, before: bytes, line: bytes) -> bool:
        text = line.decode("utf-8", "replace").rstrip("\r")
        return match(text) is not None or _JUL_START.match(text) is not None
