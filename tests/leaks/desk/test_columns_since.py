"""A column that a register got at some time: a leak that has it was not taken before, however old all else in it is.

Nothing tells tracing so; the column's values stand in the imprint from that time on, and before it there are none.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from leakregisters import Opened, leak, small
from payrolls import START, manifest, row

from kulla.leaks.date import shipped_drops
from kulla.leaks.desk.dating import pieces_of
from kulla.leaks.desk.request import Compared, Taken
from kulla.leaks.discretion import Discretion

PERSONS, ADDED, TAKEN, LAST = 400, 500, 700, 1000
COLUMNS = ("nid", "full_name", "employer_id", "period", "gross_salary", "phone")


def register(folder: Path, share: float) -> Opened:
    """A payroll in which nothing changes but that a share of the persons gets a phone number when the column comes;
    at the end somebody new comes, which is as far as its history goes."""
    rows: list[dict[str, object]] = []
    for person in range(PERSONS):
        told = person < share * PERSONS
        rows.append(row(person, 1, 100 + person, 0, ADDED if told else None) | {"phone": None})
        if told:
            rows.append(row(person, 1, 100 + person, ADDED))
    return small(folder, manifest(), [[*rows, row(PERSONS, 1, 999, LAST)]])


def taken(opened: Opened, columns: tuple[str, ...], hour: int) -> Compared:
    places = opened.at(START + timedelta(hours=hour))
    table = leak([opened.texts(name, places) for name in columns])
    whole = Taken(np.arange(table.rows), table.rows, table.blocks, (), PERSONS)
    return Compared(0, table, opened.recognise(table), None, "x", whole)


def beginning(opened: Opened, compared: Compared, discretion: Discretion) -> float:
    """Hours after the register's beginning at which the window of the leak's one piece begins."""
    found = pieces_of(compared, opened.manifest, shipped_drops(), None, discretion)
    piece = max(found.pieces, key=lambda each: len(each.rows))  # drawn by lot, now and then it is told as two
    assert len(piece.rows) > 0.9 * compared.table.rows or not discretion.at_owner
    first = datetime.fromtimestamp(piece.window.spans[0][0] / 1e6, START.tzinfo)
    assert piece.window.open_end
    return (first - START) / timedelta(hours=1)


@pytest.mark.parametrize("share", [1.0, 0.5, 0.05])
def test_a_leak_with_the_new_column_was_not_taken_before_it_came(tmp_path: Path, share: float) -> None:
    opened = register(tmp_path, share)
    compared = taken(opened, COLUMNS, TAKEN)
    assert "phone" in {match.register_column for match in compared.matched.columns}
    clock = opened.manifest.clock_uncertainty / 3600
    assert beginning(opened, compared, Discretion(True, bytes(32), b"x")) == pytest.approx(ADDED - clock)


def test_away_from_the_owner_too_where_a_hundred_rows_show_it(tmp_path: Path) -> None:
    opened = register(tmp_path, 1.0)
    compared = taken(opened, COLUMNS, TAKEN)
    clock = opened.manifest.clock_uncertainty / 3600
    for seed in range(20):
        away = Discretion(False, bytes(32), bytes([seed]))
        assert ADDED - clock - 1 <= beginning(opened, compared, away) <= ADDED


def test_without_the_new_column_nothing_of_it_is_told(tmp_path: Path) -> None:
    opened = register(tmp_path, 1.0)
    compared = taken(opened, tuple(name for name in COLUMNS if name != "phone"), TAKEN)
    assert beginning(opened, compared, Discretion(True, bytes(32), b"x")) <= 0


def test_old_rows_pasted_in_do_not_take_the_window_back(tmp_path: Path) -> None:
    """Three rows in ten are of before, without a phone: of their own piece or stray, but never of the new time."""
    opened = register(tmp_path, 1.0)
    now, before = (opened.at(START + timedelta(hours=hour)) for hour in (TAKEN, ADDED - 100))
    rows = np.concatenate([now[:280], before[280:400]])
    table = leak([opened.texts(name, rows) for name in COLUMNS])
    compared = Compared(0, table, opened.recognise(table), None, "x")
    found = pieces_of(compared, opened.manifest, shipped_drops(), None, Discretion(True, bytes(32), b"x"))
    newest = max(found.pieces, key=lambda piece: piece.window.best[0])
    added = (START + timedelta(hours=ADDED)).timestamp() * 1e6
    assert newest.window.spans[0][0] >= added - opened.manifest.clock_uncertainty * 1e6
