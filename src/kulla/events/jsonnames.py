"""What the members of a JSON event are called as fields: only structural envelopes are stripped.

Windows events come as `Event.System / EventData / UserData` (the rendering of EVTX), as Winlogbeat's `winlog`, or
flat, sometimes with `EventData` as a string that holds JSON or XML. Their event data go by their own names and
their system part by the names in `attribute`. Everything else: nested names joined by dots, arrays `name[0]`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kulla.events.jsonread import Object, load, text_of

PARTS = ("EventData", "UserData")
WINLOG = {
    "event_id": "EventID",
    "channel": "Channel",
    "provider_name": "Provider_Name",
    "provider_guid": "Provider_Guid",
    "computer_name": "Computer",
    "record_id": "EventRecordID",
    "task": "Task",
    "opcode": "Opcode",
    "keywords": "Keywords",
    "version": "Version",
    "activity_id": "Correlation_ActivityID",
    "related_activity_id": "Correlation_RelatedActivityID",
}
"""Winlogbeat's names of the system part (Elastic, exported fields of Winlogbeat)."""

WINLOG_DEEP = {
    ("process", "pid"): "Execution_ProcessID",
    ("process", "thread", "id"): "Execution_ThreadID",
    ("user", "identifier"): "Security_UserID",
}

_DEEPEST = 200
"""Levels of nesting that are told apart by name; what lies deeper comes as text."""


@dataclass(frozen=True, slots=True)
class Member:
    """One value of an event: `plain` is the name rules use, `stored` has the array brackets, `text` None for null."""

    plain: str
    stored: str
    text: str | None


_SCALARS = frozenset({str, int, bool, type(None)})
_ENVELOPES = frozenset({"Event", "System", "winlog", *PARTS})


def pairs(event: Object) -> list[tuple[str, str | None]]:
    """The members as (stored name, text): at once where nothing nests, which is how most Windows events come."""
    if _ENVELOPES.isdisjoint(event):
        if _SCALARS.issuperset(map(type, event.values())):
            return [(name, value if type(value) is str else text_of(value)) for name, value in event.items()]
        found: list[tuple[str, str | None]] = []
        for name, value in event.items():
            _spread(name, value, found)
        if len(dict(found)) == len(found):  # no two of one name, which would need numbers
            return found
    return [(member.stored, member.text) for member in members(event)]


def _spread(stored: str, value: Any, found: list[tuple[str, str | None]], depth: int = 0) -> None:
    """`nested` as pairs."""
    if type(value) is str:
        found.append((stored, value))
    elif isinstance(value, dict) and depth < _DEEPEST:
        for name, inner in value.items():
            _spread(f"{stored}.{name}", inner, found, depth + 1)
    elif isinstance(value, list) and depth < _DEEPEST:
        for number, inner in enumerate(value):
            _spread(f"{stored}[{number}]", inner, found, depth + 1)
    else:
        found.append((stored, text_of(value)))


def members(event: Object) -> list[Member]:
    """All values of an event, in the order of the text. Stored names are unique: a second `x` becomes `x[1]`."""
    return _unique(_members(event))


def _unique(found: Iterator[Member]) -> list[Member]:
    taken: set[str] = set()
    result: list[Member] = []
    for member in found:
        stored, number = member.stored, 1
        while stored in taken:
            stored = f"{member.stored}[{number}]"
            number += 1
        taken.add(stored)
        result.append(member if stored == member.stored else Member(member.plain, stored, member.text))
    return result


def _members(event: Object) -> Iterator[Member]:
    inner = event.get("Event")
    if isinstance(inner, dict) and isinstance(inner.get("System"), dict):
        yield from _windows(inner)
        yield from _rest(event, ("Event",))
    elif isinstance(event.get("System"), dict) and any(part in event for part in PARTS):
        yield from _windows(event)
    elif isinstance(event.get("winlog"), dict):
        yield from _winlogbeat(event)
    else:
        yield from _flat(event)


def _rest(event: Object, left_out: tuple[str, ...]) -> Iterator[Member]:
    for name, value in event.items():
        if name not in left_out:
            yield from nested(name, name, value)


def _windows(event: Object) -> Iterator[Member]:
    own: list[Member] = []
    for part in PARTS:
        if part in event:
            own.extend(data(event[part], part))
    taken = {member.plain for member in own if member.text is not None}
    for member in _system(event["System"]):
        if member.plain in taken and member.plain != "EventID":
            yield Member(f"System.{member.plain}", f"System.{member.stored}", member.text)
        else:
            yield member
    yield from own
    yield from _rest(event, ("#attributes", "System", *PARTS))


def attribute(element: str, name: str) -> str:
    """The field name of an attribute of a system element.

    >>> attribute("Execution", "ProcessID"), attribute("TimeCreated", "SystemTime")
    ('Execution_ProcessID', 'TimeCreated')
    """
    return element if (element, name) == ("TimeCreated", "SystemTime") else f"{element}_{name}"


ELEMENTS = frozenset(
    {
        *("Provider", "EventID", "Version", "Level", "Task", "Opcode", "Keywords", "TimeCreated", "EventRecordID"),
        *("Correlation", "Execution", "Channel", "Computer", "Container", "Security"),
    }
)
"""The members of System (Microsoft, event schema, SystemPropertiesType)."""


def _system(system: Object) -> Iterator[Member]:
    for element, value in system.items():
        if element not in ELEMENTS:
            yield from _xml(f"System.{element}", f"System.{element}", value)
        elif isinstance(value, dict):
            yield from _element(element, value)
        else:
            yield from _xml(element, element, value)


def _element(element: str, value: Object) -> Iterator[Member]:
    """A system element with attributes; converters other than ours leave them unmarked or mark them with an @."""
    attributes = value.get("#attributes")
    for name, inner in (attributes if isinstance(attributes, dict) else value).items():
        if name == "#text":
            continue
        full = attribute(element, name.removeprefix("@"))
        yield from _xml(full, full, inner)
    if "#text" in value:
        full = "System.TimeCreated" if element == "TimeCreated" else element
        yield from _xml(full, full, value["#text"])
    if isinstance(attributes, dict):
        for name, inner in value.items():
            if name not in ("#attributes", "#text"):
                yield from _xml(f"System.{element}.{name}", f"System.{element}.{name}", inner)


def data(value: Any, part: str) -> Iterator[Member]:
    """The members of EventData or UserData, under their own names."""
    if isinstance(value, str):
        value = unpacked(value) or value
    if not isinstance(value, dict):
        if value is not None:
            yield from _xml(part, part, value)
        return
    if part == "UserData":
        elements = [name for name in value if name != "#attributes"]
        if len(elements) == 1 and isinstance(value[elements[0]], dict):
            value = value[elements[0]]
    for name, inner in value.items():
        if name == "#attributes":
            yield from _attributes(part, inner)
        elif name == "#text":
            yield from _xml(part, part, inner)
        elif name == "Data":
            yield from _data_elements(inner)
        else:
            yield from _xml(name, name, inner)


def _data_elements(value: Any) -> Iterator[Member]:
    """`Data` elements: named ones by their name, others as Data[0], Data[1] …"""
    if isinstance(value, dict) and "#text" in value and isinstance(value["#text"], list):
        yield from _xml("Data", "Data", value)
        return
    unnamed: list[Any] = []
    for item in value if isinstance(value, list) else [value]:
        name = _own_name(item)
        if name is None:
            unnamed.append(item)
        else:
            yield from _xml(name, name, item.get("#text"))
    if unnamed:
        yield from _xml("Data", "Data", unnamed if isinstance(value, list) else unnamed[0])


def _own_name(item: Any) -> str | None:
    if not isinstance(item, dict):
        return None
    attributes = item.get("#attributes")
    name = attributes.get("Name") if isinstance(attributes, dict) else item.get("@Name")
    return name if isinstance(name, str) else None


def _attributes(owner: str, attributes: Any) -> Iterator[Member]:
    for name, value in attributes.items() if isinstance(attributes, dict) else ():
        if name != "xmlns" and not name.startswith("xmlns:"):
            yield from _xml(f"{owner}_{name}", f"{owner}_{name}", value)


def nested(plain: str, stored: str, value: Any, depth: int = 0) -> Iterator[Member]:
    """A value under its name: objects by dots, arrays by brackets."""
    if isinstance(value, dict) and depth < _DEEPEST:
        for name, inner in value.items():
            yield from nested(f"{plain}.{name}", f"{stored}.{name}", inner, depth + 1)
    elif isinstance(value, list) and depth < _DEEPEST:
        for number, inner in enumerate(value):
            yield from nested(plain, f"{stored}[{number}]", inner, depth + 1)
    else:
        yield Member(plain, stored, text_of(value))


def _xml(plain: str, stored: str, value: Any, depth: int = 0) -> Iterator[Member]:
    """The same for a rendering of XML: an element's text is its value, attributes follow an underscore."""
    if isinstance(value, dict) and depth < _DEEPEST:
        for name, inner in value.items():
            if name == "#text":
                yield from _xml(plain, stored, inner, depth + 1)
            elif name == "#attributes" and isinstance(inner, dict):
                yield from _attributes(plain, inner)
            else:
                yield from _xml(f"{plain}.{name}", f"{stored}.{name}", inner, depth + 1)
    elif isinstance(value, list) and depth < _DEEPEST:
        for number, inner in enumerate(value):
            yield from _xml(plain, f"{stored}[{number}]", inner, depth + 1)
    else:
        yield Member(plain, stored, text_of(value))


def _winlogbeat(event: Object) -> Iterator[Member]:
    winlog = event["winlog"]
    for name, value in winlog.items():
        if name in ("event_data", "user_data"):
            yield from data(value, "EventData")
        elif name in WINLOG:
            yield from nested(WINLOG[name], WINLOG[name], value)
        else:
            for member in nested(f"winlog.{name}", f"winlog.{name}", value):
                known = WINLOG_DEEP.get(tuple(member.plain.split(".")[1:]))
                yield Member(known, known, member.text) if known else member
    yield from _rest(event, ("winlog",))


def _flat(event: Object) -> Iterator[Member]:
    for name, value in event.items():
        if name in PARTS and (isinstance(value, dict) or (isinstance(value, str) and unpacked(value) is not None)):
            yield from data(value, name)
        else:
            yield from nested(name, name, value)


_DATA = re.compile(r"""<Data(?:\s+Name\s*=\s*(?:"([^"]*)"|'([^']*)'))?\s*(?:/>|>([^<]*)</Data>)""")


def unpacked(text: str) -> Object | None:
    """Event data kept as a string (Azure Monitor's tables): a JSON object or `<Data Name="…">` elements; else None."""
    start = text.lstrip()[:1]
    if start == "{":
        return load(text)
    if start != "<" or "<Data" not in text:
        return None
    found: Object = {}
    for double, single, value in _DATA.findall(text):
        name = html.unescape(double or single) or "Data"
        held = found.setdefault(name, [])
        held.append(html.unescape(value))
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()} or None
