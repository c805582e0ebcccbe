"""Linux audit: `type=SYSCALL msg=audit(1700000000.123:42): …`, records of one event joined.

Follows the audit project's specification of records and fields. The records of an event share node, time and serial;
they may be interleaved with those of others. A joined event's `type`, `name` … have as many values as records bear
them. Encoded (hexadecimal) values are decoded; what an enriched log adds after the \\x1d stands beside, in capitals.
`SYSCALL` is the system call's name (as in enriched logs), and `CommandLine` the arguments of EXECVE joined by blanks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from kulla.events.formats._api import Context
from kulla.events.formats._run import LineFormat, LineReader
from kulla.events.formats._syscalls import BY_ARCH
from kulla.events.lines import head_lines
from kulla.events.schema import EXACT

OPEN_EVENTS = 512
"""Events whose records are waited for at one time; the oldest is completed when there are more."""
_MOST_RECORDS = 10_000

_RECORD = re.compile(
    r"(?:node=(\S+) )?type=(\S+) (?:msg=)?audit\((\d{1,11})\.(\d{1,6}):(\d{1,20})\):[ ]?(.*)\Z",
    re.DOTALL,
)
_KERNEL = re.compile(r".{0,64}?audit\((\d{1,11})\.(\d{1,6}):(\d{1,20})\):[ ]?(.*)\Z", re.DOTALL)
_FIELD = re.compile(
    r"""(?<![\w\-])([A-Za-z][\w\-]*(?:\[\d+\])?)=(?:"([^"]*)"|'([^']*)'|(\{[^}]{0,1024}\})"""
    r"""|([^\s"']\S*(?:[ ]+(?![^\s=]+=)[^\s"]+)*|))"""
)
_HEX = re.compile(r"(?:[0-9A-F]{2})+\Z")
_ARGUMENT = re.compile(r"a(\d+)(?:\[(\d+)\])?\Z")
_ENCODED = frozenset(
    (
        "proctitle",
        "name",
        "cwd",
        "exe",
        "comm",
        "ocomm",
        "cmd",
        "acct",
        "data",
        "key",
        "path",
        "dir",
        "file",
        "vm",
        "watch",
    )
)
_NUMBERED = {
    "1100": "USER_AUTH", "1101": "USER_ACCT", "1103": "CRED_ACQ", "1104": "CRED_DISP", "1105": "USER_START",
    "1106": "USER_END", "1107": "USER_AVC", "1110": "CRED_REFR", "1112": "USER_LOGIN", "1113": "USER_LOGOUT",
    "1114": "ADD_USER", "1115": "DEL_USER", "1123": "USER_CMD", "1124": "USER_TTY", "1130": "SERVICE_START",
    "1131": "SERVICE_STOP", "1300": "SYSCALL", "1302": "PATH", "1305": "CONFIG_CHANGE", "1306": "SOCKADDR",
    "1307": "CWD", "1309": "EXECVE", "1319": "TTY", "1320": "EOE", "1325": "NETFILTER_CFG", "1326": "SECCOMP",
    "1327": "PROCTITLE", "1334": "BPF", "1400": "AVC",
}  # fmt: skip

Pairs = list[tuple[str, str | None]]


@dataclass(frozen=True, slots=True)
class Record:
    """One audit line: node (empty when unnamed), type, time in microseconds, serial, and the text behind the colon."""

    node: str
    type: str
    time: int
    serial: str
    body: str


def split_record(text: str) -> Record | None:
    """The record in `text`, also behind a program's tag or the kernel's `audit:`; None when there is none.

    >>> split_record("type=CWD msg=audit(1.5:7): cwd=2F").serial
    '7'
    """
    place, node_place = text.find("type="), text.find("node=")
    found = _RECORD.match(text, node_place if 0 <= node_place < place else max(place, 0))
    if found is not None:
        node, kind, seconds, fraction, serial, body = found.groups()
        if kind.startswith("AUOMS_"):
            kind = kind[6:]
    else:
        found = _KERNEL.match(text)
        if found is None:
            return None
        seconds, fraction, serial, body = found.groups()
        node, kind = "", "KERNEL"
        if body.startswith("type="):
            kind, _, body = body[5:].partition(" ")
    time = int(seconds) * 1_000_000 + int(fraction.ljust(6, "0"))
    kind = _NUMBERED.get(kind.removeprefix("UNKNOWN[").removesuffix("]"), kind)
    return Record(node or "", kind, time, serial, body)


def _decoded(text: str) -> str:
    """A hexadecimal value as text; NULs, which stand between arguments, as blanks."""
    if _HEX.match(text) is None:
        return text
    return bytes.fromhex(text).decode("utf-8", "backslashreplace").rstrip("\0").replace("\0", " ")


def _values(body: str, kind: str) -> Pairs:
    """The fields of one record in order, decoded, arguments in pieces put together."""
    fields: Pairs = []
    pieces: dict[str, list[str]] = {}
    if _FIELD.match(body) is None:
        lead = _FIELD.search(body)
        prefix = (body[: lead.start()] if lead else body).strip()
        if prefix:
            fields.append(("message", prefix))
    execve = kind == "EXECVE"
    for name, quoted, single, braced, word in _FIELD.findall(body):
        if name == "msg" and "=" in single:
            fields.extend(_values(single, kind))
            continue
        argument = _ARGUMENT.match(name) if execve else None
        if argument is not None and argument[2] is not None:
            pieces.setdefault(f"a{argument[1]}", []).append(word or f'"{quoted}')
            continue
        if word:
            if name in _ENCODED or argument is not None:
                fields.extend(_encoded(name, word))
            else:
                fields.append((name, None if word == "(null)" else word))
        else:
            fields.append((name, quoted or single or braced))
    fields.extend((name, _together(parts)) for name, parts in pieces.items())
    return fields


def _encoded(name: str, word: str) -> Pairs:
    """An unquoted value that may be encoded: `(null)` is null, several keys become several values."""
    if word == "(null)":
        return [(name, None)]
    value = _decoded(word)
    if name == "key" and "\x01" in value:
        return [(name, key) for key in value.split("\x01")]
    return [(name, value)]


def _together(parts: Sequence[str]) -> str:
    if all(part[:1] == '"' for part in parts):
        return "".join(part[1:] for part in parts)
    return _decoded("".join(parts))


def _merge(records: Sequence[Record]) -> dict[str, str | None]:
    """The fields of an event out of its records; a name borne more than once is an array."""
    gathered: dict[str, list[str | None]] = {
        "type": [record.type for record in records if record.type != "EOE"] or ["EOE"]
    }
    if records[0].node:
        gathered["node"] = [records[0].node]
    for record in records:
        values = _values(record.body, record.type)
        for name, value in values:
            gathered.setdefault(name, []).append(value)
        if record.type == "EXECVE" and "CommandLine" not in gathered:
            line = _command_line(values)
            if line:
                gathered["CommandLine"] = [line]
    _name_syscall(gathered)
    if "saddr" in gathered and "SADDR" not in gathered:
        gathered["SADDR"] = [_address(value or "") for value in gathered["saddr"]]
    fields: dict[str, str | None] = {}
    for name, found in gathered.items():
        if len(found) == 1:
            fields[name] = found[0]
        else:
            for index, value in enumerate(found):
                fields[f"{name}[{index}]"] = value
    return fields


def _address(text: str) -> str | None:
    """A socket address in hexadecimal, in the words of an enriched log; None for families that name no peer."""
    if _HEX.match(text) is None:
        return None
    data = bytes.fromhex(text)
    # The family is in the host's order: little-endian on all of today's, AF_INET 2, AF_INET6 10, AF_UNIX 1.
    family, port = int.from_bytes(data[:2], "little"), int.from_bytes(data[2:4], "big")
    if family == 2 and len(data) >= 8:
        return f"{{ saddr_fam=inet laddr={IPv4Address(data[4:8])} lport={port} }}"
    if family == 10 and len(data) >= 24:
        return f"{{ saddr_fam=inet6 laddr={IPv6Address(data[8:24])} lport={port} }}"
    if family == 1:
        path = data[2:].removeprefix(b"\0").partition(b"\0")[0].decode("utf-8", "backslashreplace")
        return f"{{ saddr_fam=local path={path} }}"
    return None


def _command_line(values: Pairs) -> str:
    arguments = {
        int(found[1]): value or "" for name, value in values if (found := _ARGUMENT.match(name)) and len(name) < 9
    }
    return " ".join(arguments[number] for number in sorted(arguments))


def _name_syscall(gathered: dict[str, list[str | None]]) -> None:
    number = gathered.get("syscall", [None])[0]
    if number is None or "SYSCALL" in gathered:
        return
    if not number.isdigit():
        gathered["SYSCALL"] = [number]
        return
    arch = gathered.get("arch", [None])[0] or ""
    name = BY_ARCH.get(arch.lower(), {}).get(number)
    if name is not None:
        gathered["SYSCALL"] = [name]


def parse_body(text: str) -> dict[str, str | None] | None:
    """The fields of a single audit line that comes inside something else (syslog, AUOMS); None when it is none.

    >>> parse_body('type=AUOMS_EXECVE audit(1.5:7): argc=1 a0="id"')["CommandLine"]
    'id'
    """
    record = split_record(text)
    return None if record is None else _merge([record])


@dataclass(slots=True)
class _Event:
    number: int
    raw: list[str]
    records: list[Record]
    host: str | None


class AuditReader(LineReader):
    """Joins records into events, which leave in the order of their first lines."""

    def __init__(self, context: Context) -> None:
        super().__init__("auditd", context)
        self._events: dict[tuple[str, int, str], _Event] = {}

    def feed(self, number: int, text: str) -> None:
        record = split_record(text) if "audit(" in text else None
        if record is None:
            self.run.reject(number, "the line is no audit record", text)
        else:
            self.accept(number, text, record, None)

    def accept(self, number: int, raw: str, record: Record, host: str | None) -> None:
        """One record that was found in the text `raw`; `host` is who sent it, if the transport says so."""
        key = (record.node or host or "", record.time, record.serial)
        event = self._events.get(key)
        if event is None or len(event.records) >= _MOST_RECORDS:
            if event is not None:
                self._close(self._events.pop(key))
            self._events[key] = _Event(number, [raw], [record], host)
            if len(self._events) > OPEN_EVENTS:
                self._close(self._events.pop(next(iter(self._events))))
        else:
            event.raw.append(raw)
            event.records.append(record)

    def _close(self, event: _Event) -> None:
        first = event.records[0]
        host = first.node or event.host
        code = first.type
        self.run.add(
            event.number, "\n".join(event.raw), _merge(event.records), (first.time, EXACT), host, "auditd", None, code
        )

    def finish(self) -> None:
        for event in self._events.values():
            self._close(event)
        self._events.clear()


class Auditd(LineFormat):
    """audit.log as auditd writes it, plain or enriched, of one node or many."""

    name = "auditd"

    def sniff(self, head: bytes, name: str) -> int:
        lines = head_lines(head)
        if not lines:
            return 0
        share = sum(_BARE.match(line) is not None for line in lines) / len(lines)
        return int(70 + 29 * share) if share >= 0.5 else 0

    def reader(self, context: Context) -> AuditReader:
        return AuditReader(context)

    def opens(self, before: bytes, line: bytes) -> bool:
        own = _SERIAL.search(line)
        return own is not None and (other := _SERIAL.search(before)) is not None and own[0] != other[0]


_BARE = re.compile(r"(?:node=\S+ )?type=\S+ (?:msg=)?audit\(\d+\.\d+:\d+\):")
_SERIAL = re.compile(rb"audit\(\d+\.\d+:\d+\)")
