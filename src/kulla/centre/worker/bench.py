"""The confined children's work: look whether a file must be kept out; parse a piece and match the rules of its place.

Rules may differ from place to place (filters are tuned for one zone or constituent), so there may be several books of
them; places with equal rules share one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from kulla.alert import Level
from kulla.centre.worker.quarantine import Scan, scanned
from kulla.hunt.options import Options, Selection
from kulla.hunt.pieces import Task
from kulla.hunt.rulebook import Index, open_index
from kulla.hunt.worker import Worker
from kulla.settings import Settings


@dataclass(frozen=True, slots=True)
class Job:
    """A piece, and the number of the book that is asked of it."""

    book: int
    task: Task

    @property
    def size(self) -> int:
        """Bytes of the piece."""
        return self.task.size


class Bench:
    """What the pool runs: `load` once, then one task after another."""

    def __init__(self, books: Sequence[Options], settings: Settings) -> None:
        self._settings = settings
        self._workers = [Worker(options, keep_events=True) for options in books]

    def load(self) -> None:
        """Load the rules. Raises ConfigError or UsageError."""
        for worker in self._workers:
            worker.load()

    def __call__(self, task: Job | Scan) -> Iterator[Any]:
        """The parts of a piece; or of a scan the register's name, if any."""
        if isinstance(task, Scan):
            yield from scanned(task, self._settings)
        else:
            yield from self._workers[task.book](task.task)


@dataclass
class Books:
    """The books by place. `options` of each distinct set of rules; `of` place → number in it."""

    options: list[Options]
    of: dict[tuple[str, str], int]

    @cached_property
    def indexes(self) -> list[Index]:
        """What is known of each book's rules; ask after the children have loaded them, and so filled the cache."""
        return [open_index(options) for options in self.options]


def books(rules: dict[tuple[str, str], list[str]], level: Level, cache: str, settings: Settings) -> Books:
    """Books for places (zone, constituent) with these rule paths, of rules from this level on and what their
    correlations need. Places with equal paths share one."""
    made: dict[tuple[str, ...], int] = {}
    of = {place: made.setdefault(tuple(paths), len(made)) for place, paths in rules.items()}
    options = [Options((), paths, Selection(level), settings=settings, cache=cache) for paths in made]
    return Books(options, of)
