"""A table's exact rows split into pieces, each taken at one time or over one crawl, and each dated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kulla.leaks.date.drops import Drops
from kulla.leaks.date.instants import Instants, along, held
from kulla.leaks.date.models import AT_BLOCK, MOST, Crawl, Rows, Runs, crawls, one_after_another, shuffled
from kulla.leaks.date.profile import Ints
from kulla.leaks.date.region import depths
from kulla.leaks.date.rising import crawled
from kulla.leaks.date.window import Dated, bounds, dated, told, told_by, window
from kulla.leaks.dated import Mixture, Piece, Window
from kulla.leaks.intervals import FOREVER, Intervals
from kulla.leaks.leaktable import LeakTable
from kulla.leaks.matched import Matched

_GOLDEN: Final = 0.6180339887498949
_STARTS: Final = 3
"""Models of shuffled rows from which pieces in file order are looked for, beside the most probable."""
_FEW: Final = 10
"""Below so many telling rows a table is not split."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is known of the time of extraction from elsewhere.

    Attributes:
        seen: earliest sighting of the file, microseconds UTC; None when unknown.
        columns_since: column of the register → when it came to be; a piece that holds it is not older.
        frozen: moments at which known copies stopped following the register; a piece of that time is called frozen.
        clock: by how many microseconds the register's clock may be off.
        period: the register's column that says which period a row is about; empty when it has none.
    """

    seen: int | None = None
    columns_since: Mapping[str, int] | None = None
    frozen: Sequence[int] = ()
    clock: int = 0
    period: str = ""

    def earliest(self, columns: Sequence[str]) -> int | None:
        """The lower bound that the columns give."""
        since = self.columns_since or {}
        return max((since[name] for name in columns if name in since), default=None)


def mixture(matched: Matched, table: LeakTable, drops: Drops, seen: int | None, table_no: int, *,
            limits: Bounds | None = None) -> Mixture:  # fmt: skip
    """Of how many pieces a table is, each with its rows and its window.

    Compared are one to four moments, shuffled; pieces one after the other in the file (changes at blocks are cheaper);
    and a crawl along the file or the record numbers: the lowest BIC holds. Rows without an interval are in no piece.
    Of shuffled pieces a row that holds at several of the moments is dealt to one of them in proportion to their shares,
    and a stray row goes to the largest. No piece at all when no row is exact.

    Args:
        matched: the table against one register.
        seen: the earliest sighting (`limits.seen` is not looked at).
        table_no: the table's place among the leak's.
        limits: what else is known.
    """
    limits = replace(limits or Bounds(), seen=seen)
    exact = np.flatnonzero(matched.intervals.some)
    if not len(exact):
        return Mixture((), ())
    columns = tuple(each.register_column for each in matched.columns)
    made = _Made(matched, exact, drops, limits, limits.earliest(columns))
    found, bic = _found(made, table)
    pieces = [
        Piece(
            matched.register, table_no, rows, columns, kind_of(kind, dating, limits), dating, way,
            reference(matched, table, rows, limits.period),
        )
        for rows, kind, dating, way in found
    ]  # fmt: skip
    return Mixture(tuple(pieces), bic)


_Kind = Literal["instant", "crawl"]
_Part = tuple[Ints, _Kind, Window, tuple[tuple[int, int], ...]]


@dataclass(frozen=True, slots=True)
class _Made:
    """What all models are made on. exact: places of the exact rows in the table."""

    matched: Matched
    exact: Ints
    drops: Drops
    limits: Bounds
    earliest: int | None

    def window(self, rows: Ints) -> Window:
        """Of rows of the table, by themselves."""
        some, limits = self.matched.intervals.take(rows), self.limits
        return window(some, self.matched.horizon, self.drops, limits.seen, earliest=self.earliest, clock=limits.clock)


def _found(made: _Made, table: LeakTable) -> tuple[list[_Part], tuple[float, ...]]:
    """The parts of the cheapest model, and the price by number of pieces."""
    whole: list[_Part] = [(made.exact, "instant", made.window(made.exact), ())]
    span = bounds(made.matched.horizon, made.limits.seen, made.earliest)
    telling = told_by(made.matched.intervals, made.matched.horizon)
    if len(telling) < _FEW or span[0] >= span[1]:
        return whole, (0.0,)
    intervals, blocks = made.matched.intervals.take(telling), table.blocks[telling]
    rows = Rows(
        intervals, np.searchsorted(made.exact, telling), made.matched.record[telling].astype(np.int64),
        np.where(np.append([False], blocks[1:] != blocks[:-1]), AT_BLOCK, 1.0), len(made.exact), made.matched.horizon,
        span,
    )  # fmt: skip
    single = dated(intervals, rows.horizon, span)
    tried = list(shuffled(rows, int(single.profile.edges[single.profile.best])))
    instants, price = min(tried, key=lambda each: each[1])
    bic = [min(cost for each, cost in tried if len(each.moments) == k + 1)
           for k in range(max(len(each.moments) for each, _ in tried))]  # fmt: skip
    richest = max((each for each, _ in tried), key=lambda each: each.loglik)
    cheapest = [each for each, _ in sorted(tried, key=lambda one: one[1])[:_STARTS]]
    runs = one_after_another(rows, [*cheapest, richest])
    crawl = min(crawls(rows, richest), key=lambda each: each.bic, default=None)
    if runs is not None:
        bic += [runs.bic] * (runs.pieces - len(bic))
        bic[runs.pieces - 1] = min(bic[runs.pieces - 1], runs.bic)
    if crawl is not None:
        bic[0] = min(bic[0], crawl.bic)
    prices = tuple(round(each, 3) for each in bic)
    if crawl is not None and crawl.bic < min(price, runs.bic if runs else price):
        return [_crawl(made, rows, telling, crawl)], prices
    if runs is not None and runs.bic < price:
        return _in_runs(made, telling, runs), prices
    return (whole if len(instants.moments) == 1 else _mixed(made, rows, instants)), prices


def _in_runs(made: _Made, telling: Ints, runs: Runs) -> list[_Part]:
    """Each silent row goes with the telling one before it."""
    at = np.maximum(np.searchsorted(telling, made.exact, "right") - 1, 0)
    moment = runs.moment[at]
    parts = [made.exact[moment == each] for each in np.unique(moment)]
    return [(rows, "instant", made.window(rows), ()) for rows in parts]


def _mixed(made: _Made, rows: Rows, found: Instants) -> list[_Part]:
    """Pieces of shuffled rows: each dated with the others as they are."""
    kind = held(made.matched.intervals.take(made.exact), found.moments)
    piece = dealt(kind, found)
    end = FOREVER if made.limits.seen is None else made.limits.seen
    parts: list[_Part] = []
    for place in range(len(found.moments)):
        mine = piece == place
        outside = int((mine & (kind >> place & 1 == 0)).sum())
        profile = along(rows.intervals, found, place, rows.span)
        seen = Dated(profile, depths(profile), found.background, int(mine.sum()), outside)
        parts.append((made.exact[mine], "instant", told(seen, made.drops, end, made.limits.clock), ()))
    return parts


def dealt(kind: Ints, found: Instants) -> Ints:
    """For each row, of the moments that it holds at, one: dealt in the file's order in proportion to the shares.

    Nothing tells of which of them it is; given to the likeliest they would leave the smaller pieces with next to none.
    A row that holds at none goes to the largest.
    """
    piece = np.full(len(kind), int(np.argmax(found.shares)), np.int64)
    for each in range(1, 1 << len(found.moments)):
        places = np.flatnonzero(kind == each)
        among = np.flatnonzero(each >> np.arange(len(found.moments)) & 1)
        edges = np.cumsum(found.shares[among]) / found.shares[among].sum()
        # Multiples of the golden ratio's fraction spread evenly over 0 … 1, however many are taken.
        turn = (np.arange(len(places)) * _GOLDEN + 0.5) % 1.0
        piece[places] = among[np.minimum(np.searchsorted(edges, turn, "right"), len(among) - 1)]
    return piece


def _crawl(made: _Made, rows: Rows, telling: Ints, crawl: Crawl) -> _Part:
    end = FOREVER if made.limits.seen is None else made.limits.seen
    dating, way = crawled(rows, telling, crawl, made.drops, end, made.limits.clock)
    return made.exact, "crawl", dating, way


def kind_of(
    kind: Literal["instant", "crawl", "frozen"], dating: Window, limits: Bounds
) -> Literal["instant", "crawl", "frozen"]:
    """Frozen when a known copy stopped within the window, which does not reach the sighting or the history's end."""
    stopped = any(first <= moment < last for moment in limits.frozen for first, last in dating.spans)
    if kind == "crawl":
        return kind
    return "frozen" if stopped and not dating.open_end else "instant"


def reference(matched: Matched, table: LeakTable, rows: Ints, period: str) -> tuple[str, str] | None:
    """The first and the last period that the rows are about, from their cells: never from a time."""
    place = next((each.column for each in matched.columns if period and each.register_column == period), None)
    if place is None:
        return None
    found = pc.min_max(table.data.column(place).take(pa.array(rows)))
    return (found["min"].as_py(), found["max"].as_py()) if found["min"].is_valid else None


__all__ = ["MOST", "Bounds", "Intervals", "kind_of", "mixture", "reference"]
