"""The literal scanner finds what `in` finds, whatever the lengths, anchors and sizes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.detect.fast import literals as scanner

ANCHOR = scanner.SEPARATOR
VALUES = st.lists(st.text("abé", max_size=40), max_size=12)
LITERALS = st.lists(
    st.tuples(st.booleans(), st.text("abé", min_size=4, max_size=20), st.booleans()).map(
        lambda made: ANCHOR * made[0] + made[1].encode() + ANCHOR * made[2]
    ),
    min_size=1,
    max_size=30,
    unique=True,
)


def found(literals: list[bytes], values: list[str]) -> set[tuple[int, int]]:
    buffer, ends = scanner.join(pa.array(values, pa.large_string()))
    number, end = scanner.build(literals).scan(buffer)
    return set(zip(number.tolist(), np.searchsorted(ends, end).tolist(), strict=True))


def naive(literals: list[bytes], values: list[str]) -> set[tuple[int, int]]:
    framed = [ANCHOR + value.encode() + ANCHOR for value in values]
    return {(i, j) for i, literal in enumerate(literals) for j, value in enumerate(framed) if literal in value}


@settings(max_examples=150, deadline=None)
@given(LITERALS, VALUES)
def test_scan_is_in(literals: list[bytes], values: list[str]) -> None:
    assert found(literals, values) == naive(literals, values)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text("ab", min_size=11, max_size=24).map(str.encode), min_size=1, max_size=10, unique=True), VALUES)
def test_long_literals_alone(literals: list[bytes], values: list[str]) -> None:
    values = [*values, *(f"x{literal.decode()}" for literal in literals)]
    assert all(layer.step == 8 for layer in scanner.build(literals).layers)
    assert found(literals, values) == naive(literals, values)


def test_literals_lie_across_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanner, "_CHUNK", 64)
    monkeypatch.setattr(scanner, "_MAX_PAIRS", 3)
    values = ["a" * shift + "powershell.exe" + "b" * 50 for shift in range(70)] + ["powers", ""]
    literals = [b"powershell", b"ershell.exe", b"rshe", b"\xffpowe", b"power", b"aaaaaa"]
    assert found(literals, values) == naive(literals, values)


@settings(max_examples=60, deadline=None)
@given(VALUES, st.sampled_from([b"a", b"ab", b"aba", b"b\xff", b"\xffa", b"\xffa\xff"]))
def test_occurrences(values: list[str], literal: bytes) -> None:
    buffer, ends = scanner.join(pa.array(values, pa.large_string()))
    own = scanner.occurrences(buffer, literal)
    assert {(0, place) for place in np.searchsorted(ends, own).tolist()} == naive([literal], values)


def test_slices_join_alike() -> None:
    whole = pa.array(["x", "abc", "", "d"], pa.large_string())
    buffer, ends = scanner.join(whole.slice(1))
    assert bytes(buffer[8:-8]) == b"abc\xff\xffd\xff"
    assert ends.tolist() == [11, 12, 14]


def test_a_short_literal_is_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        scanner.build([b"abc"])
