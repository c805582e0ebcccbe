"""A leaked table along its rows: the best path of times, jumping (pieces one after the other) or rising (a crawl)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from kulla.leaks.date.profile import Floats, Ints
from kulla.leaks.intervals import Intervals

_TIMES: Final = 256
_CHUNKS: Final = 512


@dataclass(frozen=True, slots=True)
class Laid:
    """Rows in an order, in chunks, against candidate times.

    Attributes:
        order: places of rows in the order looked at.
        shares: how far along the whole table each chunk lies, 0 … 1: silent rows count there too.
        cuts: where in `order` each chunk begins, and, last, their number of rows.
        times: candidate moments, ascending.
        gains: chunks × times: Σ of the gains of the chunk's rows that hold at that moment.
    """

    order: Ints
    shares: Floats
    cuts: Ints
    times: Ints
    gains: Floats


def candidates(intervals: Intervals, span: tuple[int, int], also: tuple[int, ...] = ()) -> Ints:
    """Moments to try: those at which rows change, thinned evenly, so that as many rows change between any two."""
    lo, hi = span
    ends = np.concatenate([intervals.first, intervals.last])
    ends = np.sort(ends[(ends > lo) & (ends < hi)])
    if len(ends) > _TIMES:
        ends = ends[np.linspace(0, len(ends) - 1, _TIMES).astype(np.int64)]
    return np.unique(np.concatenate([np.array([lo, *also], np.int64), ends]))


def laid(intervals: Intervals, gain: Floats, order: Ints, along: Floats, times: Ints, cuts: Ints | None = None) -> Laid:
    """The rows in that order against candidate times.

    along: how far along the table each row lies, 0 … 1, rising in that order.
    cuts: places in the order where a new chunk must begin; chunks are filled up to some 512 in all.
    """
    count = len(order)
    even = np.linspace(0, count, min(_CHUNKS, count) + 1).astype(np.int64)
    cuts = np.unique(np.concatenate([even, cuts if cuts is not None and len(cuts) < _CHUNKS else even[:0]]))
    rank = np.empty(count, np.int64)
    rank[order] = np.arange(count)
    chunk = np.searchsorted(cuts, rank, "right") - 1
    low = np.searchsorted(times, intervals.first, "left")
    high = np.searchsorted(times, intervals.last, "left")
    width = len(times) + 1
    place = chunk[intervals.row] * width
    weight = gain[intervals.row]
    size = (len(cuts) - 1) * width
    change = np.bincount(place + low, weight, size) - np.bincount(place + high, weight, size)
    shares = np.add.reduceat(along[order], cuts[:-1]) / np.diff(cuts)
    return Laid(order, shares, cuts, times, np.cumsum(change.reshape(-1, width), axis=1)[:, :-1])


def path(of: Laid, price: float, rising: bool, turn: Floats | None = None) -> tuple[Ints, float]:
    """For each chunk the candidate time, so that Σ gains − price · (number of changes) is greatest; and that sum.

    rising: times may only rise from chunk to chunk. turn: by chunk, the place's part of the price of a change before
    it, against 1 for the moment's: 1 throughout if not given.
    """
    chunks, times = of.gains.shape
    score = of.gains[0].copy()
    back = np.zeros((chunks, times), np.int32)
    every = np.arange(times)
    for at in range(1, chunks):
        toll = price if turn is None else price * (1 + float(turn[at])) / 2
        if rising:
            peak = np.maximum.accumulate(score)
            source = np.maximum.accumulate(np.where(score == peak, every, 0))
            jumped = peak - toll
        else:
            top = int(np.argmax(score))
            source, jumped = np.full(times, top), np.full(times, score[top] - toll)
        stay = score >= jumped
        back[at] = np.where(stay, every, source)
        score = np.where(stay, score, jumped) + of.gains[at]
    taken = np.empty(chunks, np.int64)
    taken[-1] = int(np.argmax(score))
    for at in range(chunks - 1, 0, -1):
        taken[at - 1] = back[at, taken[at]]
    return taken, float(score.max())


def straight(of: Laid) -> tuple[int, int, float]:
    """The straight rise of times along the rows that gains most: the candidates where it begins and ends, and its gain.

    It is looked for among all pairs of some 40 candidates, then around the best pair, ever closer.
    """
    count = len(of.times)
    grid = np.unique(np.linspace(0, count - 1, min(40, count)).astype(np.int64))
    low, high = (each.ravel() for each in np.meshgrid(grid, grid, indexing="ij"))
    kept = low <= high
    low, high = low[kept], high[kept]
    step = max(count // 40, 1)
    best = (0, 0, -np.inf)
    while True:
        sums = rises(of, low, high)
        at = int(np.argmax(sums))
        if sums[at] > best[2]:
            best = (int(low[at]), int(high[at]), float(sums[at]))
        if step == 0:
            return best
        around = np.arange(-3, 4) * step
        low, high = (each.ravel() for each in np.meshgrid(best[0] + around, best[1] + around, indexing="ij"))
        kept = (low >= 0) & (high < count) & (low <= high)
        low, high, step = low[kept], high[kept], step // 2


def rises(of: Laid, low: Ints, high: Ints) -> Floats:
    """The gain of each straight rise from the time `low` at the first row to `high` at the last."""
    sums = np.zeros(len(low))
    start, rise = of.times[low], (of.times[high] - of.times[low]).astype(np.float64)
    for chunk, share in enumerate(of.shares.tolist()):
        moment = start + (rise * share).astype(np.int64)
        sums += of.gains[chunk, np.searchsorted(of.times, moment, "right") - 1]
    return sums


def sharpened(intervals: Intervals, gain: Floats, of: Laid, taken: Ints) -> Ints:
    """For each row of the order its candidate time, with the changes of a path moved from chunks' ends to rows."""
    sizes = np.diff(of.cuts)
    by_row = np.repeat(taken, sizes)
    turns = np.flatnonzero(np.diff(taken)) + 1
    for turn in turns.tolist():
        low, high = int(of.cuts[turn - 1]), int(of.cuts[min(turn + 1, len(sizes))])
        some = intervals.take(of.order[low:high])
        before, after = (some.holds(int(of.times[taken[each]])) for each in (turn - 1, turn))
        lead = np.cumsum(gain[of.order[low:high]] * (before.astype(np.float64) - after))
        split = int(np.argmax(np.concatenate([np.zeros(1), lead])))
        by_row[low : low + split], by_row[low + split : high] = taken[turn - 1], taken[turn]
    return by_row
