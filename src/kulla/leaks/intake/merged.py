"""Merged cells: what stands in the first is meant for all of them. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
import pyarrow as pa

Range = tuple[int, int, int, int]


def carried_down(data: pa.Table, merged: Iterable[Range]) -> tuple[pa.Table, int]:
    """The table with merged labels in each of their rows, and in how many merges that was so.

    Only merges of one column and several rows: a label over several columns is a title or a header, and one over a
    block of both is no group's name. Ranges may overlap and reach beyond the table; the first of a row counts.
    """
    spans: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for top, left, bottom, right in merged:
        if left == right and top < bottom and 0 <= left < data.num_columns and top < data.num_rows:
            spans[left].append((max(top, 0), min(bottom, data.num_rows - 1)))
    count = 0
    for at, held in spans.items():
        source = np.arange(data.num_rows)
        end = -1
        for top, bottom in sorted(held):
            if top > end and bottom > top:
                source[top : bottom + 1] = top
                end = bottom
                count += 1
        column = data.column(at).take(pa.array(source))
        data = data.set_column(at, data.column_names[at], column)
    return data, count


def spread(row: list[str | None], at: int, merged: Iterable[Range]) -> list[str | None]:
    """Row `at` with labels merged over several columns in each of these columns: for headers of several rows."""
    for top, left, bottom, right in merged:
        if top <= at <= bottom and 0 <= left < right and left < len(row) and (at == top or not row[left]):
            row[left : right + 1] = [row[left]] * (min(right, len(row) - 1) - left + 1)
    return row
