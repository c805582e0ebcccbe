"""The engine against the reference, on lakes of a few events: as appended, and as compacted and indexed."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import lakes
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kulla.lake import Lake
from kulla.lake.language import parse
from kulla.lake.reference import Seen, holds, matches
from kulla.lake.tree import Node, Wild, pattern


@given(st.lists(lakes.events(), min_size=1, max_size=25), st.lists(lakes.queries, min_size=1, max_size=4))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(
    [{"raw": raw, "fields": {"a": raw}} for raw in ("\u212a", "k", "\u017f", "s", "É", "é", "x\u212aÉ", "aé", None)],
    [parse(text) for text in ("k", "s", '"\u017f"', "É", "é", "a:k", "a:é", "a:?É", "x*é", "a:x*é", "a:>é", "not é")],
)
@example([{"raw": "x", "fields": {"n": n}} for n in "1112"], [parse("n:1 x"), parse("n:1 not y"), parse("n:2 or x")])
def test_the_engine_answers_what_the_reference_says(made: list[dict[str, Any]], queries: list[Node]) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        lakes.small_blocks(patch)
        whole = lakes.table(made)
        with Lake(Path(folder)) as lake:
            half = len(whole) // 2
            lake.append(whole.slice(0, half) if half else whole, "aa" * 32, 0)
            if half:
                lake.append(whole.slice(half), "bb" * 32, 0)
            _agree(lake, whole, queries)
            lake.compact(every=True)
            _agree(lake, whole, queries)


def _agree(lake: Lake, whole: Any, queries: list[Node]) -> None:
    for query in queries:
        said = {event_id for event_id, event in lakes.seen(whole) if holds(query, event)}
        found = lakes.ids(lake.search(query, lakes.SCOPE))
        assert set(found) == said
        assert len(found) == len(said) == lake.count(query, lakes.SCOPE)


@pytest.mark.parametrize(
    ("query", "met"),
    [
        ("CMD", True),
        ("cmd.*exe", False),
        ("ri*te", True),
        ("w?ite", True),
        ('"w?ite"', False),
        ("Image:*\\cmd.exe", True),
        ("Image:cmd.exe", False),
        ("IMAGE:c:\\win\\CMD.EXE", True),
        ("tags:b", True),
        ("tags:(a and b)", True),
        ("size:>=10", True),
        ("size:<9", False),
        ("size:[9 TO 11]", True),
        ("word:>9", False),
        ("word:>alpha", True),
        ("gone:*", False),
        ("null:*", False),
        ("not gone:x", True),
        ('empty:""', True),
        ("host:DC01", True),
        ("zone:civil", True),
    ],
)
def test_what_terms_mean(query: str, met: bool) -> None:
    fields = [("Image", "C:\\Win\\cmd.exe"), ("tags[0]", "a"), ("tags[1]", "b"), ("size", "10"), ("word", "beta"),
              ("null", None), ("empty", "")]  # fmt: skip
    event = Seen("write cmd", fields, {"host": "dc01", "zone": "civil"})
    assert holds(parse(query), event) is met


@given(lakes.patterns, lakes.texts)
@settings(deadline=None)
def test_a_pattern_means_what_its_expression_says(of: Any, text: str) -> None:
    import re

    from kulla.events.text import fold

    said = "".join(re.escape(fold(part)) if isinstance(part, str) else {Wild.MANY: ".*", Wild.ONE: "."}[part]
                   for part in of.parts)  # fmt: skip
    assert matches(of, text) is bool(re.fullmatch(said, fold(text), re.DOTALL))
    assert matches(pattern(Wild.MANY), text)
