"""The lake: events kept whole, appended once, searched within a user's scope.

    lake = Lake(folder)
    lake.append(batch, source_sha256, chunk)    # True: taken now; False: it was there already
    lake.sync()                                 # only now may the source be acknowledged
    for events in lake.search("EventID:4625 not host:dc01", scope): ...

Every question takes a scope, the pairs (zone, constituent) that its user may see, and reaches files through `visible`
alone: files of others are never opened, so neither answers nor their order nor their cost depend on them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow as pa

from kulla.errors import InputError
from kulla.events.assemble import from_table
from kulla.events.batch import Batch
from kulla.events.logsource import Logsource
from kulla.events.table import LogsourceTable
from kulla.lake import complete as completion
from kulla.lake import entities, indexcheck, integrity, layout, picking, replay, retention, summary, upkeep
from kulla.lake import search as searching
from kulla.lake.datafile import Reader, write
from kulla.lake.delta import Log
from kulla.lake.entities import Around
from kulla.lake.index import Indexes
from kulla.lake.language import parse
from kulla.lake.layout import File
from kulla.lake.locking import UPKEEP, WRITING, locked
from kulla.lake.retention import Held, Hold, Policy, Retained
from kulla.lake.scan import Scan, ahead
from kulla.lake.scope import Scope, Span, visible
from kulla.lake.summary import Facet, Histogram
from kulla.lake.tree import Everything, Node
from kulla.lake.upkeep import Compacted

WORKERS = min(2, len(os.sched_getaffinity(0)))


@dataclass(frozen=True, slots=True)
class Replayed:
    """Some events of the lake as batches. `looked`: how many events were looked at for them. `settled`: no event still
    to come is earlier than this, µs; None: nothing is known of that."""

    batches: Sequence[Batch]
    looked: int
    settled: int | None


class Lake:
    """A lake in a folder, open. Made when the folder holds none. For one process; its questions are safe for threads.

    Raises InputError when the folder holds something else or its log cannot be read."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.log = Log(self.folder)
        self.reader = Reader(self.folder)
        self.indexes = Indexes(self.folder, self.reader)
        self.pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="lake")

    def close(self) -> None:
        """Let go of threads and files."""
        self.pool.shutdown()

    def __enter__(self) -> Lake:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def append(self, batch: Batch | pa.Table, source_sha256: str, chunk: int) -> bool:
        """Take the events of a chunk of a source: all or none, and once, whatever is killed when.

        `batch`: a batch, or its table (columns of the contract); one constituent and zone, neither empty. Chunks of a
        source are numbered from 0 and come in order; one without events counts too. False: this chunk is in the lake
        already. Raises ValueError for a chunk out of order, OutputError when the disk does not take it.

        Nothing of it may be acknowledged before `sync`."""
        table = batch.table() if isinstance(batch, Batch) else batch
        zone, constituent = _owner(batch, table)
        app = f"{zone}/{constituent}/{source_sha256}"
        with self.writing():
            taken = self.log.taken(app)
            expected = 0 if taken is None else taken + 1
            if chunk < expected:
                return False
            if chunk > expected:
                raise ValueError(f"chunk {chunk} of a source before its chunk {expected}")
            parts = layout.split(table) if len(table) else []
            files = list(self.pool.map(lambda part: write(self.folder, part[0], [part[1]], f"{app} {chunk}"), parts))
            self.log.commit(files, taken=(app, chunk))
            if self.log.due():
                self.log.checkpoint()
        return True

    def sync(self) -> None:
        """Bring everything appended so far onto the disk: what was appended before survives a power failure after."""
        self.log.sync()

    def taken(self, zone: str, constituent: str, source_sha256: str) -> int:
        """How many chunks of a source are in the lake: the number of the next one."""
        self.log.refresh()
        found = self.log.taken(f"{zone}/{constituent}/{source_sha256}")
        return 0 if found is None else found + 1

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Alone among all processes in changing the table, and up to date with it."""
        with locked(self.folder / WRITING):
            self.log.refresh()
            yield

    @contextmanager
    def upkeep(self) -> Iterator[None]:
        """Alone among all processes in rewriting files. Raises InputError when another one is at it."""
        with locked(self.folder / UPKEEP, wait=False):
            yield

    def visible(self, scope: Scope, span: Span) -> list[File]:
        """The files that may hold events of the scope in the span: the one way by which questions reach files."""
        self.log.refresh()
        return visible(self.log.files(), scope, span)

    def search(
        self,
        query: str | Node,
        scope: Scope,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = None,
    ) -> Iterator[pa.RecordBatch]:
        """The events that meet a query, newest first, those without a time last, in the columns of the batch contract.

        `since` is included, `until` is not; with either, events without a time are left out. Batches come as soon as
        their events are known to be next. Raises QueryError at once for a query that cannot be read."""
        scan = self.scan(query, since, until)
        return searching.rows(scan, self.visible(scope, scan.span), limit)

    def scan(self, query: str | Node, since: datetime | None, until: datetime | None) -> Scan:
        """A question, not yet asked of any file. Raises QueryError."""
        node = parse(query) if isinstance(query, str) else query
        return Scan(self.reader, self.indexes, self.pool, node, Span.of(since, until))

    def paths(self, scope: Scope, since: datetime | None = None, until: datetime | None = None) -> list[Path]:
        """The data files that may hold events of a scope and span, for other engines (DuckDB, Polars, Ray) to read.

        They lack the columns zone and constituent, which their folders tell."""
        return [self.folder / each.path for each in self.visible(scope, Span.of(since, until))]

    def count(
        self, query: str | Node, scope: Scope, since: datetime | None = None, until: datetime | None = None
    ) -> int:
        """How many events meet a query."""
        scan = self.scan(query, since, until)
        return summary.count(scan, self.visible(scope, scan.span))

    def histogram(self, query: str | Node, scope: Scope, since: datetime, until: datetime, bins: int = 60) -> Histogram:
        """The events that meet a query over time, in equal bins. Raises ValueError for an empty span."""
        scan = self.scan(query, since, until)
        return summary.histogram(scan, self.visible(scope, scan.span), bins)

    def facets(
        self,
        query: str | Node,
        scope: Scope,
        fields: Sequence[str],
        since: datetime | None = None,
        until: datetime | None = None,
        most: int = 10,
    ) -> dict[str, Facet]:
        """The most frequent values of some fields among the events that meet a query."""
        scan = self.scan(query, since, until)
        return summary.facets(scan, self.visible(scope, scan.span), fields, most)

    def complete(self, prefix: str, scope: Scope, most: int = 20) -> list[str]:
        """What the last term of a query could become: names of fields, or after `name:` values of the newest events."""
        scan = self.scan(Everything(), None, None)
        return completion.complete(scan, self.visible(scope, scan.span), prefix, most)

    def event(self, event_id: bytes, scope: Scope, near: datetime | None = None) -> pa.Table | None:
        """One event whole, as a table of one row; None when the scope has none of this id.

        `near`: its time, where it is known; spares a look through all days (16 bytes an event)."""
        if near is not None:
            scan = self.scan(Everything(), near, near + timedelta(microseconds=1))
            found = completion.lookup(scan, self.visible(scope, scan.span), event_id)
            if found is not None:
                return found
        scan = self.scan(Everything(), None, None)
        return completion.lookup(scan, self.visible(scope, scan.span), event_id)

    def events(
        self, ids: Collection[bytes], scope: Scope, since: datetime | None = None, until: datetime | None = None
    ) -> list[pa.Table]:
        """The events of these ids that the scope has, whole. `since` and `until` (included) say where to look first;
        only what is not found there is looked for in all days."""
        wanted = frozenset(ids)
        found: list[pa.Table] = []
        spans = [(since, until + timedelta(microseconds=1) if until else None), (None, None)]
        for begin, end in spans if since or until else spans[1:]:
            scan = self.scan(Everything(), begin, end)
            found += picking.pick(scan, self.visible(scope, scan.span), wanted)
            wanted -= {each for table in found for each in table["event_id"].to_pylist()}
        return found

    def around(
        self,
        kind: str,
        name: str,
        scope: Scope,
        since: datetime | None = None,
        until: datetime | None = None,
        most: int = 10,
    ) -> Around:
        """What the lake knows of a host, account, user, address or hash. Raises UsageError for another kind."""
        scan = self.scan(entities.query_of(kind, name), since, until)
        return entities.around(scan, self.visible(scope, scan.span), kind, name, most)

    def batches(
        self,
        scope: Scope,
        since: datetime | None = None,
        until: datetime | None = None,
        logsources: Collection[Logsource] | None = None,
        table: LogsourceTable | None = None,
    ) -> Iterator[Batch]:
        """All events of the scope and span as batches for rules, as `replayed` tells them."""
        for stretch in self.replayed(scope, since, until, logsources, table):
            yield from stretch.batches

    def replayed(
        self,
        scope: Scope,
        since: datetime | None = None,
        until: datetime | None = None,
        logsources: Collection[Logsource] | None = None,
        table: LogsourceTable | None = None,
    ) -> Iterator[Replayed]:
        """All events of the scope and span in order of time, as far as blocks go: each stretch tells what cannot come
        any more. Undated events come first: those without a time, and those whose time is not to be believed.

        `logsources`: those that rules ask for; events that none of them runs on are left out. `table` gives renames
        (default: none)."""
        table = table or LogsourceTable()
        span = Span.of(since, until)
        files = self.visible(scope, span)
        for each in replay.stretches(self.reader, files, span, logsources, table):
            yield Replayed(from_table(each.events, table) if len(each.events) else [], each.looked, each.settled)

    def compact(self, every: bool = False, reindex: bool = False) -> Compacted:
        """Merge small files, index what is not indexed, sum up the log. Searches go on meanwhile.

        Small files wait until there are enough of them, unless `every` one is wanted. `reindex`: make every index anew.
        Raises InputError when another process is at it, OutputError when the disk does not take it."""
        with self.upkeep():
            self.log.refresh()
            done = Compacted()
            groups = upkeep.groups(self.log.files(), every)
            for group, file in ahead(self.pool, lambda some: (some, self._merged(some)), groups, WORKERS):
                with self.writing():
                    self.log.commit([file], group, changed=False)
                done = done.plus(group, file)
            late = upkeep.unindexed(self.log.files(), self.indexes)
            if reindex:
                late = [each for each in self.log.files() if each in late or upkeep.indexed(self.folder, each)]
            for _ in ahead(self.pool, lambda file: upkeep.index(self.folder, self.reader, file), late, WORKERS):
                pass
            self.checkpoint()
            return replace(done, indexed=len(late) + done.indexed)

    def _merged(self, files: Sequence[File]) -> File:
        file = upkeep.merge(self.folder, self.reader, files)
        if file.rows >= layout.BLOCK:
            upkeep.index(self.folder, self.reader, file)
        return file

    def checkpoint(self) -> None:
        """Sum the log up, and bring it onto the disk."""
        with self.writing():
            self.log.checkpoint()

    def vacuum(self, hours: float = 24) -> list[str]:
        """Delete data files that left the table longer ago than this, and their indexes; their paths. A search that
        began before a file left may still read it, so leave it an hour at least."""
        with self.upkeep(), self.writing():
            gone = self.log.vacuum(hours)
            for path in upkeep.stray_indexes(self.folder):
                path.unlink(missing_ok=True)
            return gone

    def retain(
        self,
        policy: Policy,
        holds: Sequence[Hold],
        today: date,
        dry: bool = False,
        sure: Callable[[Retained], AbstractContextManager[object]] = nullcontext,
    ) -> Retained:
        """Drop the days that are older than the policy keeps, except what a hold covers; what was done and why.

        The events are out of all answers at once; their bytes leave the disk with the next `vacuum`. Raises ConfigError
        for a policy of no days, QueryError for a hold whose query cannot be read; then nothing was dropped. `dry`: only
        tell what would be done. `sure` is given what will be done, and entered when all is judged, around the one
        moment in which it is done: what it raises leaves everything as it was."""
        with self.upkeep():
            self.log.refresh()
            scan = self.scan(Everything(), None, None)
            old = retention.expired(scan, self.log.files(), policy, today)
            verdicts = [retention.judge(scan, file, holds, indexed=False) for file in old]
            gone = [] if dry else [each for each in verdicts if not each.keep.all()]
            left = [
                write(self.folder, each.file.partition, retention.kept(scan, each), each.file.path)
                for each in gone
                if each.keep.any()
            ]
            done = Retained(policy.first(today), retention.fates(verdicts))
            if gone:
                with sure(done), self.writing():
                    self.log.commit(left, [each.file for each in gone])
                self.sync()
            return done

    def held(self, holds: Sequence[Hold], scope: Scope, policy: Policy | None, today: date) -> Held:
        """What these holds keep, of what the scope sees: judged as `retain` would judge it. Nothing is changed. Raises
        QueryError for a query that cannot be read, ConfigError for a policy of no days."""
        scan = self.scan(Everything(), None, None)
        return retention.held(scan, self.visible(scope, scan.span), holds, policy, today)

    def check(self, deep: bool = False) -> list[str]:
        """What is wrong with the lake, a sentence each; none: it is whole. `deep` reads every byte of it."""
        found = list(integrity.log_problems(self.folder))
        try:
            self.log.refresh()
        except InputError as error:
            return [*found, str(error)]
        told = [problem for file in self.log.files() if (problem := self._problem(file, deep))]
        return [*found, *told, *indexcheck.strays(self.folder)]

    def _problem(self, file: File, deep: bool) -> str | None:
        """What is wrong with a file or its index. Looked at twice: it may just have left the table, or be indexed."""
        found = None
        for _ in range(2):
            found = integrity.file_problem(self.folder, self.reader, file, deep)
            found = found or indexcheck.index_problem(self.folder, file, deep)
            if not found:
                return None
            self.log.refresh()
            if all(each.path != file.path for each in self.log.files()):
                return None
        return found

    def everyone(self) -> Scope:
        """The scope of all that the lake holds: for who keeps the machine, never for a user of the centre."""
        self.log.refresh()
        return frozenset((each.partition.zone, each.partition.constituent) for each in self.log.files())


def check(folder: Path, deep: bool = False) -> list[str]:
    """What is wrong with the lake in a folder, though it may be too broken to open; see `Lake.check`."""
    if not (folder / "_delta_log").is_dir():
        return [f"{folder}: no lake is here (no folder _delta_log)"]
    before = list(integrity.log_problems(folder))
    try:
        with Lake(folder) as lake:
            return list(dict.fromkeys([*before, *lake.check(deep)]))
    except InputError as error:
        return [*before, str(error)]


def _owner(batch: Batch | pa.Table, table: pa.Table) -> tuple[str, str]:
    if isinstance(batch, Batch):
        pairs: Sequence[tuple[str, str]] = [(batch.origin.zone, batch.origin.constituent)]
    else:
        zones, constituents = (table[name].unique().to_pylist() for name in ("zone", "constituent"))
        pairs = [(zone, constituent) for zone in zones for constituent in constituents]
    if len(pairs) != 1 or not all(pairs[0]):
        raise ValueError("a chunk has one zone and one constituent, neither empty")
    return pairs[0]
