"""Tests that hold one field of an event against another."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow.compute as pc

from kulla.detect.fast.column import Column
from kulla.detect.fast.kernels import Mask
from kulla.detect.rule import FieldRef
from kulla.events.fields import Rows

_RELATIONS: dict[str, Callable[[str, str], bool]] = {
    "equals": str.__eq__, "contains": str.__contains__, "startswith": str.startswith, "endswith": str.endswith,
}  # fmt: skip


def refers(test: FieldRef, column: Column, other: Column | None, rows: Rows) -> Mask:
    """For each of `rows`, whether some value stands in the relation to some value of the other field."""
    result = np.zeros(len(rows), bool)
    if other is None:
        return result
    if test.relation == "equals" and not column.repeated and not other.repeated:
        return _equal(test.cased, column, other, rows)
    relation = _RELATIONS[test.relation]
    our_rows, our_codes = column.entries(rows)
    their_rows, their_codes = other.entries(rows)
    ours = (column.values if test.cased else column.folded).take(our_codes).to_pylist()
    theirs = (other.values if test.cased else other.folded).take(their_codes).to_pylist()
    by_row: dict[int, list[str]] = {}
    for row, text in zip(their_rows.tolist(), theirs, strict=True):
        by_row.setdefault(row, []).append(text)
    for row, text in zip(our_rows.tolist(), ours, strict=True):
        if not result[row]:
            result[row] = any(relation(text, against) for against in by_row.get(row, ()))
    return result


def _equal(cased: bool, column: Column, other: Column, rows: Rows) -> Mask:
    """By number: each field's distinct values as places among the first's."""
    ours = column.values if cased else column.folded
    theirs = other.values if cased else other.folded
    our_place = np.asarray(pc.index_in(ours, ours))  # values that differ in case alone share a place
    their_place = np.asarray(pc.fill_null(pc.index_in(theirs, ours), -1))
    our_codes, their_codes = column.code_of[rows], other.code_of[rows]
    both = (our_codes >= 0) & (their_codes >= 0)
    equal: Mask = both & (our_place[our_codes] == their_place[their_codes])
    return equal
