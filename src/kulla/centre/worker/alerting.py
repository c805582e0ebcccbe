"""From hits to alerts: those of one rule about one host and entity on one day (UTC) are one alert. Pure.

The id follows from zone, constituent, rule, host, entity and day alone, so the same input meets the same alert however
it is cut into chunks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final, cast

import orjson
import pyarrow as pa

from kulla.alert import Alert, Entity, Evidence, Level, alert_id
from kulla.centre.alerts.upsert import Incoming
from kulla.detect.correlate.correlator import Finding
from kulla.hunt.entity import entity_of
from kulla.share.marks import Marks, tlp

SHOWN: Final = 10
"""Events of a delivery that an alert shows whole."""
REFERENCES: Final = 200
CROWD: Final = 200
"""Entities of a rule on a host that have alerts of their own; the others share one, as in a hunt."""
OTHERS: Final = "others"
_DAY: Final = 86_400_000_000
_COLUMNS: Final = ("rule_id", "host", "entity", "event_id", "file", "record")


@dataclass(frozen=True, slots=True)
class Where:
    """Whose alerts they are, and what they are marked with."""

    zone: str
    constituent: str
    tlp: str

    @property
    def marks(self) -> Marks:
        """The marks from the start: the constituent's TLP, and the constituent as originator."""
        return Marks(tlp(self.tlp), originators=(self.constituent,))


@dataclass(frozen=True, slots=True)
class Key:
    """What makes an alert. `day` counts from 1970; None for hits without a time."""

    rule: str
    host: str
    entity: str
    day: int | None


@dataclass(slots=True)
class _Growing:
    count: int = 0
    first: int | None = None
    last: int | None = None
    rows: list[int] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    entities: set[str] = field(default_factory=set)

    def add(self, time: int | None, row: int, event: str, entity: str | None) -> None:
        self.count += 1
        if time is not None:
            self.first = time if self.first is None else min(self.first, time)
            self.last = time if self.last is None else max(self.last, time)
        if len(self.rows) < SHOWN:
            self.rows.append(row)
        if len(self.ids) < REFERENCES:
            self.ids.append(event)
        if entity and len(self.entities) <= CROWD:
            self.entities.add(entity)


def detections(
    hits: pa.Table, where: Where, crowded: Callable[[Mapping[tuple[str, str], set[str]]], set[tuple[str, str, str]]]
) -> list[Incoming]:
    """Alerts of hits (schema `hunt.hits.HITS`, with ids). `crowded` is told the entities of each (rule, host), and says
    which of them, as (rule, host, entity), share the alert of the others."""
    times = hits["time"].cast(pa.int64()).to_pylist()
    columns = {name: hits[name].to_pylist() for name in _COLUMNS}
    named: dict[tuple[str, str], set[str]] = {}
    for rule, host, entity in zip(columns["rule_id"], columns["host"], columns["entity"], strict=True):
        if entity:
            named.setdefault((rule, host or ""), set()).add(entity)
    shared = crowded(named)
    groups: dict[Key, _Growing] = {}
    rows = zip(times, columns["rule_id"], columns["host"], columns["entity"], columns["event_id"], strict=True)
    for row, (time, rule, host, entity, event) in enumerate(rows):
        whom = OTHERS if (rule, host or "", entity) in shared else entity or ""
        key = Key(rule, host or "", whom, None if time is None else time // _DAY)
        growing = groups.get(key)
        if growing is None:
            growing = groups[key] = _Growing()
        growing.add(time, row, event, entity)
    # One `take` for all: one for each of ten thousand alerts took a minute.
    shown = iter(hits.take([row for growing in groups.values() for row in growing.rows]).to_pylist())
    return [_detection(key, growing, list(islice(shown, len(growing.rows))), where) for key, growing in groups.items()]


def _detection(key: Key, growing: _Growing, shown: Sequence[Mapping[str, Any]], where: Where) -> Incoming:
    head = shown[0]
    events = [_event(each) for each in shown]
    source = {name: head[name] for name in ("product", "category", "service")}
    detail: dict[str, Any] = {"events": events, "logsource": source}
    if key.entity == OTHERS:
        detail["facts"] = {"entities": f"{len(growing.entities)} or more share this alert"}
    alert = Alert(
        id=_id(where, key),
        kind="detection",
        title=head["rule_title"],
        level=cast("Level", head["level"]),
        time_first=moment(growing.first),
        time_last=moment(growing.last),
        constituent=where.constituent,
        zone=where.zone,
        tlp=where.tlp,
        entities=_entities(key.host, key.entity),
        rule_id=key.rule,
        evidence=tuple(Evidence("event", each) for each in growing.ids),
        explanation=reason(events[0]["why"]),
    )
    return Incoming(alert, events=growing.count, tags=tuple(head["tags"] or ()), marks=where.marks, detail=detail)


def _id(where: Where, key: Key) -> str:
    source = f"{where.zone}/{where.constituent}/{key.rule}"
    window = "" if key.day is None else str(key.day)
    return alert_id("detection", source, orjson.dumps([key.host.lower(), key.entity.lower()]).decode(), window)


def _event(hit: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": hit["event_id"],
        "time": _text(hit["time"]),
        "host": hit["host"],
        "file": hit["file"],
        "record": hit["record"],
        "fields": _loaded(hit["event"]),
        "why": _loaded(hit["why"]),
    }


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _loaded(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:  # a lone surrogate, which only an event that came from no file of ours can hold
        return {}


def _entities(host: str, entity: str) -> tuple[Entity, ...]:
    found = [Entity("host", host)] if host else []
    kind, _, name = entity.partition(":")
    return (*found, Entity(kind, name)) if name else tuple(found)


def reason(why: Mapping[str, Any]) -> str:
    """Why a rule met, in a line: the tests that were met, without the events' values.

    >>> reason({"selections": [{"name": "s", "met": True, "tests": [
    ...     {"field": "Image", "test": "endswith 'a.exe'", "value": "C:/a.exe", "met": True}]}], "condition": "s"})
    "s: Image endswith 'a.exe'"
    """
    parts = [
        f"{selection['name']}: {test['field'] or 'any value'} {test['test']}"
        for selection in why.get("selections", ())
        if selection.get("met")
        for test in selection.get("tests", ())
        if test.get("met")
    ]
    return "; ".join(dict.fromkeys(parts))[:2000]


def correlations(found: Sequence[Finding], where: Where) -> list[Incoming]:
    """Alerts of correlations: those of one group on one day (UTC of its first hit) are one, its runs together.
    `events` is the total, as everything that is held was judged."""
    runs: dict[Key, list[Finding]] = {}
    for each in found:
        host, entity = _about(each)
        runs.setdefault(Key(each.correlation.meta.id, host, entity, each.first // _DAY), []).append(each)
    return [_correlation(key, each, where) for key, each in runs.items()]


def _about(found: Finding) -> tuple[str, str]:
    """The host and entity a finding is about; without an entity the group itself tells two of them apart."""
    group = dict(zip(found.correlation.group_by, found.key, strict=True))
    entity = entity_of({name: (value,) for name, value in group.items()})
    host = found.final.place.get("host")
    alone = len({entry.place.get("host") for entry in found.entries}) == 1
    return str(host) if host and alone else "", entity or ("group:" + "|".join(found.key) if found.key else "")


def _correlation(key: Key, runs: list[Finding], where: Where) -> Incoming:
    first, meta = runs[0], runs[0].correlation.meta
    entries = list(dict.fromkeys((e.event, e.time, _place(e.place)) for run in runs for e in run.entries))
    events: list[dict[str, Any]] = [
        {"id": event, "time": _text(moment(time)), **dict(place), "fields": {}, "why": {}}
        for event, time, place in entries[:SHOWN]
    ]
    group = dict(zip(first.correlation.group_by, first.key, strict=True))
    facts = {
        "correlation": first.correlation.type,
        "timespan": str(first.correlation.timespan),
        "value": f"{max(run.value for run in runs):g}",
        **group,
    }
    alert = Alert(
        id=_id(where, key),
        kind="detection",
        title=meta.title,
        level=meta.level,
        time_first=moment(min(run.first for run in runs)),
        time_last=moment(max(run.last for run in runs)),
        constituent=where.constituent,
        zone=where.zone,
        tlp=where.tlp,
        entities=_entities(key.host, key.entity),
        rule_id=key.rule,
        evidence=tuple(Evidence("event", event) for event, _, _ in entries[:REFERENCES]),
        explanation=f"{first.correlation.type} of {', '.join(first.correlation.rules)} within {facts['timespan']}",
    )
    total = sum(run.count for run in runs)
    detail = {"events": events, "logsource": {}, "facts": facts}
    return Incoming(alert, events=total, tags=tuple(meta.tags), marks=where.marks, detail=detail)


def _place(place: Mapping[str, str | int | None]) -> tuple[tuple[str, str | int | None], ...]:
    return tuple((name, place.get(name)) for name in ("host", "file", "record"))


def moment(micros: int | None) -> datetime | None:
    """A time from µs since 1970 UTC; None for none, and for one that no date can hold."""
    try:
        return None if micros is None else datetime.fromtimestamp(micros / 1_000_000, UTC)
    except (OverflowError, ValueError, OSError):
        return None
