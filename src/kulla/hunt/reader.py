"""From a piece of work to batches: opens, tells the format, parses, finds logsources. Runs inside a confined child."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO
from zoneinfo import ZoneInfo

import numpy as np

from kulla.events import sources, unpack
from kulla.events.assemble import assemble
from kulla.events.batch import Batch, Origin
from kulla.events.fields import Rows
from kulla.events.formats import FORMATS
from kulla.events.formats._api import Bundling, Context, Cut, Format, Reject
from kulla.events.rejects import readable
from kulla.events.sniff import UNKNOWN, choose, named
from kulla.events.sources import Broken, Opened, Skipped, Source
from kulla.events.table import LogsourceTable, SourceOptions
from kulla.hunt.options import Options
from kulla.hunt.pieces import Task


@dataclass(frozen=True, slots=True)
class Note:
    """A stream inside a source that is no log, or that could be read only in part."""

    found: Skipped | Broken


@dataclass(frozen=True, slots=True)
class Read:
    """A run of events, possibly of rejects alone. `wanted` is the list by which the format is told which fields to make
    in its one pass from now on. `rejects` and `lines` are the run's; `size` is in bytes of events as text. `shares`: of
    a run of several small files, whose `source` is the first."""

    source: Source
    format: str
    batch: Batch
    rejects: Sequence[Reject]
    lines: int
    size: int
    wanted: list[str]
    shares: Sequence[Share] = ()


@dataclass(frozen=True, slots=True)
class Share:
    """One file's part in a run: its rows, and its rejects."""

    source: Source
    origin: Origin
    rows: Rows
    rejects: Sequence[Reject]


class Reader:
    """Reads pieces. What it learns of wanted fields stays with it from piece to piece.

    Batches bear no SHA-256: it is computed beside the workers, and only hits need it.
    """

    def __init__(self, options: Options, table: LogsourceTable) -> None:
        self._options = options
        self._table = table
        self._zone = ZoneInfo(options.zone) if options.zone else None
        self._wanted: dict[str, list[str]] = {}

    def read(self, task: Task) -> Iterator[Read | Note]:
        """The batches of a piece, and notes on what inside it is none."""
        if task.others:
            yield from self._bundle(task)
            return
        if task.format is not None:
            with sources.open_file(task.source) as file:
                yield from self._parse(task.source, file, named(task.format, FORMATS), task.cut)
                yield from _shrunk(task, os.fstat(file.fileno()).st_size)
            return
        for found in sources.walk(task.source, self._options.settings):
            if isinstance(found, Opened):
                yield from self._opened(found)
            else:
                yield Note(found)

    def _opened(self, found: Opened) -> Iterator[Read | Note]:
        forced = self._options.format
        chosen = named(forced, FORMATS) if forced else choose(found.head, found.source.name, FORMATS)
        if chosen is None:
            yield Note(Skipped(found.source, UNKNOWN))
        elif chosen.untrusted_binary and not found.stream.seekable():
            with unpack.spool(found.stream, self._options.settings) as stream:
                yield from self._parse(found.source, stream, chosen, None)
        else:
            yield from self._parse(found.source, found.stream, chosen, None)

    def _bundle(self, task: Task) -> Iterator[Read | Note]:
        """Several small files: as one run where nothing in the tables tells files apart by their paths."""
        chosen = named(task.format or "", FORMATS)
        by_path = self._table.sources or any(
            entry.file and (not entry.formats or chosen.name in entry.formats)
            for entry in (*self._table.entries, *self._table.renames)
        )
        if by_path or not isinstance(chosen, Bundling):
            for single in task.singles():
                yield from self.read(single)
            return
        wanted = self._wanted.setdefault(chosen.name, [])
        with ExitStack() as stack:
            files = [stack.enter_context(sources.open_file(each)) for each in task.sources]
            bundle = chosen.read_bundle(files, Context(zone=self._zone, wanted=wanted))
            for single, file in zip(task.singles(), files, strict=True):
                yield from _shrunk(single, os.fstat(file.fileno()).st_size)
        parsed = bundle.parsed
        size = int(parsed.raw.nbytes)
        origins = [_origin(each) for each in task.sources]
        batch = assemble(parsed, origins[0], self._table, SourceOptions())
        shares = [
            Share(source, origins[at], np.flatnonzero(bundle.owner == at).astype(np.int32), bundle.rejects[at])
            for at, source in enumerate(task.sources)
        ]
        yield Read(task.source, parsed.format, batch, (), 0, size, wanted, shares)

    def _parse(self, source: Source, stream: BinaryIO, chosen: Format, cut: Cut | None) -> Iterator[Read]:
        said = self._table.for_source(source.shown)
        wanted = self._wanted.setdefault(chosen.name, [])
        clock = datetime.fromtimestamp(source.mtime, UTC) if source.mtime else None
        context = Context(source.name, said.timezone or self._zone, clock, wanted=wanted)
        origin = _origin(source)
        for parsed in chosen.read(stream, cut, context):
            size = int(parsed.raw.nbytes)
            batch = assemble(parsed, origin, self._table, said)  # takes the content off an audit's rejects, too
            yield Read(source, parsed.format, batch, list(parsed.rejects), parsed.lines, size, wanted)


def _origin(source: Source) -> Origin:
    return Origin(readable(source.path), "", source.member, ingest_time=datetime.now(UTC))


def _shrunk(task: Task, size: int) -> Iterator[Note]:
    """A file that lost bytes since it was found was not read as it had been; one that grew was read in whole pieces."""
    if size < (task.cut.stop if task.cut else task.source.size or 0):
        yield Note(
            Broken(task.source, "the file became shorter while it was read; read a copy that stays as it is", size)
        )
