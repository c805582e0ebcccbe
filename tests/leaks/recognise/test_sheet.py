"""Leaked texts: what spreadsheets destroyed is left out, other readings are there to be tried."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from kulla.leaks.recognise.sheet import Sheet, normal
from kulla.registers.manifest import Meaning


@pytest.mark.parametrize(
    ("text", "meaning", "reading", "expected"),
    [
        ("6.91E+08", "phone", "", None),
        ("6,91e8", "phone", "", None),
        ("1.2E+09", "national_id", "", None),
        ("4.5E4", "money", "", "4500000"),
        ("#REF!", "address", "", None),
        (" #N/A", "money", "", None),
        ("########", "birth_date", "", None),
        ("32888", "birth_date", "", "1990-01-15"),
        ("02/03/1990", "birth_date", "", "1990-03-02"),
        ("02/03/1990", "birth_date", "month first", "1990-02-03"),
        ("1.2.85", "birth_date", "two-digit year", "1985-02-01"),
        ("01/02/07", "birth_date", "two-digit year", "2007-02-01"),
        ("Agron Besnik Krasniqi", "name", "outer words", "agron krasniqi"),
        ("Agron Krasniqi", "name", "outer words", "agron krasniqi"),
        ("Agron Besnik Krasniqi", "name", "", "agron besnik krasniqi"),
    ],
)
def test_readings(text: str, meaning: Meaning, reading: str, expected: str | None) -> None:
    assert normal(pa.array([text, None]), meaning, reading).to_pylist() == [expected, None]


def test_columns_are_joined_where_something_is() -> None:
    sheet = Sheet(pa.table({"c0": ["Agron", None, None], "c1": ["Krasniqi", "Hoxha", None]}))
    texts = sheet.texts((0, 1))
    assert texts.distinct.take(pa.array(texts.codes[:2])).to_pylist() == ["Agron Krasniqi", "Hoxha"]
    assert texts.codes[2] == len(texts.distinct)
    some = sheet.texts((1,)).take(np.array([2, 0]))
    assert (some.distinct.to_pylist(), some.codes.tolist()) == (["Krasniqi"], [1, 0])
