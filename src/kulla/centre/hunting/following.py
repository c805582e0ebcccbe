"""Correlations of a retro-hunt: the hits of one constituent in order of time, and what comes of them.

They are kept apart by constituent, as live detection keeps them, and give its answer over all files at once. The lake
tells how far time has come; what is behind that is judged and let go of, so that memory holds the windows of the
correlations, not the lake. Hits without a time can stand in no window: they are counted and left out, as live detection
leaves them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import orjson
import pyarrow as pa

from kulla.centre.hunting.asked import Asked
from kulla.detect.correlate.correlator import Correlator, Finding
from kulla.detect.correlate.signals import Signal
from kulla.detect.engine import Hits
from kulla.events.batch import Batch
from kulla.hunt import find

LIMIT: Final = 300_000
"""Hits held of a constituent, some 200 MB. The oldest go first, and are counted."""
_FEW: Final = 5_000
"""Hits that are not worth judging before there are more: each judgement looks at all that is held."""


@dataclass
class Following:
    """The correlations of one constituent. `number` gives a source file's place among all of them, by its SHA-256: of
    hits at one moment, those of the earlier file come first. `since`: findings that ended before it, in µs since 1970,
    are left out."""

    asked: Asked
    number: Callable[[str], int]
    since: int | None = None
    untimed: int = 0
    _due: int = 0
    _correlator: Correlator = field(init=False)

    def __post_init__(self) -> None:
        self._correlator = Correlator(self.asked.correlations, LIMIT)

    @property
    def evicted(self) -> int:
        """Hits that were dropped for want of room."""
        return self._correlator.evicted

    def add(self, batch: Batch, hits: Hits) -> None:
        """Take the hits of a batch. None may be earlier than what was said to be settled."""
        self._correlator.add(self._signals(batch, hits))

    def settle(self, settled: int | None) -> list[Finding]:
        """What stands found, when nothing earlier than `settled` is to come and it is worth looking."""
        if settled is None or self._correlator.held < self._due:
            return []
        found = self._correlator.advance(settled - 1)
        self._due = 2 * self._correlator.held + _FEW
        return self._told(found)

    def end(self) -> list[Finding]:
        """What stands found now that all hits are there."""
        return self._told(self._correlator.advance())

    def _told(self, found: list[Finding]) -> list[Finding]:
        silent = self.asked.quiet
        return [
            each
            for each in found
            if each.correlation.meta.id not in silent and (self.since is None or each.last >= self.since)
        ]

    def _signals(self, batch: Batch, hits: Hits) -> Iterator[Signal]:
        needs, rules = self.asked.needs, self.asked.rules
        for at in np.unique(hits.rules).tolist():
            rule = rules[at].meta.id
            if rule not in needs:
                continue
            rows = hits.rows[hits.rules == at]
            table = find.signals(batch, Hits(rows, np.full(len(rows), at, np.int32)), rules, needs)
            ids = batch.event_ids(rows).to_pylist()
            columns = (table[name].to_pylist() for name in ("host", "record", "values"))
            times = table["time"].cast(pa.int64()).to_pylist()
            file = self.number(batch.origin.source_sha256)
            for event, time, host, record, values in zip(ids, times, *columns, strict=True):
                if time is None:
                    self.untimed += 1
                    continue
                place = {"host": host, "file": batch.origin.file, "record": record}
                yield Signal(time, (file, record), event.hex(), rule, orjson.loads(values), place)
