"""Between hits and correlations: tables of signals in, tables of hits out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import orjson
import pyarrow as pa

from kulla.detect.correlate.correlator import Finding
from kulla.detect.correlate.signals import Signal
from kulla.events.schema import EXACT, event_id
from kulla.events.sources import Source
from kulla.hunt.entity import entity_of
from kulla.hunt.hits import HITS
from kulla.hunt.rulebook import Index


def signals(table: pa.Table, source: Source, sha256: str, number: int, index: Index) -> Iterator[Signal]:
    """The signals of a table (schema `find.SIGNALS`) of one source, the `number`th of the input. Hits without a time
    are left out: no window can hold them."""
    times = table["time"].cast(pa.int64()).to_pylist()
    rest = (table[name].to_pylist() for name in ("rule", "host", "record", "values"))
    for time, rule, host, record, values in zip(times, *rest, strict=True):
        if time is not None:
            yield Signal(
                time=time,
                order=(number, record),
                event=event_id(sha256, source.member, record).hex(),
                rule=index.meta(rule).id,
                values=orjson.loads(values),
                place={"host": host, "file": source.shown, "record": record},
            )


def table(found: Sequence[Finding]) -> pa.Table:
    """Findings as hits (schema `HITS`): at time and place of the last event of each, with its group as the event."""
    return pa.Table.from_pylist([_row(finding) for finding in found], schema=HITS)


def _row(finding: Finding) -> dict[str, object]:
    meta, place = finding.correlation.meta, finding.final.place
    group = dict(zip(finding.correlation.group_by, finding.key, strict=True))
    said = {**group, "count": str(finding.count), "value": f"{finding.value:g}"}
    return {
        "kind": "correlation",
        "rule_id": meta.id,
        "rule_title": meta.title,
        "level": meta.level,
        "tags": list(meta.tags),
        "time": finding.last,
        "time_quality": EXACT,
        "host": place.get("host"),
        "entity": entity_of({name: (value,) for name, value in group.items()}),
        "constituent": "",
        "zone": "",
        "file": place.get("file") or "",
        "record": place.get("record") or 0,
        "event_id": finding.final.event,
        "event": orjson.dumps(said).decode(),
        "why": orjson.dumps(finding.explanation()).decode(),
    }
