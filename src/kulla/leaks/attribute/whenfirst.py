"""When a group of reads explained each row anew: what sums over its windows are made of."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from kulla.leaks.attribute.rowsets import RowSets
from kulla.leaks.attribute.target import Target, in_order

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Items = tuple[Ints, Ints, Floats, Floats]

_STEP: Final = 64
"""Pairs for each of a group's cells from which it is gone through cell by cell: a step in Python costs what sorting
some fifty pairs does."""


def fresh(sets: RowSets, target: Target, cell: Ints, of: Ints, many: int) -> Items:
    """Sums over the rows that groups explain anew: (cell, half day of the time before, weight, weighted `log_stood`).

    cell: group · many + half day, ascending; of: the set of rows explained there; each pair of both comes once. A row
    counts in each half day once, with the group's last half day before in which it was explained, -1 if in none. What
    is alike in cell and half day before may be one item or several.
    """
    pairs = np.bincount(cell // many, sets.sizes[of])
    cells = np.bincount(cell[np.diff(cell, prepend=-1) > 0] // many, minlength=len(pairs))
    long = (pairs > _STEP * cells)[cell // many]
    parts = [_sorted(sets, target, cell[~long], of[~long], many), _stepped(sets, target, cell[long], of[long], many)]
    return tuple(np.concatenate(each) for each in zip(*parts, strict=True))  # type: ignore[return-value]


def _sorted(sets: RowSets, target: Target, cell: Ints, of: Ints, many: int) -> Items:
    """By sorting all pairs: for groups with few in each cell."""
    row, at = sets.listed(of), np.repeat(cell, sets.sizes[of])
    order = in_order(at // many * len(target) + row)
    row, at = row[order], at[order]
    same = np.append(False, (row[1:] == row[:-1]) & (at[1:] // many == at[:-1] // many))[: len(row)]
    before = np.where(same, np.append(-1, at[:-1] % many)[: len(row)], -1)
    kept = before < at % many
    row, at, before = row[kept], at[kept], before[kept]
    weight = target.weight[row]
    return at, before, weight, weight * target.log_stood[row]


def _stepped(sets: RowSets, target: Target, cell: Ints, of: Ints, many: int) -> Items:
    """Cell by cell, with the half day in which each row was last explained kept in mind."""
    # An index of the machine's own width, turned once, and `take`: a third less than plain indexing five times over.
    weight, stood = target.weight, target.weight * target.log_stood
    last, mark = np.zeros(len(target), np.int32), np.zeros(len(target), np.int32)  # last: half day + 1, 0 for none
    starts = np.flatnonzero(np.diff(cell, prepend=-1))
    found: list[Items] = [(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), np.zeros(0))]
    group = -1
    for low, high in pairwise([*starts.tolist(), len(cell)]):
        here = int(cell[low])
        if here // many != group and many > 1:
            group = here // many
            last.fill(0)
        rows = sets.listed(of[low:high]).astype(np.intp)
        if high - low > 1:
            count = np.arange(len(rows), dtype=np.int32)
            mark[rows] = count
            rows = rows[mark.take(rows) == count]
        before = last.take(rows)
        if many > 1:
            last[rows] = here % many + 1
        weights, sums = (np.bincount(before, each.take(rows)).astype(np.float64) for each in (weight, stood))
        some = np.flatnonzero(weights)
        found.append((np.full(len(some), here), some - 1, weights[some], sums[some]))
    return tuple(np.concatenate(each) for each in zip(*found, strict=True))  # type: ignore[return-value]
