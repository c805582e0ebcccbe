"""Events read back whole, for rules that come later than they did."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final

import numpy as np
import pyarrow as pa

from kulla.events.logsource import Logsource
from kulla.events.table import LogsourceTable
from kulla.lake.block import Block
from kulla.lake.datafile import Reader
from kulla.lake.layout import READ, UNDATED, File, whole
from kulla.lake.scope import Span

_TOGETHER: Final = 8
"""Blocks read at once: 32,768 events, some 50 MB."""


def tables(
    reader: Reader, files: Sequence[File], span: Span, logsources: Collection[Logsource] | None, table: LogsourceTable
) -> Iterator[pa.Table]:
    """The events of `files` in a span, in the columns of the contract: oldest day first, undated last; within a day
    file by file. Only those on which a rule of one of `logsources` runs, unless that is None."""
    for file in sorted(files, key=lambda each: (each.partition.day == UNDATED, each.partition)):
        blocks = reader.blocks(file.path)
        wanted = (blocks.first < span.until) & (blocks.last >= span.since)
        if span.timeless:
            wanted |= blocks.timeless > 0
        numbers = np.flatnonzero(wanted).tolist()
        for at in range(0, len(numbers), _TOGETHER):
            some = numbers[at : at + _TOGETHER]
            inside = np.concatenate([Block(reader, file, number).inside(span) for number in some])
            if logsources is not None and inside.any():
                inside &= _fed(reader, file, some, logsources, table)
            if inside.any():
                read = reader.read(file.path, some, READ.names)
                yield whole(read if inside.all() else read.filter(pa.array(inside)), file.partition)


def _fed(
    reader: Reader, file: File, blocks: Sequence[int], logsources: Collection[Logsource], table: LogsourceTable
) -> np.ndarray:
    """On which events of some blocks a rule of one of the logsources runs."""
    names = ("product", "category", "service")
    columns = [column.cast(pa.string()).to_pylist() for column in reader.read(file.path, blocks, names).columns]
    known: dict[tuple[str | None, ...], bool] = {}
    for triple in dict.fromkeys(zip(*columns, strict=True)):
        event = Logsource(*triple)
        known[triple] = any(table.feeds(rule, event) for rule in logsources)
    return np.array([known[triple] for triple in zip(*columns, strict=True)], bool)
