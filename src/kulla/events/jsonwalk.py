"""Many JSON events at once → the wanted fields: what `jsonnames.members` says of each, said of whole columns.

Events with the same members are put together, then each member's values are one list, and so on inside it. What is
rare or hard to keep in order (values of one name from several places, event data kept as strings, `Data` elements
with names) is left to the slow path: `Walk.slow` tells the events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from kulla.events.fields import Rows
from kulla.events.jsonnames import ELEMENTS, PARTS, WINLOG, WINLOG_DEEP, attribute
from kulla.events.jsonread import EXACT, Object, text_of

_DEEPEST: Final = 100
"""Levels of nesting; events with deeper ones are read whole."""

_WINLOG_DEEP: Final = {".".join(("winlog", *path)): name for path, name in WINLOG_DEEP.items()}
_NULL: Final = type(None)
_TEXT: Final = frozenset({str, _NULL})
_STRUCTURE: Final = frozenset({"Event", "System", "winlog", *PARTS})


class Names:
    """Where in a tree of names something wanted is. `targets`: the path joined by dots → the field it makes."""

    def __init__(self, targets: Mapping[str, str]) -> None:
        self.targets = targets
        prefixes = (path[:at] for path in targets for at, letter in enumerate(path) if letter in "._")
        self.leading = frozenset((*targets, *prefixes))


def settled(name: str) -> bool:
    """Whether a walk can find the field: parts of System get this prefix only where event data bear their names."""
    return not name.startswith("System.")


class Walk:
    """Gathers the fields `wanted` of `count` events. `found`: field → rows and texts (None for null), part by part."""

    def __init__(self, wanted: Iterable[str], count: int) -> None:
        names = [name for name in wanted if settled(name)]
        self._plain = Names({name: name for name in names})
        deep = {path: name for path, name in _WINLOG_DEEP.items() if name in self._plain.targets}
        self._winlog = Names({name: name for name in names if name not in _WINLOG_DEEP} | deep)
        self.found: dict[str, list[tuple[Rows, Sequence[str | None]]]] = {}
        self.slow: npt.NDArray[np.bool_] = np.zeros(count, np.bool_)
        self.counted: npt.NDArray[np.int64] = np.zeros(count, np.int64)
        """Names met in each event; there may be more in what was not looked at."""

    def events(self, events: Sequence[Object]) -> None:
        """Take the events in."""
        for keys, found, rows in self._groups(events, np.arange(len(events), dtype=np.int32)):
            if _STRUCTURE.isdisjoint(keys):
                self._members(keys, found, rows)
            else:
                self._enveloped(keys, found, rows)

    def _groups(
        self, objects: Sequence[Object], rows: Rows
    ) -> Iterator[tuple[tuple[str, ...], Sequence[Object], Rows]]:
        """Objects with the same members in the same order."""
        if not objects:
            return
        every = list(map(tuple, objects))
        first = every[0]
        if every.count(first) == len(every):
            np.add.at(self.counted, rows, len(first))
            yield first, objects, rows
            return
        by: dict[tuple[str, ...], list[int]] = {}
        for place, keys in enumerate(every):
            known = by.get(keys)
            if known is None:
                by[keys] = [place]
            else:
                known.append(place)
        for keys, places in by.items():
            some = rows[places]
            np.add.at(self.counted, some, len(keys))
            yield keys, [objects[place] for place in places], some

    def _members(
        self, keys: Sequence[str], objects: Sequence[Object], rows: Rows, left_out: Sequence[str] = ()
    ) -> None:
        """Members at the top, or beside an envelope, under their own names."""
        leading = self._plain.leading
        for key in keys:
            if key in leading and key not in left_out:
                self._value(key, [one[key] for one in objects], rows, self._plain)

    def _enveloped(self, keys: tuple[str, ...], events: Sequence[Object], rows: Rows) -> None:
        """The envelopes in the order in which `jsonnames` looks for them."""
        if "Event" in keys:
            inside = [isinstance(one["Event"], dict) and isinstance(one["Event"].get("System"), dict) for one in events]
            (some, its), (events, rows) = _parted(events, rows, inside)
            for inner, found, there in self._groups([one["Event"] for one in some], its):
                self._windows(inner, found, there)
            self._members(keys, some, its, ("Event",))
        if "System" in keys and not set(PARTS).isdisjoint(keys):
            (some, its), (events, rows) = _parted(events, rows, [isinstance(one["System"], dict) for one in events])
            if some:
                self._windows(keys, some, its)
        if "winlog" in keys:
            (some, its), (events, rows) = _parted(events, rows, [isinstance(one["winlog"], dict) for one in events])
            self._winlogbeat([one["winlog"] for one in some], its)
            self._members(keys, some, its, ("winlog",))
        if events:
            self._flat(keys, events, rows)

    def _flat(self, keys: Sequence[str], events: Sequence[Object], rows: Rows) -> None:
        for part in PARTS:
            if part in keys:
                values = [one[part] for one in events]
                (objects, its), (others, there) = _parted(values, rows, [type(value) is dict for value in values])
                self._data(objects, its, part)
                self._strings(others, there)
                self._value(part, others, there, self._plain)
        self._members(keys, events, rows, PARTS)

    def _winlogbeat(self, objects: Sequence[Object], rows: Rows) -> None:
        for keys, found, its in self._groups(objects, rows):
            for key in keys:
                values = [one[key] for one in found]
                if key in ("event_data", "user_data"):
                    self._data(values, its, "EventData")
                elif key in WINLOG:
                    self._value(WINLOG[key], values, its, self._plain)
                else:
                    self._value(f"winlog.{key}", values, its, self._winlog)

    def _windows(self, keys: Sequence[str], events: Sequence[Object], rows: Rows) -> None:
        for key in keys:
            values = [one[key] for one in events] if key in PARTS or key in ("System", "#attributes") else []
            if key in PARTS:
                self._data(values, rows, key)
            elif key == "System":
                self._system(values, rows)
            elif key == "#attributes":
                self._tally(values, rows)
        self._members(keys, events, rows, ("#attributes", "System", *PARTS))

    def _tally(self, values: Sequence[Any], rows: Rows) -> None:
        """Count the names in what nobody asks for, at its top."""
        np.add.at(self.counted, rows, [len(value) if type(value) is dict else 0 for value in values])

    def _system(self, objects: Sequence[Object], rows: Rows) -> None:
        for keys, found, its in self._groups(objects, rows):
            for key in keys:
                if key not in ELEMENTS:
                    continue
                values = [one[key] for one in found]
                if key not in self._plain.leading and dict not in set(map(type, values)):
                    continue
                (elements, there), (others, where) = _parted(values, its, [type(value) is dict for value in values])
                self._elements(key, elements, there)
                self._xml(key, others, where)

    def _elements(self, element: str, objects: Sequence[Object], rows: Rows) -> None:
        """Elements of System with attributes, marked or unmarked."""
        for keys, found, its in self._groups(objects, rows):
            marked = [type(one.get("#attributes")) is dict for one in found]
            (some, there), (others, where) = _parted(found, its, marked)
            for inner, attributes, places in self._groups([one["#attributes"] for one in some], there):
                self._attribute_values(element, inner, attributes, places)
            self._attribute_values(element, keys, others, where)
            if "#text" in keys and element != "TimeCreated":
                self._xml(element, [one["#text"] for one in found], its)

    def _attribute_values(self, element: str, keys: Sequence[str], objects: Sequence[Object], rows: Rows) -> None:
        for key in keys:
            full = attribute(element, key.removeprefix("@"))
            if key != "#text" and full in self._plain.leading:
                self._xml(full, [one[key] for one in objects], rows)

    def _data(self, values: Sequence[Any], rows: Rows, part: str) -> None:
        """EventData or UserData."""
        (objects, its), (others, there) = _parted(values, rows, [type(value) is dict for value in values])
        self._strings(others, there)
        self._xml(part, others, there)
        for keys, found, where in self._groups(objects, its):
            names = [key for key in keys if key != "#attributes"]
            if part == "UserData" and len(names) == 1:
                inner = [type(one[names[0]]) is dict for one in found]
                (single, at), (rest, beside) = _parted(found, where, inner)
                if "#attributes" in keys:
                    self._tally([one["#attributes"] for one in single], at)
                for inside, members, place in self._groups([one[names[0]] for one in single], at):
                    self._data_members(inside, members, place, part)
                self._data_members(keys, rest, beside, part)
            else:
                self._data_members(keys, found, where, part)

    def _strings(self, values: Sequence[Any], rows: Rows) -> None:
        """Leave strings that may hold event data to the slow path."""
        self._doubt(rows, [type(value) is str and value.lstrip()[:1] in ("{", "<") for value in values])

    def _doubt(self, rows: Rows, which: Sequence[bool]) -> None:
        self.slow[rows[np.array(which, np.bool_)]] = True

    def _data_members(self, keys: Sequence[str], objects: Sequence[Object], rows: Rows, part: str) -> None:
        leading = self._plain.leading
        for key in keys:
            if key == "#attributes":
                self._attributes(part, [one[key] for one in objects], rows)
            elif key == "#text":
                self._xml(part, [one[key] for one in objects], rows)
            elif key == "Data":
                values = [one[key] for one in objects]
                self._doubt(rows, list(map(_may_be_named, values)))
                self._xml(key, values, rows)
            elif key in leading:
                self._xml(key, [one[key] for one in objects], rows)

    def _attributes(self, owner: str, values: Sequence[Any], rows: Rows) -> None:
        (objects, its), _ = _parted(values, rows, [type(value) is dict for value in values])
        for keys, found, there in self._groups(objects, its):
            for key in keys:
                if key != "xmlns" and not key.startswith("xmlns:"):
                    self._xml(f"{owner}_{key}", [one[key] for one in found], there)

    def _xml(self, path: str, values: Sequence[Any], rows: Rows) -> None:
        self._value(path, values, rows, self._plain, xml=True)

    def _value(
        self, path: str, values: Sequence[Any], rows: Rows, names: Names, depth: int = 0, *, xml: bool = False
    ) -> None:
        """Values of one path: objects and arrays are entered; `xml`: they render an element."""
        if path not in names.leading or not values:
            return
        kinds = set(map(type, values))
        if dict not in kinds and list not in kinds:
            self._put(path, values, rows, names, kinds)
            return
        if depth >= _DEEPEST:
            self.slow[rows] = True
            return
        (objects, its), (values, rows) = _parted(values, rows, [type(value) is dict for value in values])
        for keys, found, there in self._groups(objects, its):
            self._enter(path, keys, found, there, names, depth + 1, xml)
        (arrays, its), (values, rows) = _parted(values, rows, [type(value) is list for value in values])
        if arrays:
            there = np.repeat(its, list(map(len, arrays)))
            self._value(path, [item for array in arrays for item in array], there, names, depth + 1, xml=xml)
        if values:
            self._put(path, values, rows, names, set(map(type, values)))

    def _enter(
        self, path: str, keys: Sequence[str], objects: Sequence[Object], rows: Rows, names: Names, depth: int, xml: bool
    ) -> None:
        for key in keys:
            inner = path if xml and key == "#text" else f"{path}.{key}"
            if xml and key == "#attributes":
                values = [one[key] for one in objects]
                self._attributes(path, values, rows)
                (others, its), _ = _parted(values, rows, [type(value) is not dict for value in values])
                self._value(inner, others, its, names, depth, xml=xml)
            elif inner in names.leading:
                self._value(inner, [one[key] for one in objects], rows, names, depth, xml=xml)

    def _put(self, path: str, values: Sequence[Any], rows: Rows, names: Names, kinds: set[type]) -> None:
        """Scalars of one path, as text."""
        name = names.targets.get(path)
        if name is None:
            return
        if not kinds <= _TEXT:
            if float in kinds:
                self._doubt(rows, [type(value) is float and abs(value) >= EXACT for value in values])
            make: Callable[[Any], str | None] = str if kinds == {int} else text_of
            values = list(map(make, values))
        self.found.setdefault(name, []).append((rows, values))


def _may_be_named(data: Any) -> bool:
    """Whether a `Data` element may have a name of its own."""
    if type(data) is list:
        return any(type(item) is dict for item in data)
    return type(data) is dict and tuple(data) != ("#text",)


def _parted(
    values: Sequence[Any], rows: Rows, chosen: Sequence[bool]
) -> tuple[tuple[Sequence[Any], Rows], tuple[Sequence[Any], Rows]]:
    """The chosen values with their rows, and the others with theirs."""
    if all(chosen):
        return (values, rows), ([], rows[:0])
    if not any(chosen):
        return ([], rows[:0]), (values, rows)
    mask = np.array(chosen, np.bool_)
    yes = [value for value, choice in zip(values, chosen, strict=True) if choice]
    no = [value for value, choice in zip(values, chosen, strict=True) if not choice]
    return (yes, rows[mask]), (no, rows[~mask])
