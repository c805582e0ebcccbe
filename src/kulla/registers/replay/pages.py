"""Paged screens: ORDER BY with LIMIT and OFFSET, answered from sorted rows.

A page is told only where nothing but its order decides it: at both its edges the next row must differ in the ordered
columns, and these must be sorted as PostgreSQL sorts them. Conditions on the first ordered column (`nid > $1`: paging
by key) become positions in the sorted rows, so that all pages of a list share its state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kulla.registers.replay.answers import Answering, Answers, Condition, Result, State, grouped, result_of
from kulla.registers.replay.indexes import Flags, History, Ints
from kulla.registers.replay.ranges import Ranges
from kulla.registers.replay.shape import Order

_BLOCK = 4_000
"""Rows up to which a page is looked up from the beginning of its list; beyond, the list as of its time is kept."""
_MOMENTS = 8
"""Changes within an access's interval up to which each is looked at."""
_LISTS = 4


@dataclass(slots=True)
class Sorted:
    """The rows of a state in order. keys: of the first ordered column, ascending; lists: rows visible at a moment."""

    rows: Ints
    keys: Ints
    lists: dict[int, Ints]

    @property
    def nbytes(self) -> int:
        """Bytes, for the state's size."""
        return self.rows.nbytes + self.keys.nbytes + sum(each.nbytes for each in self.lists.values())


@dataclass(frozen=True, slots=True)
class Wanted:
    """The pages of n accesses. limit, offset: -1 where there is none; logged: rows, negative where not told."""

    order: tuple[Order, ...]
    limit: Ints
    offset: Ints
    logged: Ints


def provable(history: History, order: tuple[Order, ...]) -> tuple[Order, ...]:
    """The first columns of ORDER BY whose order is proven; columns that only follow cannot make an edge certain."""
    proven: list[Order] = []
    for each in order:
        index = history.index(each.column)
        if index is None or (index.kind == "text" and (index.meaning == "money" or not index.ordered)):
            break
        proven.append(each)
    return tuple(proven)


def page(
    answering: Answering, conditions: tuple[Condition, ...], start: Ints, stop: Ints, wanted: Wanted
) -> tuple[Answers, Flags]:
    """The pages, and for each access whether it is told for certain; else its answer bounds it (its whole list).

    A page whose logged row count is another's bounds nothing: what hid or added rows may have moved all pages.
    """
    count = len(start)
    cheap = _cheap(answering, conditions, count)
    answers = answering.answer(conditions, start, stop) if cheap else Answers.none(count)
    fits = (wanted.limit < 0) | (answers.rows <= wanted.limit)
    certain: Flags = answers.steady & (wanted.offset <= 0) & fits
    order = provable(answering.history, wanted.order)
    left = np.flatnonzero(~certain)
    if len(left) and order:
        paged = Answers.none(count)
        found = _paged(answering, conditions, start, stop, wanted, order, left, paged)
        found &= (wanted.logged < 0) | (paged.rows < 0) | (paged.rows == wanted.logged)
        answers.take(paged, found)
        certain |= found
    rest = np.flatnonzero(~certain)
    if not cheap and len(rest):
        _bound(answering, conditions, start, stop, rest, answers)
    return answers, certain


def _cheap(answering: Answering, conditions: tuple[Condition, ...], count: int) -> bool:
    """Whether looking at the whole lists first is cheap: on average few rows each."""
    driver = answering.driver(conditions, count)
    if driver is None:
        return False
    starts, ranges = driver.index.starts, driver.ranges
    return int((starts[ranges.high] - starts[ranges.low]).sum()) <= 64 * count


def _bound(
    answering: Answering, conditions: tuple[Condition, ...], start: Ints, stop: Ints, rest: Ints, answers: Answers
) -> None:
    for members, key in grouped(conditions, rest):
        state = answering.state(key, conditions, int(members[0]))
        for member in members:
            answers.put(member, answering.result(state, int(start[member]), int(stop[member])))


def _paged(
    answering: Answering, conditions: tuple[Condition, ...], start: Ints, stop: Ints, wanted: Wanted,
    order: tuple[Order, ...], left: Ints, answers: Answers,
) -> Flags:  # fmt: skip
    certain = np.zeros(len(start), np.bool_)
    positional = tuple(c for c in conditions if c.column == order[0].column and c.ranges.single)
    rest = tuple(c for c in conditions if c not in positional)
    low, high = _keys(answering.history, order[0], positional, len(start))
    for members, key in grouped(rest, left):
        state = answering.state(key, rest, int(members[0]))
        listed = _sorted(answering.history, state, order)
        first = np.searchsorted(listed.keys, low[members], "left")
        last = np.searchsorted(listed.keys, high[members], "right")
        for member, begin, end in zip(members, first, np.maximum(first, last), strict=True):
            skip, take = max(int(wanted.offset[member]), 0), int(wanted.limit[member])
            asked = _Asked(int(start[member]), int(stop[member]), skip, take, int(begin), int(end))
            found = _one(answering.history, state, listed, order, asked)
            if found is not None:
                answers.put(member, found)
                certain[member] = True
    return certain


def _keys(history: History, first: Order, positional: tuple[Condition, ...], count: int) -> tuple[Ints, Ints]:
    """The lowest and highest sort key that each access's conditions on the first ordered column leave."""
    index = history.index(first.column)
    assert index is not None
    far = np.int64(index.top + 1)
    low, high = np.full(count, -far, np.int64), np.full(count, far, np.int64)
    for each in positional:
        one, other = _as_keys(each.ranges, index.top, first)
        low, high = np.maximum(low, one), np.minimum(high, other)
    return low, high


def _as_keys(ranges: Ranges, top: int, order: Order) -> tuple[Ints, Ints]:
    free = ranges.low == 0
    low, high = ranges.low, ranges.high - 1
    if order.descending:
        low, high = -high, -low
    far = top + 1
    return np.where(free, -far, low), np.where(free, np.where(ranges.high == 1, -far, far), high)


def _sort_keys(history: History, rows: Ints, order: Order) -> Ints:
    index = history.index(order.column)
    assert index is not None
    codes = index.codes[rows].astype(np.int64)
    keys = -codes if order.descending else codes
    return np.where(codes == 0, -(index.top + 1) if order.nulls_first else index.top + 1, keys)


def _sorted(history: History, state: State, order: tuple[Order, ...]) -> Sorted:
    found: Sorted | None = state.ordered.get(order)
    if found is None:
        keys = [_sort_keys(history, state.rows, each) for each in order]
        sorting = np.lexsort(keys[::-1])
        found = Sorted(state.rows[sorting], keys[0][sorting], {})
        state.ordered[order] = found
    return found


@dataclass(frozen=True, slots=True)
class _Asked:
    start: int
    stop: int
    skip: int
    take: int
    begin: int
    end: int


def _one(history: History, state: State, listed: Sorted, order: tuple[Order, ...], asked: _Asked) -> Result | None:
    """One page; None when it is not certain."""
    wanted = asked.skip + max(asked.take, 0)
    if asked.take < 0 or wanted > _BLOCK:
        return _from_lists(history, state, listed, order, asked)
    size = 3 * wanted + 64
    while True:
        end = min(asked.begin + size, asked.end)
        block = listed.rows[asked.begin : end]
        seen = block[(history.start[block] <= asked.stop) & (history.end[block] > asked.start)]
        moments = _moments(history, seen, asked)
        if moments is None:
            return None
        lists = [_visible(history, seen, moment) for moment in moments]
        if end == asked.end or min(map(len, lists)) > wanted:
            return _cut(history, lists, order, asked)
        size *= 4


def _from_lists(
    history: History, state: State, listed: Sorted, order: tuple[Order, ...], asked: _Asked
) -> Result | None:
    """A page far down: the list as of each moment is kept, since the next page will ask for it again."""
    first, last = np.searchsorted(state.events, [asked.start, asked.stop], "right")
    if last - first > _MOMENTS or not state.dated:
        return None
    lists: list[Ints] = []
    for event in range(first, last + 1):
        if event not in listed.lists:
            moment = asked.start if event == first else int(state.events[event - 1])
            while len(listed.lists) >= _LISTS + last - first:
                listed.lists.pop(next(iter(listed.lists)))
            listed.lists[event] = _visible(history, listed.rows, moment)
        visible = listed.lists[event]
        if asked.begin > 0 or asked.end < len(listed.rows):
            keys = _sort_keys(history, visible, order[0])
            low = listed.keys[asked.begin] if asked.begin < len(listed.keys) else np.iinfo(np.int64).max
            high = listed.keys[asked.end - 1] if asked.end > asked.begin else low - 1
            visible = visible[np.searchsorted(keys, low, "left") : np.searchsorted(keys, high, "right")]
        lists.append(visible)
    return _cut(history, lists, order, asked)


def _visible(history: History, rows: Ints, moment: int) -> Ints:
    return rows[(history.start[rows] <= moment) & (history.end[rows] > moment)]


def _moments(history: History, seen: Ints, asked: _Asked) -> list[int] | None:
    certain = (history.known_start[seen] <= asked.start) & (history.known_end[seen] > asked.stop)
    if certain.all():
        return [asked.start]
    moving = seen[~certain]
    if not history.dated[moving].all():
        return None
    times = np.unique(np.concatenate([history.start[moving], history.end[moving]]))
    inside = times[(times > asked.start) & (times <= asked.stop)]
    return None if len(inside) > _MOMENTS else [asked.start, *inside.tolist()]


def _cut(history: History, lists: list[Ints], order: tuple[Order, ...], asked: _Asked) -> Result | None:
    first, last = asked.skip, None if asked.take < 0 else asked.skip + asked.take
    pages: list[Any] = []
    for rows in lists:
        if _tied(history, rows, first, order) or (last is not None and _tied(history, rows, last, order)):
            return None
        pages.append(history.records[rows[first:last]])
    pages = [np.sort(each) for each in pages]
    same = all(np.array_equal(pages[0], each) for each in pages[1:])
    numbers: npt.NDArray[np.uint32] = pages[0] if same else np.sort(np.concatenate(pages))
    count = len(pages[0]) if same else -1
    return result_of(numbers, count, max(map(len, pages)), same)


def _tied(history: History, rows: Ints, edge: int, order: tuple[Order, ...]) -> bool:
    """Whether the rows before and after an edge could change places."""
    if not 0 < edge < len(rows):
        return False
    pair = rows[edge - 1 : edge + 1]
    return all(np.ptp(_sort_keys(history, pair, each)) == 0 for each in order)
