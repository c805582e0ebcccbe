"""PostgreSQL's jsonlog at speed: what `kulla.events.formats.postgres_jsonlog` reads, whole columns at once.

A line is one JSON object. Lines as PostgreSQL writes them are read together (see `objects`); others are decoded each by
itself (orjson), and what the format must escape, complete or refuse is left to the slow reader, line by line.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
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
from kulla.registers.audit.objects import Objects, objects
from kulla.registers.audit.texts import flat
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
    framed = [each for each in objects(data, starts, stops, _KEYS.values()) if _known(each.keys)]
    plain = np.zeros(len(starts), np.bool_)
    for each in framed:
        plain[each.rows] = True
    known = _decoded(data, starts, stops, np.flatnonzero(~plain)) if not plain.all() else {}
    for rows, _ in known.values():
        plain[rows] = True
    places = np.flatnonzero(plain) + first_line
    table, rejects = _table(framed, known, data, (starts[plain], stops[plain]), places, zone)
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


def _known(keys: Collection[str]) -> bool:
    """Whether an object with these keys is a record whose names mean what PostgreSQL means by them."""
    return _NEEDED.issubset(keys) and _OURS.isdisjoint(keys)


def _decoded(data: bytes, starts: Offsets, stops: Offsets, rows: Offsets) -> dict[tuple[str, ...], _Alike]:
    """The objects of some lines, by their keys; lines that hold none are in none."""
    shapes: dict[tuple[str, ...], _Alike] = {}
    loads, decode_error = orjson.loads, orjson.JSONDecodeError
    for number, start, stop in zip(rows.tolist(), starts[rows].tolist(), stops[rows].tolist(), strict=True):
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
    return {keys: alike for keys, alike in shapes.items() if _known(keys)}


def _table(
    framed: Sequence[Objects],
    shapes: Mapping[tuple[str, ...], _Alike],
    data: bytes,
    spans: tuple[Offsets, Offsets],
    places: Offsets,
    zone: tzinfo | None,
) -> tuple[pa.Table, list[Reject]]:
    cell = _cells(framed, shapes)
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


def _cells(framed: Sequence[Objects], shapes: Mapping[tuple[str, ...], _Alike]) -> dict[str, pa.Array]:
    """The objects' values as columns, in the order of the lines."""
    parts: dict[str, list[pa.Array]] = {name: [] for name in _READ}
    for each in framed:
        for name in _READ:
            texts = each.texts.get(_KEYS[name])
            parts[name].append(pa.nulls(len(each.rows), TEXT) if texts is None else _or_null(texts))
    for keys, (rows, values) in shapes.items():
        columns = dict(zip(keys, zip(*values, strict=True), strict=True))
        for name in _READ:
            column = columns.get(_KEYS[name])
            parts[name].append(pa.nulls(len(rows), TEXT) if column is None else _texts(column))
    places = [each.rows for each in framed] + [np.array(rows, np.int64) for rows, _ in shapes.values()]
    if len(places) < 2:
        return {name: parts[name][0] if places else pa.nulls(0, TEXT) for name in _READ}
    order = pa.array(np.argsort(np.concatenate(places), kind="stable"))
    return {name: pa.concat_arrays(parts[name]).take(order) for name in _READ}


def _or_null(texts: pa.Array) -> pa.Array:
    """Texts, empty ones null."""
    if (np.diff(flat(texts)[1]) > 0).all():
        return texts
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, TEXT), texts)


def _texts(values: Sequence[Any]) -> pa.Array:
    """Values as the slow reader's texts: null and empty ones null, others than text as JSON."""
    kinds = set(map(type, values))
    if kinds == {int}:
        return pa.array(list(map(str, values)), TEXT)
    if not kinds <= _TEXT:
        values = [value if value is None or type(value) is str else orjson.dumps(value).decode() for value in values]
    return _or_null(pa.array(values, TEXT))
