"""Counting what was read: events by logsource, host and hour, mergeable between workers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kulla.events.batch import Batch

Triple = tuple[str | None, str | None, str | None]
_HOUR = 3_600_000_000


@dataclass(slots=True)
class Tally:
    """Counts of events. `first` and `last` are µs since 1970 UTC, None while no event bore a time."""

    events: int = 0
    undated: int = 0
    first: int | None = None
    last: int | None = None
    by_logsource: Counter[Triple] = field(default_factory=Counter)
    by_host: Counter[str] = field(default_factory=Counter)
    by_hour: Counter[int] = field(default_factory=Counter)

    def add(self, batch: Batch) -> None:
        """Count a batch."""
        self.events += len(batch)
        for group in batch.groups:
            source = group.logsource
            self.by_logsource[source.product, source.category, source.service] += len(group.rows)
        for pair in pc.value_counts(batch.host.cast(pa.string())).to_pylist():
            if pair["values"] is not None:
                self.by_host[pair["values"]] += pair["counts"]
        self.undated += batch.time.null_count
        times = batch.time.drop_null().cast(pa.int64()).to_numpy()
        if len(times):
            self._span(int(times.min()), int(times.max()))
            hours, counts = np.unique(times // _HOUR, return_counts=True)
            self.by_hour.update(dict(zip(hours.tolist(), counts.tolist(), strict=True)))

    def merge(self, other: Tally) -> None:
        """Add the counts of another."""
        self.events += other.events
        self.undated += other.undated
        if other.first is not None and other.last is not None:
            self._span(other.first, other.last)
        self.by_logsource.update(other.by_logsource)
        self.by_host.update(other.by_host)
        self.by_hour.update(other.by_hour)

    def _span(self, first: int, last: int) -> None:
        self.first = first if self.first is None else min(self.first, first)
        self.last = last if self.last is None else max(self.last, last)
