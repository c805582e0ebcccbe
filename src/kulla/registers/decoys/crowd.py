"""How crowded the groups that a decoy joins may be: colleagues, neighbours, namesakes. Pure.

A person drawn by lot has w others in his group. A decoy is put into a group that has w members, and so shows what the
person shows. Where w is small this must be so exactly: a decoy added to its reference's own group would never be alone
in it, while many persons are. Where w is large no group of just that size may exist, and none is needed: a group of 137
that becomes one of 138 shows nothing, as all its members share the new count. So the reference's own group will do.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.integer[Any]]
Floats = npt.NDArray[np.float64]

_EXACT: Final = 5
"""Fewer others than so many must be met exactly."""
_MISS: Final = 1.5
"""What missing an exact number costs, besides each doubling."""
NOBODY: Final = 6.0
"""What having some instead of none, or none instead of some, costs."""


def unlike(counts: Counts, wanted: int, exact: int = _EXACT) -> Floats:
    """How unlike groups of these sizes are, before the decoy joins, to the `wanted` others; 0 where alike.

    exact: fewer others than so many must be met exactly.

    >>> unlike(np.array([0, 2, 3, 100, 101, 200]), 100).round(1).tolist()[3:]
    [0.0, 0.0, 1.0]
    >>> unlike(np.array([0, 1, 2]), 1).tolist()[1]
    0.0
    """
    ratio = np.abs(np.log2((counts + 0.5) / (wanted + 0.5)))
    if wanted >= exact:
        return np.where(counts == wanted + 1, 0.0, ratio + np.where(counts == 0, NOBODY, 0.0))
    return np.where(counts == wanted, 0.0, ratio + np.where((counts == 0) != (wanted == 0), NOBODY, _MISS))
