from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kulla.exercise import columns
from kulla.exercise.changes import OPEN
from kulla.registers import nationalid

BIRTHS = st.tuples(st.dates(date(1900, 1, 1), date(2099, 12, 31)), st.booleans(), st.integers(0, 999))


@given(st.lists(BIRTHS, min_size=1, max_size=20))
def test_ids_are_those_of_the_plain_rule(births: list[tuple[date, bool, int]]) -> None:
    days, women, serials = zip(*births, strict=True)
    made = columns.ids(np.array(days, dtype="datetime64[D]"), np.array(women), np.array(serials, dtype=np.int16))
    assert made.to_pylist() == [nationalid.made(*each) for each in births]
    assert all(map(nationalid.well_formed, made.to_pylist()))


def test_phones_have_their_form_or_are_missing() -> None:
    number = np.array([0, 29_999_999, 12_345_678, -1])
    assert columns.phones(number).to_pylist() == ["0670000000", "0699999999", "0682345678", None]
    abroad = columns.phones(number, np.array([True, False, True, True])).to_pylist()
    assert abroad == ["+355670000000", "0699999999", "+355682345678", None]


def test_plates_are_issued_in_order() -> None:
    plates = columns.plates(np.array([0, 998, 999, 999 * 23**2, 3_000_000])).to_pylist()
    assert plates[:4] == ["AA 001 AA", "AA 999 AA", "AA 001 AB", "AB 001 AA"]
    assert all(re.fullmatch("[A-Z]{2} [0-9]{3} [A-Z]{2}", plate) for plate in plates)
    assert len(columns.plates(np.arange(50_000)).unique()) == 50_000


def test_money_times_and_days() -> None:
    assert columns.money(np.array([0, 40_000, 9_999_999_999])).to_pylist() == [
        Decimal("0.00"), Decimal("40000.00"), Decimal("9999999999.00"),
    ]  # fmt: skip
    told = columns.times(np.array([1_700_000_000_000_001, OPEN])).to_pylist()
    assert told[0] == datetime.fromisoformat("2023-11-14T22:13:20.000001+00:00")
    assert told[1] is None
    assert columns.days(np.array(["1999-12-31"], dtype="datetime64[D]")).to_pylist() == [date(1999, 12, 31)]


@given(st.lists(st.integers(-1, 4), max_size=20))
def test_labels_hold_only_words_in_use(index: list[int]) -> None:
    words = ("a", "b", "ç", "d", "e")
    found = columns.labels(np.array(index, dtype=np.int64), words)
    assert found.to_pylist() == [None if i < 0 else words[i] for i in index]
    assert len(found.dictionary) == len({i for i in index if i >= 0})
