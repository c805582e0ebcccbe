"""Why a rule matches, or does not match, events of a file. The file is read in a confined child, as in a hunt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from kulla.detect import reference
from kulla.detect.engine import compile_rules
from kulla.detect.explain import Explanation
from kulla.detect.rule import Rule
from kulla.detect.ruleset import load
from kulla.errors import InputError, UsageError
from kulla.events import mapping, sources
from kulla.events.batch import Batch
from kulla.events.formats import FORMATS
from kulla.events.logsource import Logsource
from kulla.events.sandbox import Died, Pool, Result
from kulla.hunt import ruleview, valuesfile
from kulla.hunt.options import Options
from kulla.hunt.pieces import Task, tasks
from kulla.hunt.reader import Note, Reader
from kulla.hunt.rulebook import read_texts
from kulla.settings import Settings

NEAR = 2_000
"""Events of a batch that are looked at for near misses when none matches."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One event and one rule. `asked`: whether the rule runs on events of that logsource at all."""

    rule: Rule
    record: int
    logsource: Logsource
    asked: bool
    explanation: Explanation

    @property
    def rank(self) -> tuple[bool, bool, int]:
        """Matches first, then events the rule is asked of, then those with most selections met."""
        met = sum(selection.met for selection in self.explanation.selections)
        return not (self.asked and self.explanation.matched), not self.asked, -met


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

    def __call__(self, task: Task) -> Iterator[list[Answer]]:
        """The best answers of each batch. Pieces are whole files here, so positions are the files' own."""
        for read in self._reader.read(task):
            if not isinstance(read, Note):
                yield self._answers(read.batch)

    def _answers(self, batch: Batch) -> list[Answer]:
        answers = [self._answer(batch, row) for row in self._rows(batch)]
        return sorted(answers, key=lambda answer: answer.rank)[: self._limit]

    def _rows(self, batch: Batch) -> Sequence[int]:
        if self._record is not None:
            rows: list[int] = np.flatnonzero(batch.position == self._record).tolist()
            return rows
        hits = self._engine.match(batch)
        if len(hits):
            first: list[int] = hits.rows[: self._limit].tolist()
            return first
        asked = [group.rows for group in batch.groups if self._feeds(self._rule.logsource, group.logsource)]
        near: list[int] = np.concatenate([np.zeros(0, np.int32), *asked])[:NEAR].tolist()
        return near or list(range(min(len(batch), self._limit)))

    def _answer(self, batch: Batch, row: int) -> Answer:
        logsource = batch.group(row).logsource
        asked = self._feeds(self._rule.logsource, logsource)
        explanation = reference.evaluate(self._rule, batch.event(row))
        return Answer(self._rule, int(batch.position[row]), logsource, asked, explanation)


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
) -> list[Answer]:
    """Answers for the event at `record`, or for the first that match, or else for those that came nearest.

    Raises UsageError for a correlation, and InputError when the file cannot be read or is no log.
    """
    rule = ruleview.find_rule(wanted, load(read_texts(rules), valuesfile.read(values)))
    if not isinstance(rule, Rule):
        raise UsageError(f"'{wanted}' is a correlation: explain one of the rules it refers to")
    options = Options([file], rules, mappings=mappings, zone=zone, settings=settings or Settings())
    explainer = Explainer(options, rule, record, limit)
    found: list[Answer] = []
    with Pool[Task](explainer, 1, options.settings, explainer.load) as pool:
        for outcome in pool.run(_whole_files(options), lambda task: task.size):
            if isinstance(outcome, Result):
                found += outcome.value
                found = sorted(found, key=lambda answer: answer.rank)[:limit]
            elif isinstance(outcome, Died):
                raise InputError(f"{file}: {outcome.reason}")
    return found


def _whole_files(options: Options) -> Iterator[Task]:
    for each in tasks(sources.find(options.paths, options.settings), FORMATS, None, options.settings):
        if not isinstance(each, Task):
            raise InputError(f"{each.source.shown}: {each.reason}")
        if each.first:
            yield Task(each.source, each.format, None, each.source.size or 0)
