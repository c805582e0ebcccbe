"""Workbooks: cell by cell against calamine; the far corner; wide sheets; hostile parts."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from leakfiles import HEADER, PEOPLE, SMALL, rows, tables, xlsx

from kulla.errors import InputError
from kulla.leaks.intake import take
from kulla.leaks.intake._api import Blob, Grid, Problem
from kulla.leaks.intake.package import Package
from kulla.leaks.intake.sheetcells import _kind, read_sheets
from kulla.leaks.intake.tidy import tidied
from kulla.leaks.intake.workbook import read_sheets as read_quickly

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=6)
CELL = st.one_of(
    st.none(), TEXT, st.integers(-(10**9), 10**9), st.booleans(),
    st.floats(-1e9, 1e9).map(lambda value: round(value, 3)), st.sampled_from(["=1+1", "0691", "_x0041_", "a\nb"]),
)  # fmt: skip


def slowly(path: Path) -> list[Grid]:
    with Package(Blob(path.name, path.read_bytes(), str(path)), SMALL) as package:
        return [found for found in read_sheets(package) if isinstance(found, Grid)]


def refusal(path: Path) -> str:
    """Why the workbook, or a sheet of it, is not read cell by cell."""
    try:
        with Package(Blob(path.name, path.read_bytes(), str(path)), SMALL) as package:
            return "".join(found.text for found in read_sheets(package) if isinstance(found, Problem))
    except InputError as error:
        return str(error)


def quickly(path: Path) -> list[Grid]:
    found = read_quickly(Blob(path.name, path.read_bytes(), str(path)))
    return [each for each in found if isinstance(each, Grid)]


def told(grids: list[Grid]) -> list[Any]:
    tables = [tidied(replace(grid, headers=("",) * grid.data.num_columns)) for grid in grids]
    return [(table.name, table.lines.tolist(), rows(table)) for table in tables if table]


@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.lists(st.lists(CELL, max_size=4), max_size=6), st.lists(st.lists(CELL, max_size=2), max_size=3))
def test_cell_by_cell_is_as_calamine(tmp_path: Path, one: list[list[Any]], two: list[list[Any]]) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(xlsx({"Një": one, "B & C": two}))
    assert told(slowly(path)) == told(quickly(path))


@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(0, 60_000).map(lambda value: round(value * 1440) / 1440),
            st.sampled_from(["General", "yyyy-mm-dd", "d.m.yy hh:mm", "h:mm", "0.00", '0" ditë"', "@"]),
        ),
        min_size=1, max_size=6,
    ),
    st.booleans(),
)  # fmt: skip
def test_days_and_times_too(tmp_path: Path, cells: list[tuple[float, str]], late: bool) -> None:
    import xlsxwriter  # type: ignore[import-untyped]

    path = tmp_path / "a.xlsx"
    book = xlsxwriter.Workbook(path, {"date_1904": late})
    sheet = book.add_worksheet()
    for at, (value, form) in enumerate(cells):
        sheet.write_number(at, 0, value, book.add_format({"num_format": form}))
    book.close()
    assert told(slowly(path)) == told(quickly(path))


def test_the_first_days_of_1900(tmp_path: Path) -> None:
    import xlsxwriter

    path = tmp_path / "a.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    for at, value in enumerate([1, 2.5, 59, 60, 61, 62]):
        sheet.write_number(at, 0, value, book.add_format({"num_format": "yyyy-mm-dd"}))
    book.close()
    assert told(slowly(path)) == told(quickly(path))
    assert slowly(path)[0].data.column(0).to_pylist()[0] == "1900-01-01"


def test_how_a_word_is_said_is_no_part_of_it(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    said = b"<si><r><t>Kra</t></r><r><t>sniqi</t></r><rPh sb='0' eb='1'><t>kra</t></rPh></si>"
    path.write_bytes(replaced(xlsx({"a": [["x"]]}), "xl/sharedStrings.xml", b"<sst %s>%s</sst>" % (SPACE, said)))
    assert told(slowly(path)) == told(quickly(path)) == [("a", [1], [["Krasniqi"]])]


@pytest.mark.parametrize(
    ("code", "kind"),
    [("yyyy-mm-dd", "date"), ("0.00", ""), ('#,##0 "days"', ""), ("[h]:mm", "duration"), ("[Red]0", ""),
     ("dd/mm/yyyy;@", "date"), ("General", ""), (r"0\d", "")],
)  # fmt: skip
def test_formats_that_show_days(code: str, kind: str) -> None:
    assert _kind("200", code) == kind


def corner(path: Path) -> None:
    """A workbook with cells in the first corner and one in the last: 1.4 kB that ask for half a terabyte."""
    import xlsxwriter

    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    for at, row in enumerate([HEADER, *PEOPLE]):
        sheet.write_row(at, 0, row)
    sheet.write_string(1_048_575, 16_383, "J9")
    book.close()


def test_the_far_corner_is_read_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    corner(path)
    taken = take(path, replace(SMALL, worker_memory=200 << 20))
    assert taken.problems == ()
    assert taken.metadata["reading"].startswith("cell by cell")
    (table,) = taken.tables
    assert rows(table)[:4] == [[*person, None] for person in PEOPLE]
    assert table.lines.tolist() == [2, 3, 4, 5, 1_048_576]


def test_a_sheet_of_all_columns_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(xlsx({"a": [list(range(16_384)), [f"x{at}" for at in range(16_384)]]}))
    (table,) = tables(path)
    assert (table.rows, table.data.num_columns) == (2, 16_384)


def test_what_a_workbook_says_of_itself(tmp_path: Path) -> None:
    import xlsxwriter

    path = tmp_path / "a.xlsx"
    book = xlsxwriter.Workbook(path)
    book.add_worksheet("Paga").write_row(0, 0, HEADER)
    book.get_worksheet_by_name("Paga").write_row(1, 0, PEOPLE[0])
    book.add_worksheet("fshehur").hide()
    book.set_properties({"author": "Agim", "company": "Ministria", "comments": r"C:\Users\agim\Desktop\paga.xlsx"})
    book.set_custom_property("Klienti", "Drita")
    book.define_name("lista", "=Paga!$A$1")
    book.close()
    told_ = take(path, SMALL).metadata
    assert told_["author"] == "Agim"
    assert told_["company"] == "Ministria"
    assert told_["application"] == "Microsoft Excel"
    assert told_["hidden_sheets"] == "fshehur"
    assert told_["defined_names"] == "lista"
    assert told_["custom"] == "Klienti=Drita"
    assert told_["embedded_paths"] == r"C:\Users\agim\Desktop\paga.xlsx"
    assert all(len(text) <= 500 for text in told_.values())


def replaced(data: bytes, name: str, body: bytes) -> bytes:
    """A workbook with one part another."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for each in old.namelist():
            new.writestr(each, body if each == name else old.read(each))
    return out.getvalue()


def test_where_it_lay_and_what_it_was_linked_to(tmp_path: Path) -> None:
    data = xlsx({"a": [HEADER, *PEOPLE]})
    book = zipfile.ZipFile(io.BytesIO(data)).read("xl/workbook.xml")
    lay = b'<x:absPath xmlns:x="http://schemas.microsoft.com/office/spreadsheetml/2010/11/ac" url="C:\\Users\\agim\\"/>'
    data = replaced(data, "xl/workbook.xml", book.replace(b"<sheets>", lay + b"<sheets>"))
    out = io.BytesIO(data)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr(
            "xl/externalLinks/_rels/externalLink1.xml.rels",
            '<Relationships><Relationship Id="rId1" Target="file:///\\\\srv\\paga\\2021.xlsx"/></Relationships>',
        )
    path = tmp_path / "a.xlsx"
    path.write_bytes(out.getvalue())
    told_ = take(path, SMALL).metadata
    assert told_["embedded_paths"] == "C:\\Users\\agim\\"
    assert told_["external_links"] == "file:///\\\\srv\\paga\\2021.xlsx"


LAUGHS = b"".join(
    [b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "ha">',
     *[b'<!ENTITY a%d "%s">' % (at, b"&a%d;" % (at - 1) * 10) for at in range(1, 10)], b"]>"]
)  # fmt: skip
OUTSIDE = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a9 SYSTEM "file:///etc/passwd">]>'
SPACE = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


@pytest.mark.parametrize("start", [LAUGHS, OUTSIDE], ids=["billion laughs", "external entity"])
@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "docProps/core.xml", "xl/sharedStrings.xml"])
def test_entities_are_not_expanded(start: bytes, part: str, tmp_path: Path) -> None:
    bodies = {
        "xl/worksheets/sheet1.xml": b"<worksheet %s><sheetData><row r='1'><c r='A1' t='inlineStr'><is><t>&a9;</t></is>"
        b"</c></row></sheetData></worksheet>" % SPACE,
        "docProps/core.xml": b"<creator>&a9;</creator>",
        "xl/sharedStrings.xml": b"<sst %s><si><t>&a9;</t></si></sst>" % SPACE,
    }
    path = tmp_path / "a.xlsx"
    path.write_bytes(replaced(xlsx({"a": [HEADER, *PEOPLE]}), part, start + bodies[part]))
    taken = take(path, replace(SMALL, worker_memory=200 << 20))
    shown = repr(taken) + repr([rows(table) for table in taken.tables])
    assert "root:" not in shown
    assert "haha" not in shown
    said = taken.problems[0] if part == "docProps/core.xml" else refusal(path)
    assert "document type" in said or "cannot be read" in said


def test_an_encrypted_workbook_says_so(tmp_path: Path) -> None:
    from leakforms import _entry, _ole

    free = 0xFFFFFFFF
    named, other = (_entry(name, 2, free, free, free, 2, 4096) for name in ("Workbook", "EncryptedPackage"))
    data = _ole(bytes(4096)).replace(named, other)
    path = tmp_path / "a.xlsx"
    path.write_bytes(data)
    taken = take(path, SMALL)
    assert taken.problems == ("encrypted with a password; hand it over without one",)


def test_days_are_iso(tmp_path: Path) -> None:
    import xlsxwriter

    path = tmp_path / "a.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    sheet.write_datetime(0, 0, date(2021, 1, 5), book.add_format({"num_format": "dd.mm.yyyy"}))
    sheet.write_datetime(1, 0, datetime(2021, 1, 5, 8, 30), book.add_format({"num_format": "dd.mm.yyyy hh:mm"}))
    sheet.write_number(2, 0, 44201)
    book.close()
    (grid,) = quickly(path)
    assert grid.data.column(0).to_pylist() == ["2021-01-05", "2021-01-05 08:30:00", "44201"]
