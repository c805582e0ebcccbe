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
from kulla.hunt.reader import Note, Read, Reader
from kulla.hunt.tally import Tally


@dataclass(slots=True)
class Part:
    """What came of one batch. Positions of a cut piece are counted from its own start. `rejects` bear no content
    unless it was asked for. `costs` is rule number → seconds, `stages` the work that
    rules share, when profiling."""

    source: Source
    hits: pa.Table
    signals: pa.Table
    tally: Tally
    rejects: Sequence[Reject]
    lines: int
    costs: dict[int, float] = field(default_factory=dict)
    stages: dict[str, float] = field(default_factory=dict)


class Worker:
    """Holds what every task needs; `load` fills it once, in the process from which workers are forked."""

    def __init__(self, options: Options, keep_rejects: bool = False) -> None:
        self._options = options
        self._keep = keep_rejects

    def load(self) -> None:
        """Load rules and logsource table. Raises ConfigError or UsageError."""
        keep_memory()
        self._book = rulebook.open_book(self._options)
        self._reader = Reader(self._options, self._book.table)

    def __call__(self, task: Task) -> Iterator[Part | Note | Tick]:
        """Everything a piece holds, batch by batch."""
        for read in self._reader.read(task):
            if isinstance(read, Note):
                yield read
                continue
            part = self._part(read)
            yield part
            yield Tick(read.size, len(read.batch), part.hits.num_rows)

    def _part(self, read: Read) -> Part:
        rejects = [each if self._keep else replace(each, raw=b"") for each in read.rejects]
        part = Part(read.source, HITS.empty_table(), find.SIGNALS.empty_table(), Tally(), rejects, read.lines)
        if len(read.batch):
            part.tally.add(read.batch)
            self._match(read.batch, read.wanted, part)
        return part

    def _match(self, batch: Batch, wanted: list[str], part: Part) -> None:
        self._learn(batch, wanted)
        book = self._book
        found = book.engine.match(batch)
        if self._options.profile:
            part.costs = dict(book.engine.costs.rules)
            part.stages = dict(book.engine.costs.stages)
            book.engine.costs = Costs()
        found = find.in_span(batch, found, _micros(self._options.since), _micros(self._options.until))
        part.signals = find.signals(batch, found, book.rules, book.needs)
        part.hits = find.table(batch, self._reported(found), book.rules)

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
