"""Paged screens: ORDER BY with LIMIT and OFFSET, answered from sorted rows.

A page is told only where nothing but its order decides it: at both its edges the next row must differ in the ordered
columns, and these must be sorted as PostgreSQL sorts them. Conditions on the first ordered column (`nid > $1`: paging
by key) become positions in the sorted rows, so that all pages of a list share its state.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kulla.registers.replay.answers import Answering, Answers, Condition, Result, State, grouped, result_of
from kulla.registers.replay.indexes import Flags, History, Ints
from kulla.registers.replay.lists import Slices, Sorted, in_order, quiet
from kulla.registers.replay.ranges import Ranges
from kulla.registers.replay.shape import Order

_BLOCK = 4_000
"""Rows up to which a page is looked up from the beginning of its list; beyond, the list as of its time is kept."""
_MOMENTS = 8
"""Changes within an access's interval up to which each is looked at."""
_LISTS = 4
"""Lists as of a moment that are kept."""


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
        listed = in_order(answering.history, state, order)
        first = np.searchsorted(listed.keys[0], low[members], "left")
        last = np.maximum(first, np.searchsorted(listed.keys[0], high[members], "right"))
        skip, take = np.maximum(wanted.offset[members], 0), wanted.limit[members]
        asked = Slices(first, last, skip, take, start[members], stop[members])
        certain[members] = _told(state, listed, asked, members, answers)
    return certain


def _told(state: State, listed: Sorted, asked: Slices, members: Ints, answers: Answers) -> Flags:
    """Fill in the pages of one list; which of them are certain. Those that stood still are cut together, 20 × faster
    than each alone."""
    still, certain, first, last = quiet(listed, asked)
    mine = np.flatnonzero(certain)
    codes, which = np.unique(first[mine] * (len(listed.tied) + 1) + last[mine], return_inverse=True)
    cuts = (divmod(code, len(listed.tied) + 1) for code in codes.tolist())
    answers.put_each(members[mine], [listed.page(*cut) for cut in cuts], which)
    for place in np.flatnonzero(~still).tolist():
        found = _one(state, listed, _Asked(*(int(each[place]) for each in _columns(asked))))
        if found is not None:
            answers.put(members[place], found)
            certain[place] = True
    return certain


def _columns(asked: Slices) -> tuple[Ints, ...]:
    return asked.start, asked.stop, asked.skip, asked.take, asked.begin, asked.end


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


@dataclass(frozen=True, slots=True)
class _Asked:
    start: int
    stop: int
    skip: int
    take: int
    begin: int
    end: int


def _one(state: State, listed: Sorted, asked: _Asked) -> Result | None:
    """One page; None when it is not certain."""
    wanted = asked.skip + max(asked.take, 0)
    if asked.take < 0 or wanted > _BLOCK:
        return _from_lists(state, listed, asked)
    size = 3 * wanted + 64
    while True:
        end = min(asked.begin + size, asked.end)
        block = np.arange(asked.begin, end)
        seen = block[(listed.start[block] <= asked.stop) & (listed.end[block] > asked.start)]
        moments = _moments(listed, seen, asked)
        if moments is None:
            return None
        lists = [_visible(listed, seen, moment) for moment in moments]
        if end == asked.end or min(map(len, lists)) > wanted:
            return _cut(listed, lists, asked)
        size *= 4


def _from_lists(state: State, listed: Sorted, asked: _Asked) -> Result | None:
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
            listed.lists[event] = _visible(listed, np.arange(len(listed.records)), moment)
        visible = listed.lists[event]
        lists.append(visible[np.searchsorted(visible, asked.begin) : np.searchsorted(visible, asked.end)])
    return _cut(listed, lists, asked)


def _visible(listed: Sorted, places: Ints, moment: int) -> Ints:
    return places[(listed.start[places] <= moment) & (listed.end[places] > moment)]


def _moments(listed: Sorted, seen: Ints, asked: _Asked) -> list[int] | None:
    certain = (listed.known_start[seen] <= asked.start) & (listed.known_end[seen] > asked.stop)
    if certain.all():
        return [asked.start]
    moving = seen[~certain]
    if not listed.dated[moving].all():
        return None
    times = np.unique(np.concatenate([listed.start[moving], listed.end[moving]]))
    inside = times[(times > asked.start) & (times <= asked.stop)]
    return None if len(inside) > _MOMENTS else [asked.start, *inside.tolist()]


def _cut(listed: Sorted, lists: list[Ints], asked: _Asked) -> Result | None:
    first, last = asked.skip, None if asked.take < 0 else asked.skip + asked.take
    pages: list[npt.NDArray[np.uint32]] = []
    for places in lists:
        if _tied(listed, places, first) or (last is not None and _tied(listed, places, last)):
            return None
        pages.append(np.sort(listed.records[places[first:last]]))
    same = all(np.array_equal(pages[0], each) for each in pages[1:])
    numbers: npt.NDArray[np.uint32] = pages[0] if same else np.sort(np.concatenate(pages))
    count = len(pages[0]) if same else -1
    return result_of(numbers, count, max(map(len, pages)), same)


def _tied(listed: Sorted, places: Ints, edge: int) -> bool:
    """Whether the rows before and after an edge could change places."""
    if not 0 < edge < len(places):
        return False
    before, after = places[edge - 1], places[edge]
    return all(bool(each[before] == each[after]) for each in listed.keys)
