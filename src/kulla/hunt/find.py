"""From rows and rule numbers to hits: what a worker hands to its parent.

Workers do not know a source's SHA-256 (it is computed beside them); `event_id` is empty in their tables and
`identify` fills it in the parent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from kulla.detect.engine import Hits
from kulla.detect.rule import Rule
from kulla.events.batch import Batch, Origin
from kulla.events.fields import Rows
from kulla.events.formats._api import Reject
from kulla.events.schema import SCHEMA, TIME, event_id
from kulla.hunt.entity import entity_of
from kulla.hunt.hits import HITS
from kulla.hunt.reasons import Reasons

SIGNALS = pa.schema(
    [
        pa.field("rule", pa.int32(), nullable=False),  # number in the list of rules
        pa.field("time", TIME),
        pa.field("host", pa.string()),
        pa.field("record", pa.int64(), nullable=False),
        pa.field("values", pa.binary(), nullable=False),  # JSON: field → values
    ]
)
"""Hits of rules that correlations refer to, with only the fields these ask for."""


def in_span(batch: Batch, hits: Hits, since: int | None, until: int | None) -> Hits:
    """The hits of events whose time lies in [since, until) µs; events without time are kept: they may be in it."""
    if since is None and until is None:
        return hits
    times = batch.time.cast(pa.int64()).take(pa.array(hits.rows))
    keep = pa.array(np.ones(len(hits.rows), bool))
    if since is not None:
        keep = pc.and_(keep, pc.fill_null(pc.greater_equal(times, since), True))
    if until is not None:
        keep = pc.and_(keep, pc.fill_null(pc.less(times, until), True))
    mask = keep.to_numpy(zero_copy_only=False)
    return Hits(hits.rows[mask], hits.rules[mask])


def table(batch: Batch, hits: Hits, rules: Sequence[Rule], reasons: Reasons) -> pa.Table:
    """The hits as a table of schema `HITS`, each with its whole event and why the rule met it."""
    rows: Rows
    rows, at = np.unique(hits.rows, return_inverse=True)
    events = batch.heads(rows)
    pairs = batch.pairs(rows)
    seen = batch.events(rows.tolist(), pairs)
    whole = pa.array([orjson.dumps(dict(each)) for each in pairs], pa.large_binary()).cast(pa.large_string())
    entities = [entity_of(event) for event in seen]
    met = [rules[number] for number in hits.rules.tolist()]
    why = [reasons.why(number, seen[i]) for number, i in zip(hits.rules.tolist(), at.tolist(), strict=True)]
    chosen = pa.array(at)
    count = len(met)
    columns: dict[str, pa.Array | list[object]] = {
        "kind": ["detection"] * count,
        "rule_id": [rule.meta.id for rule in met],
        "rule_title": [rule.meta.title for rule in met],
        "level": [rule.meta.level for rule in met],
        "tags": [list(rule.meta.tags) for rule in met],
        "entity": [entities[i] for i in at.tolist()],
        "event": whole.take(chosen).cast(pa.string()),
        "why": why,
        "event_id": [""] * count,
    }
    names = {"file": "source_file", "record": "position"}
    for field in HITS:
        if field.name not in columns:
            column = events[names.get(field.name, field.name)].combine_chunks()
            columns[field.name] = column.cast(field.type).take(chosen)
    arrays = [pa.array(c, f.type) if isinstance(c, list) else c for f in HITS for c in (columns[f.name],)]
    return pa.Table.from_arrays(arrays, schema=HITS)


def signals(batch: Batch, hits: Hits, rules: Sequence[Rule], needs: Mapping[str, frozenset[str]]) -> pa.Table:
    """The hits that correlations ask for, as a table of schema `SIGNALS`."""
    parts = [
        _signals_of(batch, number, hits.rows[hits.rules == number], sorted(needs[rules[number].meta.id]))
        for number in np.unique(hits.rules).tolist()
        if rules[number].meta.id in needs
    ]
    return pa.concat_tables(parts) if parts else SIGNALS.empty_table()


def _signals_of(batch: Batch, number: int, rows: Rows, names: Sequence[str]) -> pa.Table:
    held: list[dict[str, list[str]]] = [{} for _ in rows]
    for name in names:
        for at, text in _values_at(batch, name, rows):
            held[at].setdefault(name, []).append(text)
    taken = pa.array(rows)
    return pa.Table.from_arrays(
        [
            pa.array(np.full(len(rows), number, np.int32)),
            batch.time.take(taken).cast(TIME),
            batch.host.cast(pa.string()).take(taken),
            pa.array(batch.position[rows], pa.int64()),
            pa.array([orjson.dumps(values) for values in held], pa.binary()),
        ],
        schema=SIGNALS,
    )


def _values_at(batch: Batch, name: str, rows: Rows) -> Iterator[tuple[int, str]]:
    """(index into `rows`, value) of one field."""
    column = batch.column(name)
    if column is None:
        return
    start = np.searchsorted(column.rows, rows, "left").tolist()
    stop = np.searchsorted(column.rows, rows, "right").tolist()
    for at, (first, last) in enumerate(zip(start, stop, strict=True)):
        for entry in range(first, last):
            yield at, column.text[entry].as_py()


def identify(hits: pa.Table, sha256: str, member: str) -> pa.Table:
    """The hits with their event ids."""
    ids = [event_id(sha256, member, record).hex() for record in hits["record"].to_pylist()]
    return hits.set_column(HITS.get_field_index("event_id"), HITS.field("event_id"), pa.array(ids, pa.string()))


def events(part: pa.Table, lines: int, origin: Origin) -> pa.Table:
    """The events of a part with their ids, what their source tells of all of them, and the positions of the whole file,
    of which `lines` come before the part. `origin` is the source's."""
    at = part["position"] if not lines else pc.add(part["position"], lines)
    ids = [event_id(origin.source_sha256, origin.member, position) for position in at.to_pylist()]
    told = {
        "event_id": pa.array(ids, pa.binary(16)),
        "position": at,
        "constituent": _constant(origin.constituent, len(part)),
        "zone": _constant(origin.zone, len(part)),
        "source_file": _constant(origin.file, len(part)),
        "source_sha256": _constant(origin.source_sha256, len(part)),
    }
    return pa.Table.from_arrays([told.get(name, part[name]) for name in SCHEMA.names], schema=SCHEMA)


def _constant(text: str, count: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(np.zeros(count, np.int32), pa.array([text], pa.string()))


def moved(found: pa.Table, lines: int) -> pa.Table:
    """Hits or signals of a cut piece, with the lines that come before the piece added to their positions."""
    if not lines:
        return found
    at = found.schema.get_field_index("record")
    return found.set_column(at, found.schema.field(at), pc.add(found["record"], lines))


def moved_reject(reject: Reject, lines: int) -> Reject:
    """The same for a reject; byte offsets and record numbers are those of the whole file already."""
    return replace(reject, position=reject.position + lines) if reject.unit == "line" else reject
