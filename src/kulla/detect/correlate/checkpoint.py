"""The state of correlations as bytes, so that a live watch goes on where it stopped. JSON, version 2."""

from __future__ import annotations

import json
from typing import Any

from kulla.detect.correlate.correlator import Correlator, Group, Run
from kulla.detect.correlate.signals import Entry
from kulla.detect.rule import Correlation

_VERSION = 2


def dump(correlator: Correlator) -> bytes:
    """All groups that wait for more, and the counters."""
    groups = [
        [each.meta.id, key, group.settled, [_packed(entry) for entry in group.entries], _open(group.open)]
        for each, groups in zip(correlator.graph.order, correlator.groups, strict=True)
        for key, group in groups.items()
    ]
    state = {"version": _VERSION, "evicted": correlator.evicted, "groups": groups}
    return json.dumps(state, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def load(data: bytes, correlations: list[Correlation], limit: int = 2_000_000) -> Correlator:
    """A correlator with that state. Groups of correlations that are no longer there are left out, since nothing could
    come of them. Raises ValueError when the bytes are no such state, or of another version."""
    state: Any = json.loads(data.decode("utf-8", "surrogatepass"))
    if not isinstance(state, dict) or state.get("version") not in (1, _VERSION):
        raise ValueError(f"not a correlation state of version {_VERSION}: start without it")
    if state["version"] == 1:  # it kept all entries of an open run instead
        state["groups"] = [[*each, None] for each in state["groups"]]
    correlator = Correlator(correlations, limit)
    correlator.evicted = state["evicted"]
    place = {each.meta.id: number for number, each in enumerate(correlator.graph.order)}
    for identity, key, settled, entries, run in state["groups"]:
        if identity in place:
            group = Group([_unpacked(entry) for entry in entries], settled, _opened(run))
            correlator.put(place[identity], tuple(key), group)
    return correlator


def _packed(entry: Entry) -> list[object]:
    return [entry.key, entry.time, entry.order, entry.event, entry.member, entry.value, dict(entry.place)]


def _unpacked(row: list[Any]) -> Entry:
    key, time, order, event, member, value, place = row
    return Entry(tuple(key), time, (order[0], order[1]), event, member, tuple(value), place)


def _open(run: Run | None) -> list[object] | None:
    if run is None:
        return None
    shown = [_packed(entry) for entry in run.shown]
    return [run.start, run.stop, run.value, run.first, _packed(run.final), run.count, shown]


def _opened(row: list[Any] | None) -> Run | None:
    if row is None:
        return None
    start, stop, value, first, final, count, shown = row
    return Run(start, stop, value, first, _unpacked(final), count, tuple(_unpacked(entry) for entry in shown))
