"""Bytes into lines."""

from __future__ import annotations

import io
import tracemalloc
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.events.formats._api import Cut, Reject
from kulla.events.lines import LONGEST, cut_lines, encoding, split


def lines(data: bytes, part: Cut | None = None) -> list[tuple[int, str]]:
    return [(run.first + i, text) for run in split(io.BytesIO(data), part) for i, text in enumerate(run.text)]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"a", ["a"]),
        (b"a\n", ["a"]),
        (b"a\r\nb", ["a", "b"]),
        (b"\n\na\n", ["", "", "a"]),
        (b"\xef\xbb\xbfa\nb", ["a", "b"]),
        (b"caf\xe9\nok\xc3\xab", ["caf\\xe9", "okë"]),
        (b"a\n\0\0\0b\0\nc", ["a", "b", "c"]),
        ("ë\nb".encode("utf-16"), ["ë", "b"]),
        ("time,user\nb".encode("utf-16-le"), ["time,user", "b"]),
        ("time,user\nb".encode("utf-16-be"), ["time,user", "b"]),
    ],
)
def test_split(data: bytes, expected: list[str]) -> None:
    assert lines(data) == list(enumerate(expected, start=1))


@given(st.lists(st.text(st.characters(exclude_characters="\n\r\0\ufeff", exclude_categories=["Cs"])), max_size=8))
def test_split_is_the_opposite_of_join(texts: list[str]) -> None:
    data = "".join(text + "\n" for text in texts).encode()
    if encoding(data) == "utf-8":
        assert [text for _, text in lines(data)] == texts


class Endless(io.RawIOBase):
    """A stream of `size` bytes of one long line, then a short one."""

    def __init__(self, size: int) -> None:
        self.left = size
        self.tail = b"\nafter\n"

    def read(self, size: int = -1, /) -> bytes:
        if self.left:
            size = min(size, self.left)
            self.left -= size
            return b"x" * size
        out, self.tail = self.tail, b""
        return out


def test_an_over_long_line_is_passed_by_in_bounded_memory() -> None:
    tracemalloc.start()
    rejects: list[Reject] = []
    found: list[tuple[int, str]] = []
    stream = cast("io.BufferedReader", Endless(200 << 20))
    for run in split(stream):
        rejects += run.rejects
        found += [(run.first + i, text) for i, text in enumerate(run.text)]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == [(2, "after")]
    assert [(reject.position, reject.unit) for reject in rejects] == [(1, "line")]
    assert str(200 << 20) in rejects[0].reason
    assert len(rejects[0].raw) < 1 << 20
    assert peak < 4 * LONGEST


def test_a_line_just_over_the_limit_does_not_take_its_neighbours() -> None:
    data = b"before\n" + b"x" * LONGEST + b"\nafter\n"
    found = list(split(io.BytesIO(data)))
    assert [text for run in found for text in run.text] == ["before", "after"]
    assert [reject.position for run in found for reject in run.rejects] == [2]
    assert found[-1].first == 3


@given(st.lists(st.sampled_from([b"a", b"bb", b"", b" c", b"d" * 30]), max_size=30), st.integers(1, 40))
@settings(max_examples=50)
def test_cuts_together_are_the_file(texts: list[bytes], aim: int) -> None:
    data = b"".join(text + b"\n" for text in texts)
    cuts = cut_lines(io.BytesIO(data), len(data), aim, lambda before, line: line[:1] != b" ")
    assert [cut.start for cut in cuts] == [0, *(cut.stop for cut in cuts[:-1])]
    assert cuts[-1].stop == len(data)
    assert [text for cut in cuts for _, text in lines(data, cut)] == [text for _, text in lines(data)]
    assert all(data[cut.start - 1 : cut.start] == b"\n" and data[cut.start : cut.start + 1] != b" " for cut in cuts[1:])
