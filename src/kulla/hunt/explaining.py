"""Why a rule matches, or does not match, events of a file. The file is read in a confined child, as in a hunt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from kulla.detect import reference
from kulla.detect.engine import compile_rules
from kulla.detect.explain import Explanation
from kulla.detect.rule import Rule
from kulla.errors import InputError, UsageError
from kulla.events import mapping, sources
from kulla.events.batch import Batch
from kulla.events.fields import Rows
from kulla.events.formats import FORMATS
from kulla.events.logsource import Logsource
from kulla.events.sandbox import Died, Pool, Result
from kulla.events.sources import Broken
from kulla.hunt.options import Options
from kulla.hunt.pieces import Task, tasks
from kulla.hunt.reader import Note, Read, Reader
from kulla.hunt.ruleview import search
from kulla.settings import Settings

NEAR = 2_000
"""Events of a batch that are looked at for near misses when none matches."""


UNITS = {"evtx": "record", "json_array": "element", "winxml": "event"}
"""What a position counts, by format; lines in all others."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One event and one rule. `file` is as shown to people, `unit` what `record` counts, `number` an EventRecordID
    that differs from it (exported logs). `asked`: whether the rule runs on events of that logsource at all."""

    rule: Rule
    file: str
    unit: str
    record: int
    number: str | None
    time: int | None
    logsource: Logsource
    asked: bool
    explanation: Explanation

    @property
    def matched(self) -> bool:
        """Whether a hunt would report this event."""
        return self.asked and self.explanation.matched

    @property
    def rank(self) -> tuple[bool, bool, int]:
        """Matches first, then events the rule is asked of, then those with most selections met."""
        met = sum(selection.met for selection in self.explanation.selections)
        return not self.matched, not self.asked, -met


@dataclass(slots=True)
class Explained:
    """The answers that tell most, and counts over all events: how many there are, how many are of a logsource that
    the rule is asked of, how many match. `broken` tells what could not be read."""

    rule: Rule
    answers: list[Answer] = field(default_factory=list)
    events: int = 0
    asked: int = 0
    matched: int = 0
    logsources: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    def merge(self, other: Explained, limit: int) -> None:
        """Add what another part of the input gave; of its answers the best `limit` of all stay."""
        self.answers = sorted([*self.answers, *other.answers], key=lambda answer: answer.rank)[:limit]
        self.events += other.events
        self.asked += other.asked
        self.matched += other.matched
        self.logsources.update(other.logsources)
        self.broken += other.broken


class Explainer:
    """Explains the events of a piece."""

    def __init__(self, options: Options, rule: Rule, record: int | None, limit: int) -> None:
        self._options = options
        self._rule = rule
        self._record = record
        self._limit = limit

    def load(self) -> None:
        """Compile the rule."""
        table = mapping.load(self._options.mappings)
        self._feeds = table.feeds
        self._engine = compile_rules([self._rule], table.feeds)
        self._reader = Reader(self._options, table)

    def __call__(self, task: Task) -> Iterator[Explained]:
        """What each batch gives. Pieces are whole files here, so positions are the files' own."""
        for read in self._reader.read(task):
            if not isinstance(read, Note):
                yield self._explained(read)
            elif isinstance(read.found, Broken):
                yield Explained(self._rule, broken=[f"{read.found.source.shown}: {read.found.reason}"])

    def _explained(self, read: Read) -> Explained:
        batch, said = read.batch, Explained(self._rule, events=len(read.batch))
        said.broken = [f"{read.source.shown}: {each.unit} {each.position}: {each.reason}" for each in read.rejects]
        asked = [np.zeros(0, np.int32)]
        for group in batch.groups:
            said.logsources[str(group.logsource)] += len(group.rows)
            if self._feeds(self._rule.logsource, group.logsource):
                asked.append(group.rows)
        near = np.sort(np.concatenate(asked))
        hits = self._engine.match(batch).rows
        said.asked, said.matched = len(near), len(hits)
        answers = [self._answer(read, row) for row in self._rows(batch, near, hits)]
        said.answers = sorted(answers, key=lambda answer: answer.rank)[: self._limit]
        return said

    def _rows(self, batch: Batch, near: Rows, hits: Rows) -> Sequence[int]:
        if self._record is not None:
            here: list[int] = np.flatnonzero(batch.position == self._record).tolist()
            return here
        best: list[int] = (hits[: self._limit] if len(hits) else near[:NEAR]).tolist()
        return best

    def _answer(self, read: Read, row: int) -> Answer:
        batch, logsource = read.batch, read.batch.group(row).logsource
        asked, event, record = self._feeds(self._rule.logsource, logsource), batch.event(row), int(batch.position[row])
        own = next(iter(event.get("EventRecordID", ())), None) if read.format == "evtx" else None
        return Answer(
            rule=self._rule,
            file=read.source.shown,
            unit=UNITS.get(read.format, "line"),
            record=record,
            number=own if own != str(record) else None,
            time=batch.time[row].cast(pa.int64()).as_py(),
            logsource=logsource,
            asked=asked,
            explanation=reference.evaluate(self._rule, event),
        )


def explained(
    wanted: str,
    file: str,
    record: int | None,
    limit: int,
    rules: Sequence[str],
    values: str | None,
    mappings: Sequence[str],
    zone: str | None,
    settings: Settings | None = None,
) -> Explained:
    """Answers for the event at `record`, or for the first that match, or else for those that came nearest.

    Raises UsageError for a correlation, and InputError when the file cannot be read or is no log.
    """
    rule = search(wanted, rules, values)
    if not isinstance(rule, Rule):
        raise UsageError(f"'{wanted}' is a correlation: explain one of the rules it refers to")
    options = Options([file], rules, mappings=mappings, zone=zone, settings=settings or Settings())
    explainer = Explainer(options, rule, record, limit)
    found = Explained(rule)
    with Pool[Task](explainer, 1, options.settings, explainer.load) as pool:
        for outcome in pool.run(_whole_files(options, found.broken), lambda task: task.size):
            if isinstance(outcome, Result):
                found.merge(outcome.value, limit)
            elif isinstance(outcome, Died):
                raise InputError(f"{file}: {outcome.reason}")
    if found.broken and not found.events:
        raise InputError("\n".join(found.broken[:5]))
    return found


def _whole_files(options: Options, broken: list[str]) -> Iterator[Task]:
    """Files are not cut, so that positions are the files' own; the parts of an archive hold whole members."""
    for each in tasks(sources.find(options.paths, options.settings), FORMATS, None, options.settings):
        if not isinstance(each, Task):
            broken.append(f"{each.source.shown}: {each.reason}")
        elif each.format is None:
            yield each
        elif each.first:
            yield Task(each.source, each.format, None, each.source.size or 0)
