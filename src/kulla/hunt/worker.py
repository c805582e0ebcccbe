"""A worker: parses a piece, matches every rule on it, explains the hits. Runs inside a confined child."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
import pyarrow as pa

from kulla.detect.engine import Costs, Hits
from kulla.events.batch import Batch
from kulla.events.formats._api import Reject
from kulla.events.heap import keep_memory
from kulla.events.sandbox import Tick
from kulla.events.sources import Source
from kulla.hunt import find, rulebook
from kulla.hunt.hits import HITS
from kulla.hunt.options import Options
from kulla.hunt.pieces import Task
from kulla.hunt.reader import Note, Read, Reader, Share
from kulla.hunt.reasons import Reasons
from kulla.hunt.tally import Tally


@dataclass(slots=True)
class Part:
    """What came of one batch. Positions of a cut piece are counted from its own start. `rejects` bear no content
    unless it was asked for. `costs` is rule number → seconds, `stages` the work that
    rules share, when profiling. `events`: the whole batch in the contract's columns, when asked for; their ids are
    null, since they follow from the source's SHA-256 (see `find.events`)."""

    source: Source
    hits: pa.Table
    signals: pa.Table
    tally: Tally
    rejects: Sequence[Reject]
    lines: int
    costs: dict[int, float] = field(default_factory=dict)
    stages: dict[str, float] = field(default_factory=dict)
    events: pa.Table | None = None


class Worker:
    """Holds what every task needs; `load` fills it once, in the process from which workers are forked."""

    def __init__(self, options: Options, keep_rejects: bool = False, keep_events: bool = False) -> None:
        self._options = options
        self._keep = keep_rejects
        self._events = keep_events

    def load(self) -> None:
        """Load rules and logsource table. Raises ConfigError or UsageError."""
        keep_memory()
        self._book = rulebook.open_book(self._options)
        self._reader = Reader(self._options, self._book.table)
        self._reasons = Reasons(self._book.rules)

    def __call__(self, task: Task) -> Iterator[Part | Note | Tick]:
        """Everything a piece holds, batch by batch."""
        for read in self._reader.read(task):
            if isinstance(read, Note):
                yield read
                continue
            hits = 0
            for part in self._parts(read):
                hits += part.hits.num_rows
                yield part
            yield Tick(read.size, len(read.batch), hits)

    def _parts(self, read: Read) -> list[Part]:
        """A part for the run's source, or for each of its sources; counts of the run as a whole stand in the first."""
        batch, found = read.batch, Hits(np.empty(0, np.int32), np.empty(0, np.int32))
        if len(batch):
            self._learn(batch, read.wanted)
            found = self._book.engine.match(batch)
            found = find.in_span(batch, found, _micros(self._options.since), _micros(self._options.until))
        if read.shares:
            parts = [self._share(batch, found, share) for share in read.shares]
        else:
            parts = [self._part(batch, found, read.source, read.rejects, read.lines)]
        if self._events and len(batch):
            self._whole(batch, read, parts)
        if len(batch):
            parts[0].tally.add(batch)
        if self._options.profile:
            costs, self._book.engine.costs = self._book.engine.costs, Costs()
            parts[0].costs, parts[0].stages = dict(costs.rules), dict(costs.stages)
        return parts

    def _share(self, batch: Batch, found: Hits, share: Share) -> Part:
        its = np.isin(found.rows, share.rows)
        own = replace(batch, origin=share.origin)
        return self._part(own, Hits(found.rows[its], found.rules[its]), share.source, share.rejects, 0)

    def _part(self, batch: Batch, found: Hits, source: Source, rejects: Sequence[Reject], lines: int) -> Part:
        kept = [each if self._keep else replace(each, raw=b"") for each in rejects]
        part = Part(source, HITS.empty_table(), find.SIGNALS.empty_table(), Tally(), kept, lines)
        if len(found):
            part.signals = find.signals(batch, found, self._book.rules, self._book.needs)
            part.hits = find.table(batch, self._reported(found), self._book.rules, self._reasons)
        return part

    def _whole(self, batch: Batch, read: Read, parts: Sequence[Part]) -> None:
        """Give each part its events; those of a run of several files are laid out once."""
        whole = batch.nameless()
        if not read.shares:
            parts[0].events = whole
            return
        for part, share in zip(parts, read.shares, strict=True):
            part.events = whole.take(pa.array(share.rows))

    def _reported(self, found: Hits) -> Hits:
        """Without the rules that only serve correlations."""
        if not len(self._book.silent):
            return found
        keep = ~np.isin(found.rules, self._book.silent)
        return Hits(found.rows[keep], found.rules[keep])

    def _learn(self, batch: Batch, wanted: list[str]) -> None:
        """Remember which fields the rules for such events ask for, so that the next run is made in one pass."""
        names = self._book.engine.wanted({group.logsource for group in batch.groups})
        batch.prefetch(names)
        known = set(wanted)
        for name in (*batch.asked, *names):
            by_alias = (alias.sources for group in batch.groups if (alias := group.aliases.get(name)))
            for each in (name, *(source for sources in by_alias for source in sources)):
                if each not in known:
                    known.add(each)
                    wanted.append(each)


def _micros(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1_000_000)
