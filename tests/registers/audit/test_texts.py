"""What is told of a column at once holds for each of its texts."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from kulla.registers.audit.lines import TEXT
from kulla.registers.audit.texts import digits, grid, led_by, may_hold

pieces = st.sampled_from(("1", "9", "/", ":", "", "select ", "SELECT\t", "Select x", "/*", "*", "-", "é", "12"))
columns = st.lists(st.one_of(st.none(), st.lists(pieces, max_size=3).map("".join)), max_size=5)


@given(columns, st.integers(0, 2))
def test_a_column(texts: list[str | None], skipped: int) -> None:
    column = pa.array(texts, TEXT)[skipped:]
    told = [text for text in texts[skipped:] if text is not None]
    if digits(column):
        assert all(text.isascii() and text.isdigit() for text in told)
    elif told:
        assert not all(text.isascii() and text.isdigit() for text in told)
    assert may_hold(column, b"/*", b"--") or not any("/*" in text or "--" in text for text in told)
    assert led_by(column, b"select").tolist() == [
        text is not None and text.lower().startswith("select ") for text in texts[skipped:]
    ]
    table = grid(column)
    if table is not None:
        assert [row.tobytes().decode() for row in table] == told == texts[skipped:]


def test_a_null_with_bytes_of_its_own_says_nothing() -> None:
    validity, offsets, data = pa.array(["1", "x y", "2"], TEXT).buffers()
    assert validity is None
    column = pa.Array.from_buffers(TEXT, 3, [pa.py_buffer(b"\x05"), offsets, data])
    assert column.to_pylist() == ["1", None, "2"]
    assert led_by(column, b"x").tolist() == [False] * 3
    assert not digits(column)  # it cannot tell, and says so


def test_equal_lengths_alone_make_no_grid() -> None:
    assert grid(pa.array(["ab", "abcd", ""], TEXT)) is None
    assert grid(pa.array([], TEXT)) is None
