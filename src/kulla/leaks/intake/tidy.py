"""A table as it lies in a file made into a table of data: titles, headers, blank rows and totals left out. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kulla.leaks.intake import headers, merged, rowkinds
from kulla.leaks.intake._api import Grid, tidy_text
from kulla.leaks.intake.cells import named
from kulla.leaks.intake.texts import undone
from kulla.leaks.leaktable import LeakTable

_SAMPLE: Final = 200
_SAMPLE_CELLS: Final = 400_000
_OFTEN: Final = 0.2
"""Where more rows are blank, the table is written with spaces, and blank rows part nothing."""


def tidied(grid: Grid) -> LeakTable | None:
    """The table of data; None when there is none in it."""
    notes = list(grid.notes)
    data = grid.data.combine_chunks()
    counts = rowkinds.filled(data)
    if not (counts > 0).any():
        return None
    data, carried = merged.carried_down(data, grid.merged)
    _count(notes, carried, "merged labels carried down")
    kinds = _Kinds.of(data, counts, grid, notes)
    if not kinds.kept.any():
        return None
    places = np.flatnonzero(kinds.kept)
    whole = len(places) == data.num_rows
    columns, titles, changed = [], [], 0
    for at in range(data.num_columns):
        column = data.column(at) if whole else data.column(at).take(pa.array(places))
        title = kinds.headers[at] if at < len(kinds.headers) else ""
        if column.null_count == len(column) and not title:
            continue
        one = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
        one, count = undone(one) if isinstance(one, pa.Array) else (one, 0)
        columns.append(one)
        titles.append(tidy_text(title))
        changed += count
    _count(notes, data.num_columns - len(columns), "empty columns left out")
    _count(notes, changed, "numbers with a lost form written out")
    lines = grid.first + np.arange(data.num_rows, dtype=np.int64) if grid.lines is None else grid.lines
    return LeakTable(
        grid.name, tuple(titles), named(columns, len(places)), lines[places], kinds.blocks(places), tuple(notes)
    )


@dataclass(frozen=True, slots=True)
class _Kinds:
    """Which rows are data, which of the others part it, and what the columns are called."""

    kept: rowkinds.Mask
    parting: rowkinds.Mask
    headers: tuple[str, ...]

    @classmethod
    def of(cls, data: pa.Table, counts: npt.NDArray[np.int32], grid: Grid, notes: list[str]) -> _Kinds:
        blank = counts == 0
        _count(notes, int(blank.sum()), "blank rows left out")
        if grid.headers is not None:
            return cls(~blank, np.zeros(data.num_rows, bool), grid.headers)
        some = np.flatnonzero(~blank)
        header, words = _header(data, some, grid)
        usual = rowkinds.usual_cells(counts)
        leading = np.zeros(data.num_rows, bool)
        if header:
            leading[some[header.first] if header.under_data else 0 : some[header.after - 1] + 1] = True
        again = np.zeros(data.num_rows, bool)
        if header:
            for at in some[header.first : header.after]:
                again |= rowkinds.repeats(data, _row(data, int(at)), ~leading & ~blank)
            _count(notes, 0 if header.under_data else header.first, "title rows left out")
            _count(notes, int(again.sum()), "repeated header rows left out")
        sums = rowkinds.totals(data, counts, usual) & ~leading & ~again
        _count(notes, int(sums.sum()), "rows of totals left out")
        edge = leading | blank | again | sums
        edge[:1] |= not header
        heads = rowkinds.titles(data, counts, usual, edge) & ~leading
        if not header and len(some) > 1 and usual > 2:
            heads |= _first_titles(counts, some)
        _count(notes, int(heads.sum()), "title rows left out")
        out = leading | blank | again | sums | heads
        spaced = blank[some[0] : some[-1]].sum() > _OFTEN * (some[-1] - some[0] + 1)
        parting = out & ~blank if spaced else out
        return cls(~out, parting, words)

    def blocks(self, places: npt.NDArray[np.intp]) -> npt.NDArray[np.int32]:
        """For each row kept, which run it stands in."""
        parted = np.cumsum(self.parting)[places]
        steps = np.diff(parted, prepend=parted[:1]) > 0
        return np.cumsum(steps).astype(np.int32)


def _first_titles(counts: npt.NDArray[np.int32], some: npt.NDArray[np.intp]) -> rowkinds.Mask:
    """Rows of one cell at the very top of a table without a header."""
    found = np.zeros(len(counts), bool)
    for at in some[: headers.DEEPEST]:
        if counts[at] > 1:
            break
        found[at] = True
    return found


def _header(data: pa.Table, some: npt.NDArray[np.intp], grid: Grid) -> tuple[headers.Header | None, tuple[str, ...]]:
    """The header, its places counted among the rows that are not blank (`some`), and the words of each column."""
    width = data.num_columns
    size = max(20, min(_SAMPLE, _SAMPLE_CELLS // max(width, 1)))
    top = _rows(data, some[: headers.DEEPEST])
    if grid.merged:
        top = [merged.spread(row, int(at), grid.merged) for row, at in zip(top, some, strict=False)]
    rest = some[headers.DEEPEST :]
    spread = np.unique(np.linspace(0, max(len(rest) - 1, 0), min(size, len(rest))).astype(np.intp))
    below = _rows(data, rest[spread])
    header = headers.find(top, below)
    return (header, headers.words_of(top, header, width)) if header else (None, ("",) * width)


def _rows(data: pa.Table, places: npt.NDArray[np.intp]) -> list[list[str | None]]:
    columns = [column.to_pylist() for column in data.take(pa.array(places)).columns]
    return [list(row) for row in zip(*columns, strict=True)]


def _row(data: pa.Table, at: int) -> list[str | None]:
    return [column[at].as_py() for column in data.columns]


def _count(notes: list[str], count: int, what: str) -> None:
    if count:
        notes.append(f"{count} {what}")
