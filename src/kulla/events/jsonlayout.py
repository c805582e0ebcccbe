"""Where the fast path finds a field in a JSON event, and what shows that it cannot be trusted with one.

A layout knows one envelope. It gives for a field's name the places (paths of names) that may hold it; an event in
which a leaf turns out otherwise than the layout supposes is left to the slow path, so a layout may know little but
must never be wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from kulla.events.jsonnames import ELEMENTS, PARTS, WINLOG, WINLOG_DEEP, attribute
from kulla.events.jsonread import Object

Path: TypeAlias = tuple[str, ...]
Doubt: TypeAlias = Literal["nested", "packed", "named", "present", "absent"]
"""What of a leaf sends its event to the slow path: an object or array; such a one or a string that may hold event
data; one that holds attributes; any value; no value."""

SYSTEM, DATA = ("Event", "System"), ("Event", "EventData")
EVENT_ID = (*SYSTEM, "EventID")
_ATTRIBUTED = ("Provider", "TimeCreated", "Execution", "Correlation", "Security")


@dataclass(frozen=True, slots=True)
class Places:
    """Leaves that hold a field, and leaves that must be nothing unusual for them to be the whole truth."""

    leaves: tuple[Path, ...]
    doubts: tuple[tuple[Path, Doubt], ...] = ()


class Layout(Protocol):
    """One envelope."""

    doubts: Sequence[tuple[Path, Doubt]]
    """Asked once of every event."""

    def places(self, name: str) -> Places | None:
        """Where a field is; None when only the slow path can tell."""


def _prefixes(name: str, separators: str = ".") -> Iterator[str]:
    return (name[:at] for at, letter in enumerate(name) if letter in separators and at)


def _speakable(name: str) -> bool:
    """Whether a name can be one of a struct's: not empty, valid Unicode, no NUL."""
    return bool(name) and "\0" not in name and not any("\ud800" <= letter <= "\udfff" for letter in name)


class Flat:
    """Members at the top, such as NXLog's and the security-datasets'. A dotted name may be nested."""

    doubts: Sequence[tuple[Path, Doubt]] = (
        (("Event",), "nested"),
        (("System",), "nested"),
        (("winlog",), "nested"),
        (("EventData",), "packed"),
        (("UserData",), "packed"),
    )

    def places(self, name: str) -> Places | None:
        if not _speakable(name):
            return None
        return Places(((name,),), tuple(((prefix,), "nested") for prefix in _prefixes(name)))


class Rendered:
    """`Event.System / EventData`. With `pure`, the texts are renderings of EVTX records, in which nothing stands
    beside the members of Microsoft's event schema; else the levels above are asked for each name too."""

    def __init__(self, pure: bool) -> None:
        self._pure = pure
        self.doubts: Sequence[tuple[Path, Doubt]] = (
            (EVENT_ID, "absent"),
            (("Event", "UserData"), "present"),
            ((*DATA, "Data"), "named"),
            *((("Event", name), "present") for name in ("RenderingInfo", "DebugData", "BinaryEventData")),
            (("Event", "ProcessingErrorData"), "present"),
        )

    def places(self, name: str) -> Places | None:
        if not _speakable(name) or name.startswith(("Event.", "System.", "#", *PARTS)) or name in ("Event", "System"):
            return None
        leaves = [*_system_places(name), (*DATA, name)]
        doubts: list[tuple[Path, Doubt]] = [((*DATA, prefix), "nested") for prefix in _prefixes(name, "._")]
        if not self._pure:
            levels: tuple[Path, ...] = ((), ("Event",))
            leaves += [(*level, name) for level in levels]
            doubts += [((*level, prefix), "nested") for level in levels for prefix in _prefixes(name)]
        return None if any(path[-1] in _STRUCTURE for path, _ in doubts) else Places(tuple(leaves), tuple(doubts))


_STRUCTURE = ("Event", "System", *PARTS)


def _system_places(name: str) -> Iterator[Path]:
    if name in ELEMENTS and name != "TimeCreated":
        yield (*SYSTEM, name)
    for element in _ATTRIBUTED:
        inner = "SystemTime" if name == "TimeCreated" else name.removeprefix(f"{element}_")
        if name == attribute(element, inner):
            yield (*SYSTEM, element, "#attributes", inner)
    if name.startswith("EventID_"):
        yield (*SYSTEM, "EventID", "#attributes", name.removeprefix("EventID_"))


WINLOG_DATA = ("winlog", "event_data")
_WINLOG_NAMES = {name: ("winlog", short) for short, name in WINLOG.items()} | {
    name: ("winlog", *path) for path, name in WINLOG_DEEP.items()
}
_MOST_DOTS = 4


class Winlogbeat:
    """`winlog.event_data` beside nested or dotted ECS names."""

    doubts: Sequence[tuple[Path, Doubt]] = (
        (("winlog", "event_id"), "absent"),
        (("winlog", "user_data"), "present"),
        ((*WINLOG_DATA, "Data"), "named"),
        (("Event",), "nested"),
        (("System",), "nested"),
    )

    def places(self, name: str) -> Places | None:
        if (
            not _speakable(name)
            or name.startswith(("winlog", "#", "Event.", "System."))
            or name.count(".") > _MOST_DOTS
        ):
            return None
        if name in _STRUCTURE:
            return None
        leaves = [*_splits(name), (*WINLOG_DATA, name)]
        if name in _WINLOG_NAMES:
            leaves.append(_WINLOG_NAMES[name])
        doubts: list[tuple[Path, Doubt]] = [((*WINLOG_DATA, prefix), "nested") for prefix in _prefixes(name, "._")]
        return Places(tuple(leaves), tuple(doubts))


def _splits(name: str) -> Iterator[Path]:
    """All paths whose names, joined by dots, give the name."""
    yield (name,)
    for at, letter in enumerate(name):
        if letter == "." and 0 < at < len(name) - 1:
            for rest in _splits(name[at + 1 :]):
                yield (name[:at], *rest)


def layout_of(events: Sequence[Object]) -> Layout | None:
    """The layout that suits most of some events; None when too much is nested for any."""
    rendered = sum(isinstance(event.get("Event"), dict) for event in events)
    winlog = sum(isinstance(event.get("winlog"), dict) for event in events)
    flat = sum(not any(isinstance(value, dict) for value in event.values()) for event in events)
    most = max(rendered, winlog, flat)
    if most * 4 < len(events) * 3 or not events:
        return None
    if most == flat:
        return Flat()
    return Rendered(pure=False) if most == rendered else Winlogbeat()
