"""PostgreSQL's csvlog at speed: what `kulla.events.formats.postgres_csvlog` reads, whole columns at once.

Records are found by their quotes and taken together while they are beyond doubt (see `frames`); one that is not is
read, with what follows it, by the slow reader, and the fast one resumes behind it.
"""

from __future__ import annotations

from datetime import tzinfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kulla.events.formats._api import Reject
from kulla.events.formats._postgres import TIMESTAMP
from kulla.events.formats.postgres_csvlog import COLUMNS, PostgresCsvlog
from kulla.registers.audit import slow
from kulla.registers.audit.cells import columns
from kulla.registers.audit.frames import COMMA, QUOTE, Frames, Mask, frames
from kulla.registers.audit.instants import instants, usual
from kulla.registers.audit.lines import LINES, TEXT, Taken, hashes, numbers, timed
from kulla.registers.audit.messages import unpacked
from kulla.registers.audit.texts import digits

_LAYOUTS = (26, 24, 23)
_QUOTED = (1, 2, 4)
_BARE = (0, 3, 5, 6)
_LONGEST = 64 << 20
"""Bytes after which the slow reader takes a record's open quote as lost."""

_LABELS = ("user", "database", "client", "session", "severity", "sqlstate", "application", "backend_type")
_TEXTS = ("log_time", "pid", "line_num", "message", "detail", "statement")
_SHAPES = {"log_time": rf"\A{TIMESTAMP}\z", "pid": r"\A[0-9]+\z", "line_num": r"\A[0-9]+\z"}
_SESSION = r"\A[0-9a-f]+\.[0-9a-f]+\z"
_CLIENT = r"(?s)\A(?P<host>.*):[0-9]+\z"


def take(data: bytes, first_line: int = 1, zone: tzinfo | None = None, last: bool = True) -> Taken:
    """Read a stretch that starts where a record starts. `last`: the log ends with it; else a record that its end cuts
    is left (see `Taken.consumed`). Never raises for bad input."""
    parts: list[Taken] = []
    offset, line, steps = 0, first_line, 1
    while offset < len(data):
        rest = data[offset:] if offset else data
        part = _sound(rest, line, zone)
        if not part.consumed:
            part = slow.stepwise(PostgresCsvlog(), rest, line, zone, steps, None if last else _whole)
            steps *= 2
        if not part.consumed:
            break
        parts.append(part)
        offset += part.consumed
        line += part.count
    table = pa.concat_tables([LINES.empty_table(), *(part.lines for part in parts)])
    return Taken(table, [reject for part in parts for reject in part.rejects], offset, line - first_line)


def _whole(data: bytes) -> bool:
    """Whether the first record's quotes close, or would be given up, within `data`; blank lines come before it."""
    odd = 0
    start = 0
    while (stop := data.find(b"\n", start) + 1) > 0:
        odd ^= data.count(b'"', start, stop) & 1
        if not odd and not data[start:stop].isspace():
            return True
        start = stop
        if start > _LONGEST:
            return True
    return False


def _sound(data: bytes, first_line: int, zone: tzinfo | None) -> Taken:
    """The records of one layout that lead `data` and are beyond doubt; possibly none."""
    found = frames(data)
    if not len(found) or found.cells[0] not in _LAYOUTS:
        return Taken(LINES.empty_table())
    cells = int(found.cells[0])
    good = found.sound & (found.cells == cells) & (found.stops - found.starts < _LONGEST)
    good &= _quoting(np.frombuffer(data, np.uint8), found, good)
    count = len(good) if good.all() else int(np.argmin(good))
    if not count:
        return Taken(LINES.empty_table())
    stop = int(found.stops[count - 1])
    table, shaped = _table(data[:stop], cells, count)
    if not shaped.all():
        count = int(np.argmin(shaped))
        table = table.slice(0, count)
    return _taken(data, found, table, count, first_line, zone) if count else Taken(LINES.empty_table())


def _quoting(data: np.ndarray, found: Frames, good: Mask) -> Mask:
    """Whether the leading cells are quoted, or bare, as PostgreSQL writes them (its texts always, or empty)."""
    right = np.zeros(len(found), np.bool_)
    rows = np.flatnonzero(good)
    fine = np.ones(len(rows), np.bool_)
    for cell in (*_QUOTED, *_BARE):
        start = found.commas[found.first[rows] + cell - 1] + 1 if cell else found.starts[rows]
        byte = data[start]
        fine &= (byte == QUOTE) | (byte == COMMA) if cell in _QUOTED else byte != QUOTE
    right[rows] = fine
    return right


def _table(data: bytes, cells: int, count: int) -> tuple[pa.Table, Mask]:
    """The cells wanted, and which records start as a record does."""
    try:
        data.decode()
    except UnicodeDecodeError:
        data = data.decode("utf-8", "backslashreplace").encode()
    names = COLUMNS[:cells]
    kinds = {name: pa.dictionary(pa.int32(), pa.string()) for name in _LABELS} | dict.fromkeys(_TEXTS, TEXT)
    table = columns(data, names, kinds, ("",))
    if len(table) != count:
        return table, np.zeros(count, np.bool_)
    shaped = np.ones(count, np.bool_)
    for name, shape in _SHAPES.items():
        whole = table.column(name).chunk(0)
        plain = whole.null_count == 0 and (usual(whole) if name == "log_time" else digits(whole))
        if not plain:
            shaped &= _like(whole, shape)
    session = table.column("session").chunk(0)
    known = _like(session.dictionary, _SESSION)
    at = session.indices.fill_null(0).to_numpy(zero_copy_only=False)
    return table, shaped & (session.is_valid().to_numpy(zero_copy_only=False)) & (known[at] if len(known) else False)


def _like(texts: pa.Array | pa.ChunkedArray, shape: str) -> Mask:
    found = pc.fill_null(pc.match_substring_regex(texts, shape), False)
    return np.asarray(found.to_numpy(zero_copy_only=False) if isinstance(found, pa.Array) else found.to_numpy())


def _taken(data: bytes, found: Frames, table: pa.Table, count: int, first_line: int, zone: tzinfo | None) -> Taken:
    starts, stops = found.starts[:count], found.stops[:count]
    last = np.searchsorted(found.lines, stops)
    first = np.concatenate((np.zeros(1, np.int64), last[:-1] + 1))
    cell = {name: table.column(name).combine_chunks() for name in table.column_names}
    audits, members = unpacked(cell["message"])
    made: dict[str, pa.Array] = {
        "line_from": pa.array(first + first_line),
        "line_to": pa.array(last + first_line),
        "line_hash": hashes(data, starts, stops),
        "time": instants(cell["log_time"], zone),
        "client": _client(cell["client"]),
        "line_num": numbers(cell["line_num"]),
        "message": pc.if_else(pa.array(audits), pa.scalar(None, TEXT), cell["message"]),
        "statement": pc.coalesce(members.pop("statement"), cell["statement"]),
    } | members
    for field in LINES:
        if field.name not in made:
            made[field.name] = cell.get(field.name, pa.nulls(count, field.type))
    rows = pa.table({name: made[name] for name in LINES.names})
    table, rejects = timed(rows, data, (starts, stops))
    rejects = [Reject(each.position, each.reason, each.raw) for each in rejects]
    return Taken(table, rejects, int(stops[-1]), int(last[-1]) + 1)


def _client(client: pa.DictionaryArray) -> pa.DictionaryArray:
    """The address without its port, once for each distinct one."""
    host = pc.struct_field(pc.extract_regex(client.dictionary, _CLIENT), "host")
    hosts = pc.if_else(pc.is_valid(host), host, client.dictionary)
    hosts = pc.if_else(pc.equal(hosts, ""), pa.scalar(None, hosts.type), hosts).dictionary_encode()
    return pa.DictionaryArray.from_arrays(hosts.indices.take(client.indices), hosts.dictionary)
