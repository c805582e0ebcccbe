"""Events as text: one a line for programs and grep, one field a line for people, chosen fields as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from kulla.cli.tables import folded, plain_table, safe

HEAD = ("position", "time", "host", "product/category/service", "code")
_WIDEST = 34
"""Names of fields longer than this push their value to the right instead of widening the column."""


def records(table: pa.Table) -> Iterator[dict[str, object]]:
    """Events as JSON objects: the label columns, `position`, `raw`, and `fields` as an object."""
    left_out = ("event_id", "fields", "ingest_time", "source_sha256")
    columns = [name for name in table.column_names if name not in left_out]
    for event in _events(table):
        yield {**{name: event[name] for name in columns}, "fields": dict(event["fields"])}


def lines(table: pa.Table, raw: bool) -> Iterator[str]:
    """One event a line: position, time, host, logsource, code, then `name=value`, apart by tabs."""
    for event in _events(table):
        body = (f"{name}={value}" for name, value in event["fields"] if value is not None)
        yield "\t".join(map(safe, (*_head(event), *body))) + "\n"
        if raw and event["raw"] is not None:
            yield "\t" + safe(event["raw"]) + "\n"


def blocks(table: pa.Table, raw: bool, width: int) -> Iterator[str]:
    """One field a line, folded at `width`."""
    for event in _events(table):
        yield "  ".join(map(safe, _head(event))) + "\n"
        fields = [(safe(name), safe(value)) for name, value in event["fields"] if value is not None]
        indent = min(max((len(name) for name, _ in fields), default=0), _WIDEST) + 6
        for name, value in fields:
            first, *more = folded(value, max(width - max(indent, len(name) + 6), 30))
            yield f"    {name}".ljust(indent) + first + "\n"
            yield from (" " * indent + part + "\n" for part in more)
        if raw and event["raw"] is not None:
            yield "    raw: " + safe(event["raw"]) + "\n"
        yield "\n"


def columns(table: pa.Table, wanted: Sequence[str], found: set[str]) -> str:
    """A table of the wanted fields; `-` where an event lacks one. Names that events have are added to `found`."""
    rows: list[Sequence[object]] = []
    for event in _events(table):
        fields = {name: value for name, value in event["fields"] if value is not None}
        found.update(fields.keys() & set(wanted))
        position, *labels = _head(event)
        rows.append((int(position), *labels, *(fields.get(name, "-") for name in wanted)))
    return plain_table((*HEAD, *wanted), rows)


def _events(table: pa.Table) -> Iterator[Mapping[str, Any]]:
    for batch in table.to_batches(max_chunksize=1000):
        yield from batch.to_pylist()


def _head(event: Mapping[str, Any]) -> tuple[str, ...]:
    time = event["time"].strftime("%Y-%m-%dT%H:%M:%S.%fZ") if event["time"] else "no time"
    source = "/".join(event[part] or "*" for part in ("product", "category", "service"))
    return f"{event['position']}", time, event["host"] or "-", source, event["event_code"] or "-"
