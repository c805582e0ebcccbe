"""Cells as text: the fast way by kinds against the rule for one value."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kulla.leaks.intake.cells import Collector, number_column, text_column, written
from kulla.leaks.intake.texts import plain

ANY = st.one_of(
    st.none(), st.text(max_size=5), st.floats(), st.integers(), st.booleans(), st.dates(), st.datetimes(), st.times(),
    st.timedeltas(), st.binary(max_size=3), st.sampled_from(["", " ", "\xa0", "\t", "=1+1", "0691"]),
)  # fmt: skip


def blank(text: str) -> bool:
    return all(unicodedata.category(c) in ("Cc", "Zs", "Zl", "Zp") or c in "\u200b\ufeff" for c in text)


@given(st.lists(ANY, max_size=20))
def test_a_column_of_any_kinds(values: list[Any]) -> None:
    texts = [written(value) for value in values]
    assert text_column(values).to_pylist() == [None if text is None or blank(text) else text for text in texts]


@given(st.lists(st.one_of(st.floats(), st.just(1e16), st.integers(0, 1 << 53).map(float)), min_size=1))
def test_numbers_by_the_column(values: list[float]) -> None:
    assert number_column(np.array(values)).to_pylist() == [written(value) for value in values]
    assert text_column([*values, *["x"] * 101]).to_pylist()[: len(values)] == [written(value) for value in values]


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300))
def test_a_number_keeps_its_value_without_exponent(value: float) -> None:
    text = written(value)
    assert text is not None
    assert float(text) == value
    assert "e" not in text.lower()
    assert not text.endswith(".0")


def test_kinds() -> None:
    values = [1.5e11, 691234567.0, date(2021, 1, 5), datetime(2021, 1, 5, 8, 30), time(8, 30), timedelta(hours=30),
              True, Decimal("45000.50"), Decimal("NaN"), b"\xff", "=1+1", "\ud800"]  # fmt: skip
    assert text_column(values).to_pylist() == [
        "150000000000", "691234567", "2021-01-05", "2021-01-05 08:30:00", "08:30:00", "30:00:00", "true", "45000.5",
        None, None, "=1+1", "?",
    ]  # fmt: skip


def test_rows_of_different_widths() -> None:
    collector = Collector()
    collector.add([["a"], ["b", "c"]])
    collector.add([["d", "e", "f"]])
    assert [list(row.values()) for row in collector.table().to_pylist()] == [
        ["a", None, None], ["b", "c", None], ["d", "e", "f"]
    ]  # fmt: skip


@given(st.integers(10**6, 10**15))
def test_a_number_whose_figures_are_all_there_is_written_out(number: int) -> None:
    assert plain(f"{float(number):.15e}") == str(number)


@given(st.integers(10**11, 10**12 - 1))
def test_a_number_that_lost_figures_stays(number: int) -> None:
    text = f"{number:.5E}"
    assert plain(text) in (text, str(number))
    assert plain(text) == text or number % 10**6 == 0
