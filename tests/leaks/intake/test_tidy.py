"""Tables as they lie in files: titles, headers, blank rows, totals, merged cells."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from leakfiles import HEADER, PEOPLE, Rows, rows

from kulla.leaks.intake._api import Grid
from kulla.leaks.intake.cells import Collector
from kulla.leaks.intake.tidy import tidied
from kulla.leaks.leaktable import LeakTable


def grid(cells: Rows, **more: Any) -> Grid:
    collector = Collector()
    collector.add(cells)
    return Grid("sheet", collector.table(), **more)


def tidy(cells: Rows, **more: Any) -> LeakTable:
    table = tidied(grid(cells, **more))
    assert table is not None
    return table


BLANK: list[None] = [None] * 5
TITLE = ["Lista e pagave, Ministria", *[None] * 4]


def test_titles_header_repeats_blank_rows_and_totals() -> None:
    total = ["Totali", None, None, "196000", None]
    table = tidy([TITLE, BLANK, HEADER, *PEOPLE[:2], total, BLANK, HEADER, *PEOPLE[2:], total])
    assert table.headers == tuple(HEADER)
    assert rows(table) == PEOPLE
    assert table.lines.tolist() == [4, 5, 9, 10]
    assert table.blocks.tolist() == [0, 0, 1, 1]
    assert table.notes == (
        "2 blank rows left out", "1 title rows left out", "1 repeated header rows left out", "2 rows of totals left out"
    )  # fmt: skip


def test_no_header_at_all() -> None:
    table = tidy(PEOPLE)
    assert table.headers == ("",) * 5
    assert rows(table) == PEOPLE
    assert table.lines.tolist() == [1, 2, 3, 4]


def test_a_title_without_a_header() -> None:
    table = tidy([TITLE, BLANK, *PEOPLE])
    assert table.headers == ("",) * 5
    assert rows(table) == PEOPLE


def test_a_header_of_two_rows_with_merged_groups() -> None:
    group = ["Personi", None, None, "Puna", None]
    table = tidy([group, HEADER, *PEOPLE], merged=((0, 0, 0, 2), (0, 3, 0, 4)))
    assert table.headers == ("Personi NID", "Personi Emri", "Personi Mbiemri", "Puna Paga", "Puna Telefoni")
    assert rows(table) == PEOPLE


def test_a_merged_label_is_carried_down() -> None:
    cells: Rows = [["Bashkia", "NID", "Paga"], ["Tirana", "J1", "5"], [None, "J2", "6"], ["Durrës", "J3", "7"]]
    table = tidy(cells, merged=((1, 0, 2, 0),))
    assert [row[0] for row in rows(table)] == ["Tirana", "Tirana", "Durrës"]
    assert "1 merged labels carried down" in table.notes
    assert [row[0] for row in rows(tidy(cells))] == ["Tirana", None, "Durrës"], "nothing is guessed"


def test_merges_that_overlap_do_not_spread_further() -> None:
    cells: Rows = [["NID", "Bashkia", "Paga"], ["J1", "a", "1"], ["J2", None, "2"], ["J3", "c", "3"], ["J4", None, "4"]]
    table = tidy(cells, merged=((1, 1, 2, 1), (2, 1, 4, 1)))
    assert [row[1] for row in rows(table)] == ["a", "a", "c", None]


@pytest.mark.parametrize("merged", [(0, 0, 1 << 20, 1 << 14), (1, 0, 1 << 30, 0), (5, 99, 6, 99), (3, 1, 2, 1)])
def test_absurd_merges_do_no_harm(merged: tuple[int, int, int, int]) -> None:
    table = tidy([HEADER, *PEOPLE], merged=(merged,) * 3)
    assert table.rows == 4


def test_section_titles_between_repeated_headers() -> None:
    section = ["Drejtoria e Financës", *[None] * 4]
    table = tidy([HEADER, *PEOPLE[:2], section, HEADER, *PEOPLE[2:]])
    assert rows(table) == PEOPLE
    assert table.blocks.tolist() == [0, 0, 1, 1]


def test_a_row_of_which_only_the_id_is_left_stays() -> None:
    lone = ["J77777777X", *[None] * 4]
    table = tidy([HEADER, *PEOPLE, BLANK, lone])
    assert rows(table)[-1] == lone


def test_a_table_written_with_blank_lines_is_one_run() -> None:
    table = tidy([HEADER, *[row for person in PEOPLE for row in (BLANK, person)]])
    assert rows(table) == PEOPLE
    assert set(table.blocks.tolist()) == {0}


def test_a_person_called_total_stays() -> None:
    person = ["J1", "Total", "Gjoni", "5", "0691"]
    assert rows(tidy([HEADER, *PEOPLE, person]))[-1] == person
    partly = [None, "Total", "Gjoni", "5", None]
    assert rows(tidy([HEADER, *PEOPLE, partly]))[-1] == partly


def test_headers_the_form_knows_are_believed() -> None:
    table = tidy([HEADER, *PEOPLE], headers=tuple("abcde"))
    assert table.headers == tuple("abcde")
    assert table.rows == 5


def test_an_empty_column_goes_and_an_empty_sheet_is_none() -> None:
    cells = [[*row[:2], None, *row[2:]] for row in [HEADER, *PEOPLE]]
    table = tidy(cells)
    assert rows(table) == PEOPLE
    assert table.headers == tuple(HEADER)
    assert tidied(grid([BLANK, BLANK])) is None
    assert tidied(grid([HEADER])) is None


def test_names_alone_have_a_header_by_its_words() -> None:
    names = [[person[1], person[2]] for person in PEOPLE]
    assert tidy([["Emri", "Mbiemri"], *names]).headers == ("Emri", "Mbiemri")
    assert tidy(names).headers == ("", "")


def test_persons_above_a_header_are_persons() -> None:
    table = tidy([*PEOPLE[:2], HEADER, *PEOPLE[2:]])
    assert rows(table) == PEOPLE
    assert table.headers == tuple(HEADER)
    assert table.blocks.tolist() == [0, 0, 1, 1]


def test_addresses_that_begin_with_street_are_no_header() -> None:
    cells = [["Agron Krasniqi", "Rruga e Durrësit"], ["Drita Gjoka", "Rruga Myslym Shyri"], ["B C", "Rruga e Kavajës"]]
    assert tidy(cells).rows == 3


def test_a_first_person_without_a_phone_is_no_header() -> None:
    cells = [["Tirana", "Agron", "mungon"], *[["Tirana", f"Emër{'x' * at}", f"069{at}"] for at in range(5)]]
    assert tidy(cells).rows == 6


@given(st.lists(st.sampled_from([*PEOPLE, BLANK]), min_size=1, max_size=60), st.integers(0, 70))
def test_no_person_is_lost(cells: list[list[Any]], at: int) -> None:
    """Whatever stands between them, every row of a person is in the table, in order, on its line."""
    sheet: Rows = [TITLE, HEADER, *cells[:at], HEADER, *cells[at:]]
    wanted = [(line, row) for line, row in enumerate(sheet, 1) if row in PEOPLE]
    table = tidied(grid(sheet))
    found = [] if table is None else list(zip(table.lines.tolist(), rows(table), strict=True))
    assert found == wanted
