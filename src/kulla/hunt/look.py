"""Looking at events without hunting: the batches of some files, as the contract's tables and as counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kulla.events import mapping, sources
from kulla.events.batch import Batch
from kulla.events.formats import FORMATS
from kulla.events.formats._api import Reject
from kulla.events.logsource import Logsource
from kulla.events.sandbox import Died, Pool, Result, Tick
from kulla.events.sources import Broken, Skipped, Source
from kulla.hunt import find
from kulla.hunt.options import Options
from kulla.hunt.pieces import Place, Task, tasks
from kulla.hunt.reader import Note, Reader
from kulla.hunt.rulebook import Rulebook, open_book
from kulla.hunt.tally import Tally

Triple = tuple[str | None, str | None, str | None]


@dataclass(slots=True)
class Look:
    """What one batch shows. `table` holds its events (schema `events.schema.SCHEMA`, `event_id` not filled) when they
    were asked for. `codes` counts event codes; `asked` and `held` count, by logsource and field, the rules that ask for
    a field and the events that hold it."""

    source: Source
    format: str
    tally: Tally
    rejects: Sequence[Reject]
    lines: int = 0
    table: pa.Table | None = None
    codes: Counter[tuple[Triple, str]] = field(default_factory=Counter)
    asked: Counter[tuple[Triple, str]] = field(default_factory=Counter)
    held: Counter[tuple[Triple, str]] = field(default_factory=Counter)


class Looker:
    """Reads a piece and shows its batches. Runs inside a confined child."""

    def __init__(self, options: Options, want_events: bool) -> None:
        self._options = options
        self._want_events = want_events
        self._book: Rulebook | None = None

    def load(self) -> None:
        """Load the logsource table, and the rules when there are any."""
        self._reader = Reader(self._options, mapping.load(self._options.mappings))
        self._book = open_book(self._options) if self._options.rules else None

    def __call__(self, task: Task) -> Iterator[Look | Note | Tick]:
        """Everything a piece holds, batch by batch."""
        for read in self._reader.read(task):
            if isinstance(read, Note):
                yield read
                continue
            look = Look(read.source, read.format, Tally(), read.rejects, read.lines)
            look.tally.add(read.batch)
            self._count(read.batch, look)
            look.table = read.batch.table() if self._want_events else None
            yield look

    def _count(self, batch: Batch, look: Look) -> None:
        codes = batch.event_code.cast(pa.string()).to_numpy(zero_copy_only=False)
        for group in batch.groups:
            triple = (group.logsource.product, group.logsource.category, group.logsource.service)
            for code in codes[group.rows]:
                look.codes[triple, code or ""] += 1
            if self._book is not None:
                self._fields(batch, group.logsource, group.rows, triple, look)

    def _fields(self, batch: Batch, logsource: Logsource, rows: np.ndarray, triple: Triple, look: Look) -> None:
        assert self._book is not None
        for name in self._book.engine.wanted({logsource}):
            column = batch.column(name)
            look.asked[triple, name] = 1
            look.held[triple, name] += 0 if column is None else int(np.isin(rows, column.rows).sum())


def look(options: Options, want_events: bool) -> Iterator[Look | Skipped | Broken]:
    """Every batch of the input, in order, and what is no log or could not be read."""
    looker = Looker(options, want_events)
    with Pool[Task](looker, options.jobs, options.settings, looker.load) as pool:
        given: dict[int, Task] = {}
        aside: list[Skipped | Broken] = []
        at = Place()
        for outcome in pool.run(_numbered(options, given, aside), lambda task: task.size):
            yield from aside
            aside.clear()
            at.come(given[outcome.index])
            if isinstance(outcome, Result):
                yield outcome.value.found if isinstance(outcome.value, Note) else _moved(outcome.value, at)
            elif isinstance(outcome, Died):
                at.lose()
                yield Broken(given[outcome.index].source, outcome.reason, unsafe=outcome.unsafe)
        yield from aside


def _moved(found: Look, at: Place) -> Look:
    """With positions counted from the start of the file, not of the piece."""
    offset = at.offset
    at.lines += found.lines
    if offset:
        found.rejects = [find.moved_reject(reject, offset) for reject in found.rejects]
        if found.table is not None:
            column = found.table.schema.get_field_index("position")
            moved = pc.add(found.table["position"], offset)
            found.table = found.table.set_column(column, found.table.schema.field(column), moved)
    return found


def _numbered(options: Options, given: dict[int, Task], aside: list[Skipped | Broken]) -> Iterator[Task]:
    number = 0
    for each in tasks(sources.find(options.paths, options.settings), FORMATS, options.format, options.settings):
        if isinstance(each, Task):
            given[number] = each
            number += 1
            yield each
        else:
            aside.append(each)
