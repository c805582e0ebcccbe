"""The pieces of a table, dated with what the manifest tells of the register, and told as far as they may be."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

import numpy as np

from kulla.leaks.attribute.copies import micros
from kulla.leaks.date import Bounds, Drops, bounds, counted, kind_of, mixture
from kulla.leaks.dated import Mixture, Piece, Span
from kulla.leaks.desk.request import Compared
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

    Away from the register's own site a window is one span, bounded where about FEWEST rows contradict (see
    `date.counted`). Of how many pieces a table is a few rows may decide there too: pieces of a few thousand rows taken
    six weeks apart are told apart by four to nine of them, so noise that hides one row would leave them one.
    """
    limits = Bounds(
        frozen=tuple(micros(copy.frozen_at) for copy in manifest.copies if copy.frozen_at),
        clock=round(manifest.clock_uncertainty * SECOND),
        period=next((c.name for c in manifest.columns if c.meaning == "period"), ""),
    )
    until = micros(seen) if seen else None
    found = mixture(compared.matched, compared.table, drops, until, compared.file, limits=limits)
    if discretion.at_owner:
        return found
    pieces = (_discreet(piece, compared, replace(limits, seen=until), discretion) for piece in found.pieces)
    return replace(found, pieces=tuple(pieces))


def _discreet(piece: Piece, compared: Compared, limits: Bounds, discretion: Discretion) -> Piece:
    """A piece with the window that may be told of it."""
    matched = compared.matched
    span = bounds(matched.horizon, limits.seen, limits.earliest(piece.columns))
    end = FOREVER if limits.seen is None else max(limits.seen, span[0] + 1)
    place = f"{compared.place}/{piece.register}/{int(piece.rows[0])}/window"
    window: Span = (span[0], end)
    if span[0] < span[1]:
        first, last = _ends(piece, compared)
        begin, stop = counted(first, last, span, end, FEWEST, lambda what, n: discretion.blurs(f"{place}/{what}", n))
        window = (begin - limits.clock, stop if stop == end else min(stop + limits.clock, end))
    dating = replace(piece.window, spans=(window,), best=window, open_end=window[1] == end, curve=())
    return replace(piece, window=dating, kind=kind_of(piece.kind, dating, limits))


def _ends(piece: Piece, compared: Compared) -> tuple[Intervals, Intervals]:
    """The intervals of the rows that tell of a piece's beginning and of its end."""
    rows, intervals = piece.rows, compared.matched.intervals
    if piece.kind != "crawl":
        return intervals.take(rows), intervals.take(rows)
    places = [at for at, _ in piece.trajectory]
    if places != sorted(places):  # it rises along the record numbers, not along the file
        rows = rows[np.argsort(compared.matched.record[rows], kind="stable")]
    count = -(-len(rows) // PART)
    return intervals.take(rows[:count]), intervals.take(rows[-count:])
