"""What workers send back, put in order: parts with the positions of their whole file, whatever pieces it was cut into.

A bundle's results are held until it is done: if its worker dies, each of its files is read on its own (`again`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pyarrow as pa

from kulla.events.formats._api import Reject
from kulla.events.sandbox import Died, Outcome, Result
from kulla.events.sources import Source
from kulla.hunt import find
from kulla.hunt.pieces import Place, Task
from kulla.hunt.reader import Note
from kulla.hunt.worker import Part

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Came:
    """A part as it came. `number` is its source's place in the input, `offset` the lines of the source before it."""

    part: Part
    number: int
    offset: int

    @property
    def source(self) -> Source:
        """Whose part it is."""
        return self.part.source

    @property
    def hits(self) -> pa.Table:
        """Its hits, at positions of the whole source."""
        return find.moved(self.part.hits, self.offset)

    @property
    def signals(self) -> pa.Table:
        """Its signals, likewise."""
        return find.moved(self.part.signals, self.offset)

    @property
    def rejects(self) -> list[Reject]:
        """Its rejects, likewise."""
        return [find.moved_reject(reject, self.offset) for reject in self.part.rejects]


@dataclass(frozen=True, slots=True)
class Lost:
    """A worker died over a piece: what came of it before stands, the rest was not read."""

    source: Source
    reject: Reject


@dataclass(frozen=True, slots=True)
class Passed:
    """A piece ended; of a bundle, one for each of its files."""

    task: Task


@dataclass
class Gathering:
    """Give `numbered` to the pool and every outcome to `take`; then the same with `again`, should it hold any."""

    again: list[Task] = field(default_factory=list)
    _given: dict[int, Task] = field(default_factory=dict)
    _held: list[Part | Note] = field(default_factory=list)
    _place: Place = field(default_factory=Place)

    def numbered(self, pieces: Iterable[Task]) -> Iterator[Task]:
        """The pool numbers tasks as it takes them; this remembers which is which."""
        for number, each in enumerate(pieces):
            self._given[number] = each
            yield each

    def retried(self) -> list[Task]:
        """The files to read again one by one, taken off."""
        pieces, self.again = self.again, []
        return pieces

    def take(self, outcome: Outcome) -> Iterator[Came | Note | Lost | Passed]:
        """What an outcome comes to. Walk it to its end."""
        task = self._given[outcome.index]
        if isinstance(outcome, Result):
            if task.others:
                self._held.append(outcome.value)
            else:
                yield self._come(outcome.value, task)
            return
        del self._given[outcome.index]
        if task.others and isinstance(outcome, Died):
            log.debug("%s and %d more: %s; read again one by one", task.source.shown, len(task.others), outcome.reason)
            self.again += task.singles()
            self._held.clear()
            return
        for value in self._held:
            yield self._come(value, task)
        self._held.clear()
        self._place.come(task)
        if isinstance(outcome, Died):
            yield self._died(task, outcome)
        for single in task.singles():
            yield Passed(single)

    def _come(self, value: Part | Note, task: Task) -> Came | Note:
        self._place.come(task, value.source if isinstance(value, Part) else None)
        if isinstance(value, Note):
            return value
        came = Came(value, self._place.number, self._place.offset)
        self._place.lines += value.lines
        return came

    def _died(self, task: Task, outcome: Died) -> Lost:
        if outcome.trace:
            log.debug("%s: %s\n%s", task.source.shown, outcome.reason, outcome.trace)
        start = task.cut.start if task.cut else 0
        self._place.lose()
        return Lost(task.source, Reject(start, f"{outcome.reason}; the rest of this piece was not read", b"", "byte"))
