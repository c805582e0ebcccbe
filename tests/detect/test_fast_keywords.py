"""Fragments of keywords avoid what JSON writes in several ways, and every text that hides one is looked at."""

from __future__ import annotations

import pytest

from kulla.detect.fast.keywords import fragment
from kulla.detect.fast.scan import Words
from kulla.detect.rule import Regex, Test, Text, Wild


@pytest.mark.parametrize(
    ("test", "wanted"),
    [
        (Text((Wild.MANY, "Mimikatz", Wild.MANY)), b"mimikatz"),
        (Text(("C:\\Temp\\evil.dll",)), b"evil.dll"),
        (Text(("say \"hello\" to",)), b"hello"),
        (Text(("naïve approach",)), b"ve approach"),
        (Text(("sb://x",)), b""),
        (Text(("1234.5",)), b""),
        (Text(("12 34",)), b"12 34"),
        (Text(("tab\tseparated",)), b"separated"),
        (Text((Wild.MANY,)), b""),
        (Regex("mimikatz"), b""),
    ],
)  # fmt: skip
def test_fragment(test: Test, wanted: bytes) -> None:
    assert fragment(test) == wanted


def test_words_ignore_case_and_overlap() -> None:
    number, end = Words([b"kiwi", b"iwi."]).scan(memoryview(b"KIWI.kiwi"))
    assert sorted(zip(number.tolist(), end.tolist(), strict=True)) == [(0, 4), (0, 9), (1, 5)]
