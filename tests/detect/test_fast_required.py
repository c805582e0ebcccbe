"""What is required of a text is held by every text in which the expression is found."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synth import from_regex

from kulla.detect.fast.required import required
from kulla.detect.regex import found
from kulla.detect.rule import Regex
from kulla.events.text import fold

PIECES = (
    "ab",
    "K",
    "s",
    "task",
    "(ab|cd)",
    "(a|)",
    "[xy]",
    "b?",
    "(?:ab)+",
    "(?i:Sk)",
    "\\\\",
    "é",
    "a{2,3}",
    "^",
    "$",
    ".",
    "c*",
)
patterns = st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join)


@settings(max_examples=300, deadline=None)
@given(patterns, st.sampled_from(["", "i", "s"]), st.integers(0, 1000), st.booleans())
def test_found_text_holds_it(pattern: str, flags: str, seed: int, upper: bool) -> None:
    test = Regex(pattern, flags)
    text = from_regex(pattern, Random(seed))
    for value in (text, text.swapcase() if upper else text, text.replace("s", "ſ").replace("k", "\u212a")):
        if found(test, value) and (wanted := required(test)):
            assert any(fold(literal) in fold(value) for literal in wanted)


@pytest.mark.parametrize(
    ("pattern", "flags", "wanted"),
    [
        ("abc[0-9]defg", "", ("defg",)),
        ("(foo|bar)x", "", ("foo", "bar")),
        ("(foo|)x", "", ("x",)),
        ("(foo|)[xy]", "", ()),
        ("powerſhell", "i", ("power",)),
        ("tasks", "i", ("ta",)),
        ("(abc)?d", "", ("d",)),
        ("(abc)?[de]", "", ()),
        ("[[:alpha:]]xyz", "", ()),
        ("(?i)TASKLIST", "", ("TA",)),
        ("(", "", ()),
    ],
)
def test_examples(pattern: str, flags: str, wanted: tuple[str, ...]) -> None:
    assert sorted(required(Regex(pattern, flags))) == sorted(wanted)
