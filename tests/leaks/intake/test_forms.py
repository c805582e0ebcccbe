"""The same table in every form: told by content, read back equal, also in an archive."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from accessmade import TEXT, access
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from leakfiles import HEADER, PEOPLE, SMALL, rows, tables, xlsx
from leakforms import json_array, ndjson, ods, page, parquet, pdf, sqlite, xls

from kulla.errors import InputError, UnsafeInput
from kulla.leaks.intake import take
from kulla.leaks.intake._api import Blob
from kulla.leaks.intake.forms import FORMS, form_of
from kulla.leaks.intake.texts import plain

PLAIN = [[cell.replace("Ç", "C").replace("ë", "e") for cell in person] for person in PEOPLE]


def made(form: str, folder: Path) -> bytes:
    """The table in a form."""
    table = [HEADER, *PEOPLE]
    match form:
        case "xlsx":
            return xlsx({"Fleta": table})
        case "ods":
            return ods(table)
        case "xls":
            return xls(table)
        case "sqlite":
            sqlite(folder / "made", HEADER, PEOPLE)
            return (folder / "made").read_bytes()
        case "access":
            return access("Fleta", [(name, TEXT) for name in HEADER], PEOPLE)
        case "pdf":
            return pdf([[HEADER, *PLAIN]])
        case "csv":
            return "\n".join(";".join(row) for row in table).encode("cp1250")
    return {"parquet": parquet, "json": json_array, "ndjson": ndjson, "html": page}[form](HEADER, PEOPLE)


ALL = ["xlsx", "xls", "ods", "csv", "json", "ndjson", "parquet", "sqlite", "access", "html", "pdf"]


@pytest.mark.parametrize("form", ALL)
def test_each_form_is_told_and_read(form: str, tmp_path: Path) -> None:
    data = made(form, tmp_path)
    path = tmp_path / "leak.bin"
    path.write_bytes(data)
    found = form_of(Blob("leak.bin", data, str(path)))
    assert found is not None
    assert found.name == form
    (table,) = tables(path)
    assert table.headers == tuple(HEADER)
    assert rows(table) == (PLAIN if form == "pdf" else PEOPLE)


@pytest.mark.parametrize("form", ["sqlite", "pdf", "access"])
def test_they_are_read_in_confinement(form: str, tmp_path: Path) -> None:
    """Libraries that would write, start threads or open sockets would fail there."""
    path = tmp_path / "leak.bin"
    path.write_bytes(made(form, tmp_path))
    taken = take(path, SMALL)
    assert taken.problems == ()
    assert [table.rows for table in taken.tables] == [4]


CELL = st.one_of(
    st.none(), st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=6)
)


@pytest.mark.parametrize("form", ["xlsx", "ods", "json", "ndjson", "parquet", "sqlite", "html"])
@settings(max_examples=25, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.lists(st.lists(CELL, min_size=2, max_size=2), min_size=1, max_size=6))
def test_what_is_written_is_read(form: str, tmp_path: Path, pairs: list[list[str | None]]) -> None:
    header = ["NID", "Emri", "Paga"]
    cells: list[list[str | None]] = [[f"J{at}", *pair] for at, pair in enumerate(pairs)]
    path = tmp_path / "leak.bin"
    path.unlink(missing_ok=True)
    if form == "sqlite":
        sqlite(path, header, cells)
    elif form in ("xlsx", "ods"):
        table: list[list[str | None]] = [
            [*header],
            *[[cell if cell is None or form == "ods" else f"x{cell}" for cell in row] for row in cells],
        ]
        path.write_bytes(xlsx({"a": table}) if form == "xlsx" else ods(table))
        cells = [[f"x{cell}" if cell and form == "xlsx" else cell for cell in row] for row in cells]
    else:
        path.write_bytes({"json": json_array, "ndjson": ndjson, "parquet": parquet, "html": page}[form](header, cells))
    if form == "ods" or form == "html":  # calamine and HTML know no text that is kept apart from its blanks
        cells = [[cell if cell is None else " ".join(cell.split()) or None for cell in row] for row in cells]
    wanted = [[cell and plain(cell) for cell in row] for row in cells if any(row)]
    try:
        found = tables(path)
    except InputError:
        assert not wanted
        return
    got = [row for table in found for row in rows(table)]
    assert [[cell for cell in row if cell] for row in got] == [[cell for cell in row if cell] for row in wanted]


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def test_a_zip_of_zips(tmp_path: Path) -> None:
    inner = zipped({"b/paga.xlsx": xlsx({"Fleta": [HEADER, *PEOPLE]}), "c.csv": made("csv", tmp_path)})
    path = tmp_path / "a.zip"
    path.write_bytes(zipped({"in.zip": inner, "x.bin": bytes(range(256)), "empty.csv": b""}))
    taken = take(path, SMALL)
    assert [table.name for table in taken.tables] == ["a.zip/in.zip/b/paga.xlsx/Fleta", "a.zip/in.zip/c.csv"]
    assert all(rows(table) == PEOPLE for table in taken.tables)
    assert taken.problems == ("a.zip/x.bin: of no form that is read; see docs/leak-files.md",)
    assert taken.metadata["member_times"].count(":") >= 2


def test_a_letter_is_no_archive_of_tables(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    path.write_bytes(
        zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<?xml version='1.0'?><d>a,b</d>"})
    )
    taken = take(path, SMALL)
    assert taken.tables == ()
    assert "no workbook" in taken.problems[0]


def test_of_many_problems_the_first_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped({f"{at}.png": b"\x89PNG" + bytes(99) for at in range(150)}))
    problems = take(path, SMALL).problems
    assert len(problems) == 101
    assert problems[-1] == "50 more problems like these"


def test_too_deep_is_refused(tmp_path: Path) -> None:
    data = zipped({"c.csv": made("csv", tmp_path)})
    for _ in range(4):
        data = zipped({"in.zip": data})
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    assert len(take(path, SMALL).tables) == 1
    refused = take(path, replace(SMALL, archive_depth=4))
    assert refused.tables == ()
    assert "archive_depth" in refused.problems[0]


@pytest.mark.parametrize("pack", ["gzip", "tar"])
def test_other_packings(pack: str, tmp_path: Path) -> None:
    data = made("csv", tmp_path)
    path = tmp_path / "a.csv.gz"
    out = io.BytesIO()
    if pack == "tar":
        with tarfile.open(fileobj=out, mode="w:gz") as archive:
            entry = tarfile.TarInfo("a.csv")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    path.write_bytes(gzip.compress(data) if pack == "gzip" else out.getvalue())
    (table,) = tables(path)
    assert rows(table) == PEOPLE


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped({"a.csv": b"a,b\n" + bytes(80 << 20)}))
    taken = take(path, replace(SMALL, archive_ratio=100, archive_ratio_free=1 << 20))
    assert taken.tables == ()
    assert "archive_ratio" in taken.problems[0]


def test_a_workbook_that_is_a_bomb_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (80 << 20))
    taken = take(path, replace(SMALL, archive_ratio=100, archive_ratio_free=1 << 20))
    assert taken.tables == ()
    assert "archive_ratio" in taken.problems[0]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_no_form_takes_nothing_or_noise_for_its_own(form: object, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(range(256)))
    for data in (b"", bytes(range(256))):
        assert not form.sniff(Blob("a", data, str(tmp_path / "a")))  # type: ignore[attr-defined]


@pytest.mark.parametrize("form", ALL)
@settings(max_examples=30, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.data())
def test_damage_ends_in_a_clear_error_or_less(form: str, tmp_path: Path, data: st.DataObject) -> None:
    """Bits turned over, or the end cut off: nothing but tables or an error of ours comes out."""
    kept = tmp_path / "whole"  # made once: a workbook holds the time it was made at
    if not kept.exists():
        kept.write_bytes(made(form, tmp_path))
    whole = bytearray(kept.read_bytes())
    path = tmp_path / "leak.bin"
    for _ in range(data.draw(st.integers(0, 8))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(whole[: data.draw(st.integers(1, len(whole)))])
    try:
        for table in tables(path):
            assert table.data.num_columns == len(table.headers)
            assert len(table.lines) == len(table.blocks) == table.rows
    except (InputError, UnsafeInput):
        pass
