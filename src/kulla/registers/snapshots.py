"""Two full reads of a register compared: which rows are new, which are gone. Pure, row by row hash, bounded memory.

A row that is in both was seen at both times. A row that is only in the later one came between them; one that is only in
the earlier one went between them: all that is known of the change is that it lies there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kulla.registers.history import INSTANT, Hashes, row_hashes, with_times
from kulla.registers.schema import KNOWN_FROM, KNOWN_TO, TIME, VALID_FROM, VERSION_TIMES

Mask = npt.NDArray[np.bool_]


class HashSet:
    """Hashes of rows, for looking up many at once: 16 bytes each."""

    def __init__(self, parts: Iterable[Hashes]) -> None:
        given = list(parts)
        whole = np.concatenate(given) if given else np.zeros((0, 2), np.uint64)
        words = whole[np.lexsort((whole[:, 1], whole[:, 0]))]
        fresh = np.ones(len(words), bool)
        fresh[1:] = (words[1:] != words[:-1]).any(axis=1)
        self._words = words[fresh]
        # First words are distinct but once in some 10 million sets of a million rows; then the set itself is asked.
        alone = len(self._words) < 2 or bool((self._words[1:, 0] != self._words[:-1, 0]).all())
        self._all = None if alone else {tuple(each) for each in self._words.tolist()}

    def __len__(self) -> int:
        return len(self._words)

    def contains(self, hashes: Hashes) -> Mask:
        """For each hash whether it is in the set."""
        if self._all is not None:
            return np.array([tuple(each) in self._all for each in hashes.tolist()], bool)
        if not len(self._words) or not len(hashes):
            return np.zeros(len(hashes), bool)
        place = np.minimum(np.searchsorted(self._words[:, 0], hashes[:, 0]), len(self._words) - 1)
        return np.asarray((self._words[place] == hashes).all(axis=1))


def first_of_equal(hashes: Hashes) -> Mask:
    """Which rows are the first of those equal to them.

    >>> first_of_equal(np.array([[1, 1], [2, 2], [1, 1]], np.uint64)).tolist()
    [True, True, False]
    """
    order = np.lexsort((hashes[:, 1], hashes[:, 0]))
    ordered = hashes[order]
    fresh = np.ones(len(hashes), bool)
    fresh[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    first = np.zeros(len(hashes), bool)
    first[order[fresh]] = True
    return first


def register_columns(schema: pa.Schema) -> list[str]:
    """The columns of versions that are the register's own."""
    return [name for name in schema.names if name not in VERSION_TIMES.names]


class Comparison:
    """An earlier state, held as versions that last, against a full read.

    First `opened` is exhausted over the new rows, then `parted` is asked of the batches of lasting versions again.
    """

    def __init__(self, lasting: Iterable[pa.RecordBatch], names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._lasting = [row_hashes(batch, names) for batch in lasting]
        self._before = HashSet(self._lasting)
        self._seen: list[Hashes] = []
        self._after: HashSet | None = None
        self._opened: list[Hashes] = []
        self._at = 0
        self._first: Mask | None = None

    def opened(self, rows: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The new rows among these; equal rows may come twice (see `once`)."""
        for batch in rows:
            hashes = row_hashes(batch, self._names)
            self._seen.append(hashes)
            fresh = ~self._before.contains(hashes)
            if fresh.any():
                self._opened.append(hashes[fresh])
                yield batch.filter(pa.array(fresh))
        self._after = HashSet(self._seen)
        self._seen.clear()

    def once(self, opened: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The same new rows in the same order, each of equal ones once."""
        whole = np.concatenate(self._opened) if self._opened else np.zeros((0, 2), np.uint64)
        first, at = first_of_equal(whole), 0
        for batch in opened:
            yield batch.filter(pa.array(first[at : at + batch.num_rows]))
            at += batch.num_rows

    def parted(self, lasting: Iterable[pa.RecordBatch]) -> Iterator[tuple[pa.Table, pa.Table]]:
        """Of the same batches of versions that lasted: those still there, and those that are gone."""
        assert self._after is not None, "exhaust `opened` first"
        for batch, hashes in zip(lasting, self._lasting, strict=True):
            there = self._after.contains(hashes)
            table = pa.Table.from_batches([batch])
            yield table.filter(pa.array(there)), table.filter(pa.array(~there))


def ended(versions: pa.Table, seen: datetime, at: datetime) -> pa.Table:
    """Versions that went between `seen`, when they were there for the last time, and `at`, when they were not.

    A version that is known to have begun only after `seen` is known at the instant of its beginning.
    """
    begun = pc.coalesce(versions.column(KNOWN_FROM), versions.column(VALID_FROM))
    sight, end = (pa.scalar(each, TIME).cast(pa.int64()) for each in (seen + INSTANT, at))
    # Arrow compares no two times element by element; whole numbers it does.
    last = pc.min_element_wise(pc.max_element_wise(sight, begun.cast(pa.int64())), end).cast(TIME)
    known_to = pc.if_else(pa.array(_earlier(versions, seen)), versions.column(KNOWN_TO), last)
    return _timed(versions, at, versions.column(KNOWN_FROM), known_to)


def seen_again(versions: pa.Table, seen: datetime, at: datetime, vouched: bool, continuous: timedelta) -> pa.Table:
    """Versions that are still there at `at`, having been there at `seen`.

    Two sights at most `continuous` apart count as one: the row stayed as it was. Beyond that nothing says so: the
    version gets one more row of the same valid_ times, whose known_ times are the new sight alone.

    vouched: a trigger tells of every change from now on, so that no last sight is needed.
    """
    old = _earlier(versions, seen)
    earlier, live = versions.filter(pa.array(old)), versions.filter(pa.array(~old))
    known_to = None if vouched else at + INSTANT
    if at - seen <= continuous:
        return pa.concat_tables([earlier, _timed(live, None, live.column(KNOWN_FROM), known_to)])
    last = pc.coalesce(live.column(KNOWN_TO), pa.scalar(seen + INSTANT, TIME))
    parted = _timed(live, None, live.column(KNOWN_FROM), last)
    return pa.concat_tables([earlier, parted, _timed(live, None, at, known_to)])


def seen_first(rows: pa.Table, after: datetime, at: datetime, vouched: bool) -> pa.Table:
    """Rows that came between `after` and `at`."""
    return with_times(rows, after, None, at, None if vouched else at + INSTANT)


def _earlier(versions: pa.Table, seen: datetime) -> Mask:
    """Rows that tell of an earlier sight than the last: their known_ times are settled."""
    settled = pc.less_equal(versions.column(KNOWN_TO), pa.scalar(seen, TIME))
    return np.asarray(pc.fill_null(settled, False).to_numpy(), bool)


def _timed(versions: pa.Table, valid_to: datetime | None, known_from: Any, known_to: Any) -> pa.Table:
    rows = versions.select(register_columns(versions.schema))
    return with_times(rows, versions.column(VALID_FROM), valid_to, known_from, known_to)
