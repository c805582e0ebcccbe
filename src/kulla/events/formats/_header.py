"""Syslog headers: RFC 3164 as it is really written, RFC 5424, and the bare forms that appliances send."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kulla.events.formats._bodies import put
from kulla.events.times import NO_TIME, Instant, Times

FACILITIES = (
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp",
    "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
)  # fmt: skip
SEVERITIES = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")

# Some write the year, a fraction or a zone; Cisco a number before, a colon after, and `*` for an unset clock.
_BSD = re.compile(
    r"(?:<(\d{1,3})>)?"
    r"(?:([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d)"
    r"|(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)"
    r"|(?:\d{1,10}: )?(?:[^\s:]+: )?[*.]?"
    r"([A-Z][a-z]{2} [ \d]\d(?: \d{4})? \d\d:\d\d:\d\d(?:\.\d{1,9})?(?: [A-Z]{3,4})?(?=[ :])))"
    r":?[ ]+(?:(\S*[^\s:,])[ ]+(?::[ ]+)?)?"
    r"(?:([^\s\[:%]{1,128})(?:\[([^\]\s]{0,64})\])?:(?:[ ]|$))?"
    r"(.*)\Z",
    re.DOTALL,
)
_IETF = re.compile(
    r"<(\d{1,3})>([1-9]\d?) (\S+) (\S+) (\S+) (\S+) (\S+) "
    r'(-|(?:\[[^\]"\\]*+(?:(?:\\.|"[^"\\]*+(?:\\.[^"\\]*+)*+")[^\]"\\]*+)*+\])+)(?: (.*))?\Z',
    re.DOTALL,
)
_IETF_START = re.compile(r"<\d{1,3}>[1-9]\d? (?:-|\d{4}-)")
_ELEMENT = re.compile(r'\[([^\s\]"=]+)([^\]"\\]*+(?:(?:\\.|"[^"\\]*+(?:\\.[^"\\]*+)*+")[^\]"\\]*+)*+)\]', re.DOTALL)
_PARAM = re.compile(r'(?<!\S)([^\s="\]]+)="([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL)
_PRI = re.compile(r"<(\d{1,3})>(.*)\Z", re.DOTALL)
_SD_ESCAPE = re.compile(r'\\(["\\\]])')


@dataclass(slots=True)
class Message:
    """One syslog message: the fields of its header (with `message`, the body) and its time."""

    fields: dict[str, str | None]
    when: Instant
    body: str


def _priority(text: str | None, fields: dict[str, str | None]) -> None:
    if text is None:
        return
    fields["pri"] = text
    number = int(text)
    if number < 192:
        fields["facility"] = FACILITIES[number >> 3]
        fields["severity"] = SEVERITIES[number & 7]


def parse(text: str, times: Times) -> Message | None:
    """The message in `text` by whichever header it has; None when it has none.

    >>> parse("<38>Jan  5 10:11:12 web1 sshd[42]: hello", Times()).fields["program"]
    'sshd'
    """
    if text[:1] == "<" and _IETF_START.match(text):
        message = _ietf(text, times)
        if message is not None:
            return message
    found = _BSD.match(text)
    if found is not None:
        return _bsd(found, times)
    found = _PRI.match(text)
    if found is None:
        return None
    fields: dict[str, str | None] = {}
    _priority(found[1], fields)
    fields["message"] = found[2]
    return Message(fields, NO_TIME, found[2])


def _bsd(found: re.Match[str], times: Times) -> Message:
    priority, short, iso, other, host, program, pid, body = found.groups()
    when = times.bsd(short) if short else times.iso(iso) if iso else times.named(other)
    fields: dict[str, str | None] = {}
    _priority(priority, fields)
    if host is not None:
        fields["host"] = host
    if program is not None:
        fields["program"] = program
    if pid is not None:
        fields["pid"] = pid
    fields["message"] = body
    return Message(fields, when, body)


def _ietf(text: str, times: Times) -> Message | None:
    found = _IETF.match(text)
    if found is None:
        return None
    priority, version, stamp, host, program, pid, msgid, data, body = found.groups()
    fields: dict[str, str | None] = {}
    _priority(priority, fields)
    fields["version"] = version
    named = (("host", host), ("program", program), ("pid", pid), ("msgid", msgid))
    fields.update((name, value) for name, value in named if value != "-")
    body = (body or "").removeprefix("\ufeff")
    fields["message"] = body
    if data != "-":
        _structured(data, fields)
    return Message(fields, times.iso(stamp) if stamp != "-" else NO_TIME, body)


def _structured(data: str, fields: dict[str, str | None]) -> None:
    """RFC 5424 section 6.3: `[id name="value" …]…`; a parameter may repeat."""
    again: dict[str, int] = {}
    for element in _ELEMENT.finditer(data):
        for param in _PARAM.finditer(element[2]):
            value = _SD_ESCAPE.sub(r"\1", param[2]) if "\\" in param[2] else param[2]
            put(fields, again, f"sd.{element[1]}.{param[1]}", value)
