"""What each row of a table is (data, blank, header, title, total), column by column over the whole table. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Mask = npt.NDArray[np.bool_]

_TOTAL: Final = (
    r"(?i)^\s*(grand |sub ?-?|nën ?-?|nen ?-?)?"
    r"(total|totals|totali|totale|shuma|gjithsej|sum|summe|somma|ukupno)\b"
)


def filled(data: pa.Table) -> npt.NDArray[np.int32]:
    """How many cells of each row hold something."""
    counts = np.zeros(data.num_rows, np.int32)
    for column in data.columns:
        if column.null_count == 0:
            counts += 1
        elif column.null_count < len(column):
            counts += pc.is_valid(column).to_numpy()
    return counts


def repeats(data: pa.Table, row: Sequence[str | None], among: Mask) -> Mask:
    """Rows that say the same as `row`, blanks round a cell aside; an empty cell of `row` allows anything."""
    same: Mask = among.copy()
    for column, cell in zip(data.columns, row, strict=False):
        if cell and same.any():
            # Equal but for blanks is rare; equal is tested first, on all.
            equal = pc.fill_null(pc.equal(column, cell), False).to_numpy()
            if cell != cell.strip():
                equal |= pc.fill_null(pc.equal(pc.utf8_trim_whitespace(column), cell.strip()), False).to_numpy()
            same &= equal
    return same if any(row) else np.zeros(data.num_rows, bool)


def totals(data: pa.Table, counts: npt.NDArray[np.int32], usual: int) -> Mask:
    """Rows that sum others up: one cell says so, no other holds a letter, and cells are fewer than usual."""
    found = np.zeros(data.num_rows, bool)
    places = np.flatnonzero((counts > 0) & (counts < max(usual, 2)))
    few = data.take(pa.array(places))
    says, words = np.zeros(len(places), bool), np.zeros(len(places), np.int32)
    for column in few.columns:
        if column.null_count < len(column):
            says |= pc.fill_null(pc.match_substring_regex(column, _TOTAL), False).to_numpy()
            words += pc.fill_null(pc.match_substring_regex(column, r"\p{L}"), False).to_numpy()
    found[places[says & (words == 1)]] = True
    return found


def titles(data: pa.Table, counts: npt.NDArray[np.int32], usual: int, edge: Mask) -> Mask:
    """Rows of one cell, the first, of words without a figure, that stand next to a row of `edge`, in a table of three
    columns or more."""
    if usual < 3:
        return np.zeros(data.num_rows, bool)
    beside = np.zeros(data.num_rows, bool)
    beside[1:] |= edge[:-1]
    beside[:-1] |= edge[1:]
    found: Mask = (counts == 1) & beside & ~edge
    places = np.flatnonzero(found)
    cells = data.column(0).take(pa.array(places))
    found[places] = pc.fill_null(pc.match_substring_regex(cells, r"^\PN*\pL\PN*$"), False).to_numpy()
    return found


def usual_cells(counts: npt.NDArray[np.int32]) -> int:
    """How many cells a row that is not blank has as a rule: the median; 0 when all are blank."""
    some = counts[counts > 0]
    return int(np.median(some)) if len(some) else 0
