"""PostgreSQL's jsonlog at speed: what `kulla.events.formats.postgres_jsonlog` reads, whole columns at once.

A line is one JSON object, so each is decoded by itself (orjson), and what the format must escape, complete or refuse is
left to the slow reader, line by line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo
from typing import Any, Final

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from kulla.events.formats._api import Reject
from kulla.events.formats.postgres_jsonlog import NAMES, PostgresJsonlog
from kulla.registers.audit import slow
from kulla.registers.audit.instants import instants
from kulla.registers.audit.lines import LINES, TEXT, Offsets, Taken, hashes, label, newlines, numbers, timed
from kulla.registers.audit.messages import unpacked
from kulla.registers.schema import LABEL

_SAME: Final = ("user", "line_num", "message", "detail", "statement", "backend_type")
_KEYS: Final = {name: name for name in _SAME} | {
    name: key for key, name in NAMES.items() if name in {*LINES.names, "log_time"}
}
"""Our name → PostgreSQL's key."""

_READ: Final = tuple(_KEYS)
_TEXT: Final = {str, type(None)}
_OURS: Final = {*LINES.names, "log_time"} - set(_KEYS.values())
"""Names of ours that are no key of PostgreSQL's: an object with one of them means something else by it."""

_NEEDED: Final = {"timestamp", "error_severity"}
_Alike = tuple[list[int], list[Iterable[Any]]]
"""Objects with the same keys in the same order: their lines, and their values."""


def take(data: bytes, first_line: int = 1, zone: tzinfo | None = None, last: bool = True) -> Taken:
    """Read a stretch that starts where a line starts. `last`: the log ends with it; else a line that its end cuts is
    left (see `Taken.consumed`). Never raises for bad input."""
    stops = newlines(data)
    if last and (not len(stops) or stops[-1] < len(data)):
        stops = np.append(stops, len(data)) if data else stops
    starts = np.concatenate((np.zeros(min(1, len(stops)), np.int64), stops[:-1]))
    shapes: dict[tuple[str, ...], _Alike] = {}
    loads, decode_error = orjson.loads, orjson.JSONDecodeError
    for number, (start, stop) in enumerate(zip(starts.tolist(), stops.tolist(), strict=True)):
        try:
            members = loads(data[start:stop])
        except decode_error:
            continue
        if type(members) is dict:
            alike = shapes.get(keys := tuple(members))
            if alike is None:
                alike = shapes[keys] = ([], [])
            alike[0].append(number)
            alike[1].append(members.values())
    known = {keys: alike for keys, alike in shapes.items() if {*keys} >= _NEEDED and _OURS.isdisjoint(keys)}
    plain = np.zeros(len(starts), np.bool_)
    for rows, _ in known.values():
        plain[rows] = True
    table, rejects = _table(known, data, (starts[plain], stops[plain]), np.flatnonzero(plain) + first_line, zone)
    parts = [LINES.empty_table(), table]
    for number in np.flatnonzero(~plain).tolist():
        part = slow.read(PostgresJsonlog(), data[starts[number] : stops[number]], first_line + number, zone)
        parts.append(part.lines)
        rejects += part.rejects
    lines = pa.concat_tables(parts)
    if len(parts) > 2 and len(lines) > len(table):
        lines = lines.sort_by("line_from")
    rejects.sort(key=lambda reject: reject.position)
    return Taken(lines, rejects, int(stops[-1]) if len(stops) else 0, len(stops))


def _table(
    shapes: Mapping[tuple[str, ...], _Alike],
    data: bytes,
    spans: tuple[Offsets, Offsets],
    places: Offsets,
    zone: tzinfo | None,
) -> tuple[pa.Table, list[Reject]]:
    cell = _cells(shapes)
    audits, members = unpacked(cell["message"])
    columns: dict[str, pa.Array] = {
        "line_from": pa.array(places),
        "line_to": pa.array(places),
        "line_hash": hashes(data, *spans),
        "time": instants(cell["log_time"], zone),
        "message": pc.if_else(pa.array(audits), pa.scalar(None, TEXT), cell["message"]),
    }
    columns |= members | {"statement": pc.coalesce(members["statement"], cell["statement"])}
    for field in LINES:
        if field.name not in columns:
            texts = cell[field.name]
            columns[field.name] = (
                label(texts) if field.type == LABEL else numbers(texts) if field.name == "line_num" else texts
            )
    return timed(pa.table({name: columns[name] for name in LINES.names}), data, spans)


def _cells(shapes: Mapping[tuple[str, ...], _Alike]) -> dict[str, pa.Array]:
    """The objects' values as columns, in the order of the lines."""
    parts: dict[str, list[pa.Array]] = {name: [pa.nulls(0, TEXT)] for name in _READ}
    for keys, (rows, values) in shapes.items():
        columns = dict(zip(keys, zip(*values, strict=True), strict=True))
        for name in _READ:
            column = columns.get(_KEYS[name])
            parts[name].append(pa.nulls(len(rows), TEXT) if column is None else _texts(column))
    order = np.argsort([row for rows, _ in shapes.values() for row in rows], kind="stable")
    return {name: pa.concat_arrays(parts[name]).take(pa.array(order, pa.int64())) for name in _READ}


def _texts(values: Sequence[Any]) -> pa.Array:
    """Values as the slow reader's texts: null and empty ones null, others than text as JSON."""
    kinds = set(map(type, values))
    if kinds == {int}:
        return pa.array(list(map(str, values)), TEXT)
    if not kinds <= _TEXT:
        values = [value if value is None or type(value) is str else orjson.dumps(value).decode() for value in values]
    texts = pa.array(values, TEXT)
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, TEXT), texts)
