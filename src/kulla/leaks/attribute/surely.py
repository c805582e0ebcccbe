"""Known copies that the history itself was made of: it knows which rows each of them surely held.

Between two copies a reconstructed history knows only that a row came or went, so just before a copy all rows of the one
before it may still stand. At the copy's own moment nothing is in doubt: there no clock is allowed for, and the copies
can be told apart by the rows that one held and another did not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

STRAY: Final = 0.1
"""Share of a copy's rows in a file that may come from elsewhere, stale ones for instance: a stated assumption. Of the
rows that tell two copies apart, one that only the wrong copy held has odds of 1 to 9."""


def sight(moment: int, sights: Sequence[int], clock: float) -> int | None:
    """The moment of the copy in the history that a known copy of that moment is; None when it is none of them.

    sights: moments of such copies. All in microseconds UTC but the clock, seconds by which moments may differ.
    """
    near = [each for each in sights if abs(each - moment) <= int(clock * 1e6)]
    return min(near, key=lambda each: (abs(each - moment), each), default=None)


def likely(held: Sequence[Mask], weight: Floats, margin: float) -> tuple[bool, ...]:
    """Which of some copies may be where a piece comes from; the one that held most always may.

    A copy is out where another held more: by a likelihood ratio beyond the margin, in nats, and the rows that only the
    lesser one held are no more than strays. A file made of two copies so has both.

    held: of each copy, which rows of the piece it surely held; weight: of each row, in records.
    """
    return tuple(not any(_beats(other, own, weight, margin) for other in held) for own in held)


def _beats(one: Mask, other: Mask, weight: Floats, margin: float) -> bool:
    more, less = float(weight[one & ~other].sum()), float(weight[other & ~one].sum())
    ratio = (more - less) * float(np.log((1 - STRAY) / STRAY))
    return ratio > margin and less <= STRAY * (more + less)
