"""Records with named values (JSON objects) put together as a table: one column for each name, nested names by dots."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pyarrow as pa

from kulla.leaks.intake._api import WIDEST, Grid
from kulla.leaks.intake.cells import named, text_column

_DEEPEST: Final = 4


class Records:
    """A table that grows by chunks of records; a name that comes late is empty before."""

    def __init__(self) -> None:
        self._parts: dict[str, list[pa.Array]] = {}
        self._counts: list[int] = []
        self._left: set[str] = set()

    def add(self, records: Sequence[Mapping[str, Any]]) -> None:
        """More records."""
        columns = dict(_columns(records))
        before = len(self._counts)
        self._counts.append(len(records))
        for name, values in columns.items():
            if name not in self._parts:
                if len(self._parts) >= WIDEST:
                    self._left.add(name)
                    continue
                self._parts[name] = [pa.nulls(count, pa.string()) for count in self._counts[:before]]
            self._parts[name].append(text_column(values))
        for parts in self._parts.values():
            if len(parts) <= before:
                parts.append(pa.nulls(len(records), pa.string()))

    @property
    def rows(self) -> int:
        """How many records there are."""
        return sum(self._counts)

    def grid(self, name: str, notes: Sequence[str] = ()) -> Grid:
        """The table."""
        columns = [pa.chunked_array(parts, pa.string()) for parts in self._parts.values()]
        left = [f"{len(self._left)} columns beyond {WIDEST} left out"] if self._left else []
        return Grid(name, named(columns, self.rows), tuple(self._parts) or ("",), notes=(*notes, *left))


def _columns(records: Sequence[Mapping[str, Any]], prefix: str = "", depth: int = 0) -> Iterator[tuple[str, list[Any]]]:
    """Name → values, one for each record; values that are objects give columns of their own."""
    names: dict[str, None] = {}
    for record in records:
        names.update(dict.fromkeys(record))
    for name in names:
        values = [record.get(name) for record in records]
        kinds = set(map(type, values))
        if dict in kinds and depth < _DEEPEST:
            inner = [value if isinstance(value, dict) else {} for value in values]
            yield from _columns(inner, f"{prefix}{name}.", depth + 1)
            values = [None if isinstance(value, dict) else value for value in values]
            if not any(value is not None for value in values):
                continue
        if kinds & {dict, list}:
            values = [_flat(value) for value in values]
        yield f"{prefix}{name}", values


def _flat(value: Any) -> Any:
    """Lists of plain values as a person would write them; what is nested deeper as JSON."""
    if isinstance(value, list) and not any(isinstance(each, list | dict) for each in value):
        return ", ".join(str(each) for each in value if each is not None)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value
