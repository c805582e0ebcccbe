"""Tables with a header row."""

from __future__ import annotations

import csv as standard
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textlogs import read, rejects

from kulla.events.formats.csv import Csv

LOG = Csv()


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_separators(mark: str) -> None:
    text = mark.join(["Time", "User", "Event ID"]) + "\n" + mark.join(["2026-01-05 10:11:12", "jo", "4625"]) + "\n"
    (row,) = read(LOG, text)
    assert row.fields == {"Time": ["2026-01-05 10:11:12"], "User": ["jo"], "Event ID": ["4625"]}
    assert (row.time, row.quality, row.position, row.code) == ("2026-01-05T10:11:12Z", "zone assumed", 2, "4625")


def test_quoted_newlines_and_quotes() -> None:
    first, second = read(LOG, 'a,b\n"x\n\n""y""",1\nz,2\n')
    assert (first.position, first.fields["a"], first.raw) == (2, ['x\n\n"y"'], '"x\n\n""y""",1')
    assert (second.position, second.fields["a"]) == (5, ["z"])


def test_ragged_rows_lose_nothing() -> None:
    short, long = read(LOG, "a,b,c\n1,2\n1,2,3,4,5\n")
    assert short.fields == {"a": ["1"], "b": ["2"]}
    assert long.fields == {"a": ["1"], "b": ["2"], "c": ["3"], "extra": ["4", "5"]}


def test_equal_and_empty_headers() -> None:
    (row,) = read(LOG, "a,a,\n1,2,3\n")
    assert row.fields == {"a": ["1", "2"], "column3": ["3"]}


def test_date_and_time_apart() -> None:
    (row,) = read(LOG, "Date,Time,x\n2026-01-05,10:11:12,1\n")
    assert row.time == "2026-01-05T10:11:12Z"


def test_a_quote_that_is_never_closed_takes_only_its_line() -> None:
    text = 'a,b\n1,2\n"3,4\n5,6\n'
    assert [row.position for row in read(LOG, text)] == [2, 4]
    assert [(reject.position, reject.raw) for reject in rejects(LOG, text)] == [(3, b'"3,4')]
    many = 'a,b\n"x,1\n' + "1,2\n" * 3000
    assert len(read(LOG, many)) == 3000
    assert [reject.position for reject in rejects(LOG, many)] == [2]


def test_quotes_that_are_mere_text_do_not_join_rows() -> None:
    found = read(LOG, 'a\tb\n1\t5" pipe\n2\t3" pipe\n')
    assert [row.fields["b"] for row in found] == [['5" pipe'], ['3" pipe']]
    assert [row.position for row in found] == [2, 3]


@given(st.lists(st.lists(st.text('ab,;"\n ', max_size=5), min_size=3, max_size=3), max_size=5))
def test_what_the_standard_writer_writes_is_read(table: list[list[str]]) -> None:
    table = [[cell.strip() or "x" for cell in row] for row in table]
    out = io.StringIO()
    standard.writer(out, lineterminator="\n").writerows([["time", "b", "c"], *table])
    assert [[row.fields[name][0] for name in ("time", "b", "c")] for row in read(LOG, out.getvalue())] == table
