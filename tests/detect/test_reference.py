from __future__ import annotations

import json
import re

from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import events, rules

from kulla.detect.explain import Explanation
from kulla.detect.pattern import normal, parse_pattern, write_pattern
from kulla.detect.reference import View, evaluate, holds, matches, pattern
from kulla.detect.rule import Exists, Match, Rule, Text, Wild
from kulla.detect.sigma import parse
from kulla.events.text import fold

TEXT = r"""
title: Certutil
logsource: {product: windows}
detection:
    selection_img: {Image|endswith: ['\certutil.exe', '\b.exe']}
    selection_cli: {CommandLine|contains|all: [urlcache, '-f']}
    filter_system: {User: SYSTEM}
    filter_path: {ParentImage|startswith: 'C:\x'}
    condition: all of selection_* and not 1 of filter_*
"""
HIT = {"Image": [r"C:\CERTUTIL.exe"], "CommandLine": ["certutil -urlcache -f x"], "User": ["bob"]}


def explained(event: dict[str, list[str]], text: str = TEXT) -> Explanation:
    rule = parse("a.yml", text).documents[0]
    assert isinstance(rule, Rule)
    return evaluate(rule, event)


def test_a_hit_is_explained_by_what_decides() -> None:
    told = json.loads(explained(HIT).to_json())
    assert told["condition"] == "all of selection_* and not 1 of filter_*"
    assert [(each["name"], each["met"], len(each["tests"])) for each in told["selections"]] == [
        ("selection_img", True, 1), ("selection_cli", True, 2), ("filter_system", False, 0), ("filter_path", False, 0),
    ]  # fmt: skip
    assert told["selections"][0]["tests"] == [
        {"field": "Image", "test": r"endswith '\certutil.exe'", "value": r"C:\CERTUTIL.exe", "met": True}
    ]


def test_a_miss_is_explained_by_the_nearest_test() -> None:
    missed = explained(HIT | {"Image": [r"C:\certutil.ex"], "CommandLine": ["certutil -f"], "User": ["system"]})
    assert not missed.matched
    tests = {each.name: [(test.test, test.value, test.met) for test in each.tests] for each in missed.selections}
    assert tests["selection_img"] == [(r"endswith '\certutil.exe'", r"C:\certutil.ex", False)]
    assert tests["selection_cli"] == [("contains 'urlcache'", "certutil -f", False)]
    assert tests["filter_system"] == [("equals 'SYSTEM'", "system", True)]
    assert tests["filter_path"] == [(r"startswith 'C:\x'", None, False)]


def test_of_several_values_the_one_that_met_is_shown_and_keywords_have_no_field() -> None:
    many = explained(HIT | {"Image": ["x", r"y\b.exe"]})
    assert many.selections[0].tests[0].value == r"y\b.exe"
    text = "title: K\nlogsource: {product: p}\ndetection: {k: [evil], condition: k}"
    told = json.loads(explained({"A": ["x"], "B": ["an EVIL one"]}, text).to_json())
    assert told["selections"][0]["tests"] == [
        {"field": None, "test": "contains 'evil'", "value": "an EVIL one", "met": True}
    ]


@settings(max_examples=150, deadline=None)
@given(rules(), events())
def test_every_outcome_is_explained(rule: Rule, event: dict[str, list[str]]) -> None:
    told = evaluate(rule, event)
    assert told.matched == holds(rule.tree, event)
    assert told.selections
    assert json.loads(told.to_json())["selections"]
    for selection in told.selections:
        for test in selection.tests:
            assert test.value is None or any(test.value in values for values in event.values())
    if told.matched:
        assert all(test.met or selection.tests for selection in told.selections for test in selection.tests)


_pieces: list[str | Wild] = ["a", "b", "ab", "A", "\n", ".", "\\", Wild.MANY, Wild.ONE]
_parts = st.lists(st.sampled_from(_pieces), max_size=6).map(normal)


@settings(max_examples=400, deadline=None)
@given(_parts, st.text("abAB\n.\\", max_size=8), st.booleans())
def test_wildcards_mean_what_an_expression_would(parts: tuple[str | Wild, ...], value: str, cased: bool) -> None:
    expression = "".join(".*" if p is Wild.MANY else "." if p is Wild.ONE else re.escape(str(p)) for p in parts)
    wanted = re.fullmatch(expression, value, re.DOTALL | (re.NOFLAG if cased else re.IGNORECASE))
    test = Text(parts, cased)
    assert matches(pattern(test), value if cased else fold(value)) is bool(wanted)


@settings(max_examples=200, deadline=None)
@given(st.text("ab*?\\", max_size=8))
def test_a_pattern_is_written_as_it_is_read(text: str) -> None:
    parts = parse_pattern(text)
    assert parse_pattern(write_pattern(parts)) == parts == normal(parts)


def test_folding_is_that_of_events() -> None:
    view = View({"A": ["\u0130stanbul", "ΟΔΟΣ"]})
    assert view.leaf(Match("A", Text(("οδοσ",))))
    assert view.leaf(Match("A", Text((fold("\u0130"), Wild.MANY))))
    assert not view.leaf(Match("B", Exists(True)))
