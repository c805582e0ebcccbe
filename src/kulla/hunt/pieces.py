"""Cutting the input into pieces of work: one file, several small ones, one zip member, a byte range of a large file."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from kulla.errors import InputError
from kulla.events import sources
from kulla.events.formats._api import Cut, Format
from kulla.events.sniff import HEAD, UNKNOWN, choose, named
from kulla.events.sources import Broken, Skipped, Source
from kulla.settings import Settings

AIM = 48 << 20
"""Bytes of a piece of a large file: one batch. Smaller ones cost more per event, larger ones more memory."""
SMALL, BUNDLE = 1 << 20, 8 << 20
"""Bytes of files that may share a piece, and of such a piece: a batch of its own costs a file some 15 ms, whatever it
holds, and logs taken from Windows are hundreds of files of 68 KiB."""
_MOST = 64
"""Files of a bundle, so that a few of them still keep several workers busy."""


@dataclass(frozen=True, slots=True)
class Task:
    """A piece of work. `format` and `cut` are given for plain files; None: the worker finds out, as it must for
    archives. `first`: this is the first piece of its source. `size` is in bytes, as found on disk. `others`: small
    files of the same format, read with `source`. `number` is that of the source in the input, the others' follow."""

    source: Source
    format: str | None
    cut: Cut | None
    size: int
    first: bool = True
    others: tuple[Source, ...] = ()
    number: int = 0

    @property
    def sources(self) -> tuple[Source, ...]:
        """All that it reads."""
        return self.source, *self.others

    def singles(self) -> list[Task]:
        """A piece for each of its sources."""
        if not self.others:
            return [self]
        return [
            Task(each, self.format, None, each.size or 0, number=self.number + at)
            for at, each in enumerate(self.sources)
        ]


def tasks(
    found: Iterable[Source | Skipped | Broken], formats: Sequence[Format], forced: str | None, settings: Settings
) -> Iterator[Task | Skipped | Broken]:
    """The pieces of all sources, in order, and what is none."""
    number = -1
    for each in _pieces(found, formats, forced, settings):
        if isinstance(each, Task):
            number += each.cut is None or each.first
            yield replace(each, number=number)
        else:
            yield each


def bundled(pieces: Iterable[Task | Skipped | Broken], formats: Collection[str]) -> Iterator[Task | Skipped | Broken]:
    """The same with small files of these formats that follow each other put together."""
    held: list[Task] = []
    for each in pieces:
        alone = not isinstance(each, Task) or each.cut is not None or each.format not in formats or each.size > SMALL
        full = len(held) >= _MOST or (bool(held) and (alone or _unlike(held, each)))
        if full:
            yield _bundle(held)
            held = []
        if isinstance(each, Task) and not alone:
            held.append(each)
        else:
            yield each
    if held:
        yield _bundle(held)


def _unlike(held: Sequence[Task], each: Task | Skipped | Broken) -> bool:
    assert isinstance(each, Task)
    return each.format != held[0].format or sum(one.size for one in held) + each.size > BUNDLE


def _bundle(held: Sequence[Task]) -> Task:
    return replace(held[0], size=sum(one.size for one in held), others=tuple(one.source for one in held[1:]))


def _pieces(
    found: Iterable[Source | Skipped | Broken], formats: Sequence[Format], forced: str | None, settings: Settings
) -> Iterator[Task | Skipped | Broken]:
    for each in found:
        if not isinstance(each, Source):
            yield each
        elif sources.is_container(each):
            parts = sources.split(each, settings)
            for at, part in enumerate(parts):
                yield Task(part, None, None, part.size or 0, at == 0)
        else:
            yield from _plain(each, formats, forced)


def _plain(source: Source, formats: Sequence[Format], forced: str | None) -> Iterator[Task | Skipped | Broken]:
    try:
        with sources.open_file(source) as file:
            head = file.peek(HEAD)[:HEAD]
            if not head:
                yield Skipped(source, "empty file")
                return
            chosen = named(forced, formats) if forced else choose(head, source.name, formats)
            if chosen is None:
                yield Skipped(source, UNKNOWN)
                return
            size = source.size or 0
            cuts: Sequence[Cut | None] = chosen.cut(file, size, AIM) if size > AIM else [None]
    except InputError as error:
        yield Broken(source, str(error))
        return
    for at, cut in enumerate(cuts):
        yield Task(source, chosen.name, cut, cut.stop - cut.start if cut else size, at == 0)


@dataclass(slots=True)
class Place:
    """Where the piece whose results come in stands: its source's number in the input, the lines before it there, and
    its own lines so far. Results come piece by piece, so lines are counted on from one piece of a source to the next.
    """

    number: int = 0
    before: int = 0
    lines: int = 0
    task: Task | None = None

    def come(self, task: Task, source: Source | None = None) -> None:
        """A result of this piece came, of this one of its sources."""
        if source is not None:
            self.number = task.number + (task.sources.index(source) if task.others else 0)
        if task is self.task:
            return
        self.before = 0 if task.cut is None or task.first else self.before + self.lines
        self.lines = 0
        self.task = task

    @property
    def offset(self) -> int:
        """What to add to the positions of this piece."""
        return self.before if self.task and self.task.cut else 0

    def lose(self) -> None:
        """The worker did not finish this piece: count its lines here, so that those after it keep their numbers."""
        if self.task and self.task.cut:
            # A file that is gone cannot be counted; then its other pieces cannot be read either.
            with contextlib.suppress(InputError):
                self.lines = lines_in(self.task.source, self.task.cut)


def lines_in(source: Source, cut: Cut | None) -> int:
    """Lines of a piece that no worker came back from, so that those after it keep their numbers."""
    count = 0
    with sources.open_file(source) as file:
        if cut:
            file.seek(cut.start)
        left = cut.stop - cut.start if cut else -1
        while left and (block := file.read(min(1 << 20, left) if left > 0 else 1 << 20)):
            count += block.count(b"\n")
            left -= len(block) if left > 0 else 0
    return count
