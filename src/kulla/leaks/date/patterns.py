"""Rows by the stretches of an even grid in which they stood, and how much a row may speak for them: MOST, no more.

For what is told away from a register's own site (`date.drawn`): everything here depends on one row and on what anybody
knows of the file, never on other rows, so that it can be said what one row changes. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kulla.leaks.date.profile import Floats, Ints
from kulla.leaks.intervals import Intervals

TIMES: Final = 64
"""Stretches of the grid: as many as an integer has bits."""
MOST: Final = 7.0
"""Nats: what one row may add to any model, at most."""
STRAYS: Final = (0.02, 0.05, 0.1, 0.2, 0.4)
"""Shares of stray rows that are tried."""
_LEAST: Final = 1 / (2 * TIMES)

Mask = npt.NDArray[np.uint64]
_BELOW: Final[Mask] = np.array([(1 << bits) - 1 for bits in range(TIMES + 1)], np.uint64)


def _shapes() -> Floats:
    """How stray rows may lie in time, one density a row: evenly, or mostly (nine of ten) up to or from some moment."""
    made = [np.ones(TIMES)]
    for part in (2, 4, 8):
        for early in (True, False):
            dense = np.full(TIMES, 0.1 / TIMES)
            dense[: TIMES // part] += 0.9 / (TIMES // part)
            made.append(dense if early else dense[::-1])
    return np.array([each / each.sum() for each in made])


SHAPES: Final = _shapes()
WAYS: Final = tuple((stray, shape) for stray in STRAYS for shape in range(len(SHAPES)))
"""Backgrounds: share of stray rows, and the place of their density in SHAPES."""


def grid(span: tuple[int, int]) -> Ints:
    """The edges of TIMES even stretches of a span: TIMES + 1 moments, ascending."""
    return np.asarray(np.linspace(span[0], span[1], TIMES + 1), np.int64)


def stood(intervals: Intervals, edges: Ints) -> Mask:
    """For each row, as bits, the stretches of the grid in which it stood at some moment.

    At some moment, not at one of them: rows of one time would else fall apart into those that stood at the moment
    before it and those that stood at the one after.
    """
    low = np.maximum(np.searchsorted(edges, intervals.first, "right") - 1, 0)
    high = np.minimum(np.searchsorted(edges, intervals.last, "left"), TIMES)
    bits = _BELOW[np.maximum(high, low.clip(0, TIMES))] & ~_BELOW[np.minimum(low, TIMES)]
    found = np.zeros(len(intervals), np.uint64)
    some = np.flatnonzero(intervals.counts)
    if len(some):
        found[some] = np.bitwise_or.reduceat(bits, intervals.offsets[some])
    return found


def holds(masks: Mask, at: Ints | int) -> npt.NDArray[np.bool_]:
    """Which rows stood in a stretch of the grid: each in its own, or all in one."""
    return np.asarray(masks >> np.asarray(at, np.uint64) & np.uint64(1), bool)


@dataclass(frozen=True, slots=True)
class Patterns:
    """The different patterns of some rows.

    Attributes:
        held: patterns × TIMES, 1 where it stood; of: for each row its pattern.
        mass: shapes × patterns, the share of stray rows of each shape that a pattern has.
    """

    held: Floats
    of: Ints
    mass: Floats

    @classmethod
    def made(cls, masks: Mask) -> Patterns:
        """All of them: were the rare ones left out, one row could decide which of two others' are."""
        some, of = np.unique(masks, return_inverse=True)
        held = (some[:, None] >> np.arange(TIMES, dtype=np.uint64) & np.uint64(1)).astype(np.float64)
        return cls(held, np.asarray(of, np.int64), np.maximum(SHAPES @ held.T, _LEAST))

    def counts(self, group: Ints, many: int) -> Floats:
        """Groups × patterns: how many rows of each group have each pattern. group: of each row."""
        kinds = len(self.held)
        flat = np.bincount(group * kinds + self.of, minlength=many * kinds)
        return flat.reshape(many, kinds).astype(np.float64)

    def worth(self, mass: Floats | float, way: tuple[float, int]) -> Floats:
        """For each pattern what a row of it adds, 0 to MOST nats, where stretches with such a share hold it.

        mass: the share of the rows that are taken in stretches in which it stood, of each pattern or of all.
        """
        stray, shape = way
        told = (1 - stray) * mass + stray * self.mass[shape]
        return np.asarray(np.clip(np.log(told / (STRAYS[0] * self.mass[0])), 0.0, MOST))
