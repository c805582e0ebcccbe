"""The ways in which a table can have come about, each fitted to its rows and priced alike, so that they compare.

A price is Schwarz's criterion (BIC): −2 ln L + df · ln n over the n telling rows. df counts a time for each moment
and a share or a place of change for each but the first, and what the density of stray rows has: 1 or BINS.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from kulla.leaks.date.along import Laid, candidates, laid, path, sharpened, straight
from kulla.leaks.date.background import Background, belief, fitted, flat
from kulla.leaks.date.instants import BINS, Instants, one, one_more
from kulla.leaks.date.profile import Floats, Ints, sweep
from kulla.leaks.intervals import Intervals

MOST: Final = 4
"""Pieces that are told apart at most."""


AT_BLOCK: Final = 0.5
"""What the place of a change costs where the table shows that something begins, in free numbers."""
_LEVELS: Final = 12
"""Levels of a path that are looked at; the cheapest to join are joined first."""
_AGAIN: Final = 3
_CLOSER: Final = 2
"""How often a straight rise is looked for anew on denser candidates."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The telling rows of a table (see `window.told_by`), in the file's order, and what they are held against.

    Attributes:
        intervals: of them; place: of each among the exact rows; record: its number.
        turn: what the place of a change before each row costs, in free numbers: 1, at a new block AT_BLOCK.
        count: exact rows in all, silent ones included.
        horizon: of the register's history; span: where in it the table can have been taken.
    """

    intervals: Intervals
    place: Ints
    record: Ints
    turn: Floats
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

    def price(self, loglik: float, free: float) -> float:
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


def one_after_another(rows: Rows, tried: Sequence[Instants]) -> Runs | None:
    """Pieces in file order by the cheapest path with jumps; None when no path has two pieces or more.

    tried: models of shuffled rows. A path is looked for before the background of each, as that of the wrong number of
    moments may hide a piece or show a false one; then again before the background of what was found. (Before one
    background alone every fourth pair of pieces of 320 rows was missed though its price was the lowest.)
    """
    best: Runs | None = None
    for each in tried:
        moments, background, last = each.moments, each.background, np.inf
        for _ in range(_AGAIN):
            found = _path(rows, moments, background)
            if found is None or found[0].bic >= last - 1e-6:
                break
            made, background = found
            moments, last = tuple(np.unique(made.moment).tolist()), made.bic
            best = made if best is None or made.bic < best.bic else best
    return best if best is None or best.pieces > 1 else None


def _path(rows: Rows, moments: tuple[int, ...], background: Background) -> tuple[Runs, Background] | None:
    """The pieces of the cheapest path before a background, and the background that fits them."""
    gain = gains(rows.intervals, background)
    times = candidates(rows.intervals, rows.span, moments)
    count = len(rows.intervals)
    of = laid(rows.intervals, gain, np.arange(count), rows.along(rows.place), times, np.flatnonzero(rows.turn < 1))
    taken, _ = path(of, rows.unit, False, rows.turn[of.cuts[:-1]])
    levels = len(np.unique(taken))
    if not 2 <= levels <= _LEVELS:
        return None
    piece = np.unique(sharpened(rows.intervals, gain, of, taken), return_inverse=True)[1]
    made = _priced(rows, _each_at_best(rows, piece, gain))
    while made[0].pieces > 1:
        fewer = _priced(rows, _joined(rows, made[0].moment, gain))
        if fewer[0].bic >= made[0].bic and made[0].pieces <= MOST:
            break
        made = fewer
    return made


def _joined(rows: Rows, moment: Ints, gain: Floats) -> Ints:
    """Moments of one piece fewer: of two that follow each other in time one is made where that loses least."""
    levels, piece = np.unique(moment, return_inverse=True)
    each = rows.intervals.row
    tried = []
    for at in range(len(levels) - 1):
        joined = _each_at_best(rows, piece - (piece > at), gain)
        held = np.zeros(len(moment), bool)
        held[each[(rows.intervals.first <= joined[each]) & (rows.intervals.last > joined[each])]] = True
        tried.append((float(gain[held].sum()), -at, joined))
    return max(tried, key=lambda one: one[:2])[2]


def _each_at_best(rows: Rows, piece: Ints, gain: Floats) -> Ints:
    """For each row the moment at which its piece's rows gain most."""
    moment = np.zeros(len(piece), np.int64)
    for each in range(int(piece.max()) + 1):
        mine = np.flatnonzero(piece == each)
        profile = sweep(rows.intervals.take(mine), gain[mine], rows.span)
        moment[mine] = profile.edges[profile.best]
    return moment


def _priced(rows: Rows, moment: Ints) -> tuple[Runs, Background]:
    """Pieces of these moments, what they cost, and the background that fits them."""
    pieces, turns = len(np.unique(moment)), np.flatnonzero(np.diff(moment)) + 1
    bic, background = fit(rows, moment, pieces + float(rows.turn[turns].sum()))
    return Runs(moment, pieces, bic), background


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


def price(rows: Rows, moment: Ints, free: float) -> float:
    """BIC where each row was copied at its own moment, or is stray, before the background that is cheaper.

    free: numbers fitted without the background.
    """
    return fit(rows, moment, free)[0]


def fit(rows: Rows, moment: Ints, free: float) -> tuple[float, Background]:
    """`price`, and the background."""
    each = rows.intervals.row
    inside = np.zeros(len(rows.intervals), bool)
    inside[each[(rows.intervals.first <= moment[each]) & (rows.intervals.last > moment[each])]] = True
    made = []
    for bins, start in ((0, flat(rows.horizon, int(moment.max()))), (BINS, flat(rows.horizon))):
        found = fitted(rows.intervals, inside.astype(np.int64), np.array([0.0, 1.0]), rows.horizon, start, bins)
        stray = found.share * found.of(rows.intervals)
        loglik = float(np.log((1 - found.share) * inside + stray).sum()) + belief(found.share)
        made.append((rows.price(loglik, free + max(bins, 1)), found))
    return min(made, key=lambda one: one[0])
