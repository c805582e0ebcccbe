"""What could be known of a pasted file: oracles that are told what nobody who has the file is told, priced alike.

The labels' oracle knows of which piece each row is; the moments' oracle knows when the pieces were taken, but not which
rows are of which. Neither is told which rows are altered or stale. Each says the true number of pieces where that costs
less (BIC) than every way to join neighbours in time, or, for the moments' oracle, than the best model of fewer moments.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kulla.leaks.date.instants import settled
from kulla.leaks.date.models import Rows, price
from kulla.leaks.date.profile import sweep
from kulla.leaks.date.window import told_by
from kulla.leaks.world import Drawn, World

Ints = npt.NDArray[np.int64]


def rows_of(world: World, leak: Drawn) -> tuple[Rows, Ints]:
    """The rows of a leak that tell something, as `mixture` has them, and their places in it."""
    exact, telling = np.flatnonzero(leak.exact), told_by(leak.intervals, world.horizon)
    rows = Rows(
        leak.intervals.take(telling), np.searchsorted(exact, telling), leak.record[telling].astype(np.int64),
        np.ones(len(telling)), len(exact), world.horizon, world.horizon,
    )  # fmt: skip
    return rows, telling


def labels_tell(world: World, leak: Drawn, label: Ints, count: int) -> bool:
    """Whether who knows the piece of each row would say so many pieces. label: by row, in the order of time."""
    rows, telling = rows_of(world, leak)
    piece = label[telling]
    if len(np.unique(piece)) < count:
        return False
    best = price(rows, _at_best(rows, piece), count)
    for cuts in range(2 ** (count - 1) - 1):
        # Bit k of `cuts`: pieces k and k + 1 stay apart.
        joined = np.cumsum([0, *(cuts >> each & 1 for each in range(count - 1))])[piece]
        if price(rows, _at_best(rows, joined), int(joined.max()) + 1) <= best:
            return False
    return True


def moments_tell(world: World, leak: Drawn, taken: list[int], bic: tuple[float, ...]) -> bool:
    """Whether who knows the moments would say that there are so many; the moments cost such a one nothing.

    bic: the prices that were found by number of pieces.
    """
    rows, _ = rows_of(world, leak)
    if len(rows.intervals) < 2:
        return False
    told = min(
        rows.price(made.loglik, made.free - len(taken))
        for made in (settled(rows.intervals, rows.horizon, tuple(sorted(taken)), even) for even in (True, False))
    )
    return bool(told < min(bic[: len(taken) - 1]))


def _at_best(rows: Rows, piece: Ints) -> Ints:
    """For each row the moment at which most rows of its piece hold."""
    moment = np.zeros(len(piece), np.int64)
    for each in np.unique(piece).tolist():
        mine = np.flatnonzero(piece == each)
        profile = sweep(rows.intervals.take(mine), np.ones(len(mine)), rows.span)
        moment[mine] = profile.edges[profile.best]
    return moment
