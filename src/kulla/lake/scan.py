"""Going through the blocks that may answer a question, newest first, on several threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

import numpy as np

from kulla.events.text import fold
from kulla.lake.block import Block, Mask
from kulla.lake.datafile import Reader
from kulla.lake.index import Index, Indexes
from kulla.lake.layout import File
from kulla.lake.match import holds
from kulla.lake.scope import Span
from kulla.lake.tree import LABELS, And, Between, Compare, Field, Node, Or, Word

T = TypeVar("T")
R = TypeVar("R")

_MOST_TOGETHER = 8
"""Blocks in one task: a task costs 0.1 ms to hand over, a block that is read but met by nothing 1 to 3 ms."""


@dataclass(frozen=True, slots=True)
class Scan:
    """One question: its query and span, and what reads the lake."""

    reader: Reader
    indexes: Indexes
    pool: Executor
    node: Node
    span: Span

    def days(self, files: Iterable[File]) -> Iterator[list[tuple[int, Block]]]:
        """Day by day, as the files come: what blocks may hold an answer, with the last time in each, latest first."""
        for _, group in groupby(files, key=lambda file: file.partition.day):
            found = [each for file in group for each in self._blocks(file)]
            found.sort(key=lambda each: (-each[0], each[1].file.path, each[1].number))
            yield found

    def _blocks(self, file: File) -> list[tuple[int, Block]]:
        blocks = self.reader.blocks(file.path)
        open_blocks = (blocks.first < self.span.until) & (blocks.last >= self.span.since)
        if self.span.timeless:
            open_blocks |= blocks.timeless > 0
        index = self.indexes.of(file.path)
        if index is not None:
            open_blocks &= possible(self.node, index)
        return [
            (int(blocks.last[at]), Block(self.reader, file, at, index)) for at in np.flatnonzero(open_blocks).tolist()
        ]

    def met(self, block: Block) -> Mask:
        """Which events of a block are in the span and meet the query."""
        return holds(self.node, block, block.inside(self.span))

    def each(self, blocks: Sequence[Block], work: Callable[[Block], R]) -> Iterator[list[R]]:
        """`work` done on each block by the pool's threads, in order, a few at a time: few at first, then more."""
        yield from ahead(self.pool, lambda some: [work(block) for block in some], growing(blocks))


def growing(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """The items in runs: four of one, then longer ones.

    >>> [len(run) for run in growing(range(30))]
    [1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 2]
    """
    at, runs = 0, 0
    while at < len(items):
        size = min(1 << runs // 4, _MOST_TOGETHER)
        yield items[at : at + size]
        at, runs = at + size, runs + 1


def ahead(pool: Executor, work: Callable[[T], R], items: Iterable[T], window: int = 4) -> Iterator[R]:
    """`work` of each item in order, done on the pool up to `window` items ahead. Closing stops what has not begun."""
    waiting: deque[Future[R]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) >= window:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def possible(node: Node, index: Index) -> Mask:
    """Which blocks of an indexed file may hold an event that meets the query."""
    every: Mask = np.ones(index.blocks, bool)
    if isinstance(node, Word):
        for part in node.pattern.parts:
            if isinstance(part, str):
                every = every & index.may_hold(part)
        return every
    if isinstance(node, Field | Compare | Between):
        name = fold(node.name)
        return every if name in LABELS else index.may_have(name)
    if isinstance(node, And):
        for each in node.children:
            every = every & possible(each, index)
    elif isinstance(node, Or):
        every = ~every
        for each in node.children:
            every = every | possible(each, index)
    return every  # of `not`, too: what a block may hold says nothing of what it must
