"""The retro-hunt itself: rules, correlations or indicators over the lake, as hits that become alerts."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, Final, TypeAlias, cast

import numpy as np
import orjson
import pyarrow as pa

from kulla.alert import Level
from kulla.centre.alerts.upsert import Incoming, micros
from kulla.centre.hunting import lookfor
from kulla.centre.hunting.asked import Asked
from kulla.centre.hunting.following import Following
from kulla.centre.worker.alerting import REFERENCES, SHOWN, Where, correlations, detections
from kulla.detect.correlate.correlator import Finding
from kulla.detect.engine import Hits, compile_rules
from kulla.events import mapping
from kulla.events.batch import Batch
from kulla.hunt import find
from kulla.hunt.entity import entity_of
from kulla.hunt.hits import HITS
from kulla.hunt.reasons import Reasons
from kulla.lake import Lake, Scope

MOST: Final = 20_000
"""Alerts of one job. Whoever finds more has asked something that is everywhere."""
Place: TypeAlias = tuple[str, str]
"""Zone and constituent."""
_SPACE: Final = uuid.UUID("5b1c4a52-7a2b-4a83-9d0e-1f5d0c6f3b10")


@dataclass(frozen=True, slots=True)
class Step:
    """What one piece of the lake gave: how much of the whole it was, its hits by place, and what correlations found.
    `untimed` and `evicted` count hits that correlations could not use: without a time, or for want of room."""

    done: int
    hits: Mapping[Place, pa.Table] = field(default_factory=dict)
    found: Mapping[Place, Sequence[Finding]] = field(default_factory=dict)
    untimed: int = 0
    evicted: int = 0


def by_rules(
    lake: Lake,
    asked: Callable[[Place], Asked],
    scope: Scope,
    since: datetime | None,
    until: datetime | None,
    number: Callable[[Place, str], int],
) -> Iterator[Step]:
    """Every event of the scope asked by the fast engine, explained by the reference; hits that correlations ask for
    followed in order of time. Place after place: `asked` may tell each other filters. `number` as in `Following`."""
    book: _Book | None = None
    for place in sorted(scope):
        one = asked(place)
        if book is None or book.asked is not one:
            book = _Book(one, since, until)
        yield from _of_place(lake, place, book, partial(number, place))


class _Book:
    """What is asked, compiled, and the span of time whose hits are told."""

    def __init__(self, asked: Asked, since: datetime | None, until: datetime | None) -> None:
        self.asked, self.since, self.until = asked, since, until
        self.table = mapping.load([])
        self.engine, self._reasons = compile_rules(asked.rules, self.table.feeds), Reasons(asked.rules)
        self.span = (None if since is None else micros(since), None if until is None else micros(until))
        self._quiet = [at for at, rule in enumerate(asked.rules) if rule.meta.id in asked.quiet]

    def shown(self, batch: Batch, met: Hits) -> Iterator[pa.Table]:
        """Those hits that are told: in the span, and of rules that do not only serve others."""
        inside = find.in_span(batch, met, *self.span)
        keep = ~np.isin(inside.rules, self._quiet)
        hits = Hits(inside.rows[keep], inside.rules[keep])
        if len(hits):
            yield _named(batch, hits.rows, find.table(batch, hits, self.asked.rules, self._reasons))


def _of_place(lake: Lake, place: Place, book: _Book, number: Callable[[str], int]) -> Iterator[Step]:
    following = Following(book.asked, number, book.span[0])
    wanted = {rule.logsource for rule in book.asked.rules}
    untimed = evicted = 0
    for each in lake.replayed(frozenset([place]), book.asked.since(book.since), book.until, wanted, book.table):
        hits: list[pa.Table] = []
        for batch in each.batches:
            met = book.engine.match(batch)
            if len(met):
                following.add(batch, met)
                hits += book.shown(batch, met)
        found = following.settle(each.settled)
        counts = following.untimed - untimed, following.evicted - evicted
        untimed, evicted = following.untimed, following.evicted
        yield Step(
            each.looked, {place: pa.concat_tables(hits)} if hits else {}, {place: found} if found else {}, *counts
        )
    found = following.end()
    yield Step(0, {}, {place: found} if found else {}, 0, following.evicted - evicted)


def _named(batch: Batch, rows: Any, found: pa.Table) -> pa.Table:
    """The hits with the ids of their events."""
    ids = [each.hex() for each in batch.event_ids(np.asarray(rows, np.int32)).to_pylist()]
    return found.set_column(HITS.get_field_index("event_id"), HITS.field("event_id"), pa.array(ids, pa.string()))


def _by_place(found: pa.Table) -> dict[tuple[str, str], pa.Table]:
    zones, places = (found[name].to_pylist() for name in ("zone", "constituent"))
    rows: dict[tuple[str, str], list[int]] = {}
    for row, place in enumerate(zip(zones, places, strict=True)):
        rows.setdefault(place, []).append(row)
    return {place: found.take(taken) for place, taken in rows.items()}


def by_indicators(
    lake: Lake, values: Sequence[str], level: Level, scope: Scope, since: datetime | None, until: datetime | None
) -> Iterator[Step]:
    """Events that hold one of the values on its own, found through the lake's own search, some values at a time."""
    for at in range(0, len(values), lookfor.TOGETHER):
        some = values[at : at + lookfor.TOGETHER]
        finder = lookfor.Finder.of(some)
        for batch in lake.search(lookfor.query(some), scope, since, until):
            rows = [row for event in batch.to_pylist() for row in _hits(event, finder, level)]
            if rows:
                yield Step(0, _by_place(pa.Table.from_pylist(rows, schema=HITS)))
        yield Step(len(some))


def _hits(event: dict[str, Any], finder: lookfor.Finder, level: Level) -> Iterator[dict[str, Any]]:
    """A hit for each indicator of an event, by a rule that stands for the indicator."""
    fields = list(event["fields"])
    texts = [event["raw"] or "", *(value for _, value in fields if value)]
    known: dict[str, list[str]] = {}
    for name, value in fields:
        known.setdefault(name, []).append(value or "")
    for value in dict.fromkeys(hit for text in texts for hit in finder.found(text)):
        tests = [
            {"field": name, "test": f"contains '{value}'", "value": text, "met": True}
            for name, text in fields if text and finder_of(value).found(text)
        ]  # fmt: skip
        why = {"selections": [{"name": "indicator", "met": True, "tests": tests}], "condition": "indicator"}
        copied = ("time", "time_quality", "host", "constituent", "zone", "product", "category", "service", "channel")
        yield {
            **{name: event[name] for name in copied},
            "kind": "detection", "rule_id": rule_id_of(value), "rule_title": f"Indicator seen: {value}"[:300],
            "level": level, "tags": [], "entity": entity_of(known), "file": event["source_file"],
            "record": event["position"], "event_id": event["event_id"].hex(), "event_code": event["event_code"],
            "event": orjson.dumps(known).decode(), "why": orjson.dumps(why).decode(),
        }  # fmt: skip


def finder_of(value: str) -> lookfor.Finder:
    """A finder of one indicator."""
    return lookfor.Finder.of([value])


def rule_id_of(indicator: str) -> str:
    """The id that stands for an indicator in alerts: the same for the same text."""
    return f"indicator-{uuid.uuid5(_SPACE, indicator.lower())}"


@dataclass
class Gathered:
    """Alerts of a job as they grow: the totals so far, which `alerts.upsert` takes without counting anything twice."""

    tlp: Any
    totals: dict[str, Incoming] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)

    def add(self, step: Step) -> int:
        """Take a step's hits and findings in; how many events met. Raises OverflowError beyond `MOST` alerts."""
        for place, table in step.hits.items():
            for each in detections(table, self._where(place), lambda _named: set()):
                self._join(replace(each, retro=True))
        for place, found in step.found.items():
            for each in correlations(found, self._where(place)):
                self._join(replace(each, retro=True))
        if len(self.totals) > MOST:
            raise OverflowError
        return sum(len(table) for table in step.hits.values()) + sum(
            one.count for found in step.found.values() for one in found
        )

    def _where(self, place: Place) -> Where:
        zone, constituent = place
        return Where(zone, constituent, self.tlp(constituent))

    def _join(self, more: Incoming) -> None:
        uid = more.alert.id
        known = self.totals.get(uid)
        self.changed.add(uid)
        if known is None:
            self.totals[uid] = more
            return
        one, two = known.alert, more.alert
        alert = replace(
            one,
            time_first=min(filter(None, (one.time_first, two.time_first)), default=None),
            time_last=max(filter(None, (one.time_last, two.time_last)), default=None),
            evidence=(*one.evidence, *two.evidence)[:REFERENCES],
        )
        detail = {**known.detail, "events": [*known.detail["events"], *more.detail["events"]][:SHOWN]}
        values = [each.detail["facts"]["value"] for each in (known, more) if "value" in each.detail.get("facts", {})]
        if values:
            detail["facts"] = {**known.detail["facts"], "value": max(values, key=float)}
        self.totals[uid] = replace(known, alert=alert, events=known.events + more.events, detail=detail)

    def take(self) -> list[Incoming]:
        """What changed since the last time."""
        taken = [self.totals[uid] for uid in sorted(self.changed)]
        self.changed.clear()
        return taken


def level_of(text: str) -> Level:
    """A level by name; high for anything else."""
    known = ("informational", "low", "medium", "high", "critical")
    return cast("Level", text) if text in known else "high"
