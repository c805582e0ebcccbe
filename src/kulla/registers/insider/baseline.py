"""Baselines of accounts that are busy, uneven and now and then odd: medians, change points, tails of counts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from kulla.registers.insider.facts import Floats
from kulla.registers.insider.reads import Ints

ENOUGH: Final = 10
"""Active days before an account's own past says anything; with fewer it is held against its peers alone."""

MAD: Final = 1.4826
"""Median absolute deviation of a normal distribution → its standard deviation."""

LEAST: Final = 0.15
"""Least standard deviation of log1p counts: nobody's days are alike to within a seventh."""

AFTER: Final = 90
"""Active days that a change may be old: what lasted longer is the account's own past."""


@dataclass(frozen=True, slots=True)
class Robust:
    """Number of known values, median, and standard deviation told by the MAD; shape (accounts,). NaN: none known."""

    days: Ints
    centre: Floats
    scale: Floats


def robust(values: Floats) -> Robust:
    """Of each row of log1p counts, NaN left out. The scale is at least a Poisson's, and LEAST.

    >>> found = robust(np.log1p(np.array([[3.0, 5.0, 4.0, np.nan, 900.0]])))
    >>> int(found.days[0]), round(float(np.expm1(found.centre[0])), 1)
    (4, 4.5)
    """
    days = np.isfinite(values).sum(axis=1)
    centre = _median(values, days)
    spread = MAD * _median(np.abs(values - centre[:, None]), days)
    poisson = 1 / np.sqrt(1 + np.expm1(np.nan_to_num(centre)))
    return Robust(days, centre, np.maximum(np.maximum(spread, poisson), LEAST))


def _median(values: Floats, days: Ints) -> Floats:
    if not values.size:
        return np.full(len(values), np.nan)
    ordered = np.sort(values, axis=1)  # NaN last
    rows, last = np.arange(len(values)), values.shape[1] - 1
    low, high = ordered[rows, np.maximum(days - 1, 0) // 2], ordered[rows, np.minimum(days // 2, last)]
    return np.where(days > 0, (low + np.where(days % 2 == 0, high, low)) / 2, np.nan)


def change(values: Floats, baseline: Robust) -> tuple[Floats, Ints]:
    """The generalised likelihood ratio of an upward shift of the mean, at the best of all days within AFTER.

    For each row (oldest first, NaN: inactive; the last is today) and each day k that leaves ENOUGH days before it:
    (mean since k - mean before k) / (scale * sqrt(1/n_since + 1/n_before)), the two-sample form for an unknown mean
    before the change. Values are first brought within three scales of the median, so that one odd day is no change.
    Returns the greatest of them and its day's index; NaN and -1 where the past is too short.

    Source: Siegmund and Venkatraman, "Using the generalized likelihood ratio statistic for sequential detection of a
    change-point", Annals of Statistics 23 (1995).
    """
    bound = 3 * baseline.scale[:, None]
    known = np.isfinite(values)
    centred = np.where(known, np.clip(values - baseline.centre[:, None], -bound, bound), 0.0)
    since = np.cumsum(known[:, ::-1], axis=1)[:, ::-1].astype(np.float64)
    total = np.cumsum(centred[:, ::-1], axis=1)[:, ::-1]
    before = since[:, :1] - since
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = total / since - (total[:, :1] - total) / before
        ratio = shift / (baseline.scale[:, None] * np.sqrt(1 / since + 1 / before))
    usable = known & (before >= ENOUGH) & (since >= 1) & (since <= AFTER)
    ratio = np.where(usable, ratio, -np.inf)
    at = ratio.argmax(axis=1)
    best = ratio[np.arange(len(values)), at]
    short = ~np.isfinite(best)
    return np.where(short, np.nan, best), np.where(short, -1, at)


def rarity(count: Floats, mean: Floats, size: Floats) -> Floats:
    """-log10 P(X >= count) of a negative binomial with this mean and size (variance mean + mean² / size).

    Exact to within a factor of the geometric bound on the terms after the first; 0 for a count at or below the mean.

    >>> rarity(np.array([0.0, 1.0, 5.0]), np.full(3, 0.01), np.ones(3)).round(1).tolist()
    [0.0, 2.0, 10.0]
    """
    found = np.zeros(len(count))
    for at in np.flatnonzero((count >= 1) & (count > mean)).tolist():
        found[at] = _rarity(float(count[at]), max(float(mean[at]), 1e-6), float(size[at]))
    return found


def _rarity(x: float, mean: float, size: float) -> float:
    rest = mean / (mean + size)
    log = math.lgamma(x + size) - math.lgamma(size) - math.lgamma(x + 1)
    log += size * math.log1p(-rest) + x * math.log(rest)
    ratio = rest * (x + size) / (x + 1)
    return max(0.0, -(log - math.log(max(1 - ratio, 1e-9))) / math.log(10))
