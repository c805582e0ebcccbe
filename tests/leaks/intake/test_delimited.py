"""Text in columns: any separator and encoding; the fast way against the careful one."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from leakfiles import HEADER, PEOPLE, read_here, rows, tables

from kulla.leaks.intake._api import LONGEST, Blob, Fact
from kulla.leaks.intake.delimited import Delimited, fast, sampled, slow
from kulla.leaks.intake.encoding import encoding

CELLS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12)


def blob(path: Path, data: bytes) -> Blob:
    path.write_bytes(data)
    return Blob(path.name, data, str(path))


def trimmed(table: Any) -> list[list[str | None]]:
    """Rows without empty cells at their ends."""
    found = []
    for row in table.to_pylist():
        cells = list(row.values())
        while cells and cells[-1] is None:
            cells.pop()
        found.append(cells)
    return found


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1250", "cp1252",
                                   "iso8859_2"])  # fmt: skip
@pytest.mark.parametrize("parted", [",", ";", "\t", "|"])
def test_any_separator_and_encoding(tmp_path: Path, codec: str, parted: str) -> None:
    out = io.StringIO()
    csv.writer(out, delimiter=parted).writerows([HEADER, *PEOPLE])
    path = tmp_path / "a.txt"
    path.write_bytes(out.getvalue().encode(codec))
    (table,) = tables(path)
    assert table.headers == tuple(HEADER)
    assert rows(table) == PEOPLE


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(st.sampled_from(list('ab1";,\n\r\0 é=')), max_size=40))
def test_the_fast_way_agrees_with_the_careful_one(tmp_path: Path, text: str) -> None:
    file = blob(tmp_path / "a.csv", text.encode())
    codec = encoding(text.encode())
    if codec is None:
        return
    quick = fast(file, codec, ";", sampled(file, codec))
    if quick is not None:
        assert trimmed(quick.table) == trimmed(slow(file, codec, ";").table)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=8), st.sampled_from(",;\t|"))
def test_what_is_written_is_read(tmp_path: Path, cells: list[list[str]], parted: str) -> None:
    out = io.StringIO()
    csv.writer(out, delimiter=parted, quoting=csv.QUOTE_ALL).writerows(cells)
    file = blob(tmp_path / "a.csv", out.getvalue().encode())
    wanted = [[cell if cell.strip() else None for cell in row] for row in cells]
    for found in (fast(file, "utf-8", parted, sampled(file, "utf-8")), slow(file, "utf-8", parted)):
        if found is not None:
            got = [list(row.values()) for row in found.table.to_pylist()]
            assert [[cell if cell and cell.strip() else None for cell in row] for row in got] == wanted


def test_rows_of_another_width_keep_their_places(tmp_path: Path) -> None:
    text = "Lista e pagave\n\nNID;Emri;Paga\nJ1;a;1\nJ2;b\nJ3;c;3;shtesë\n"
    file = blob(tmp_path / "a.csv", text.encode())
    found = fast(file, "utf-8", ";", text)
    assert found is not None, "the fast way takes it"
    assert trimmed(found.table) == trimmed(slow(file, "utf-8", ";").table)
    (table,) = tables(tmp_path / "a.csv")
    assert rows(table) == [["J1", "a", "1", None], ["J2", "b", None, None], ["J3", "c", "3", "shtesë"]]
    assert table.lines.tolist() == [4, 5, 6]


def test_a_line_without_end_is_left_out_and_the_rest_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"NID,Emri\nJ1,a\n" + b"x" * (100 << 20) + b"\nJ2,b\n")
    (table,) = tables(path)
    assert rows(table) == [["J1", "a"], ["J2", "b"]]
    assert any(f"longer than {LONGEST} characters" in note for note in table.notes)


def test_nul_bytes_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"NID,Emri\nJ\x001,a\nJ2,b\n")
    (table,) = tables(path)
    assert rows(table) == [["J1", "a"], ["J2", "b"]]
    assert any("NUL" in note for note in table.notes)


def test_a_quote_that_never_closes_swallows_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("NID,Emri\n" + 'J0,"Agron\n' + "".join(f"J{n},a\n" for n in range(1, 200)))
    (table,) = tables(path)
    assert table.rows == 200


def test_a_single_wide_row_costs_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("NID,Emri\n" + "J1,a\n" * 200_000 + ",".join(["x"] * 16_000) + "\n")
    (table,) = tables(path)
    assert table.rows == 200_001
    assert any("cut" in note for note in table.notes)


def test_what_it_says_of_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("NID\tEmri\nJ1\tÇelë\n".encode("utf-16"))
    facts = {sent.key: sent.text for sent in read_here(path) if isinstance(sent, Fact)}
    assert facts == {"encoding": "utf-16", "separator": "tab"}


@given(st.binary(max_size=300))
def test_any_bytes_are_text_or_not(data: bytes) -> None:
    assert Delimited().sniff(Blob("a", data, "/nowhere")) in (True, False)


def test_a_row_of_more_columns_than_any_table_has_is_not_read_the_fast_way(tmp_path: Path) -> None:
    """It took 13 seconds and 800 MB to read one line of five million cells, and the confined process died of it."""
    file = blob(tmp_path / "wide.csv", b"a," * 20_000 + b"\n1,2\n")
    assert fast(file, "utf-8", ",", sampled(file, "utf-8")) is None
