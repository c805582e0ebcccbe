"""Correlations over what arrives file by file, in any order of time, without a finding late or lost.

The correlator holds the hits of the last `LATE` before the newest, and whatever older file is being read. When a file
ends, everything held of the groups it touched is judged anew, as if nothing else were to come; what was found before
is found again, grown at most, and meets the same alert. So a brute force is told with the file that shows it, files of
several hosts that come one after another are seen together, and an old file is judged in itself.

Correlators are kept apart by constituent: a group over several would show each what happens at the others.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from kulla.detect.correlate import checkpoint
from kulla.detect.correlate.correlator import Correlator, Finding, Group
from kulla.detect.correlate.signals import Signal
from kulla.detect.rule import Correlation

LATE: Final = 48 * 3_600_000_000
"""Microseconds for which hits wait for others: daily files of several hosts come within it."""
LIMIT: Final = 100_000
"""Hits held of a constituent. The oldest go first, and are counted."""


@dataclass
class Correlations:
    """The state of one constituent. `newest` is its newest hit in µs since 1970 UTC, None before the first. `anew`:
    what was kept could not be read, so that hits before now are not seen together with later ones."""

    rules: Sequence[Correlation]
    correlator: Correlator
    newest: int | None = None
    anew: bool = False

    @classmethod
    def of(cls, rules: Sequence[Correlation], data: bytes = b"", newest: int | None = None) -> Correlations:
        """The state that was dumped. What cannot be read (another version's) is left: correlating starts anew."""
        if not data:
            return cls(rules, Correlator(rules, LIMIT), newest)
        try:
            return cls(rules, checkpoint.load(zlib.decompress(data), list(rules), LIMIT), newest)
        except (ValueError, zlib.error):
            return cls(rules, Correlator(rules, LIMIT), anew=True)

    def dump(self) -> bytes:
        """The state, for `of`."""
        return zlib.compress(checkpoint.dump(self.correlator), 1)

    @property
    def evicted(self) -> int:
        """Hits that were dropped for want of room."""
        return self.correlator.evicted

    def add(self, signals: Iterable[Signal]) -> None:
        """Take hits of a file."""
        taken = list(signals)
        self.correlator.add(taken)
        times = [each.time for each in taken] + ([] if self.newest is None else [self.newest])
        self.newest = max(times, default=None)

    def ended(self, file: int) -> list[Finding]:
        """What stands found now that `file` (the first number of its signals' order) has ended; forget what is old."""
        found = self._judged(file)
        self._forget()
        return [each for each in found if each.correlation.meta.id not in self.correlator.graph.silent]

    def _judged(self, file: int) -> list[Finding]:
        """Judge the groups it touched, in a copy; all when correlations rest on others."""
        chained = any(rule.meta.id in self.correlator.graph.uses for rule in self.correlator.graph.order)
        copy = Correlator(self.rules, 2 * LIMIT)
        touched = False
        for node, groups in enumerate(self.correlator.groups):
            for key, group in groups.items():
                hit = any(entry.order[0] == file for entry in group.entries)
                touched = touched or hit
                if hit or chained:
                    copy.put(node, key, Group(list(group.entries)))
        return copy.advance() if touched else []

    def _forget(self) -> None:
        if self.newest is None:
            return
        kept = Correlator(self.rules, LIMIT)
        kept.evicted = self.correlator.evicted
        for node, (rule, groups) in enumerate(zip(self.correlator.graph.order, self.correlator.groups, strict=True)):
            horizon = self.newest - LATE - round(rule.timespan.total_seconds() * 1_000_000)
            for key, group in groups.items():
                entries = [entry for entry in group.entries if entry.time >= horizon]
                if entries:
                    kept.put(node, key, Group(entries))
        self.correlator = kept
