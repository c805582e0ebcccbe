"""Makes batches: of what a format parsed, and of what a store gives back. The logsource table decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kulla.events.aliases import Mask, many
from kulla.events.batch import Batch, Group, Origin
from kulla.events.classify import Found, Labels, Seen, classify
from kulla.events.fields import Fields, MapFields
from kulla.events.formats._api import Parsed
from kulla.events.logsource import Alias, Logsource
from kulla.events.mixed import MixedFields
from kulla.events.schema import SCHEMA, TIME
from kulla.events.table import LABELS, LogsourceTable, SourceOptions


def assemble(parsed: Parsed, origin: Origin, table: LogsourceTable, options: SourceOptions | None = None) -> Batch:
    """The batch of a parsed run: logsources found, labels filled, the source's clock corrected.

    `options` None: those that the table holds for the source's path. Constituent and zone of the options count where
    the origin has none. Events of a register's audit are redacted (`events.redact`) and their raw is not kept; then the
    rejects of `parsed` lose their content too, so call this also for a run that has nothing but rejects.
    """
    options = table.for_source(origin.file) if options is None else options
    count = len(parsed)
    labels = Labels(*(_or_null(getattr(parsed, name), count) for name in LABELS))
    seen = Seen(parsed.fields, labels, parsed.format, origin.file)
    if parsed.format in table.label_formats:
        missing = {label: table.labels.get(label, ()) for label in LABELS if getattr(labels, label).null_count}
        seen.ask(name for names in missing.values() for name in names)
        parsed.fields.prefetch(list(seen.asked))
        _fill(parsed.fields, labels, missing, np.ones(count, bool))
    found = classify(seen, table, options)
    groups = [_group(each, options) for each in found]
    fields, raw = _without_personal(parsed, groups, options)
    for each in found:
        if each.entry.labels:
            seen.ask(name for names in each.entry.labels.values() for name in names)
            _fill(fields, labels, each.entry.labels, _mask(each.rows, count))
    return Batch(
        origin=replace(
            origin,
            constituent=origin.constituent or options.constituent or "",
            zone=origin.zone or options.zone or "",
        ),
        fields=fields,
        position=parsed.position,
        raw=raw,
        time=_shifted(parsed.time, options.clock_offset),
        quality=parsed.quality,
        host=labels.host,
        provider=labels.provider,
        channel=labels.channel,
        event_code=labels.event_code,
        groups=groups,
        asked=tuple(seen.asked),
    )


def _without_personal(
    parsed: Parsed, groups: Sequence[Group], options: SourceOptions
) -> tuple[Fields, pa.LargeStringArray]:
    """Fields and raw, where a register's audit is among them without what it says of persons."""
    audit = [group for group in groups if group.audit]
    if not audit and not options.audit:
        return parsed.fields, parsed.raw
    from kulla.events.redact import redact  # here, since few runs hold an audit and its patterns take 30 ms

    redacted = redact(parsed)
    parsed.rejects = redacted.rejects
    chosen = _mask(np.concatenate([group.rows for group in audit]) if audit else np.empty(0, np.int32), len(parsed))
    raw = pc.if_else(pa.array(chosen), pa.scalar(None, pa.large_string()), parsed.raw)
    if chosen.all():
        return redacted.fields, raw
    return MixedFields(parsed.fields, redacted.fields, chosen), raw


def from_table(stored: pa.Table, table: LogsourceTable) -> list[Batch]:
    """Batches of events in the contract's schema, one for each source, constituent, zone and time of intake.

    Events keep the logsource and the id they were stored with; the table gives their aliases. Order within a source is
    kept. An audit's fields were redacted before they were stored. An entry's `formats` cannot be asked any more: the
    first entry of that logsource whose other conditions hold is taken. Raises ValueError when columns are missing.
    """
    missing = [name for name in SCHEMA.names if name not in stored.column_names]
    if missing:
        raise ValueError(f"not a table of events: no column {', '.join(missing)}")
    stored = stored.select(SCHEMA.names).combine_chunks()
    keys = ("source_file", "source_sha256", "constituent", "zone", "ingest_time")
    code: npt.NDArray[np.int64] = np.zeros(len(stored), np.int64)
    for name in keys:
        coded = _one_chunk(stored[name].cast(TIME if name == "ingest_time" else pa.string())).dictionary_encode()
        code = code * (len(coded.dictionary) + 1) + coded.indices.to_numpy()
        code = np.unique(code, return_inverse=True)[1].astype(np.int64)
    return [
        _stored_batch(stored.take(pa.array(np.flatnonzero(code == number))), table)
        for number in np.unique(code).tolist()
    ]


def _stored_batch(stored: pa.Table, table: LogsourceTable) -> Batch:
    column = {name: _one_chunk(stored[name]) for name in stored.column_names}
    first = stored.slice(0, 1).select(["source_file", "source_sha256", "constituent", "zone", "ingest_time"])
    told = first.to_pylist()[0]
    ingest: datetime = told["ingest_time"]
    origin = Origin(told["source_file"], told["source_sha256"], "", told["constituent"], told["zone"], ingest)
    options = table.for_source(origin.file)
    fields = MapFields(column["fields"])
    labels = Labels(*(column[name] for name in LABELS))
    found = classify(Seen(fields, labels, None, origin.file, _stored_triples(stored)), table, options)
    return Batch(
        origin=origin,
        fields=fields,
        position=column["position"].to_numpy(),
        raw=column["raw"],
        time=column["time"],
        quality=column["time_quality"],
        host=labels.host,
        provider=labels.provider,
        channel=labels.channel,
        event_code=labels.event_code,
        groups=[_group(each, options) for each in found],
        ids=column["event_id"],
    )


def _stored_triples(stored: pa.Table) -> tuple[npt.NDArray[np.int64], Sequence[Logsource]]:
    parts = [stored[name].cast(pa.string()).to_pylist() for name in ("product", "category", "service")]
    numbers: dict[Logsource, int] = {}
    codes = [numbers.setdefault(Logsource(*triple), len(numbers)) for triple in zip(*parts, strict=True)]
    return np.array(codes, np.int64), list(numbers)


def _group(found: Found, options: SourceOptions) -> Group:
    audit = found.entry.audit if options.audit is None else options.audit
    return Group(found.logsource, found.rows, found.aliases, audit)


def _fill(fields: Fields, labels: Labels, sources: Mapping[str, tuple[str, ...]], rows: Mask) -> None:
    """Fill null labels of some rows from the fields they are carried in (the first value of the first present)."""
    for name, names in sources.items():
        array = getattr(labels, name)
        wanted = rows & np.asarray(array.is_null())
        if not names or not wanted.any():
            continue
        values = many(fields, Alias(tuple(names)), wanted)
        if values is not None:
            at, first = np.unique(values.rows, return_index=True)
            place = np.full(len(array), -1, np.int64)
            place[at] = first
            filled = values.text.take(pa.array(place, mask=place < 0))
            setattr(labels, name, pc.coalesce(array.cast(pa.string()), filled.cast(pa.string())))


def _shifted(time: pa.TimestampArray, offset: timedelta | None) -> pa.TimestampArray:
    return time if not offset else pc.add(time, pa.scalar(offset, pa.duration("us")))


def _mask(rows: npt.NDArray[np.int32], count: int) -> Mask:
    mask: Mask = np.zeros(count, bool)
    mask[rows] = True
    return mask


def _or_null(array: pa.Array | None, count: int) -> pa.Array:
    if array is None:
        return pa.nulls(count, pa.string())
    return _one_chunk(array)


def _one_chunk(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    if not isinstance(array, pa.ChunkedArray):
        return array
    return array.combine_chunks() if array.num_chunks != 1 else array.chunk(0)
