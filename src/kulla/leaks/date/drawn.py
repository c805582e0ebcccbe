"""Of how many pieces a table is, as it may be told away from a register's own site: drawn by lot; no row decides.

The likeliest of all models (`date.mixture`) may hinge on one row, and with it how many pieces there are, where one ends
and how many rows it has. Here a model is drawn with a chance that grows with its likelihood, e^(L / HEAT): the
exponential mechanism (McSherry and Talwar 2007; Dwork and Roth 2014, section 3.4). A row adds 0 to MOST nats to L of
each model, so whether it stood at all or not changes the chance of any model by a factor of at most e^(MOST / HEAT) =
e^PRIVACY, and whether it stood at this time or at another by twice the exponent. The models themselves hang on nothing
secret: stretches of an even grid of time, of the register's record numbers, and of the file as it was taken in. (Not of
what is left of it: rows are left out at a centre for what they say, and one that is would move all after it. The first
form went by that, and a crafted file told a cell.)

Which rows a piece has follows from the model that was drawn and from each row alone. So what is told of a piece adds to
that only what it tells of its own rows. The price: some 50 rows must speak for a piece of its own, where BIC is
content with ten; else the table is told as one. Models are those of `date.mixture`, coarser: pieces one after the
other, up to PIECES of them; two to four moments, shuffled; a crawl at an even pace. Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import numpy as np

from kulla.leaks.date.patterns import MOST as ROW
from kulla.leaks.date.patterns import TIMES, WAYS, Mask, Patterns, grid, holds, stood
from kulla.leaks.date.profile import Floats, Ints
from kulla.leaks.intervals import Intervals

PRIVACY: Final = 0.25
"""What one row may change, as the logarithm of a ratio of chances: of the model, and of each shuffled moment more."""
HEAT: Final = ROW / PRIVACY
PIECES: Final = 4
CHUNKS: Final = 64
"""Stretches of the file between which pieces may change."""
ROWS: Final = 32_768
"""Rows that are looked at: of a longer table every second, third …"""
SHARES: Final = (1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32, 1 / 64)
"""Shares of one more moment that are tried. Small ones, as the share is that of rows that did not stand at the others:
of a payroll of some months ago nearly all rows still stand."""
ODDS: Final = float(np.log(0.001))
"""Of each change, further moment or crawl, before anything is known of the file: about as often a table of which
nothing tells the time is told as more than it is."""
_GOLDEN: Final = 0.6180339887498949
_POINTS: Final = 16

Lots = Callable[[str, int], Floats]
"""Numbers drawn evenly from (0, 1), by the name of what they are for: `Discretion.lots`."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A piece. rows: places in the table; way: of a crawl, (place in the table, moment) along it; by_record: whether a
    crawl goes along the record numbers, not the file; stray: how many of its rows did not stand at the moment they are
    said to be of."""

    rows: Ints
    kind: Literal["instant", "crawl"]
    way: tuple[tuple[int, int], ...]
    stray: int
    by_record: bool = False


@dataclass(frozen=True)
class Sheet:
    """A table's rows, those that are left of it, and where they stood before some were left out.

    Attributes:
        intervals: of each row, when it stood; telling: whether it stood at all, and not throughout.
        record: its number, 0 without one; highest: the greatest number in the register.
        place: of each row among all that there were, from 0; block: of all of these, see `LeakTable.blocks`.
        span: where in the history the table can have been taken.
    """

    intervals: Intervals
    telling: np.ndarray
    record: Ints
    highest: int
    place: Ints
    block: Ints
    span: tuple[int, int]

    @cached_property
    def masks(self) -> Mask:
        """For each row the stretches of time in which it stood."""
        return stood(self.intervals, grid(self.span))

    def moment(self, at: int) -> int:
        """The middle of a stretch of time."""
        edges = grid(self.span)
        return int(edges[at] + edges[at + 1]) // 2

    @cached_property
    def looked(self) -> Ints:
        """The rows that are looked at."""
        step = -(-len(self.block) // ROWS)
        return np.flatnonzero(self.telling & (self.place % step == 0))

    @cached_property
    def stretches(self) -> Ints:
        """The stretch of the file of each place: at most CHUNKS even ones, which end at blocks too if these are few."""
        count = len(self.block)
        even = np.arange(count) * min(CHUNKS, max(count // 10, 1)) // count
        if self.block[-1] - self.block[0] >= CHUNKS:
            return even
        return np.cumsum(np.concatenate([np.zeros(1, bool), (np.diff(even) != 0) | (np.diff(self.block) != 0)]))

    @cached_property
    def turns(self) -> Floats:
        """The chance, as a logarithm, that a change of pieces lies before each stretch but the first."""
        first = np.flatnonzero(np.diff(self.stretches)) + 1
        weight = np.full(len(first), 1 / max(len(first), 1))
        blocks = self.block[first] != self.block[first - 1]
        if blocks.any():
            weight = (weight + blocks / blocks.sum()) / 2
        return np.asarray(np.log(weight))

    @cached_property
    def orders(self) -> tuple[tuple[Ints, int], tuple[Ints, int]]:
        """Of each row the stretch of the file, and the stretch of the register's record numbers; and how many."""
        along = self.stretches[self.place], int(self.stretches[-1]) + 1
        return along, (self.record * CHUNKS // (self.highest + 1), CHUNKS)


@dataclass(frozen=True)
class Models:
    """All models of a sheet with their weights."""

    sheet: Sheet
    lots: Lots

    @cached_property
    def patterns(self) -> Patterns:
        """Those of the rows that are looked at."""
        return Patterns.made(self.sheet.masks[self.sheet.looked])

    @cached_property
    def whole(self) -> Floats:
        """How many rows have each pattern."""
        return np.asarray(self.patterns.counts(np.zeros(len(self.sheet.looked), np.int64), 1)[0])

    def gains(self, stretch: Ints, many: int) -> Floats:
        """Backgrounds × stretches × moments: what the rows of a stretch add where they are of a moment, by HEAT."""
        counts, held = self.patterns.counts(stretch[self.sheet.looked], many), self.patterns.held
        found = []
        for way in WAYS:
            none, whole = self.patterns.worth(0.0, way), self.patterns.worth(1.0, way)
            found.append(counts @ (none[:, None] + (whole - none)[:, None] * held))
        return np.array(found) / HEAT

    def groups(self) -> tuple[Paths, list[tuple[str, int, Floats]]]:
        """Family, place of the background in WAYS, and the logarithms of the weights of the models; and of pieces one
        after the other how they come about."""
        along, across = (self.gains(*order) for order in self.sheet.orders)
        paths = Paths(along, self.sheet.turns)
        groups = [("pair", at, _pairs(self, way)) for at, way in enumerate(WAYS)]
        groups += [("runs", at, each) for at, each in enumerate(paths.totals)]
        for order, gains in enumerate((along, across)):
            groups += [(f"rise {order}", at, each) for at, each in enumerate(_rises(gains))]
        return paths, groups

    def pick(self, what: str, weights: Floats) -> int:
        """A place in a flat array, drawn with chances whose logarithms these are, but for a sum."""
        chances = np.cumsum(np.exp(weights - weights.max()))
        return int(np.searchsorted(chances, self.lots(what, 1)[0] * chances[-1], "right").clip(0, len(weights) - 1))


def drawn(sheet: Sheet, exact: Ints, lots: Lots) -> list[Drawn]:
    """The pieces of a table; none when no row is in one.

    Args:
        sheet: its rows. exact: those that are in pieces: that stood at some time.
        lots: the chance.
    """
    if not len(exact):
        return []
    models = Models(sheet, lots)
    paths, groups = models.groups()
    family, at, weights = groups[models.pick("family", np.array([_total(each) for _, _, each in groups]))]
    place = models.pick("model", weights.ravel())
    if family == "runs":
        return _in_runs(sheet, exact, paths.path(at, place, models.pick))
    if family == "pair":
        share, first, second = np.unravel_index(place, weights.shape)
        moments = _more(models, [int(first), int(second)], [1 - SHARES[share], SHARES[share]], WAYS[at])
        return _shuffled(sheet, exact, *moments)
    return [_crawl(sheet, exact, int(family[-1]), *_SLOPES[place])]


def _total(weights: Floats) -> float:
    """The logarithm of the sum of what these are the logarithms of."""
    return float(np.logaddexp.reduce(weights, axis=None))


def _pairs(models: Models, way: tuple[float, int]) -> Floats:
    """Shares × moments × moments: rows shuffled of two moments, the second with the share."""
    patterns, counts = models.patterns, models.whole
    held, worth = patterns.held, patterns.worth
    none, both = worth(0.0, way), worth(1.0, way)
    found = []
    for share in SHARES:
        first, second = worth(1 - share, way) - none, worth(share, way) - none
        one, other = (counts * first) @ held, (counts * second) @ held
        together = held.T @ ((counts * (both - none - first - second))[:, None] * held)
        total = (counts @ none + one[:, None] + other[None, :] + together) / HEAT
        total[np.diag_indices(TIMES)] = -np.inf
        found.append(total + ODDS - np.log(len(SHARES) * TIMES * (TIMES - 1)))
    return np.array(found)


def _more(
    models: Models, moments: list[int], shares: list[float], way: tuple[float, int]
) -> tuple[list[int], list[float]]:
    """Two shuffled moments and perhaps more, each drawn against stopping."""
    patterns, counts = models.patterns, models.whole
    while len(moments) < PIECES:
        mass = patterns.held[:, moments] @ np.array(shares)
        stop = np.array([counts @ patterns.worth(mass, way) / HEAT])
        tried = [stop]
        for share in SHARES:
            without, more = (patterns.worth((1 - share) * mass + each, way) for each in (0.0, share))
            total = (counts @ without + (counts * (more - without)) @ patterns.held) / HEAT
            total[moments] = -np.inf
            tried.append(total + ODDS - np.log(len(SHARES) * (TIMES - len(moments))))
        place = models.pick(f"moment {len(moments)}", np.concatenate(tried)) - 1
        if place < 0:
            break
        share = SHARES[place // TIMES]
        moments, shares = [*moments, place % TIMES], [*((1 - share) * each for each in shares), share]
    return moments, shares


class Paths:
    """Pieces one after the other: moments along the stretches of a file with up to PIECES - 1 changes.

    Before each background: changes × stretches × moments, the weight of all that lead there.
    """

    def __init__(self, gains: Floats, turns: Floats) -> None:
        self._turns = turns + ODDS - np.log(TIMES)
        chunks = gains.shape[1]
        self._forward = np.full((min(PIECES, chunks), *gains.shape), -np.inf)
        self._forward[0] = np.cumsum(gains, axis=1) - np.log(TIMES)
        for changes in range(1, len(self._forward)):
            before = np.logaddexp.reduce(self._forward[changes - 1], axis=2)
            here = self._forward[changes]
            for at in range(1, chunks):
                turn = self._turns[at - 1] + before[:, at - 1, None]
                here[:, at] = gains[:, at] + np.logaddexp(here[:, at - 1], turn)

    @property
    def totals(self) -> Floats:
        """Backgrounds × changes × moments of the last stretch."""
        return np.asarray(self._forward[:, :, -1].swapaxes(0, 1))

    def path(self, way: int, place: int, pick: Callable[[str, Floats], int]) -> Ints:
        """A path that ends there (place in `totals` of the background): for each stretch the moment."""
        forward = self._forward[:, way]
        changes, moment = divmod(place, TIMES)
        taken = np.full(forward.shape[1], moment, np.int64)
        for at in range(len(taken) - 1, 0, -1):
            taken[at] = moment
            if changes:
                before = forward[changes - 1, at - 1]
                turn = self._turns[at - 1] + _total(before)
                if pick(f"change {at}", np.array([forward[changes, at - 1, moment], turn])):
                    changes, moment = changes - 1, pick(f"before {at}", before)
        taken[0] = moment
        return taken


_SLOPES: Final = [(low, high) for low in range(TIMES) for high in range(low + PIECES, TIMES)]
"""First and last moment of a crawl: over more moments than there may be pieces."""


def _rises(gains: Floats) -> Floats:
    """Backgrounds × _SLOPES: a crawl at an even pace along the stretches."""
    low, high = np.array(_SLOPES).T
    ways, chunks, _ = gains.shape
    total = np.full((ways, len(low)), ODDS - np.log(2 * len(low)))
    for at in range(chunks):
        total += gains[:, at, _rising(low, high, (at + 0.5) / chunks)]
    return total


def _rising(low: Ints | int, high: Ints | int, share: Floats | float) -> Ints:
    return np.asarray(np.rint(low + (high - low) * share), np.int64)


def _in_runs(sheet: Sheet, exact: Ints, path: Ints) -> list[Drawn]:
    """Stretches of one moment are one piece."""
    moment = path[sheet.orders[0][0][exact]]
    pieces = [(exact[moment == each], int(each)) for each in np.unique(path) if (moment == each).any()]
    return [Drawn(rows, "instant", (), int((~holds(sheet.masks[rows], each)).sum())) for rows, each in pieces]


def _shuffled(sheet: Sheet, exact: Ints, moments: list[int], shares: list[float]) -> list[Drawn]:
    """Each row goes to one of the moments it stood at, dealt by its place among all rows in proportion to the shares;
    to the largest where it stood at none."""
    inside = np.array([holds(sheet.masks[exact], each) for each in moments])
    weight = np.cumsum(inside * np.array(shares)[:, None], axis=0)
    turn = (sheet.place[exact] * _GOLDEN + 0.5) % 1.0 * weight[-1]
    piece = np.where(weight[-1] > 0, (weight <= turn).sum(axis=0), int(np.argmax(shares)))
    found = []
    for at in np.argsort(moments).tolist():
        mine = piece == at
        if mine.any():
            found.append(Drawn(exact[mine], "instant", (), int((~inside[at, mine]).sum())))
    return found


def _crawl(sheet: Sheet, exact: Ints, order: int, low: int, high: int) -> Drawn:
    """All rows, along the file or the records. The grid is coarse: who stood at a neighbouring moment is not stray."""
    stretch, many = sheet.orders[order]
    share = (stretch[exact] + 0.5) / many
    moment, masks = _rising(low, high, share), sheet.masks[exact]
    near = [holds(masks, np.clip(moment + step, 0, TIMES - 1)) for step in (-1, 0, 1)]
    along = np.argsort(stretch[exact], kind="stable")[np.linspace(0, len(exact) - 1, _POINTS).astype(np.int64)]
    way = tuple((int(exact[at]), sheet.moment(int(moment[at]))) for at in along)
    return Drawn(exact, "crawl", way, int((~np.any(near, axis=0)).sum()), bool(order))
