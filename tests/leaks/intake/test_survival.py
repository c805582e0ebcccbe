"""A register's values, through what spreadsheets and exports do to them, compare equal to what they were."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from leakfiles import rows, tables

from kulla.registers.manifest import Meaning
from kulla.registers.normalise import normalise

EPOCH = date(1899, 12, 30)
DAYS = st.dates(date(1930, 1, 1), date(2030, 1, 1))


def as_workbook(path: Path, columns: list[list[Any]]) -> None:
    import xlsxwriter  # type: ignore[import-untyped]

    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    form = book.add_format({"num_format": "dd.mm.yyyy"})
    for at, column in enumerate(columns):
        for line, value in enumerate(column):
            if isinstance(value, date):
                sheet.write_datetime(line, at, value, form)
            else:
                sheet.write(line, at, value)
    book.close()


def as_text(path: Path, columns: list[list[Any]]) -> None:
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerows(zip(*columns, strict=True))
    path.write_bytes(out.getvalue().encode("cp1250", "replace"))


def as_json(path: Path, columns: list[list[Any]]) -> None:
    found = [dict(zip("abcdef", row, strict=False)) for row in zip(*columns, strict=True)]
    path.write_text(json.dumps(found, default=str))


def read(path: Path) -> list[list[str | None]]:
    (table,) = tables(path)
    return [list(column) for column in zip(*rows(table), strict=True)]


def same(meaning: Meaning, before: list[str], after: list[str | None]) -> None:
    one = normalise(pa.array(before, pa.string()), meaning).to_pylist()
    assert normalise(pa.array(after, pa.string()), meaning).to_pylist() == one


@pytest.mark.parametrize("write", [as_workbook, as_text, as_json])
@settings(max_examples=20, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.lists(st.tuples(st.integers(660_000_000, 699_999_999), st.integers(0, 10**9), DAYS), min_size=3, max_size=6))
def test_phones_pay_and_days(write: Any, tmp_path: Path, people: list[tuple[int, int, date]]) -> None:
    path = tmp_path / "leak"
    phones, pays, days = zip(*people, strict=True)
    write(path, [list(phones), [pay / 100 for pay in pays], list(days), [(day - EPOCH).days for day in days]])
    columns = read(path)
    same("phone", [f"+355 {phone}" for phone in phones], columns[0])
    same("money", [f"{pay // 100}.{pay % 100:02}" for pay in pays], columns[1])
    same("birth_date", [day.isoformat() for day in days], columns[2])
    same("birth_date", [day.isoformat() for day in days], columns[3])


@pytest.mark.parametrize("write", [as_workbook, as_text, as_json])
@settings(max_examples=20, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.lists(st.integers(10**7, 10**14), min_size=3, max_size=6))
def test_ids_of_figures_that_became_numbers(write: Any, tmp_path: Path, ids: list[int]) -> None:
    path = tmp_path / "leak"
    write(path, [[float(each) for each in ids], ["x"] * len(ids)])
    same("national_id", [f"00{each}" for each in ids], read(path)[0])


def test_a_month_shown_as_a_day(tmp_path: Path) -> None:
    as_workbook(tmp_path / "leak", [[date(2021, month, 1) for month in (1, 2, 3)], ["x", "y", "z"]])
    same("period", ["2021-01", "2021-02", "2021-03"], read(tmp_path / "leak")[0])


def test_time_of_day_does_not_matter_to_a_day() -> None:
    same("birth_date", ["1990-05-07"], ["1990-05-07 12:30:00"])
