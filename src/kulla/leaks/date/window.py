"""The window of extraction of one piece: when the rows, all together, could have been read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kulla.leaks.date.background import Background, fitted, flat
from kulla.leaks.date.drops import Drops
from kulla.leaks.date.profile import Floats, Profile, sweep
from kulla.leaks.date.region import curve, depths, spans
from kulla.leaks.dated import Window
from kulla.leaks.intervals import FOREVER, Intervals

_ROUNDS: Final = 5


@dataclass(frozen=True, slots=True)
class Dated:
    """A likelihood along time and what it rests on. depth: see `region.depths`; rows, contradicted: as in Window."""

    profile: Profile
    depth: Floats
    background: Background
    rows: int
    contradicted: int


def window(
    intervals: Intervals, horizon: tuple[int, int], drops: Drops, seen: int | None = None, *,
    earliest: int | None = None, clock: int = 0,
) -> Window:  # fmt: skip
    """When a piece was taken from its register.

    It tells when the values were retrievable, never which period they are about.

    Args:
        intervals: of the piece's rows; rows without one are left out.
        horizon: [first, last) of the register's history.
        drops: how far the region reaches.
        seen: the earliest sighting of the file, an upper bound; None when there is none.
        earliest: a lower bound from elsewhere, as when a column that the piece holds did not exist before.
        clock: by how many microseconds the register's clock may be off.
    Without a row, or where the bounds leave nothing of the history, the window is all that they leave.
    """
    lo, hi = bounds(horizon, seen, earliest)
    end = FOREVER if seen is None else max(seen, lo + 1)
    found = dated(intervals, horizon, (lo, hi)) if lo < hi else None
    if found is None or not found.rows:
        whole = (lo, max(end, lo + 1))
        return Window((whole,), whole, drops.level, drops.of(0, 1.0), drops.own, 0.0, 0, 0, True)
    return told(found, drops, end, clock)


def bounds(horizon: tuple[int, int], seen: int | None, earliest: int | None) -> tuple[int, int]:
    """Where in the history a piece may have been taken."""
    lo = horizon[0] if earliest is None else max(horizon[0], earliest)
    return lo, horizon[1] if seen is None else min(horizon[1], seen)


def dated(intervals: Intervals, horizon: tuple[int, int], span: tuple[int, int]) -> Dated:
    """The likelihood of each moment of `span`: ℓ(t) = Σ ln[(1 − ε)·1{t ∈ I} + ε·G(I)], ε and G fitted at its best.

    ε and G (see `background`) are those at the best moment: around it, where they matter, they hardly change.
    """
    count, intervals = int(intervals.some.sum()), telling(intervals, horizon)
    profile = sweep(intervals, np.ones(len(intervals)), span)
    background = flat(horizon)
    for _ in range(_ROUNDS):
        best = profile.best
        moment = int(profile.edges[best])
        kind = intervals.holds(moment).astype(np.int64)
        background = fitted(intervals, kind, np.array([0.0, 1.0]), horizon, background, moment=moment)
        other = background.share * background.of(intervals)
        profile = sweep(intervals, np.log1p((1 - background.share) / other), span)
        if profile.edges[profile.best] == moment:
            break
    outside = len(intervals) - int(intervals.holds(int(profile.edges[profile.best])).sum())
    return Dated(profile, depths(profile), background, count, outside)


def telling(intervals: Intervals, horizon: tuple[int, int]) -> Intervals:
    """Those of rows that tell something of the time: that have an interval, and not one over all of the history.

    The others have the same probability at every moment and under every background.
    """
    return intervals.take(told_by(intervals, horizon))


def told_by(intervals: Intervals, horizon: tuple[int, int]) -> npt.NDArray[np.int64]:
    """The places of these rows, ascending."""
    whole = (intervals.first <= horizon[0]) & (intervals.last >= horizon[1])
    silent = ~intervals.some
    silent[intervals.row[whole]] = True
    return np.flatnonzero(~silent)


def told(found: Dated, drops: Drops, end: int, clock: int = 0) -> Window:
    """The window that a likelihood gives. end: what the last moment of its profile stands for."""
    profile, best = found.profile, found.profile.best
    drop = drops.of(found.rows, found.background.share)
    region = spans(profile, found.depth, drop, end, clock)
    last = best == len(profile.heights) - 1
    return Window(
        region, (int(profile.edges[best]), end if last else int(profile.edges[best + 1])), drops.level, drop, drops.own,
        found.background.share, found.rows, found.contradicted, last, curve(profile, found.depth, region),
    )  # fmt: skip
