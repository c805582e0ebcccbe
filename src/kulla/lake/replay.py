"""Events read back whole, in order of time, for rules that come later than they did.

The files of a day overlap, and a rule may ask several of them. So the blocks of all files of a day are read by the time
at which they begin: what is told with them, that nothing earlier is to come, is all that correlations need to let go of
what is behind it. Events whose day is not to be believed are read first, since their times may be any.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import numpy as np
import pyarrow as pa

from kulla.events.logsource import Logsource
from kulla.events.schema import SCHEMA
from kulla.events.table import LogsourceTable
from kulla.lake.block import Block
from kulla.lake.datafile import Reader
from kulla.lake.layout import READ, UNDATED, File, whole
from kulla.lake.scope import Span

_TOGETHER: Final = 8
"""Blocks read at once: 32,768 events, some 50 MB."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some events, in the columns of the contract. `looked`: how many were looked at for them, those included on which
    no rule runs. `settled`: no event of a stretch to come is earlier than this, µs; None: nothing is known of that."""

    events: pa.Table
    looked: int
    settled: int | None = None


@dataclass(frozen=True, slots=True)
class _Piece:
    """A block of a file, by the time at which it begins."""

    first: int
    file: File
    number: int


def stretches(
    reader: Reader, files: Sequence[File], span: Span, logsources: Collection[Logsource] | None, table: LogsourceTable
) -> Iterator[Stretch]:
    """The events of `files` in a span: undated ones first, then by day, and within a day block by block as they begin.
    Only those on which a rule of one of `logsources` runs, unless that is None."""
    by_day = sorted(files, key=lambda each: (each.partition.day != UNDATED, each.partition.day, each.path))
    for day, members in groupby(by_day, key=lambda each: each.partition.day):
        pieces = sorted((one for file in members for one in _pieces(reader, file, span)), key=_begins)
        for at in range(0, len(pieces), _TOGETHER):
            some, rest = pieces[at : at + _TOGETHER], pieces[at + _TOGETHER : at + _TOGETHER + 1]
            events: list[pa.Table] = []
            looked = 0
            for file, of_file in groupby(sorted(some, key=lambda each: each.file.path), key=lambda each: each.file):
                numbers = sorted(each.number for each in of_file)
                inside = np.concatenate([Block(reader, file, number).inside(span) for number in numbers])
                looked += int(np.count_nonzero(inside))
                if logsources is not None and inside.any():
                    inside &= _fed(reader, file, numbers, logsources, table)
                if inside.any():
                    read = reader.read(file.path, numbers, READ.names)
                    events.append(whole(read if inside.all() else read.filter(pa.array(inside)), file.partition))
            # Together, since a source's events lie in several files, and rules cost less on many events than on few.
            joined = pa.concat_tables(events).unify_dictionaries() if events else SCHEMA.empty_table()
            yield Stretch(joined, looked, rest[0].first if rest and day != UNDATED else None)


def _pieces(reader: Reader, file: File, span: Span) -> Iterator[_Piece]:
    """The blocks of a file that may hold events of the span."""
    blocks = reader.blocks(file.path)
    wanted = (blocks.first < span.until) & (blocks.last >= span.since)
    if span.timeless:
        wanted |= blocks.timeless > 0
    for number in np.flatnonzero(wanted).tolist():
        yield _Piece(int(blocks.first[number]), file, number)


def _begins(piece: _Piece) -> tuple[int, str, int]:
    return piece.first, piece.file.path, piece.number


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
