"""Pieces away from the owner's site: no row moves what is told of others."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from kulla.leaks.date import shipped_drops
from kulla.leaks.dated import Piece, Window
from kulla.leaks.desk.dating import _ends
from kulla.leaks.desk.request import Compared, Taken
from kulla.leaks.intervals import from_rows
from kulla.leaks.leaktable import LeakTable
from kulla.leaks.matched import Matched

ROWS = 200


def compared(left: np.ndarray) -> Compared:
    """A table of which some rows are left; row n of all is of record n + 1 and stood from moment n on."""
    count = len(left)
    table = LeakTable("x", (), pa.table({"c0": ["x"] * count}), left + 1, np.zeros(count, np.int32))
    matched = Matched(
        "civil", (), "record", (left + 1).astype(np.uint32), np.zeros(count, np.uint8), np.zeros(count, np.uint8),
        from_rows(np.arange(count), left.astype(np.int64), left + 1000, count), np.full(count, -1, np.int16), ROWS,
        (0, 2000),
    )  # fmt: skip
    return Compared(0, table, matched, ROWS, "x", Taken(left, ROWS, np.zeros(ROWS, np.int32), (100,), ROWS))


def crawl(rows: np.ndarray) -> Piece:
    drops = shipped_drops()
    window = Window(((0, 2000),), (0, 2000), drops.level, 2.0, False, 0.0, len(rows), 0, False)
    return Piece("civil", 0, rows, (), "crawl", window)


@pytest.mark.parametrize(("by_record", "begin", "end"), [(False, (0, 20), (80, 100)), (True, (0, 40), (160, 200))])
@pytest.mark.parametrize("gone", [0, 19, 50, 99])
def test_a_row_left_out_changes_the_ends_of_a_crawl_by_itself_alone(
    by_record: bool, begin: tuple[int, int], end: tuple[int, int], gone: int
) -> None:
    """Fifths of the part in the file, or of the register's numbers, where the row's moment tells which it is."""
    whole = np.arange(ROWS)
    for left in (whole, np.delete(whole, gone)):
        rows = np.arange(len(left)) if by_record else np.flatnonzero(left < 100)
        first, last = _ends(crawl(rows), by_record, compared(left))
        assert first.first.tolist() == [each for each in range(*begin) if each in left]
        assert last.first.tolist() == [each for each in range(*end) if each in left]
