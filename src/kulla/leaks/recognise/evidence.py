"""Whether agreements are more than chance: exact tails, so that nothing rests on an approximation for rare events."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

LEVEL: Final = 1e-6
"""How improbable agreements must be by chance, after allowing for all pairs of columns that were tried."""


def log_tail(hits: int, trials: int, share: float) -> float:
    """ln P(X ≥ hits) for X binomial with `trials` and `share`, summed exactly from the terms.

    >>> round(math.exp(log_tail(2, 3, 0.5)), 6)
    0.5
    """
    if hits <= 0 or share >= 1:
        return 0.0
    if share <= 0 or hits > trials:
        return -math.inf
    if hits <= trials * share:  # in the bulk the tail is 1 less the other side, which is summed with less loss
        return math.log1p(-min(math.exp(log_tail(trials - hits + 1, trials, 1 - share)), 1 - 1e-16))
    k = np.arange(hits, trials, dtype=float)
    first = math.lgamma(trials + 1) - math.lgamma(hits + 1) - math.lgamma(trials - hits + 1)
    first += hits * math.log(share) + (trials - hits) * math.log1p(-share)
    steps = np.log((trials - k) / (k + 1)) + math.log(share) - math.log1p(-share)
    return min(first + math.log1p(float(np.exp(np.cumsum(steps)).sum())), 0.0)


def log_excess(hits: int, trials: int, by_chance: int, chance_trials: int) -> float:
    """ln of the chance to see so many of all hits among the `trials`, if these were like the `chance_trials`.

    Given hits + by_chance, hits are binomial with trials / (trials + chance_trials): the exact comparison of two rates
    that needs neither of them.
    """
    if not trials or not chance_trials:
        return 0.0
    return log_tail(hits, hits + by_chance, trials / (trials + chance_trials))


def beyond_chance(log_chance: float, tried: int) -> bool:
    """Whether agreements as improbable as that stand out, although `tried` pairs were looked at."""
    return log_chance + math.log(max(tried, 1)) <= math.log(LEVEL)
