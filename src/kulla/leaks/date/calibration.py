"""How far the region must reach on this register's own history: leaks drawn at known times, dated, and measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from kulla.leaks.date.drops import LEAST, LEVEL, Drops
from kulla.leaks.date.simulate import Stock, moment, sample, stale_times
from kulla.leaks.date.window import dated
from kulla.leaks.world import Noise

SIZES: Final = (640, 6_400, 64_000)
SHARES: Final = (0.02, 0.05, 0.1, 1.0)
"""Upper bounds of the stray share by which drops are told apart."""
_STALE: Final = (0.0, 0.01, 0.05, 0.2)
_ALTERED: Final = (0.0, 0.1, 0.3)
_SURE: Final = 0.9
"""How sure it must be that a drop covers: the runs are few."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A leak drawn and dated. size: as asked for; share: of stray rows, as estimated; need: how deep the truth lay."""

    size: int
    share: float
    need: float


def trials(of: Stock, sizes: Sequence[int], runs: int, seed: int) -> Iterator[Trial]:
    """So many leaks of each size and stale share, half of one older time and half of various, with altered rows."""
    for size in sizes:
        for stale in _STALE:
            for run in range(runs):
                draw = np.random.default_rng([seed, size, round(1000 * stale), run])
                yield trial(of, size, Noise(altered=_ALTERED[run % 3], stale=stale), run % 2 == 1, draw)


def trial(of: Stock, size: int, noise: Noise, several: bool, draw: np.random.Generator) -> Trial:
    """One of them. several: whether stale rows are of various times."""
    horizon = of.world.horizon
    taken = moment(horizon, draw)
    older = stale_times(horizon, taken, several, draw)
    leak = of.leak(sample(of, taken, size, draw), Noise(noise.altered, noise.invented, noise.stale, older), draw)
    found = dated(leak.intervals, horizon, horizon)
    return Trial(size, found.background.share, float(found.depth[found.profile.plateau(taken)]))


def calibrate_drops(of: Stock, sizes: Sequence[int] = SIZES, runs: int = 120, seed: int = 1) -> Drops:
    """The drops of a register, on leaks drawn from its own history.

    of: its versions and the columns that leaks have. runs: leaks of each size and stale share. The same arguments give
    the same drops.
    """
    return drops_of(list(trials(of, sizes, runs, seed)), True, seed)


def drops_of(found: Sequence[Trial], own: bool, seed: int) -> Drops:
    """The drops that such trials ask for: for each size and share what covers LEVEL of them, for sure enough.

    Where a size has too few trials of a share, the trials of all sizes count.
    """
    sizes = tuple(sorted({each.size for each in found}))
    column = np.searchsorted(SHARES, [each.share for each in found], "left")
    size, need = np.array([each.size for each in found]), np.array([each.need for each in found])
    nats = []
    for row in sizes:
        line = []
        for at in range(len(SHARES)):
            mine = need[(column == at) & (size == row)]
            line.append(round(float(covering(mine if len(mine) >= _fewest() else need[column == at])), 3))
        nats.append(tuple(line))
    return Drops(sizes, SHARES, tuple(nats), LEVEL, own, len(found), seed)


def covering(needs: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """The least of these that covers LEVEL of their distribution, `_SURE` sure (a distribution-free tolerance bound).

    With too few for that it is the greatest of them, and at least what a region needs by the textbook.
    """
    count = len(needs)
    if not count:
        return LEAST
    ranks = (rank for rank in range(int(count * LEVEL), count + 1) if rank and _below(rank - 1, count) >= _SURE)
    return max(LEAST, float(np.sort(needs)[next(ranks, count) - 1]) + 1e-3)


def _fewest() -> int:
    """How many trials a bound needs at least."""
    return int(np.ceil(np.log(1 - _SURE) / np.log(LEVEL)))


def _below(most: int, count: int) -> float:
    """The probability that of `count` trials at most `most` fall where LEVEL of all fall."""
    hits = np.arange(count + 1)
    steps = np.log(np.maximum(count - hits[1:] + 1, 1) / hits[1:] * (LEVEL / (1 - LEVEL)))
    logs = count * np.log(1 - LEVEL) + np.concatenate([np.zeros(1), np.cumsum(steps)])
    return float(np.exp(logs[: most + 1]).sum())
