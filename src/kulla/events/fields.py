"""The fields of a run of events, as columns that are made only when somebody asks for them.

A format hands over its events' fields behind the `Fields` protocol. Rules ask for a few names out of hundreds,
so nothing is laid out wide: a column is the rows that have a value and those values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kulla.events.schema import FIELDS

Rows = npt.NDArray[np.int32]
Event = Mapping[str, Sequence[str]]
"""One event for the eyes of a rule: field name → its values (several when the field is an array)."""

Pairs = Sequence[tuple[str, str | None]]
"""One event whole, as stored: (name with brackets, value or null)."""

_ELEMENT = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True)
class Values:
    """One field over a run of events.

    `rows` are the row numbers, ascending; a row repeats when the field is an array there. `text` holds one
    non-null string for each of `rows`. A row without the field, or with a JSON null, does not appear.
    """

    rows: Rows
    text: pa.StringArray | pa.LargeStringArray


class Fields(Protocol):
    """The fields of `len(self)` events.

    `column` and `row` speak of a field by its plain name: array elements (`name[0]`, `a[1].b`) are found
    under the name without the brackets. `whole` keeps the brackets: it is what is stored.
    """

    def __len__(self) -> int: ...

    def column(self, name: str) -> Values | None:
        """The field over all rows, or None when no row has it. Asking twice costs once."""

    def prefetch(self, names: Sequence[str]) -> None:
        """Say which columns will be asked for, so that they can be made in one pass. Optional, may be repeated."""

    def row(self, number: int) -> dict[str, list[str]]:
        """One event whole, plain names, nulls left out."""

    def whole(self) -> pa.MapArray:
        """All events whole, as the contract's `fields` column."""

    def search_text(self) -> Values | None:
        """Text that contains every value of an event literally, as one or several `Values` entries a row
        (for a search over all fields); None when only `row` can tell."""


@runtime_checkable
class SomeRows(Protocol):
    """What `Fields` may offer besides: some rows whole, in the order given, each once read."""

    def pairs_of(self, rows: Rows) -> list[Pairs]: ...


def plain(name: str) -> str:
    """The name by which a rule knows a stored field.

    >>> plain("resources[0].ARN")
    'resources.ARN'
    """
    return _ELEMENT.sub("", name) if "[" in name else name


def known(pairs: Pairs) -> dict[str, list[str]]:
    """An event as rules know it, from the event as stored: plain names, nulls left out.

    >>> known([("a[0]", "x"), ("a[1]", "y"), ("b", None)])
    {'a': ['x', 'y']}
    """
    if "[" not in "".join([name for name, _ in pairs]):
        plainly = {name: [value] for name, value in pairs if value is not None}
        if len(plainly) == sum(value is not None for _, value in pairs):
            return plainly
    event: dict[str, list[str]] = {}
    for name, value in pairs:
        if value is not None:
            event.setdefault(plain(name), []).append(value)
    return event


class DictFields:
    """Fields of events that a format parsed one by one in Python: a dict of text (or None) for each."""

    def __init__(self, events: Sequence[Mapping[str, str | None]]) -> None:
        self._events = events
        self._columns: dict[str, Values] | None = None

    def __len__(self) -> int:
        return len(self._events)

    def prefetch(self, names: Sequence[str]) -> None:
        pass

    def column(self, name: str) -> Values | None:
        if self._columns is None:
            self._columns = self._transpose()
        return self._columns.get(name)

    def _transpose(self) -> dict[str, Values]:
        gathered: dict[str, tuple[list[int], list[str]]] = {}
        for number, event in enumerate(self._events):
            for name, value in event.items():
                if value is not None:
                    rows, texts = gathered.setdefault(plain(name), ([], []))
                    rows.append(number)
                    texts.append(value)
        return {
            name: Values(np.array(rows, np.int32), pa.array(texts, pa.large_string()))
            for name, (rows, texts) in gathered.items()
        }

    def row(self, number: int) -> dict[str, list[str]]:
        return known(list(self._events[number].items()))

    def whole(self) -> pa.MapArray:
        return pa.array([list(event.items()) for event in self._events], FIELDS)

    def pairs_of(self, rows: Rows) -> list[Pairs]:
        return [list(self._events[row].items()) for row in rows.tolist()]

    def search_text(self) -> Values | None:
        rows: list[int] = []
        texts: list[str] = []
        for number, event in enumerate(self._events):
            for value in event.values():
                if value is not None:
                    rows.append(number)
                    texts.append(value)
        return Values(np.array(rows, np.int32), pa.array(texts, pa.large_string()))


class MapFields(DictFields):
    """Fields read back from the contract's `fields` column."""

    def __init__(self, whole: pa.MapArray) -> None:
        super().__init__([dict(pairs or ()) for pairs in whole.to_pylist()])
