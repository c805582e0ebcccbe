"""Where a table shows by itself that something else was pasted on: from its cells alone, whatever the register says.

Whoever holds the file sees these places too, so a piece that begins at one tells nothing of single cells. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kulla.leaks.leaktable import LeakTable

MOST: Final = 3
"""Seams of a table, and of each of the signs: what changes more often is how the file is, not where it was pasted."""
LEAST: Final = 200
"""Rows between two seams: of fewer nothing would be told."""
_HEAD: Final = 4096
_NO_LETTER: Final = 3
_ORDER: Final = 50
"""Changes of value below which a column's order is chance: of nine employers one after the other three may fall."""

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def seams(table: LeakTable) -> Ints:
    """The places of rows at which another part begins, ascending; at most MOST.

    Signs are, of each column: a value, emptiness or capitals that are the same throughout a part; an order of values
    that begins anew. And blocks (see `LeakTable.blocks`). Those that most signs show are taken.
    """
    if table.rows < 2 * LEAST:
        return np.zeros(0, np.int64)
    found: Counter[int] = Counter()
    for places in _signs(table):
        if all(after - before >= LEAST for before, after in pairwise([0, *places, table.rows])):
            found.update(places)
    kept: list[int] = []
    for at in sorted(found, key=lambda place: (-found[place], place)):
        if len(kept) < MOST and all(abs(at - other) >= LEAST for other in kept):
            kept.append(at)
    return np.array(sorted(kept), np.int64)


def _signs(table: LeakTable) -> Iterator[list[int]]:
    """For each sign the places of rows that are another than the one before; nothing of more than MOST."""
    blocks = np.flatnonzero(np.diff(table.blocks)) + 1
    if len(blocks) <= MOST:
        yield blocks.tolist()
    for column in table.data.columns:
        text = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        for sign in _SIGNS:
            # Most columns change in every row: their beginning shows it.
            if np.count_nonzero(sign(text[:_HEAD])) <= MOST:
                changed = sign(text)
                if np.count_nonzero(changed) <= MOST and (sign in _ALIKE or np.count_nonzero(_differs(text)) > _ORDER):
                    yield (np.flatnonzero(changed) + 1).tolist()


def _emptied(text: pa.Array) -> Mask:
    return np.diff(np.asarray(text.is_null()))


def _differs(text: pa.Array) -> Mask:
    """Which values are others than the one before; empty cells are left to their own sign."""
    return _mask(pc.not_equal(text[1:], text[:-1]))


def _letters(text: pa.Array) -> Mask:
    """Where a column of capitals, of small letters, or of both becomes another; what has no letter is left out."""
    upper, lower = (_mask(pc.equal(text, each(text))) for each in (pc.utf8_upper, pc.utf8_lower))
    kind = upper.astype(np.int8) + 2 * lower.astype(np.int8)
    told = np.flatnonzero((kind != _NO_LETTER) & ~np.asarray(text.is_null()))
    changed = np.zeros(max(len(kind) - 1, 0), bool)
    changed[told[1:][np.diff(kind[told]) != 0] - 1] = True
    return changed


def _falls(text: pa.Array) -> Mask:
    return _mask(pc.less(text[1:], text[:-1]))


def _rises(text: pa.Array) -> Mask:
    return _mask(pc.greater(text[1:], text[:-1]))


def _falls_as_number(text: pa.Array) -> Mask:
    step = _steps(text)
    return np.asarray((step < 0) | ((step == 0) & _falls(text)))


def _rises_as_number(text: pa.Array) -> Mask:
    step = _steps(text)
    return np.asarray((step > 0) | ((step == 0) & _rises(text)))


def _steps(text: pa.Array) -> Ints:
    """By how much each text is longer than the one before, 0 beside an empty cell: of numbers the longer is greater."""
    length = pc.utf8_length(text).cast(pa.int64())
    return np.asarray(pc.subtract(length[1:], length[:-1]).fill_null(0))


_ALIKE: Final[tuple[Callable[[pa.Array], Mask], ...]] = (_emptied, _differs, _letters)
_SIGNS: Final = (*_ALIKE, _falls, _rises, _falls_as_number, _rises_as_number)


def _mask(found: pa.Array) -> Mask:
    return np.asarray(found.fill_null(False), bool)
