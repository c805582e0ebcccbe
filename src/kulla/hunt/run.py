"""A hunt from end to end: pieces to workers, their parts in input order to the spool, and what it all amounts to."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from kulla.detect.correlate.correlator import Correlator
from kulla.errors import InputError
from kulla.events import sources
from kulla.events.formats import FORMATS
from kulla.events.formats._api import Reject
from kulla.events.rejects import RejectWriter
from kulla.events.sandbox import Died, Outcome, Pool, Result, Tick, terminable
from kulla.events.sources import Broken, Skipped, Source
from kulla.hunt import correlated, find
from kulla.hunt.account import Account
from kulla.hunt.findings import Findings, findings
from kulla.hunt.options import Options
from kulla.hunt.pieces import Task, lines_in, tasks
from kulla.hunt.reader import Note
from kulla.hunt.rulebook import Rulebook, open_book
from kulla.hunt.spool import Spool
from kulla.hunt.worker import Part, Worker


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a hunt is. Bytes are of events as text; `total` of files as found on disk."""

    bytes: int
    events: int
    hits: int
    total: int
    seconds: float


@dataclass(slots=True)
class _Place:
    """Where the piece now coming in stands: its source's number in the input, and the lines before it there."""

    number: int = -1
    lines: int = 0
    task: Task | None = None


class _Hashes:
    """SHA-256 of each file, computed beside the workers, once."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "sha256")
        self._known: dict[str, Future[str]] = {}

    def want(self, source: Source) -> None:
        if source.path not in self._known:
            self._known[source.path] = self._pool.submit(sources.sha256, source)

    def get(self, source: Source) -> str:
        self.want(source)
        try:
            return self._known[source.path].result()
        except InputError:
            # The file went away under us. Its events keep an id, though not one that another run would give.
            return "0" * 64

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)


@dataclass
class Hunt(AbstractContextManager["Hunt"]):
    """One hunt. Enter it before any use of DuckDB or Arrow's threads (see `events.sandbox`), then `run` it once; the
    findings stay readable until it is left. `rejects`, when given, receives what could not be parsed."""

    options: Options
    rejects: RejectWriter | None = None
    progress: Callable[[Progress], None] = lambda _: None
    account: Account = field(default_factory=Account)
    costs: Counter[int] = field(default_factory=Counter)
    stages: Counter[str] = field(default_factory=Counter)

    def __enter__(self) -> Self:
        self._worker = Worker(self.options, self.rejects is not None)
        self._pool: Pool[Task] = Pool(self._worker, self.options.jobs, self.options.settings, self._worker.load)
        self._spool = Spool(Path(self.options.settings.spool_folder) if self.options.settings.spool_folder else None)
        self._hashes = _Hashes()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._pool.close()
        self._hashes.close()
        self._spool.__exit__(kind, error, at)

    def run(self) -> Findings:
        """Read everything, match, correlate and rank. Ctrl-C or SIGTERM ends the reading: what was found stands."""
        started = time.monotonic()
        self.book: Rulebook = open_book(self.options)
        self._correlator = Correlator(self.book.correlations)
        self._place = _Place()
        found = list(sources.find(self.options.paths, self.options.settings))
        self._meter = _Meter(self.progress, sum(each.size or 0 for each in found if isinstance(each, Source)), started)
        try:
            with terminable():
                self._read(found)
        except KeyboardInterrupt:
            self.account.interrupted = True
        self._correlate()
        self.account.seconds = time.monotonic() - started
        return findings(self._spool, self.account.facts(self.book, self._spool))

    def _read(self, found: Iterable[Source | Skipped | Broken]) -> None:
        given: dict[int, Task] = {}
        for outcome in self._pool.run(self._tasks(found, given), lambda task: task.size, self._meter.tick):
            self._take(outcome, given)

    def _tasks(self, found: Iterable[Source | Skipped | Broken], given: dict[int, Task]) -> Iterator[Task]:
        """The pool numbers tasks as it takes them; `given` remembers which is which."""
        number = 0
        for each in tasks(found, FORMATS, self.options.format, self.options.settings):
            if isinstance(each, Task):
                given[number] = each
                number += 1
                self._hashes.want(each.source)
                yield each
            else:
                self.account.note(each)

    def _take(self, outcome: Outcome, given: dict[int, Task]) -> None:
        self._at(given[outcome.index])
        if not isinstance(outcome, Result):
            task = given.pop(outcome.index)
            if isinstance(outcome, Died):
                self._died(task, outcome)
        elif isinstance(outcome.value, Part):
            self._part(outcome.value)
        elif isinstance(outcome.value, Note):
            self.account.note(outcome.value.found)

    def _at(self, task: Task) -> None:
        """Lines are counted on from piece to piece of one source."""
        if task is not self._place.task:
            first = task.cut is None or task.first
            self._place = _Place(self._place.number + 1, 0 if first else self._place.lines, task)

    def _died(self, task: Task, outcome: Died) -> None:
        start = task.cut.start if task.cut else 0
        reject = Reject(start, f"{outcome.reason}; the rest of this piece was not read", b"", "byte")
        self._reject(task.source, [reject])
        if task.cut is not None:
            self._place.lines += lines_in(task.source, task.cut)

    def _part(self, part: Part) -> None:
        offset = self._place.lines if self._place.task and self._place.task.cut else 0
        self.account.take(part.source, part.tally)
        hits, sha256 = part.hits, self._hashes.get(part.source)
        if hits.num_rows:
            self._spool.add(find.identify(find.moved(hits, offset), sha256, part.source.member))
        if part.signals.num_rows:
            signals = find.moved(part.signals, offset)
            self.account.untimed += signals["time"].null_count
            self._correlator.add(correlated.signals(signals, part.source, sha256, self._place.number, self.book.rules))
        self._reject(part.source, [find.moved_reject(reject, offset) for reject in part.rejects])
        self.costs.update(part.costs)
        self.stages.update(part.stages)
        if self._place.task is not None and self._place.task.cut is not None:
            self._place.lines += part.lines

    def _reject(self, source: Source, rejects: Iterable[Reject]) -> None:
        for reject in rejects:
            self.account.reject(source, reject)
            if self.rejects:
                self.rejects.write(source.path, source.member, reject)

    def _correlate(self) -> None:
        found = self._correlator.advance()
        self.account.evicted = self._correlator.evicted
        self._spool.add(correlated.table([each for each in found if each.correlation.meta.id not in self.silent()]))

    def silent(self) -> frozenset[str]:
        """Correlations that only serve others."""
        return self._correlator.graph.silent

    def profile(self) -> list[tuple[str, float]]:
        """What took processor seconds when the hunt was profiled, most first: rules by title, shared work by name."""
        costs = [(self.book.rules[number].meta.title, seconds) for number, seconds in self.costs.items()]
        costs += [(f"(shared work: {stage})", seconds) for stage, seconds in self.stages.items()]
        return sorted(costs, key=lambda cost: (-cost[1], cost[0]))


class _Meter:
    """Adds up ticks."""

    def __init__(self, report: Callable[[Progress], None], total: int, started: float) -> None:
        self._report, self._total, self._started = report, total, started
        self._bytes = self._events = self._hits = 0

    def tick(self, tick: Tick) -> None:
        self._bytes += tick.bytes
        self._events += tick.events
        self._hits += tick.hits
        seconds = time.monotonic() - self._started
        self._report(Progress(self._bytes, self._events, self._hits, self._total, seconds))
