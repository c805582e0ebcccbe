"""What a retro-hunt looks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kulla.centre.hunting.lookfor import INDICATORS, Finder, indicators, phrase, query
from kulla.errors import RuleError
from kulla.lake.language import MOST_TERMS, parse
from kulla.lake.tree import Word


def test_lists_as_people_write_them() -> None:
    text = "# from an ally\n198.51.100[.]7\nhxxp://evil(.)example/a  # C2\nEvil.Example\nevil.example\n\n" + "a" * 64
    assert indicators(text) == ["198.51.100.7", "http://evil.example/a", "Evil.Example", "a" * 64]


@pytest.mark.parametrize("text", ["", "#x", "abc", "x" * 501, "\n".join(f"value{n}" for n in range(INDICATORS + 1))])
def test_lists_that_cannot_be_asked(text: str) -> None:
    with pytest.raises(RuleError):
        indicators(text)


@given(st.text(min_size=1, max_size=10).filter(str.strip))
def test_a_phrase_is_exactly_the_text(value: str) -> None:
    found = parse(phrase(value))
    assert isinstance(found, Word)
    assert found.pattern.parts == (value,)


def test_a_question_is_never_too_long() -> None:
    parse(query([f"value {number}" for number in range(100)]))
    assert MOST_TERMS >= 100


@pytest.mark.parametrize(
    ("value", "text", "found"),
    [("10.0.0.1", "from 10.0.0.12", False), ("10.0.0.1", "src=10.0.0.1:80", True), ("10.0.0.1", "10.0.0.1.", True),
     ("10.0.0.1", "10.0.0.1.5", False), ("10.0.0.1", "110.0.0.1", False),
     ("evil.example", "notevil.example", False), ("evil.example", "a.EVIL.example/x", True),
     ("evil.example", "evil.example-cdn", False), ("cmd.exe", "C:\\cmd.exe", True)],
)  # fmt: skip
def test_an_indicator_stands_on_its_own(value: str, text: str, found: bool) -> None:
    assert Finder.of([value]).found(text) == ([value] if found else [])
