"""Rows that say the same of the same record count a few times only, away from the register's own site.

What is told at a centre is guarded by noise as large as many records (`leaks.discretion`). A thousand copies of one
guess, or the guess in each of a thousand sheets of one file, would be heard through it. So of the rows that are about
one record and found to be the same of it (its state at the same times, or the same cell altered), `MOST` stay over all
tables of a run, the first ones; the others are left out before columns, times and sources are looked for. A leak that
was pasted from so many exports of the same persons loses nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kulla.leaks.leaktable import LeakTable
from kulla.leaks.matched import Matched

MOST: Final = 3

_SAME: Final = np.dtype([("record", np.uint32), ("verdict", np.uint8), ("altered", np.int16), ("first", np.int64)])


class Thinning:
    """Remembers over the tables of a run, for one register, what was said of each record how often."""

    def __init__(self) -> None:
        self._known = np.empty(0, _SAME)
        self._counts = np.empty(0, np.int64)

    def kept(self, matched: Matched) -> npt.NDArray[np.int64]:
        """The places of a table's rows without those too many."""
        said = _said(matched)
        return np.flatnonzero(self._kept(said) | (said["record"] == 0))

    def _kept(self, said: npt.NDArray[np.void]) -> npt.NDArray[np.bool_]:
        whole, place = np.unique(np.concatenate([self._known, said]), return_inverse=True)
        before = np.zeros(len(whole), np.int64)
        before[place[: len(self._known)]] = self._counts
        mine = place[len(self._known) :]
        order = np.argsort(mine, kind="stable")
        begins = np.searchsorted(mine[order], np.arange(len(whole)))
        rank = np.empty(len(mine), np.int64)
        rank[order] = np.arange(len(mine)) - begins[mine[order]]
        self._known, self._counts = whole, before + np.bincount(mine, minlength=len(whole))
        return np.asarray(before[mine] + rank < MOST)


def _said(matched: Matched) -> npt.NDArray[np.void]:
    """What each row says of its record. Rows without record are told apart by nothing: they are left alone."""
    said = np.zeros(len(matched.record), _SAME)
    said["record"], said["verdict"], said["altered"] = matched.record, matched.verdict, matched.altered
    some = np.flatnonzero(matched.intervals.some)
    said["first"][some] = matched.intervals.first[matched.intervals.offsets[some]]
    return said


def rows_of(table: LeakTable, rows: npt.NDArray[np.int64]) -> LeakTable:
    """Some rows of a table."""
    return replace(table, data=table.data.take(pa.array(rows)), lines=table.lines[rows], blocks=table.blocks[rows])
