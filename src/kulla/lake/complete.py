"""What a query could go on with: names of fields, and values of one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

import numpy as np
import pyarrow as pa

from kulla.events.text import fold
from kulla.lake.block import Block
from kulla.lake.language import literal
from kulla.lake.layout import File
from kulla.lake.match import meets
from kulla.lake.scan import Scan
from kulla.lake.summary import Tally, valued
from kulla.lake.tree import LABELS

_MOST_BLOCKS: Final = 64
"""Newest blocks that are looked at, 262,144 events: a completion is wanted while somebody types."""


def complete(scan: Scan, files: Iterable[File], prefix: str, most: int) -> list[str]:
    """Texts that begin with the last term of `prefix`, or hold it, as the query would say them; the likeliest first.

    Without `:` names of fields, else the field's values among the newest events."""
    name, colon, begin = prefix.partition(":")
    if not colon:
        return _names(scan, files, prefix.strip('"'), most)
    return _values(scan, files, name.strip('"'), begin.strip('"'), most)


def _newest(scan: Scan, files: Iterable[File]) -> Iterator[Block]:
    return islice((block for day in scan.days(files) for _, block in day), _MOST_BLOCKS)


def _names(scan: Scan, files: Iterable[File], prefix: str, most: int) -> list[str]:
    wanted, found = fold(prefix), dict.fromkeys(LABELS, 0)
    plain: list[File] = []
    for file in files:
        index = scan.indexes.of(file.path)
        if index is None:
            plain.append(file)
        else:
            for name in index.names:
                found[name] = found.get(name, 0) + file.rows
    for names, rows in (
        each for some in scan.each(list(_newest(scan, plain)), lambda b: (b.names(), b.rows)) for each in some
    ):
        for name in names:
            found[name] = found.get(name, 0) + rows
    fit = [name for name in found if wanted in fold(name)]
    fit.sort(key=lambda name: (not fold(name).startswith(wanted), -found[name], name))
    return [f"{literal(name)}:" for name in fit[:most]]


def _values(scan: Scan, files: Iterable[File], name: str, begin: str, most: int) -> list[str]:
    tally = Tally()
    for some in scan.each(list(_newest(scan, files)), lambda block: valued(block, [name], block.inside(scan.span))):
        for events, values in some:
            if values is not None:
                fit = meets(values.field(0), [begin] if begin else [])
                tally.add(events, values.filter(pa.array(fit)))
    wanted = fold(begin)
    values = [(text, number) for text, number in tally.facet(1000).values if len(text) <= 200]
    values.sort(key=lambda each: not fold(each[0]).startswith(wanted))
    return [f"{literal(name)}:{literal(text)}" for text, _ in values[:most]]


def lookup(scan: Scan, files: Iterable[File], event_id: bytes) -> pa.Table | None:
    """The event of this id whole, one row; None when there is none."""
    for day in scan.days(files):
        for some in scan.each([block for _, block in day], lambda block: _place(block, event_id)):
            for block, row in some:
                if row is not None:
                    return block.table(np.array([row], np.int32))
    return None


def _place(block: Block, event_id: bytes) -> tuple[Block, int | None]:
    return block, block.place(event_id)
