"""What the page's script works on: hits as columns, and the events of some of them, as JSON inside the page.

Nothing is left out silently: of each group at most so many hits stand in the table (the largest equal share that
keeps the page under `HITS`), of these `EVENTS_PER_GROUP` with their event; the page says both, and where the rest is.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import orjson
import pyarrow as pa

from kulla.hunt.findings import Findings
from kulla.hunt.groups import Key
from kulla.hunt.tactics import tactics_of, techniques_of

HITS = 50_000
EVENTS = 4_000
EVENTS_PER_GROUP = 10
EVENT_CHARS = 12_000
VALUE_CHARS = 2_000
VALUES = 300
BINS = 168
ORDINARY = 3.0
"""Bits of rarity under which a group is drawn as ordinary: seen in an eighth of all hours on all hosts, or more."""


@dataclass(slots=True)
class Payload:
    """The page's data. `bins` counts hits by (host, bin, level) for the time lines; `first` holds each group's first
    hit for the page without script, as event and why (parsed), time, file and record."""

    per_group: int
    hits: dict[str, list[int | None]]
    files: dict[str, int] = field(default_factory=dict)
    events: list[tuple[str, str]] = field(default_factory=list)
    first: dict[int, Mapping[str, object]] = field(default_factory=dict)
    bins: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    start: int = 0
    width: int = 1

    def json(self, findings: Findings) -> str:
        """All as JSON that may stand in a script element."""
        data = {
            "hits": self.hits,
            "files": list(self.files),
            "events": self.events,
            "groups": [_group(findings, at) for at in range(len(findings.ranked))],
            "perGroup": self.per_group,
            "eventsPerGroup": EVENTS_PER_GROUP,
        }
        return embed(json.dumps(data, ensure_ascii=True, separators=(",", ":")))


def embed(text: str) -> str:
    """ASCII JSON for a script element: what could end it, or start a comment or entity, is written as an escape.

    >>> embed('"</script>"')
    '"\\\\u003c/script\\\\u003e"'
    """
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def collect(findings: Findings) -> Payload:
    """Walk the hits once and keep what the page shows."""
    share = fair_share([scored.group.count for scored in findings.ranked], HITS)
    payload = Payload(share, {name: [] for name in ("g", "t", "f", "r", "e")})
    firsts = [g.first for s in findings.ranked if (g := s.group).first is not None]
    lasts = [g.last for s in findings.ranked if (g := s.group).last is not None]
    payload.start = min((first for first in firsts if first is not None), default=0)
    end = max((last for last in lasts if last is not None), default=0)
    payload.width = max(1, -(-(end - payload.start + 1) // BINS))
    numbers = {scored.group.key: at for at, scored in enumerate(findings.ranked)}
    seen: Counter[int] = Counter()
    for table in findings.hits:
        _take(table, findings, numbers, seen, payload)
    return payload


def _take(
    table: pa.Table, findings: Findings, numbers: Mapping[Key, int], seen: Counter[int], payload: Payload
) -> None:
    times = table["time"].cast(pa.int64()).to_pylist()
    names = ("rule_id", "host", "entity", "file", "record", "level")
    events, whys = table["event"], table["why"]
    for row, (time, rule, host, entity, file, record, level) in enumerate(
        zip(times, *(table[name].to_pylist() for name in names), strict=True)
    ):
        number = numbers[findings.grouper.key(rule, host, entity)]
        if time is not None:
            shade = level if findings.ranked[number].rarity >= ORDINARY else "ordinary"
            payload.bins[host or "", (time - payload.start) // payload.width, shade] += 1
        seen[number] += 1
        if seen[number] > payload.per_group:
            continue
        event = -1
        if seen[number] == 1 or (seen[number] <= EVENTS_PER_GROUP and len(payload.events) < EVENTS):
            shown = (_shorter(events[row].as_py()), _shorter(whys[row].as_py()))
            event = len(payload.events)
            payload.events.append(shown)
            if seen[number] == 1:
                payload.first[number] = {"time": time, "file": file, "record": record, "event": event}
        values = (number, time, payload.files.setdefault(file, len(payload.files)), record, event)
        for column, value in zip(payload.hits.values(), values, strict=True):
            column.append(value)


def fair_share(counts: Sequence[int], limit: int) -> int:
    """The largest number of each group's hits that keeps the sum within the limit; at least one.

    >>> fair_share([100, 2, 3], 25)
    20
    """
    low, high = 1, max([*counts, 1])
    while low < high:
        middle = (low + high + 1) // 2
        if sum(min(count, middle) for count in counts) <= limit:
            low = middle
        else:
            high = middle - 1
    return low


def parse(text: str) -> object:
    """JSON of a hit. orjson is stricter about lone surrogates than the standard library: those stay readable."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)


def _shorter(text: str) -> str:
    """JSON text of bearable size: of a larger one long values are cut, and fields beyond `VALUES` counted."""
    if len(text) <= EVENT_CHARS:
        return text
    return json.dumps(_cut(parse(text)), separators=(",", ":"))


def _cut(value: object) -> object:
    if isinstance(value, str) and len(value) > VALUE_CHARS:
        return f"{value[:VALUE_CHARS]}… [{len(value) - VALUE_CHARS:,} characters more]"
    if isinstance(value, list):
        more = [f"… [{len(value) - VALUES:,} more]"] if len(value) > VALUES and isinstance(value[0], str) else []
        return [_cut(item) for item in value[:VALUES]] + more
    if isinstance(value, dict):
        kept: dict[str, object] = {str(_cut(name)): _cut(item) for name, item in list(value.items())[:VALUES]}
        if len(value) > VALUES:
            kept["…"] = f"[{len(value) - VALUES:,} fields more]"
        return kept
    return value


def _group(findings: Findings, at: int) -> dict[str, object]:
    group = findings.ranked[at].group
    return {
        "id": group.id,
        "rule": group.key.rule_id,
        "title": group.title,
        "level": group.level,
        "host": group.key.host or "",
        "entity": group.key.entity or "",
        "tags": list(group.tags),
        "tactics": list(tactics_of(group.tags)),
        "techniques": [technique.id for technique in techniques_of(group.tags)],
        "n": group.count,
        "first": group.first,
        "last": group.last,
        "score": findings.ranked[at].score,
    }
