"""The pieces of a table, dated with what the manifest tells of the register, and told as far as they may be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from kulla.leaks.attribute.copies import micros
from kulla.leaks.date import Bounds, Drawn, Drops, Sheet, bounds, counted, drawn, kind_of, mixture, reference, told_by
from kulla.leaks.dated import Mixture, Piece, Span, Window
from kulla.leaks.desk.request import Compared, Taken
from kulla.leaks.discretion import Discretion
from kulla.leaks.intervals import FOREVER, Intervals
from kulla.leaks.trace import FEWEST
from kulla.registers.manifest import Manifest

SECOND: Final = 1_000_000
PART: Final = 5
"""The rows of a crawl that tell of its beginning, and those that tell of its end: each one in so many."""


def pieces_of(
    compared: Compared, manifest: Manifest, drops: Drops, seen: datetime | None, discretion: Discretion
) -> Mixture:
    """Of how many pieces a table is, and when each was taken.

    Away from the register's own site a table is parted where it shows by itself that something was pasted on
    (`date.seams`), and each part's pieces are drawn by lot (`date.drawn`), so that no row decides of how many it is:
    some fifty rows must speak for each. A window is one span there, bounded where about FEWEST rows contradict
    (`date.counted`).
    """
    limits = Bounds(
        frozen=tuple(micros(copy.frozen_at) for copy in manifest.copies if copy.frozen_at),
        clock=round(manifest.clock_uncertainty * SECOND),
        period=next((c.name for c in manifest.columns if c.meaning == "period"), ""),
    )
    until = micros(seen) if seen else None
    if discretion.at_owner:
        return mixture(compared.matched, compared.table, drops, until, compared.file, limits=limits)
    limits = replace(limits, seen=until)
    found = _apart(compared, limits, drops, discretion)
    return Mixture(tuple(_discreet(piece, by_record, compared, limits, discretion) for piece, by_record in found), ())


def _apart(compared: Compared, limits: Bounds, drops: Drops, discretion: Discretion) -> Iterator[tuple[Piece, bool]]:
    """The pieces that may be told, with windows over all of the history, and whether each is a crawl by record."""
    matched = compared.matched
    columns = tuple(each.register_column for each in matched.columns)
    span = bounds(matched.horizon, limits.seen, limits.earliest(columns))
    for each in _drawn(compared, span, discretion):
        count, share = len(each.rows), each.stray / len(each.rows)
        window = Window(
            (span,), span, drops.level, drops.of(count, share), drops.own, share, count, each.stray, False
        )  # fmt: skip
        piece = Piece(
            matched.register, compared.file, each.rows, columns, each.kind, window, each.way,
            reference(matched, compared.table, each.rows, limits.period),
        )  # fmt: skip
        yield piece, each.by_record


def _drawn(compared: Compared, span: Span, discretion: Discretion) -> Iterator[Drawn]:
    """Each part of the table by itself."""
    matched, table = compared.matched, compared.table
    telling = np.zeros(table.rows, bool)
    if span[0] < span[1]:
        telling[told_by(matched.intervals, matched.horizon)] = True
    else:  # nothing of the history is left: there is nothing to tell times by
        span = matched.horizon
    taken = _taken(compared)
    edges = [0, *taken.parts, taken.rows]
    for low, high in pairwise(edges):
        rows = np.flatnonzero((taken.place >= low) & (taken.place < high))
        if not len(rows):
            continue
        sheet = Sheet(
            matched.intervals.take(rows), telling[rows], matched.record[rows].astype(np.int64), taken.highest,
            taken.place[rows] - low, taken.blocks[low:high].astype(np.int64), span,
        )  # fmt: skip
        place = f"{compared.place}/{matched.register}/pieces/{low}/{span}"
        for each in drawn(sheet, np.flatnonzero(sheet.intervals.some), partial(_lots, discretion, place)):
            way = tuple((int(rows[row]), moment) for row, moment in each.way)
            yield replace(each, rows=rows[each.rows], way=way)


def _taken(compared: Compared) -> Taken:
    """The table as it was taken in."""
    if compared.taken is None:
        raise ValueError("a table is told of at a centre only with what it was when it was taken in")
    return compared.taken


def _lots(discretion: Discretion, place: str, what: str, count: int) -> npt.NDArray[np.float64]:
    return discretion.lots(f"{place}/{what}", count)


def _discreet(piece: Piece, by_record: bool, compared: Compared, limits: Bounds, discretion: Discretion) -> Piece:
    """A piece with the window that may be told of it."""
    matched = compared.matched
    span = bounds(matched.horizon, limits.seen, limits.earliest(piece.columns))
    end = FOREVER if limits.seen is None else max(limits.seen, span[0] + 1)
    place = f"{compared.place}/{piece.register}/{int(piece.rows[0])}/window/{span}"
    window: Span = (span[0], end)
    if span[0] < span[1]:
        first, last = _ends(piece, by_record, compared)
        begin, stop = counted(first, last, span, end, FEWEST, lambda what, n: discretion.blurs(f"{place}/{what}", n))
        window = (begin - limits.clock, stop if stop == end else min(stop + limits.clock, end))
    dating = replace(piece.window, spans=(window,), best=window, open_end=window[1] == end, curve=())
    return replace(piece, window=dating, kind=kind_of(piece.kind, dating, limits))


def _ends(piece: Piece, by_record: bool, compared: Compared) -> tuple[Intervals, Intervals]:
    """The intervals of the rows that tell of a piece's beginning and of its end.

    Of a crawl those in the first and the last fifth of its part of the file, or of the register's record numbers: by
    the place of each row, not by its rank, or a row more would move others in and out. Where there is none the window
    is not bounded.
    """
    rows, intervals = piece.rows, compared.matched.intervals
    if piece.kind != "crawl":
        return intervals.take(rows), intervals.take(rows)
    taken = _taken(compared)
    if by_record:
        share = compared.matched.record[rows] / (taken.highest + 1)
    else:
        low, high = taken.part(int(taken.place[rows[0]]))
        share = (taken.place[rows] - low) / (high - low)
    return intervals.take(rows[share < 1 / PART]), intervals.take(rows[share >= 1 - 1 / PART])
