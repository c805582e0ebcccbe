"""The region that a likelihood allows: how deep each plateau lies below the greatest, and the spans within a drop."""

from __future__ import annotations

from typing import Final

import numpy as np

from kulla.leaks.date.profile import Floats, Ints, Profile
from kulla.leaks.dated import Span

_TIED: Final = (0.2, 1.0)
"""What is believed of how alike the rows of one commit are before they are seen, and how many pairs that counts for."""
_POINTS: Final = 240
_COARSE: Final = 120


def depths(profile: Profile) -> Floats:
    """By how many nats each plateau lies below the greatest, with the rows of one commit not counted as independent.

    Rows that changed at one commit (an employer's whole month) may be stale together, when they were pasted together.
    So on the way out from the best plateau, up to where each side first gets out of reach, a commit of m rows counts
    as m / (1 + (m − 1)ρ) rows (L. Kish's design effect); ρ is how alike in staleness the rows of one commit are in
    this file. The lesser of this and the plain depth holds: the region only ever gets wider.
    """
    best = profile.best
    step = (profile.up - profile.down) * _worth(profile, best)
    right = np.maximum.accumulate(np.maximum(-np.cumsum(step[best + 1 :]), 0.0))
    left = np.maximum.accumulate(np.maximum(np.cumsum(step[best:0:-1]), 0.0))[::-1]
    walked = np.concatenate([left, np.zeros(1), right])
    return np.asarray(np.minimum(walked, profile.heights[best] - profile.heights))


def _worth(profile: Profile, best: int) -> Floats:
    """For each edge what one of its rows counts for."""
    size = profile.begins + profile.ends
    past = slice(1, best + 1)
    size_then, stale = size[past].astype(np.float64), profile.ends[past]
    share = stale.sum() / max(size_then.sum(), 1.0)
    spread = share * (1 - share)
    pairs = size_then * (size_then - 1) * spread
    alike = (stale - size_then * share) ** 2 - size_then * spread
    told = size_then > 1
    tied = (alike[told].sum() + _TIED[0] * _TIED[1]) / (pairs[told].sum() + _TIED[1])
    return np.asarray(1 / (1 + np.maximum(size - 1, 0) * float(np.clip(tied, 0.0, 1.0))))


def spans(profile: Profile, depth: Floats, drop: float, end: int, clock: int = 0) -> tuple[Span, ...]:
    """The plateaus no deeper than `drop`, joined where they touch, widened by `clock` microseconds on both sides.

    end: what the last moment of the profile stands for: FOREVER, or the earliest sighting.
    """
    within = np.concatenate([[False], depth <= drop + 1e-6, [False]])
    turns = np.flatnonzero(within[1:] != within[:-1])
    found: list[Span] = []
    for low, high in zip(turns[::2].tolist(), turns[1::2].tolist(), strict=True):
        first = int(profile.edges[low]) - clock
        last = end if high == len(depth) else min(int(profile.edges[high]) + clock, end)
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], last)
        else:
            found.append((first, last))
    return tuple(found)


def curve(profile: Profile, depth: Floats, region: tuple[Span, ...]) -> tuple[tuple[int, float], ...]:
    """(moment, depth) for a plot: dense around the region, coarse over the rest; at most 400 points."""
    starts = profile.edges[:-1]
    first, last = region[0][0], min(region[-1][1], int(profile.edges[-1]))
    margin = max((last - first) // 2, 1)
    near = np.flatnonzero((starts >= first - margin) & (starts <= last + margin))
    kept = np.unique(np.concatenate([
        _thinned(near, _POINTS), _thinned(np.arange(len(starts)), _COARSE), [profile.plateau(first), profile.best],
    ]).astype(np.int64))  # fmt: skip
    points = [(int(starts[at]), round(float(depth[at]), 3)) for at in kept]
    return (*points, (int(profile.edges[-1]), points[-1][1]))


def _thinned(places: Ints, most: int) -> Ints:
    return places[np.linspace(0, len(places) - 1, min(most, len(places))).astype(np.int64)]
