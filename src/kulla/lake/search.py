"""The events that meet a query, newest first, as a stream.

Blocks are looked at from the latest on. An event is next as soon as no block still to come may hold a later one, so
with `limit` a frequent word is answered from the newest block, and without it memory holds what overlaps, not all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kulla.events.fields import Rows
from kulla.lake.block import Block
from kulla.lake.layout import File
from kulla.lake.scan import Scan, ahead

_FIRST, _MOST = 64, 16_384
"""Events that make a batch: few at first, so that rows show early, then more, since each costs a look at its block."""


@dataclass(slots=True)
class _Found:
    """The events found in one block, latest first. `high`, `low`: the halves of their ids, by which those of one time
    are ordered, so that compaction changes no answer. `table`: they whole, once some of them were wanted."""

    block: Block
    rows: Rows
    time: npt.NDArray[np.int64]
    high: npt.NDArray[np.uint64]
    low: npt.NDArray[np.uint64]
    table: pa.Table | None = None

    def keep(self, count: int) -> None:
        """Drop all but the first."""
        self.rows, self.time = self.rows[:count], self.time[:count]
        self.high, self.low = self.high[:count], self.low[:count]
        self.table = None if self.table is None else self.table.slice(0, count)

    def cut(self, count: int) -> pa.Table:
        """Take the first `count` away; they, whole."""
        table = self.block.table(self.rows) if self.table is None else self.table
        self.rows, self.time = self.rows[count:], self.time[count:]
        self.high, self.low = self.high[count:], self.low[count:]
        self.table = table.slice(count)
        return table.slice(0, count)


def rows(scan: Scan, files: Iterable[File], limit: int | None) -> Iterator[pa.RecordBatch]:
    """The events of `files` that meet the scan's query, as told in `Lake.search`."""
    left, wanted = limit, _FIRST
    for day in scan.days(files):
        if left == 0:
            return
        blocks, lasts = [block for _, block in day], [last for last, _ in day]
        pending: list[_Found] = []
        done = 0
        for some in scan.each(blocks, lambda block: _found(scan, block)):
            done += len(some)
            pending = _best([*pending, *(each for each in some if len(each.rows))], left)
            horizon = None if done == len(blocks) else lasts[done]
            ready = sum(_ready(each, horizon) for each in pending)
            if ready and (horizon is None or ready >= wanted or (left is not None and ready >= left)):
                table = _next(scan, pending, horizon, left)
                pending = [each for each in pending if len(each.rows)]
                left = None if left is None else left - len(table)
                wanted = min(2 * wanted, _MOST)
                yield from table.to_batches()
            if left == 0:
                return


def _found(scan: Scan, block: Block) -> _Found:
    at = np.flatnonzero(scan.met(block)).astype(np.int32)
    if not len(at):
        return _Found(block, at, np.empty(0, np.int64), np.empty(0, np.uint64), np.empty(0, np.uint64))
    time = block.time[at]
    halves = np.frombuffer(b"".join(block.ids(at).to_pylist()), ">u8").astype(np.uint64).reshape(-1, 2)
    order = np.lexsort((halves[:, 1], halves[:, 0], time))[::-1]
    return _Found(block, at[order], time[order], halves[order, 0], halves[order, 1])


def _ready(found: _Found, horizon: int | None) -> int:
    """How many of the found are later than the horizon; None: there is nothing to wait for."""
    return len(found.rows) if horizon is None else int(np.searchsorted(-found.time, -horizon, "left"))


def _best(pending: list[_Found], limit: int | None) -> list[_Found]:
    """Without those that cannot be among the first `limit`."""
    count = sum(len(each.rows) for each in pending)
    if limit is None or count <= limit + _MOST:
        return pending
    times = np.concatenate([each.time for each in pending])
    least = np.partition(times, count - limit)[count - limit]
    for each in pending:
        each.keep(int(np.searchsorted(-each.time, -least, "right")))
    return [each for each in pending if len(each.rows)]


def _next(scan: Scan, pending: list[_Found], horizon: int | None, limit: int | None) -> pa.Table:
    """Cut from `pending` what comes next: in order, whole, at most `limit`."""
    counts = [_ready(each, horizon) for each in pending]
    keys = [
        np.concatenate([getattr(each, name)[:count] for each, count in zip(pending, counts, strict=True)])
        for name in ("low", "high", "time")
    ]
    order = np.lexsort(keys)[::-1][:limit]
    owner = np.repeat(np.arange(len(pending)), counts)[order]
    rank = order - (np.cumsum(counts) - counts)[owner]
    taken = np.bincount(owner, minlength=len(pending))
    some = [(each, int(count)) for each, count in zip(pending, taken, strict=True) if count]
    tables = list(ahead(scan.pool, lambda pair: pair[0].cut(pair[1]), some))
    table = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    return table.take(pa.array((np.cumsum(taken) - taken)[owner] + rank))
