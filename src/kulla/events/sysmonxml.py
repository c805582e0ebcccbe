"""One Windows-style event in XML into a dict of fields: Sysmon for Linux, and what Windows exports.

Only elements, attributes and text are read. A document type, and with it every entity but XML's own five, is
refused before and while parsing, so nothing can be expanded or fetched.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.parsers import expat

_SYSTEM_ATTRIBUTES = {
    ("Provider", "Name"): "Provider_Name",
    ("Provider", "Guid"): "Provider_Guid",
    ("Provider", "EventSourceName"): "Provider_EventSourceName",
    ("TimeCreated", "SystemTime"): "TimeCreated",
    ("Execution", "ProcessID"): "Execution_ProcessID",
    ("Execution", "ThreadID"): "Execution_ThreadID",
    ("Security", "UserID"): "Security_UserID",
    ("Security", "UserId"): "Security_UserID",  # Sysmon for Linux
    ("Correlation", "ActivityID"): "Correlation_ActivityID",
    ("Correlation", "RelatedActivityID"): "Correlation_RelatedActivityID",
    ("EventID", "Qualifiers"): "Qualifiers",
}
_DEEPEST = 64


class _RefusedError(Exception):
    """The text holds what no event needs."""


@dataclass(slots=True)
class _Builder:
    """Gathers names and values while the parser walks through one event."""

    path: list[str] = field(default_factory=list)
    pairs: list[tuple[str, str]] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    data_name: str | None = None
    leaf: bool = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        self.path.append(name)
        if len(self.path) > _DEEPEST:
            raise _RefusedError
        self.text.clear()
        self.leaf = True
        section = self.path[1] if len(self.path) > 1 else ""
        if section == "System":
            for key, value in attributes.items():
                known = _SYSTEM_ATTRIBUTES.get((name, key))
                if known is not None:
                    self.pairs.append((known, value))
        elif section == "EventData":
            self.data_name = attributes.get("Name")

    def end(self, _tag: str) -> None:
        if self.leaf:
            self._value("".join(self.text))
        self.leaf = False
        self.text.clear()
        self.path.pop()

    def _value(self, value: str) -> None:
        depth, section = len(self.path), self.path[1] if len(self.path) > 1 else ""
        if section == "System":
            if value and depth == 3:
                self.pairs.append((self.path[2], value))
        elif section == "EventData":
            if depth >= 3:
                self.pairs.append((self.data_name or self.path[-1], value))
        elif section == "UserData":
            if depth >= 4:
                self.pairs.append((".".join(self.path[3:]), value))
        elif section == "RenderingInfo":
            if depth == 3 and self.path[2] == "Message":
                self.pairs.append(("Message", value))
        elif depth >= 3 and value:
            self.pairs.append((".".join(self.path[1:]), value))


def _refuse(*_: object) -> None:
    raise _RefusedError


def event_fields(text: str) -> dict[str, str] | None:
    """The fields of the one `<Event>` in `text`, by the names all Windows formats share; None when it cannot be read.

    A name that occurs more than once becomes `name[0]`, `name[1]` …

    >>> event_fields("<Event><System><EventID>1</EventID></System><EventData><Data Name='Image'>/bin/id</Data>"
    ...     "</EventData></Event>")
    {'EventID': '1', 'Image': '/bin/id'}
    """
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        return None
    builder = _Builder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text.append
    try:
        parser.Parse(text.encode(), True)
    except (expat.ExpatError, _RefusedError, UnicodeEncodeError):
        return None
    return _named(builder.pairs)


def _named(pairs: list[tuple[str, str]]) -> dict[str, str]:
    gathered: dict[str, list[str]] = {}
    for name, value in pairs:
        gathered.setdefault(name, []).append(value)
    fields: dict[str, str] = {}
    for name, values in gathered.items():
        if len(values) == 1:
            fields[name] = values[0]
        else:
            fields.update({f"{name}[{index}]": value for index, value in enumerate(values)})
    return fields
