"""Well-known bodies inside syslog messages: CEF, the key=value logs of appliances, Cisco mnemonics.

CEF: ArcSight Common Event Format, version 26 (prefix, seven parts set apart by `|`, then `key=value` extensions).
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

CEF_HEADER = (
    "cefVersion",
    "deviceVendor",
    "deviceProduct",
    "deviceVersion",
    "deviceEventClassId",
    "name",
    "cefSeverity",
)

_CEF_PART = re.compile(r"([^|\\]*+(?:\\.[^|\\]*+)*+)\|", re.DOTALL)
_CEF_KEY = re.compile(r"(?:^|(?<=\s))([A-Za-z0-9_.\-\[\]]{1,200})(?<!\\)=")
_PAIR = re.compile(r'([A-Za-z_][\w.\-]*)=("[^"\\]*(?:\\.[^"\\]*)*"|[^\s"]*)(?:[\s,;]+|\Z)')
# Where a relay wrote a header of its own, the device's time stands before the mnemonic.
_CISCO = re.compile(
    r"(?:[*.]?[A-Z][a-z]{2} [ \d]\d [^%]{0,40})?"
    r"%([A-Z][A-Z0-9_]*(?:-[A-Z][A-Z0-9_]*)*)-(?:[A-Z0-9_]+-)?([0-7])-([A-Z0-9_]+)\s*:\s?"
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_BREAKS = {"n": "\n", "r": "\r"}


def put(fields: MutableMapping[str, Any], again: dict[str, int], name: str, value: str) -> None:
    """Add a value; those after a name's first are `name[1]`, `name[2]` …, counted in `again`."""
    if name not in fields:
        fields[name] = value
        return
    again[name] = number = again.get(name, 0) + 1
    fields[f"{name}[{number}]"] = value


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    return _ESCAPED.sub(lambda found: _BREAKS.get(found[1], found[1] if found[1] in '\\|="]' else found[0]), text)


def cef(text: str) -> dict[str, str] | None:
    """The fields of a CEF record that starts `text`; None when it is none.

    >>> cef("CEF:0|Acme|Gate|1.0|100|Login failed|5|src=192.0.2.1 msg=a \\\\= b")["msg"]
    'a = b'
    """
    if not text.startswith("CEF:"):
        return None
    parts: list[str] = []
    place = 4
    while len(parts) < len(CEF_HEADER):
        found = _CEF_PART.match(text, place)
        if found is None:
            break
        parts.append(_unescape(found[1]).strip())
        place = found.end()
    if len(parts) == len(CEF_HEADER) - 1:
        parts.append(_unescape(text[place:]).strip())
        place = len(text)
    if len(parts) != len(CEF_HEADER):
        return None
    fields = dict(zip(CEF_HEADER, parts, strict=True))
    text = text[place:]
    keys = list(_CEF_KEY.finditer(text))
    ends = [key.start() for key in keys[1:]] + [len(text)]
    for key, end in zip(keys, ends, strict=False):
        name = f"cef.{key[1]}" if key[1] in fields else key[1]
        fields[name] = _unescape(text[key.end() : end].strip())
    return fields


def pairs(text: str) -> dict[str, str] | None:
    """The fields of a message that is nothing but `key=value key="v v" …`, three pairs or more; else None.

    >>> pairs('date=2026-01-05 type="event" action="Add"')["action"]
    'Add'
    """
    fields: dict[str, str] = {}
    again: dict[str, int] = {}
    place = 0
    while found := _PAIR.match(text, place):
        value = found[2]
        value = _unescape(value[1:-1]) if value[:1] == '"' else value
        put(fields, again, found[1], value)
        place = found.end()
    return fields if len(fields) >= 3 and place >= len(text) else None


def cisco(text: str) -> dict[str, str] | None:
    """Facility, severity and mnemonic of a Cisco message (`%ASA-6-302013: …`); None when there is none.

    >>> cisco("%SYS-5-CONFIG_I: Configured from console")["cisco.mnemonic"]
    'CONFIG_I'
    """
    found = _CISCO.match(text)
    if found is None:
        return None
    return {"cisco.facility": found[1], "cisco.severity": found[2], "cisco.mnemonic": found[3]}
