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
class Run:
    """Firing entries of a group, each within the time span of the one before, and what lies between them.

    Of its entries, those of the group from number `start` to before `stop` are held; `count` hits before them are not
    held any more, of which `shown` are the first. `first` is the time of its first entry in µs, `final` the last entry
    that fired, `value` the greatest the aggregate had.
    """

    start: int
    stop: int
    value: float
    first: int
    final: Entry
    count: int = 0
    shown: tuple[Entry, ...] = ()

    def drop(self, entries: Sequence[Entry], number: int) -> None:
        """The first `number` of the group's entries are about to be let go."""
        gone = entries[self.start : min(number, self.stop)]
        # Of an event all entries have one time, and entries go by their time: no hit is counted on both sides.
        self.count += _hits(gone)
        self.shown = (*self.shown, *gone)[:SHOWN]
        self.start, self.stop = max(0, self.start - number), max(0, self.stop - number)


@dataclass(slots=True)
class Group:
    """Entries of one key. Firings before `settled` have been reported or ruled out, but for those of `open`, a run that
    later hits may go on with."""

    entries: list[Entry] = field(default_factory=list)
    settled: int | None = None
    open: Run | None = None


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
                gone = len(group.entries) - len(kept)
                if group.open is not None:
                    # Hits after the watermark are later than what it left, so these are the first that are held.
                    group.open.drop(group.entries, gone)
                self.evicted += gone
                self._held -= gone
                group.entries = kept

    @property
    def held(self) -> int:
        """How many entries it holds."""
        return self._held

    def advance(self, watermark: int | None = None) -> list[Finding]:
        """Findings that no later hit can change; all that remain when `watermark` (µs) is None. With one, hits of that
        time or before may not be added any more.

        Hits of correlations feed the correlations that refer to them, so these come in dependency order. One that rests
        on others is behind them: a run that is not over yet will be a hit at the time of its last event.
        """
        found: list[Finding] = []
        behind: dict[str, int] = {}
        for node, correlation in enumerate(self.graph.order):
            fresh: list[Finding] = []
            mark = watermark
            if watermark is not None:
                mark = min([watermark, *(behind[rule] for rule in correlation.rules if rule in behind)])
                behind[correlation.meta.id] = mark - _micros(correlation) - 1
            for key, group in list(self.groups[node].items()):
                fresh += self._settle(correlation, group, mark)
                if not group.entries and group.open is None:
                    del self.groups[node][key]
            fresh.sort(key=lambda finding: (finding.last, finding.first, finding.key))
            self.add(map(_signal, fresh))
            found += fresh
        return found

    def _settle(self, correlation: Correlation, group: Group, watermark: int | None) -> list[Finding]:
        span = _micros(correlation)
        group.entries.sort(key=lambda entry: entry.sort_key)
        fired = [
            firing
            for firing in firings(correlation, len(correlation.rules), group.entries, span)
            if (group.settled is None or group.entries[firing[0]].time >= group.settled)
            and (watermark is None or group.entries[firing[0]].time <= watermark)
        ]
        runs = _runs(group, fired, span)
        group.open = None
        if runs and watermark is not None and runs[-1].final.time + span >= watermark:
            group.open = runs.pop()
        findings = [_finding(correlation, group, run) for run in runs]
        self._forget(group, watermark, span)
        return findings

    def _forget(self, group: Group, watermark: int | None, span: int) -> None:
        """Keep what the windows still to come will need."""
        kept: list[Entry] = []
        if watermark is not None:
            group.settled = watermark + 1
            kept = [entry for entry in group.entries if entry.time >= watermark - span]
        gone = len(group.entries) - len(kept)
        if group.open is not None:
            group.open.drop(group.entries, gone)
        self._held -= gone
        group.entries = kept


def _micros(correlation: Correlation) -> int:
    return round(correlation.timespan.total_seconds() * 1_000_000)


def _runs(group: Group, fired: Sequence[tuple[int, int, float | Fraction]], span: int) -> list[Run]:
    runs = [] if group.open is None else [group.open]
    for number, first, value in fired:
        entry = group.entries[number]
        if runs and entry.time - runs[-1].final.time <= span:
            run = runs[-1]
            run.stop, run.final, run.value = number + 1, entry, max(run.value, float(value))
        else:
            runs.append(Run(first, number + 1, float(value), group.entries[first].time, entry))
    return runs


def _hits(entries: Sequence[Entry]) -> int:
    """How many hits they are: one that brings several values is several entries."""
    return len({(entry.event, entry.member) for entry in entries})


def _finding(correlation: Correlation, group: Group, run: Run) -> Finding:
    entries = group.entries[run.start : run.stop]
    return Finding(
        correlation=correlation,
        key=run.final.key,
        first=run.first,
        last=run.final.time,
        value=run.value,
        count=run.count + _hits(entries),
        entries=(*run.shown, *entries)[:SHOWN],
        final=run.final,
    )


def _signal(finding: Finding) -> Signal:
    named = {name: (value,) for name, value in zip(finding.correlation.group_by, finding.key, strict=True)}
    event = f"{finding.correlation.meta.id}:{finding.first}:{finding.last}:{'|'.join(finding.key)}"
    return Signal(finding.last, finding.final.order, event, finding.correlation.meta.id, named, finding.final.place)
