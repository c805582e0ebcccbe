"""Whether a row is of the time of which almost the whole table is, and alone in fitting a version.

Of one person all versions are compared, so a row with another's name put to it fits that other when they ever had the
same wage at the same employer. Two ways to see it were found on certain rows that were wrong, one or two of a million:
- the row fits a month other than the file's. Where almost all rows could be read at one moment, or began within one
  stretch (a month's declarations), a row that fits no version of that moment and stretch is never certain;
- the other is in the file as well. Where almost every row fits a version that no other row fits, rows that share
  theirs are never certain: one of them is a copy, or nobody's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kulla.leaks.recognise.blockrows import Linked
from kulla.leaks.recognise.register import Ints, Mask, Register

ALMOST: Final = 0.95
"""Share of exact rows that must be of one time for it to count; a table pasted from pieces has no such time."""
_PARTS: Final = 64
"""Into how many parts the history is cut for stretches."""
_STRETCHES: Final = (2, 4, 8)
"""Lengths of stretches that are looked at, in parts: the shortest in which almost all began counts."""
_MOMENTS: Final = 64
"""How many moments are looked at, as many beginnings of versions between each two."""
_LOOKED: Final = 20_000
"""Exact rows by which moment and stretch are judged, evenly over the table."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What almost all rows of a table have in common.

    Attributes:
        moment: at which they could be read; began: the stretch [first, last) in which their versions began. None for
            what they have not in common.
        fitted: by version, how many rows of the table fit it, 2 for more; None where many rows share theirs.
    """

    moment: int | None
    began: tuple[int, int] | None
    fitted: npt.NDArray[np.uint8] | None

    def holds(self, found: Linked, register: Register, others: int) -> Mask:
        """Which rows have a version of that time, that at most so many rows of the table fit, among those in which all
        their keys hold. others: 1 for rows of the table, which fit it themselves, 0 for made ones."""
        first, last = register.times(found.whole_version)
        fits = np.ones(len(first), bool)
        if self.moment is not None:
            fits &= (first <= self.moment) & (last > self.moment)
        if self.began is not None:
            fits &= (first >= self.began[0]) & (first < self.began[1])
        if self.fitted is not None:
            known = found.whole_version < len(self.fitted)
            fits[known] &= self.fitted[found.whole_version[known]] <= others
        out = np.zeros(len(found.record), bool)
        out[found.whole_row[fits]] = True
        return out


def usual(found: Linked, register: Register) -> Usual:
    """What almost all exact rows have in common."""
    exact = np.flatnonzero(found.exact)
    fits = np.isin(found.whole_row, exact)
    version = found.whole_version[fits]
    if not len(version):
        return Usual(None, None, None)
    fitted = np.minimum(np.bincount(version), 2).astype(np.uint8)
    shared = np.ones(len(found.record), bool)
    shared[found.whole_row[fits][fitted[version] == 1]] = False
    alone = np.count_nonzero(~shared[exact]) >= ALMOST * len(exact)
    some = exact[np.linspace(0, len(exact) - 1, min(len(exact), _LOOKED)).astype(np.int64)]
    place = np.full(len(found.record), -1, np.int64)
    place[some] = np.arange(len(some))
    row = place[found.whole_row]
    here = row >= 0
    first, last = register.times(found.whole_version[here])
    return Usual(
        _moment(row[here], first, last, len(some)), _stretch(row[here], first, register.horizon, len(some)),
        fitted if alone else None,
    )  # fmt: skip


def _moment(row: Ints, first: Ints, last: Ints, rows: int) -> int | None:
    """The moment at which most rows have a version, if almost all of so many have."""
    moments = np.unique(np.quantile(first, np.linspace(0, 1, _MOMENTS), method="lower"))
    counts = []
    for moment in moments.tolist():
        seen = np.zeros(rows, bool)
        seen[row[(first <= moment) & (last > moment)]] = True
        counts.append(np.count_nonzero(seen))
    best = int(np.argmax(counts))
    return int(moments[best]) if counts[best] >= ALMOST * rows else None


def _stretch(row: Ints, first: Ints, horizon: tuple[int, int], rows: int) -> tuple[int, int] | None:
    """The shortest stretch in which almost all of so many rows have a version that began there."""
    lo, hi = horizon
    edges = lo + (hi - lo) * np.arange(_PARTS + 1) // _PARTS
    edges[-1] = hi + 1
    seen = np.zeros((rows, _PARTS), bool)
    seen[row, np.clip(np.searchsorted(edges, first, "right") - 1, 0, _PARTS - 1)] = True
    for length in _STRETCHES:
        counts = [np.count_nonzero(seen[:, at : at + length].any(axis=1)) for at in range(_PARTS - length + 1)]
        best = int(np.argmax(counts))
        if counts[best] >= ALMOST * rows:
            return int(edges[best]), int(edges[best + length])
    return None
