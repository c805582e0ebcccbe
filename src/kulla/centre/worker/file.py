"""One file on its way through the worker: which of its parts are stored, what waits for the next chunk, how it ends."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from kulla.centre.worker.alerting import Where
from kulla.centre.worker.chunk import Chunk
from kulla.centre.worker.inbox import Waiting
from kulla.centre.worker.models import SourceFile
from kulla.events.batch import Origin
from kulla.events.sources import Broken, Skipped, Source, open_file
from kulla.hunt.gathering import Came, Lost
from kulla.hunt.pieces import Task
from kulla.hunt.rulebook import Index

_BLOCK: Final = 16 << 20


def hashed(waiting: Waiting, between: Callable[[], None]) -> str:
    """SHA-256 of a file as it lies there, in hexadecimal; `between` is called after every 16 MiB. Raises InputError
    when it cannot be read."""
    digest = hashlib.sha256()
    with open_file(Source(waiting.name, place=str(waiting.path))) as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            between()
    return digest.hexdigest()


@dataclass
class Reading:
    """A file that is being read. `pieces` is how many it was cut into, None while that is not known; `noted` what in it
    is no log or could be read in part only, with whether that is damage."""

    waiting: Waiting
    row: SourceFile
    where: Where
    index: Index
    pieces: int | None = None
    skipped: list[str] = field(default_factory=list)
    broken: int = 0
    _at: tuple[int, int] = (0, 0)
    _done: tuple[int, int] = (0, 0)
    chunk: Chunk = field(init=False)

    def __post_init__(self) -> None:
        self._done = (self.row.piece, self.row.part)
        self.broken = self.row.rejects
        self.chunk = self._fresh()

    @property
    def source(self) -> Source:
        """As the reader opens it. People see its name below the inbox."""
        waiting = self.waiting
        shown = f"{self.where.constituent}/{waiting.name}"
        return Source(shown, size=waiting.size, mtime=waiting.mtime, place=str(waiting.path))

    @property
    def ended(self) -> bool:
        """Whether everything of it was read."""
        return self.pieces is not None and self._at[0] >= self.pieces

    def take(self, came: Came) -> None:
        """A part, unless it was stored before a crash."""
        if self._at >= self._done:
            self.chunk.add(came)
            self.broken += len(came.part.rejects)
        self._at = (self._at[0], self._at[1] + 1)

    def lose(self, lost: Lost) -> None:
        """The rest of a piece could not be read."""
        self._broke(f"{lost.reject.unit} {lost.reject.position}: {lost.reject.reason}")

    def passed(self, _: Task) -> None:
        """A piece ended."""
        self._at = (self._at[0] + 1, 0)

    def note(self, found: Skipped | Broken) -> None:
        """A stream in it is no log, or broke off."""
        member = found.source.member
        text = f"{member}: {found.reason}" if member else found.reason
        if isinstance(found, Broken):
            self._broke(text)
        else:
            self.skipped.append(text[:300])

    def _broke(self, text: str) -> None:
        self.broken += 1
        if self._at >= self._done:
            self.chunk.reject(text)

    def next(self) -> Chunk:
        """The chunk to be stored now; the row is set to where it ends."""
        chunk, self.chunk = self.chunk, self._fresh()
        self.row.piece, self.row.part = self._done = self._at
        return chunk

    def useless(self) -> str:
        """Why nothing at all could be made of it; empty when something could, or it is simply empty."""
        if self.row.events or self.chunk.rows or not self.waiting.size:
            return ""
        if self.broken:
            return (self.chunk.problems or self.row.problems or ["nothing could be read"])[0]
        return self.skipped[0] if self.skipped else "holds no event"

    def _fresh(self) -> Chunk:
        shown = f"{self.where.constituent}/{self.waiting.name}"
        origin = Origin(shown, self.row.sha256, "", self.where.constituent, self.where.zone)
        return Chunk(origin, self.row.pk, self.index)
