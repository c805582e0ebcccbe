"""The rows of a state in the order of a paged screen, and the pages of them that nothing changed.

Versions of a record that follow one another with the same ordered values (a raise, in a list by id) are one row here:
at every moment as many rows of the record are visible, at the same place. So most of a list stands still for weeks, and
its pages are slices, which are cut once and kept.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from kulla.registers.replay.answers import Result, State, result_of
from kulla.registers.replay.indexes import Flags, History, Ints
from kulla.registers.replay.shape import Order

_KEPT_BYTES = 32 << 20
"""Of pages of one list: some 80,000 of a hundred records."""


@dataclass(slots=True)
class Sorted:
    """Rows in order.

    Attributes:
        records, start, end, known_start, known_end, dated: of each row, see `History`.
        keys: for each ordered column the sort key of each row, ascending.
        tied: whether the row before each, and it, could change places; one more for the end: never.
        lists: rows visible at a moment, by event of the state.
        pages: slices cut before.
        size: bytes of these.
    """

    records: npt.NDArray[np.uint32]
    start: Ints
    end: Ints
    known_start: Ints
    known_end: Ints
    dated: Flags
    keys: tuple[Ints, ...]
    tied: Flags
    lists: dict[int, Ints] = field(default_factory=dict)
    pages: OrderedDict[tuple[int, int], Result] = field(default_factory=OrderedDict)
    size: int = 0

    @property
    def nbytes(self) -> int:
        """Bytes, for the state's size."""
        arrays = (self.records, self.start, self.end, self.known_start, self.known_end, self.dated, self.tied)
        kept = sum(each.nbytes for each in arrays) + sum(each.nbytes for each in self.lists.values())
        return self.size + kept + sum(each.nbytes for each in self.keys)

    def page(self, first: int, last: int) -> Result:
        """The rows [first, last), all of them visible."""
        found = self.pages.get((first, last))
        if found is None:
            found = result_of(np.sort(self.records[first:last]), last - first, last - first, True)
            self.pages[first, last] = found
            self.size += _bytes(found)
            while self.size > _KEPT_BYTES and len(self.pages) > 1:
                self.size -= _bytes(self.pages.popitem(last=False)[1])
        return found


def _bytes(page: Result) -> int:
    return len(page.records or b"") + 200


def sort_keys(history: History, rows: Ints, order: Order) -> Ints:
    """Numbers that sort rows as ORDER BY does."""
    index = history.index(order.column)
    assert index is not None
    codes = index.codes[rows].astype(np.int64)
    keys = -codes if order.descending else codes
    return np.where(codes == 0, -(index.top + 1) if order.nulls_first else index.top + 1, keys)


def in_order(history: History, state: State, order: tuple[Order, ...]) -> Sorted:
    """A state's rows in order; made once."""
    found: Sorted | None = state.ordered.get(order)
    if found is None:
        found = state.ordered[order] = _made(history, state.rows, order)
    return found


def _made(history: History, rows: Ints, order: tuple[Order, ...]) -> Sorted:
    keys = [sort_keys(history, rows, each) for each in order]
    columns: list[npt.NDArray[np.int64]] = [history.start[rows], history.records[rows].astype(np.int64), *keys[::-1]]
    sorting = np.lexsort(columns)
    rows, keys = rows[sorting], [each[sorting] for each in keys]
    records, dated = history.records[rows], history.dated[rows]
    alike = np.ones(max(len(rows) - 1, 0), np.bool_)
    for each in keys:
        alike &= each[1:] == each[:-1]
    goes_on = alike & (records[1:] == records[:-1]) & (records[1:] > 0) & dated[1:] & dated[:-1]
    goes_on &= history.start[rows[1:]] == history.end[rows[:-1]]
    first = np.flatnonzero(np.concatenate((np.ones(min(len(rows), 1), np.bool_), ~goes_on)))
    last = np.append(first[1:] - 1, len(rows) - 1)[: len(first)]
    tied = np.zeros(len(first) + 1, np.bool_)
    tied[1:-1] = alike[first[1:] - 1]
    return Sorted(
        records[first], history.start[rows[first]], history.end[rows[last]], history.known_start[rows[first]],
        history.known_end[rows[last]], dated[first], tuple(each[first] for each in keys), tied,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Slices:
    """Pages asked of one list: between which rows, how many to leave out, how many to take (negative: all), and when.
    One of each for each access."""

    begin: Ints
    end: Ints
    skip: Ints
    take: Ints
    start: Ints
    stop: Ints


def quiet(listed: Sorted, asked: Slices) -> tuple[Flags, Flags, Ints, Ints]:
    """Which pages stood still: all rows from their list's beginning to the one behind them were visible throughout.

    Returns: which can be told so; which of these nothing but their order decides; the first and last rows of each.
    """
    moving = ~((listed.known_start <= asked.start.min()) & (listed.known_end > asked.stop.max()))
    before = np.concatenate((np.zeros(1, np.int64), np.cumsum(moving)))
    first = np.minimum(asked.begin + asked.skip, asked.end)
    last = np.minimum(first + np.maximum(asked.take, 0), asked.end)
    told = (asked.take >= 0) & (before[np.minimum(last + 1, asked.end)] == before[asked.begin])
    tied = listed.tied[first] & (asked.skip > 0) & (first < asked.end)
    tied |= listed.tied[last] & (last > asked.begin) & (last < asked.end)
    return told, told & ~tied, first, last
