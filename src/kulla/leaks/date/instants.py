"""Rows of several times, shuffled: K moments with a share each, by EM over shares and ascent over moments."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from kulla.leaks.date.background import Background, belief, fitted, flat
from kulla.leaks.date.profile import Floats, Ints, Profile, sweep
from kulla.leaks.intervals import Intervals

BINS: Final = 8
"""In how many steps the density of stray rows may vary: too few to take the place of a moment that many rows share."""
_ROUNDS: Final = 6
_TRIED: Final = (0.5, 0.15)
"""Shares at which one more moment is looked for: that of an equal piece, and of a small one."""


@dataclass(frozen=True, slots=True)
class Instants:
    """Moments with the share of rows of each.

    Attributes:
        moments: ascending; shares: of the rows that are of one of the moments, together 1.
        background: of stray rows; even: it is uniform up to the last of the moments, else it varies in BINS steps.
        loglik: of all rows, nats.
    """

    moments: tuple[int, ...]
    shares: Floats
    background: Background
    even: bool
    loglik: float

    @property
    def free(self) -> int:
        """How many numbers were fitted: times, shares, and the background."""
        return 2 * len(self.moments) - 1 + (1 if self.even else BINS)


def held(intervals: Intervals, moments: tuple[int, ...]) -> Ints:
    """For each row the moments it holds at, as bits: bit k for the k-th."""
    kind = np.zeros(len(intervals), np.int64)
    for place, moment in enumerate(moments):
        kind |= intervals.holds(moment).astype(np.int64) << place
    return kind


def known(shares: Floats) -> Floats:
    """By kind (see `held`), the sum of the shares of its moments."""
    kinds = np.arange(1 << len(shares))
    return np.asarray(((kinds[:, None] >> np.arange(len(shares))) & 1) @ shares, np.float64)


def settled(intervals: Intervals, horizon: tuple[int, int], moments: tuple[int, ...], even: bool) -> Instants:
    """Shares and background that make the rows most probable, the moments given."""
    kind = held(intervals, moments)
    bits = (np.arange(1 << len(moments))[:, None] >> np.arange(len(moments))) & 1
    shares, background = np.full(len(moments), 1 / len(moments)), flat(horizon, max(moments) if even else None)
    for _ in range(3):
        background = fitted(intervals, kind, known(shares), horizon, background, 0 if even else BINS)
        stray = background.share * background.of(intervals)
        for _ in range(12):
            here = (1 - background.share) * known(shares)[kind]
            of_them = (1 - background.share) / (here + stray)
            # Half a row each keeps a share off 0, where EM could not leave again.
            shares = shares * (np.bincount(kind, of_them, len(bits)) @ bits) + 0.5
            shares /= shares.sum()
    total = (1 - background.share) * known(shares)[kind] + stray
    return Instants(moments, shares, background, even, float(np.log(total).sum()) + belief(background.share))


def without(intervals: Intervals, found: Instants, place: int) -> Floats:
    """For each row its probability without one of the moments: of the other moments or stray."""
    others = np.where(np.arange(len(found.moments)) == place, 0.0, found.shares)
    mass = known(others)[held(intervals, found.moments)]
    return np.asarray((1 - found.background.share) * mass + found.background.share * found.background.of(intervals))


def along(intervals: Intervals, found: Instants, place: int, span: tuple[int, int]) -> Profile:
    """The likelihood of each moment of `span` in place of one of the moments, the others as they are."""
    rest = without(intervals, found, place)
    weight = (1 - found.background.share) * found.shares[place]
    return sweep(intervals, np.log1p(weight / rest), span)


def ascended(intervals: Intervals, horizon: tuple[int, int], found: Instants, span: tuple[int, int]) -> Instants:
    """The same number of moments, each moved to where the likelihood is greatest, in turn, while that helps."""
    for _ in range(_ROUNDS):
        before = found
        for place in range(len(found.moments)):
            profile = along(intervals, found, place, span)
            moment = int(profile.edges[profile.best])
            moments = (*found.moments[:place], moment, *found.moments[place + 1 :])
            if moment != found.moments[place] and len(set(moments)) == len(moments):
                moved = settled(intervals, horizon, moments, found.even)
                found = moved if moved.loglik > found.loglik else found
        if found.loglik <= before.loglik + 1e-6:
            break
    order = np.argsort(found.moments)
    return replace(found, moments=tuple(found.moments[i] for i in order), shares=found.shares[order])


def one(intervals: Intervals, horizon: tuple[int, int], span: tuple[int, int], first: int, even: bool) -> Instants:
    """A single moment, looked for from `first` on."""
    return ascended(intervals, horizon, settled(intervals, horizon, (first,), even), span)


def one_more(intervals: Intervals, horizon: tuple[int, int], span: tuple[int, int], found: Instants) -> Instants:
    """One more moment: from where it helps most, and, in case that is a trap, from the place of a small piece."""
    rest = without(intervals, found, len(found.moments))
    best: Instants | None = None
    for share in _TRIED:
        profile = sweep(intervals, np.log((1 - share) * rest + share) - np.log((1 - share) * rest), span)
        moment = int(profile.edges[profile.best])
        if moment in found.moments:
            continue
        more = settled(intervals, horizon, (*found.moments, moment), found.even)
        more = ascended(intervals, horizon, more, span)
        best = more if best is None or more.loglik > best.loglik else best
    return best or found
