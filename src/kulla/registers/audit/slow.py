"""Records of a PostgreSQL log through the formats of `kulla.events`: slow, and what the fast readers must equal."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from datetime import tzinfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kulla.events.fields import Fields
from kulla.events.formats._api import Context, Format, Parsed, Reject
from kulla.registers.audit.lines import (
    LINES,
    NO_TIME,
    TEXT,
    Offsets,
    Taken,
    hashes,
    label,
    milliseconds,
    newlines,
    numbers,
)
from kulla.registers.schema import LABEL

_MADE = {"line_from", "line_to", "line_hash", "time"}
_NUMBERS = {"line_num", "statement_id", "substatement_id", "rows"}


def read(form: Format, data: bytes, first_line: int, zone: tzinfo | None) -> Taken:
    """All of `data` as the format reads it."""
    return taken(list(form.read(io.BytesIO(data), None, _context(first_line, zone))), data, first_line)


def stepwise(
    form: Format, data: bytes, first_line: int, zone: tzinfo | None, steps: int, whole: Callable[[bytes], bool] | None
) -> Taken:
    """The first records of `data`, one by one, at most `steps` of them.

    `whole`: whether the data behind a place hold all of the record that starts there; reading stops before one
    that goes on beyond. None: the data end with the log.
    """
    starts = np.concatenate((np.zeros(1, np.int64), newlines(data)))
    context = _context(first_line, zone, batch_bytes=1, batch_events=1)
    runs: list[Parsed] = []
    lines = 0
    for run in form.read(io.BytesIO(data), None, context):
        if whole is not None and not whole(data[starts[lines] :]):
            break
        runs.append(run)
        lines += run.lines
        if len(runs) == steps:
            break
    stop = int(starts[lines]) if lines < len(starts) else len(data)
    return taken(runs, data[:stop], first_line)


def _context(first_line: int, zone: tzinfo | None, batch_bytes: int = 48 << 20, batch_events: int = 50_000) -> Context:
    return Context(zone=zone, first_position=first_line, batch_bytes=batch_bytes, batch_events=batch_events)


def taken(runs: Sequence[Parsed], data: bytes, first_line: int) -> Taken:
    """What a format read of `data`, as LINES."""
    ends = newlines(data)
    starts = np.concatenate((np.zeros(1, np.int64), ends))
    count = len(ends) + (len(data) > int(starts[-1]))
    stops = np.concatenate((ends, np.array([len(data)], np.int64)))
    rejects = [reject for run in runs for reject in run.rejects]
    tables = []
    for run in runs:
        table, timeless = _table(run, data, starts, stops, first_line)
        tables.append(table)
        rejects += timeless
    rejects.sort(key=lambda reject: reject.position)
    return Taken(pa.concat_tables([LINES.empty_table(), *tables]), rejects, len(data), count)


def _table(run: Parsed, data: bytes, starts: Offsets, stops: Offsets, first_line: int) -> tuple[pa.Table, list[Reject]]:
    more = np.array([raw.count("\n") for raw in run.raw.to_pylist()], np.int64)
    begins = starts[run.position - first_line]
    ends = stops[run.position - first_line + more]
    columns: dict[str, pa.Array] = {
        "line_from": pa.array(run.position),
        "line_to": pa.array(run.position + more),
        "line_hash": hashes(data, begins, ends),
        "time": run.time,
    }
    for field in LINES:
        if field.name not in _MADE:
            columns[field.name] = _column(run.fields, field.name, len(run), field.type)
    if run.format == "postgres_stderr":
        columns["session"] = _by_process(run.fields, len(run))
    audits = pc.is_valid(columns["audit_type"])
    columns["message"] = pc.if_else(audits, pa.scalar(None, TEXT), columns["message"])
    missing = np.flatnonzero(run.time.is_null().to_numpy(zero_copy_only=False)).tolist()
    rejects = [Reject(int(run.position[n]), NO_TIME, data[begins[n] : ends[n]]) for n in missing]
    table = pa.table(columns)
    return table.filter(table.column("time").is_valid()).cast(LINES), rejects


def _by_process(fields: Fields, count: int) -> pa.Array:
    """The plain log names no session, only the server's process, whose number is given out again in time."""
    pids = _column(fields, "pid", count, TEXT)
    return label(pc.binary_join_element_wise(pa.scalar("pid", TEXT), pids, pa.scalar(" ", TEXT)))


def _column(fields: Fields, name: str, count: int, kind: pa.DataType) -> pa.Array:
    texts: list[str | None] = [None] * count
    found = fields.column(name)
    if found is not None:
        for row, text in zip(found.rows.tolist(), found.text.to_pylist(), strict=True):
            texts[row] = text or None
    values = pa.array(texts, TEXT)
    if name in _NUMBERS:
        return numbers(values)
    if name == "duration":
        return milliseconds(values)
    return label(values) if kind == LABEL else values
