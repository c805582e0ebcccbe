"""The ways in which a table can have come about, each fitted to its rows and priced alike, so that they compare.

A price is Schwarz's criterion (BIC): −2 ln L + df · ln n over the n telling rows. df counts a time for each moment
and a share or a place of change for each but the first, and what the density of stray rows has: 1 or BINS.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kulla.leaks.date.along import Laid, candidates, laid, path, sharpened, straight
from kulla.leaks.date.background import Background, fitted, flat
from kulla.leaks.date.instants import BINS, Instants, one, one_more
from kulla.leaks.date.profile import Floats, Ints, sweep
from kulla.leaks.intervals import Intervals

MOST: Final = 4
"""Pieces that are told apart at most."""


_CLOSER: Final = 2
"""How often a straight rise is looked for anew on denser candidates."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The telling rows of a table (see `window.told_by`), in the file's order, and what they are held against.

    Attributes:
        intervals: of them; place: of each among the exact rows; record: its number.
        fresh: which begin a new block of the table.
        count: exact rows in all, silent ones included.
        horizon: of the register's history; span: where in it the table can have been taken.
    """

    intervals: Intervals
    place: Ints
    record: Ints
    fresh: npt.NDArray[np.bool_]
    count: int
    horizon: tuple[int, int]
    span: tuple[int, int]

    def along(self, place: Ints) -> Floats:
        """Places among the exact rows as shares of the way."""
        return np.asarray(place / max(self.count - 1, 1), np.float64)

    @property
    def unit(self) -> float:
        """What one free number costs: ln n, of the rows that tell something."""
        return float(np.log(max(len(self.intervals), 2)))

    def price(self, loglik: float, free: int) -> float:
        """BIC of a model with so many free numbers."""
        return -2 * loglik + free * self.unit


@dataclass(frozen=True, slots=True)
class Runs:
    """Pieces one after the other. moment: for each row that of its piece; pieces: how many; bic: the price."""

    moment: Ints
    pieces: int
    bic: float


@dataclass(frozen=True, slots=True)
class Crawl:
    """Times that rise along an order of the rows.

    Attributes:
        order: the rows (places among the telling ones) in the order of the crawl.
        moment: for each row (not in that order) the moment it was copied.
        bic: the price.
        laid: what a straight rise was fitted on, with the candidates where it begins and ends; None for one in steps.
    """

    order: Ints
    moment: Ints
    bic: float
    laid: tuple[Laid, int, int] | None = None


def shuffled(rows: Rows, first: int) -> Iterator[tuple[Instants, float]]:
    """One moment, two, … up to MOST, with their prices, each before an even and an uneven background of stray rows.

    first: where the first moment is looked for from.
    """
    for even in (True, False):
        found = one(rows.intervals, rows.horizon, rows.span, first, even)
        yield found, rows.price(found.loglik, found.free)
        while len(found.moments) < MOST:
            more = one_more(rows.intervals, rows.horizon, rows.span, found)
            if len(more.moments) == len(found.moments):
                break
            found = more
            yield found, rows.price(found.loglik, found.free)


def one_after_another(rows: Rows, from_: Instants) -> Runs | None:
    """Pieces in file order by the cheapest path with jumps; None when that has one piece, or more than MOST."""
    gain = gains(rows.intervals, from_.background)
    times = candidates(rows.intervals, rows.span, from_.moments)
    of = laid(
        rows.intervals, gain, np.arange(len(rows.intervals)), rows.along(rows.place), times, np.flatnonzero(rows.fresh)
    )
    taken, _ = path(of, rows.unit, False, rows.fresh[of.cuts[:-1]])
    if not 2 <= len(np.unique(taken)) <= MOST:
        return None
    piece = np.unique(sharpened(rows.intervals, gain, of, taken), return_inverse=True)[1]
    moment = np.zeros(len(piece), np.int64)
    for each in range(int(piece.max()) + 1):
        mine = np.flatnonzero(piece == each)
        profile = sweep(rows.intervals.take(mine), gain[mine], rows.span)
        moment[mine] = profile.edges[profile.best]
    pieces, turns = len(np.unique(moment)), np.diff(moment) != 0
    free = pieces + int(turns.sum()) - (int((turns & rows.fresh[1:]).sum()) + 1) // 2
    return Runs(moment, pieces, price(rows, moment, free)) if pieces > 1 else None


def crawls(rows: Rows, from_: Instants) -> Iterator[Crawl]:
    """Rising times, straight and in steps, along the file and along the record numbers."""
    gain, times = gains(rows.intervals, from_.background), candidates(rows.intervals, rows.span, from_.moments)
    count = len(rows.intervals)
    by_record = np.argsort(rows.record, kind="stable")
    orders = [(np.arange(count), rows.along(rows.place))]
    if not np.array_equal(by_record, orders[0][0]):
        even = np.empty(count, np.float64)
        even[by_record] = (np.arange(count) + 0.5) / count
        orders.append((by_record, even))
    for order, along in orders:
        of, low, high = _straight(rows, gain, order, along, times)
        if low < high:
            begin, rise = int(of.times[low]), float(of.times[high] - of.times[low])
            moment = begin + (rise * along).astype(np.int64)
            yield Crawl(order, moment, price(rows, moment, 3), (of, low, high))
        of = laid(rows.intervals, gain, order, along, times)
        taken, _ = path(of, rows.unit, True)
        levels = len(np.unique(taken))
        if levels > MOST:
            moment = np.empty(count, np.int64)
            moment[order] = times[sharpened(rows.intervals, gain, of, taken)]
            yield Crawl(order, moment, price(rows, moment, 2 * levels))


def _straight(rows: Rows, gain: Floats, order: Ints, along: Floats, times: Ints) -> tuple[Laid, int, int]:
    """The straight rise that gains most, on candidates that get denser around it."""
    of = laid(rows.intervals, gain, order, along, times)
    low, high, _ = straight(of)
    for _ in range(_CLOSER):
        count = len(of.times)
        near = (int(of.times[max(low - 8, 0)]), int(of.times[high + 8]) if high + 8 < count else rows.span[1])
        ends = (int(of.times[low]), int(of.times[high]))
        of = laid(rows.intervals, gain, order, along, candidates(rows.intervals, near, ends))
        low, high, _ = straight(of)
    return of, low, high


def gains(intervals: Intervals, background: Background) -> Floats:
    """What each row gains, in nats, where it holds, over where it is stray."""
    stray = background.share * background.of(intervals)
    return np.asarray(np.log1p((1 - background.share) / stray))


def price(rows: Rows, moment: Ints, free: int) -> float:
    """BIC where each row was copied at its own moment, or is stray, before the background that is cheaper.

    free: numbers fitted without the background.
    """
    each = rows.intervals.row
    inside = np.zeros(len(rows.intervals), bool)
    inside[each[(rows.intervals.first <= moment[each]) & (rows.intervals.last > moment[each])]] = True
    prices = []
    for bins, start in ((0, flat(rows.horizon, int(moment.max()))), (BINS, flat(rows.horizon))):
        found = fitted(rows.intervals, inside.astype(np.int64), np.array([0.0, 1.0]), rows.horizon, start, bins)
        stray = found.share * found.of(rows.intervals)
        loglik = float(np.log((1 - found.share) * inside + stray).sum())
        prices.append(rows.price(loglik, free + max(bins, 1)))
    return min(prices)
