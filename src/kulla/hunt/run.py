"""A hunt from end to end: pieces to workers, their parts in input order to the spool, and what it all amounts to."""

from __future__ import annotations

import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from kulla.detect.correlate.correlator import Correlator
from kulla.errors import UsageError
from kulla.events import sources
from kulla.events.formats import FORMATS
from kulla.events.formats._api import Bundling, Reject
from kulla.events.rejects import RejectWriter
from kulla.events.sandbox import Pool, Tick
from kulla.events.sources import Broken, Skipped, Source
from kulla.hunt import correlated, find
from kulla.hunt.account import Account
from kulla.hunt.findings import Findings, findings
from kulla.hunt.gathering import Came, Gathering, Lost, Passed
from kulla.hunt.hashes import Hashes
from kulla.hunt.options import Options
from kulla.hunt.pieces import Task, bundled, tasks
from kulla.hunt.reader import Note
from kulla.hunt.rulebook import Index, open_index, validate
from kulla.hunt.rulecache import RuleCache
from kulla.hunt.spool import Spool
from kulla.hunt.stopping import Stop
from kulla.hunt.worker import Worker

BUNDLING = frozenset(each.name for each in FORMATS if isinstance(each, Bundling))
NO_RULE = "no rule to run: none under --rules is of this --level, --status and --tag; see kulla rules list --by rule"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a hunt is. `bytes` and `total` are of files as found on disk, less those that are no logs; of an archive
    or compressed file `bytes` counts all when its end is reached, and nothing before."""

    bytes: int
    events: int
    hits: int
    total: int
    seconds: float


@dataclass
class Hunt(AbstractContextManager["Hunt"]):
    """One hunt. Enter it before any use of DuckDB or Arrow's threads (see `events.sandbox`), then `run` it once; the
    findings stay readable until it is left. `rejects`, when given, receives what could not be parsed. `own` are files
    that this run writes, which are left out of the input: last time's report is no evidence."""

    options: Options
    rejects: RejectWriter | None = None
    progress: Callable[[Progress], None] = lambda _: None
    account: Account = field(default_factory=Account)
    costs: Counter[int] = field(default_factory=Counter)
    stages: Counter[str] = field(default_factory=Counter)
    own: Collection[Path] = ()
    _own_cache: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Self:
        validate(self.options)
        if not RuleCache(self.options.cache).usable:
            # The rules are compiled once, beside the workers, and handed over through a cache of this run alone.
            self._own_cache = tempfile.TemporaryDirectory(prefix="kulla-rules-")
            self.options = replace(self.options, cache=self._own_cache.name)
        self._spool = Spool(Path(self.options.settings.spool_folder) if self.options.settings.spool_folder else None)
        self._worker = Worker(self.options, self.rejects is not None)
        self._pool: Pool[Task] = Pool(self._worker, self.options.jobs, self.options.settings, self._worker.load)
        self._hashes = Hashes()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._pool.close()
        self._hashes.close()
        self._spool.__exit__(kind, error, at)
        if self._own_cache is not None:
            self._own_cache.cleanup()

    @cached_property
    def index(self) -> Index:
        """The rules' index; asked for when workers have loaded the rules, and so put it into the cache.

        Raises UsageError when no rule is asked for: silence would look like a clean result."""
        index = open_index(self.options)
        if not (index.listed or index.correlations or any(problem.fatal for problem in index.problems)):
            raise UsageError(NO_RULE)
        return index

    @cached_property
    def _correlator(self) -> Correlator:
        return Correlator(self.index.correlations)

    def run(self) -> Findings:
        """Read everything, match, correlate and rank. Ctrl-C or SIGTERM ends the reading: what was found stands.

        Raises UsageError when there is no rule to run."""
        started = time.monotonic()
        self._stop = Stop()
        try:
            with self._stop:
                found = list(self._found())
                self._meter = _Meter(self.progress, found, started)
                self._read(found)
        except KeyboardInterrupt:
            self.account.interrupted = True
        self._correlate()
        self.account.seconds = time.monotonic() - started
        return findings(self._spool, self.account.facts(self.index, self._spool))

    def _found(self) -> Iterator[Source | Skipped | Broken]:
        own = {os.path.realpath(path) for path in self.own}
        for each in sources.find(self.options.paths, self.options.settings):
            source = each if isinstance(each, Source) else each.source
            if source.place or os.path.realpath(source.path) not in own:
                yield each

    def _read(self, found: Iterable[Source | Skipped | Broken]) -> None:
        gathering = Gathering()
        self._work(self._tasks(found), gathering)
        self._work(gathering.retried(), gathering)

    def _work(self, pieces: Iterable[Task], gathering: Gathering) -> None:
        for outcome in self._pool.run(gathering.numbered(pieces), lambda task: task.size, self._meter.tick):
            with self._stop.whole():
                _ = self.index
                for came in gathering.take(outcome):
                    self._take(came)

    def _tasks(self, found: Iterable[Source | Skipped | Broken]) -> Iterator[Task]:
        pieces = tasks(found, FORMATS, self.options.format, self.options.settings)
        for each in bundled(pieces, BUNDLING):
            if isinstance(each, Task):
                for source in each.sources:
                    self._hashes.want(source)
                yield each
            else:
                self.account.note(each)
                self._meter.leave_out(each.source)

    def _take(self, came: Came | Note | Lost | Passed) -> None:
        if isinstance(came, Came):
            self._part(came)
        elif isinstance(came, Note):
            self.account.note(came.found)
        elif isinstance(came, Lost):
            self._reject(came.source, [came.reject])
        else:
            self._meter.passed(came.task)

    def _part(self, came: Came) -> None:
        part = came.part
        self.account.take(part.source, part.tally)
        if part.hits.num_rows:
            sha256 = self._hashes.get(part.source)
            self._spool.add(find.identify(came.hits, sha256, part.source.member))
        if part.signals.num_rows:
            signals, sha256 = came.signals, self._hashes.get(part.source)
            self.account.untimed += signals["time"].null_count
            self._correlator.add(correlated.signals(signals, part.source, sha256, came.number, self.index))
        self._reject(part.source, came.rejects)
        self.costs.update(part.costs)
        self.stages.update(part.stages)

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
        costs = [(self.index.meta(number).title, seconds) for number, seconds in self.costs.items()]
        costs += [(f"(shared work: {stage})", seconds) for stage, seconds in self.stages.items()]
        return sorted(costs, key=lambda cost: (-cost[1], cost[0]))


class _Meter:
    """Adds up what is done. Events and hits come as ticks, at once; bytes as pieces end, in order."""

    def __init__(
        self, report: Callable[[Progress], None], found: Iterable[Source | Skipped | Broken], started: float
    ) -> None:
        self._report, self._started = report, started
        self._sizes = {each.path: each.size or 0 for each in found if isinstance(each, Source)}
        self._total = sum(self._sizes.values())
        self._events = self._hits = self._before = self._within = 0
        self._path: str | None = None

    def tick(self, tick: Tick) -> None:
        """A batch was matched."""
        self._events += tick.events
        self._hits += tick.hits
        self._tell()

    def passed(self, task: Task) -> None:
        """A piece ended. Pieces of plain files count as they end, an archive when a piece of another file does."""
        path = task.source.path
        if path != self._path:
            self._before += self._sizes.get(self._path or "", 0)
            self._path, self._within = path, 0
        if task.format is not None:
            self._within = min(self._within + task.size, self._sizes.get(path, 0))
        self._tell()

    def leave_out(self, source: Source) -> None:
        """A file turned out to be no log."""
        self._total -= self._sizes.pop(source.path, 0)

    def _tell(self) -> None:
        seconds = time.monotonic() - self._started
        done = min(self._before + self._within, self._total)
        self._report(Progress(done, self._events, self._hits, self._total, seconds))
