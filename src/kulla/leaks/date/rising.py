"""The window and the trajectory of a crawl."""

from __future__ import annotations

from typing import Final

import numpy as np

from kulla.leaks.date.along import rises
from kulla.leaks.date.drops import Drops
from kulla.leaks.date.models import Crawl, Rows
from kulla.leaks.date.profile import Ints
from kulla.leaks.date.window import window
from kulla.leaks.dated import Window

_POINTS: Final = 32
_AROUND: Final = 20
"""How many candidates to each side of the best beginning and end are tried."""


def crawled(
    rows: Rows, telling: Ints, crawl: Crawl, drops: Drops, end: int, clock: int
) -> tuple[Window, tuple[tuple[int, int], ...]]:
    """The window from where a crawl can have begun to where it can have ended, and points of it (place, moment)."""
    moment = crawl.moment
    inside = len(_holding(rows, moment))
    outside = len(moment) - inside
    share = outside / max(len(moment), 1)
    drop = drops.of(rows.count, share)
    first, last = _straight(crawl, rows, drop) if crawl.laid else _stepped(crawl, rows, drops)
    open_end = last >= rows.span[1]
    whole = (first - clock, end if open_end else min(last + clock, end))
    low, high = int(moment.min()), int(moment.max()) + 1
    kept = crawl.order[np.unique(np.linspace(0, len(moment) - 1, _POINTS).astype(np.int64))]
    way = tuple((int(telling[at]), int(moment[at])) for at in kept)
    return Window((whole,), (low, high), drops.level, drop, drops.own, share, rows.count, outside, open_end), way


def _straight(crawl: Crawl, rows: Rows, drop: float) -> tuple[int, int]:
    """From the earliest beginning to the latest end within the drop, and one candidate further, as these are coarse."""
    assert crawl.laid is not None
    of, low, high = crawl.laid
    around = np.arange(-_AROUND, _AROUND + 1)
    lows, highs = (each.ravel() for each in np.meshgrid(low + around, high + around, indexing="ij"))
    inside = (lows >= 0) & (highs < len(of.times)) & (lows <= highs)
    lows, highs = lows[inside], highs[inside]
    gained = rises(of, lows, highs)
    good = gained >= gained.max() - drop
    first, beyond = max(int(lows[good].min()) - 1, 0), int(highs[good].max()) + 2
    return int(of.times[first]), int(of.times[beyond]) if beyond < len(of.times) else rows.span[1]


def _stepped(crawl: Crawl, rows: Rows, drops: Drops) -> tuple[int, int]:
    """From the window of the rows of the first step to that of the last."""
    moment = crawl.moment
    ends = [
        window(rows.intervals.take(np.flatnonzero(moment == each)), rows.horizon, drops)
        for each in (moment.min(), moment.max())
    ]
    first = min(max(ends[0].spans[0][0], rows.span[0]), int(moment.min()))
    return first, max(min(ends[1].spans[-1][1], rows.span[1]), int(moment.max()) + 1)


def _holding(rows: Rows, moment: Ints) -> Ints:
    """The rows that hold at their own moment."""
    each = rows.intervals.row
    held = (rows.intervals.first <= moment[each]) & (rows.intervals.last > moment[each])
    return np.unique(each[held])
