"""The state of all correlations: groups of entries, what of them has been reported, and what had to be dropped.

Input may come in any order and in parts: `add` takes hits, `advance(watermark)` reports what no hit later than
the watermark can change, `merge` joins the state of another worker. A *finding* is a run: firing entries of one
group, each within the time span of the one before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from kulla.detect.correlate.graph import Graph
from kulla.detect.correlate.signals import Entry, Key, Signal, folded, keys, values
from kulla.detect.correlate.windows import firings
from kulla.detect.rule import Correlation

SHOWN = 50
"""Entries of a finding that it lists; the count of the rest is kept."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A correlation met by a group. Times in µs; `value` is the greatest the aggregate had; `entries` the first
    `SHOWN` of `count` hits, `last` the last of them."""

    correlation: Correlation
    key: Key
    first: int
    last: int
    value: float
    count: int
    entries: tuple[Entry, ...]
    final: Entry

    def explanation(self) -> dict[str, object]:
        """Why it was found, for reports."""
        return {
            "correlation": self.correlation.type,
            "group": dict(zip(self.correlation.group_by, self.key, strict=True)),
            "timespan": str(self.correlation.timespan),
            "value": self.value,
            "count": self.count,
            "hits": [
                {
                    "time": entry.time,
                    "event_id": entry.event,
                    "rule": self.correlation.rules[entry.member],
                    **entry.place,
                }
                for entry in self.entries
            ],
            "not_shown": self.count - len(self.entries),
        }


@dataclass(slots=True)
class Group:
    """Entries of one key. Firings before `settled` have been reported or ruled out."""

    entries: list[Entry] = field(default_factory=list)
    settled: int | None = None


class Correlator:
    """Correlations over a rule set. `limit` bounds the entries held; `evicted` counts those dropped for it. `groups`
    holds, for each correlation of `graph.order`, its groups by folded key."""

    def __init__(self, correlations: Sequence[Correlation], limit: int = 2_000_000) -> None:
        self.graph = Graph.of(correlations)
        self.limit = limit
        self.evicted = 0
        self.untimed = 0
        self._held = 0
        self.groups: list[dict[Key, Group]] = [{} for _ in self.graph.order]

    def add(self, signals: Iterable[Signal]) -> None:
        """Take hits, in any order."""
        for signal in signals:
            for node, member in self.graph.uses.get(signal.rule, ()):
                self._enter(node, member, signal)
        if self._held > self.limit:
            self._evict()

    def _enter(self, node: int, member: int, signal: Signal) -> None:
        correlation = self.graph.order[node]
        name = correlation.rules[member]
        for key in keys(correlation, name, signal):
            group = self.groups[node].setdefault(folded(key), Group())
            for value in values(correlation, name, signal):
                group.entries.append(Entry(key, signal.time, signal.order, signal.event, member, value, signal.place))
                self._held += 1

    def put(self, node: int, key: Key, group: Group) -> None:
        """Take over a group of a stored state."""
        self.groups[node][key] = group
        self._held += len(group.entries)

    def merge(self, other: Correlator) -> None:
        """Take over the state of a correlator of the same rules, none of which has been advanced."""
        for mine, theirs in zip(self.groups, other.groups, strict=True):
            for key, group in theirs.items():
                own = mine.setdefault(key, Group())
                own.entries.extend(group.entries)
        self._held += other._held
        self.evicted += other.evicted
        self.untimed += other.untimed
        if self._held > self.limit:
            self._evict()

    def _evict(self) -> None:
        """Drop the oldest entries until a tenth of the room is free again, and count them."""
        times = sorted(e.time for groups in self.groups for group in groups.values() for e in group.entries)
        oldest = times[self._held - self.limit * 9 // 10]
        for groups in self.groups:
            for group in groups.values():
                kept = [entry for entry in group.entries if entry.time >= oldest]
                self.evicted += len(group.entries) - len(kept)
                self._held -= len(group.entries) - len(kept)
                group.entries = kept

    def advance(self, watermark: int | None = None) -> list[Finding]:
        """Findings that no later hit can change; all that remain when `watermark` (µs) is None.

        Hits of correlations feed the correlations that refer to them, so these come in dependency order.
        """
        found: list[Finding] = []
        for node, correlation in enumerate(self.graph.order):
            fresh: list[Finding] = []
            for key, group in list(self.groups[node].items()):
                fresh += self._settle(correlation, group, watermark)
                if not group.entries:
                    del self.groups[node][key]
            fresh.sort(key=lambda finding: (finding.last, finding.first, finding.key))
            self.add(map(_signal, fresh))
            found += fresh
        return found

    def _settle(self, correlation: Correlation, group: Group, watermark: int | None) -> list[Finding]:
        span = round(correlation.timespan.total_seconds() * 1_000_000)
        group.entries.sort(key=lambda entry: entry.sort_key)
        fired = [
            firing
            for firing in firings(correlation, len(correlation.rules), group.entries, span)
            if (group.settled is None or group.entries[firing[0]].time >= group.settled)
            and (watermark is None or group.entries[firing[0]].time <= watermark)
        ]
        runs = _runs(group.entries, fired, span)
        open_runs = [r for r in runs if watermark is not None and group.entries[r[-1][0]].time + span >= watermark]
        closed = runs[: len(runs) - len(open_runs)]
        findings = [_finding(correlation, group, run) for run in closed]
        self._forget(group, open_runs, watermark, span)
        return findings

    def _forget(self, group: Group, open_runs: list[Run], watermark: int | None, span: int) -> None:
        """Keep what the windows still to come, and an open run, will need."""
        before = len(group.entries)
        if watermark is None:
            group.entries = []
        else:
            group.settled = group.entries[open_runs[0][0][0]].time if open_runs else watermark + 1
            keep = min(group.settled, watermark) - span
            group.entries = [entry for entry in group.entries if entry.time >= keep]
        self._held -= before - len(group.entries)


Run = list[tuple[int, int, float | Fraction]]


def _runs(entries: Sequence[Entry], fired: Run, span: int) -> list[Run]:
    runs: list[Run] = []
    for firing in fired:
        if runs and entries[firing[0]].time - entries[runs[-1][-1][0]].time <= span:
            runs[-1].append(firing)
        else:
            runs.append([firing])
    return runs


def _finding(correlation: Correlation, group: Group, run: Run) -> Finding:
    entries = group.entries[run[0][1] : run[-1][0] + 1]
    return Finding(
        correlation=correlation,
        key=entries[-1].key,
        first=entries[0].time,
        last=entries[-1].time,
        value=float(max(value for _, _, value in run)),
        count=len({(entry.event, entry.member) for entry in entries}),
        entries=tuple(entries[:SHOWN]),
        final=entries[-1],
    )


def _signal(finding: Finding) -> Signal:
    named = {name: (value,) for name, value in zip(finding.correlation.group_by, finding.key, strict=True)}
    event = f"{finding.correlation.meta.id}:{finding.first}:{finding.last}:{'|'.join(finding.key)}"
    return Signal(finding.last, finding.final.order, event, finding.correlation.meta.id, named, finding.final.place)
