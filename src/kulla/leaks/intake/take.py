"""A leaked file taken in: hashed here, read in a confined process, since it comes from whoever leaked it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from kulla.errors import InputError
from kulla.events.rejects import readable
from kulla.events.sandbox import Died, Pool, Result, Tick
from kulla.leaks.intake._api import Fact, Facts, Problem, Task, tidy_text
from kulla.leaks.intake.reader import Named, Part, confined
from kulla.leaks.leaktable import LeakFile, LeakTable, Sighting
from kulla.settings import Settings


def take(path: Path, settings: Settings, key: bytes = b"", tick: Callable[[Tick], None] = lambda _: None) -> LeakFile:
    """What is in a file, and what it says of itself.

    A file, or a part of one, that cannot be read is a problem of the result; what was read before stands. `key` seals
    the senders in chat exports (HMAC-SHA256, 128 bits); without one no sender is kept. Take files in before threads are
    started: a process is forked.

    Raises InputError when there is no such file or it cannot be opened.
    """
    return take_all([path], settings, key, tick)[0]


def take_all(
    paths: Sequence[Path], settings: Settings, key: bytes = b"", tick: Callable[[Tick], None] = lambda _: None
) -> list[LeakFile]:
    """As `take`, of several files, in their order, with one confined process for all that do not end it."""
    found = []
    with Pool(confined, 1, settings) as pool:
        for path in paths:
            name = readable(path.name)
            size, sha256 = _hashed(path)
            task = Task(str(path.absolute()), name, settings, key)
            taken, died = _attempt(pool, task, size, sha256, tick)
            if died and taken.form in _AGAIN and _was_ended(died):
                other, again = _attempt(pool, replace(task, again=True), size, sha256, tick)
                if other.count >= taken.count:
                    taken, died = other, again
                    taken.add(Fact("reading", "cell by cell: the sheets span more than memory holds"))
            if died:
                taken.problems.append(f"refused: {died.reason}" if died.unsafe else died.reason)
            found.append(taken.file())
    return found


_MOST_PROBLEMS: Final = 100
_MOST_BYTES: Final = 6 << 30
"""What the tables of one file may take in this process; 640,000 rows of six columns take 50 MiB."""
_AGAIN: Final = frozenset({"xlsx", "zip"})
"""Forms of which there is a slower way that needs less memory."""


def _attempt(
    pool: Pool[Task], task: Task, size: int, sha256: str, tick: Callable[[Tick], None]
) -> tuple[_Taken, Died | None]:
    taken, died = _Taken(task.name, sha256, size), None
    with closing(pool.run([task], size=lambda _: size, tick=tick)) as outcomes:
        for outcome in outcomes:
            if isinstance(outcome, Result):
                taken.add(outcome.value)
                if taken.bytes > _MOST_BYTES:
                    return taken, Died(0, f"holds more than {_MOST_BYTES >> 20} MiB of tables; split it", unsafe=True)
            elif isinstance(outcome, Died):
                died = outcome
    return taken, died


def _was_ended(died: Died) -> bool:
    """Whether memory, not time or an error that was told, ended the process."""
    return (died.unsafe or died.reason.startswith("the worker")) and "worker_seconds" not in died.reason


def _hashed(path: Path) -> tuple[int, str]:
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return file.tell(), digest
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a usable path"
        raise InputError(f"{readable(str(path))}: {reason}; give a file that can be read") from None


class _Taken:
    """What came from the confined process so far. It has met hostile bytes, so what it says is checked."""

    def __init__(self, name: str, sha256: str, size: int) -> None:
        self._name, self._sha256, self._size = name, sha256, size
        self.form = "unknown"
        self._facts = Facts()
        self._tables: list[list[LeakTable]] = []
        self._sightings: list[Sighting] = []
        self.bytes = 0
        self.problems: list[str] = []

    def add(self, sent: object) -> None:
        """One thing that it sent."""
        match sent:
            case Named(form):
                self.form = form
            case Fact():
                self._facts.add(sent)
            case Problem(text):
                self.problems.append(text)
            case Sighting():
                self._sightings.append(sent)
            case Part(table, more) if _sound(table):
                self.bytes += table.data.nbytes
                if more and self._tables:
                    self._tables[-1].append(table)
                else:
                    self._tables.append([table])
            case _:
                self.problems.append("the reading process sent what it should not; take nothing of this file for sure")

    @property
    def count(self) -> int:
        """How many rows there are."""
        return sum(table.rows for parts in self._tables for table in parts)

    def file(self) -> LeakFile:
        """All of it."""
        return LeakFile(
            self._name, self._sha256, self._size, self.form, self._facts.told(), tuple(map(_whole, self._tables)),
            _some(self.problems), tuple(self._sightings),
        )  # fmt: skip


def _some(problems: Sequence[str]) -> tuple[str, ...]:
    """Each once, and of very many (an archive of pictures) the first, with how many more there were."""
    each = tuple(map(tidy_text, dict.fromkeys(problems)))
    more = len(each) - _MOST_PROBLEMS
    return each if more <= 0 else (*each[:_MOST_PROBLEMS], f"{more} more problems like these")


def _sound(table: LeakTable) -> bool:
    """Whether a table is what it claims to be."""
    try:
        table.data.validate()
    except pa.ArrowInvalid:
        return False
    columns = table.data.num_columns == len(table.headers) and set(table.data.schema.types) <= {pa.string()}
    return columns and len(table.lines) == len(table.blocks) == table.rows


def _whole(parts: list[LeakTable]) -> LeakTable:
    if len(parts) == 1:
        return parts[0]
    return replace(
        parts[0],
        data=pa.concat_tables([part.data for part in parts]),
        lines=np.concatenate([part.lines for part in parts]),
        blocks=np.concatenate([part.blocks for part in parts]),
    )
