"""The text of a filter: whatever the values, it is read back as what was chosen."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kulla.centre.alerts.filterrule import MODIFIERS, Condition, read, written
from kulla.detect.reference import holds
from kulla.detect.rule import Rule
from kulla.detect.sigma import parse
from kulla.errors import RuleError

TEXT = "title: A\nid: r-1\nlogsource: {product: windows}\ndetection: {s: {Image: a}, condition: s}"
UID = str(UUID(int=7))


def rule() -> Rule:
    (found,) = parse("a.yml", TEXT).documents
    assert isinstance(found, Rule)
    return found


_text = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=12) | st.text(
    "*?\\\"':#{}[]|&%@`!,-\n\t\x7f\x85\u2028 ab", min_size=1, max_size=12
)


@given(_text, st.sampled_from(MODIFIERS), _text, _text)
def test_the_filter_silences_that_value_and_no_other(value: str, how: str, title: str, other: str) -> None:
    text = written(rule(), UID, f"t{title}", title, "analyst", date(2026, 3, 2), [Condition("Some Field", how, value)])
    tree = read(text, rule()).tree
    assert not holds(tree, {"Some Field": [value]})
    assert holds(
        tree, {"Some Field": ["q" + other if how == "" and ("q" + other).lower() != value.lower() else "\x01"]}
    )
    assert holds(tree, {"Other": [value]})


@pytest.mark.parametrize("text", ["", "title: x", TEXT, "filter: [", TEXT + "\n---\n" + TEXT])
def test_what_is_no_filter_of_this_rule(text: str) -> None:
    with pytest.raises(RuleError):
        read(text, rule())


def test_a_filter_of_another_rule_is_refused() -> None:
    text = written(rule(), UID, "t", "r", "a", date(2026, 3, 2), [Condition("f", "", "v")])
    for wrong in (text.replace("r-1", "r-2"), text.replace("windows", "linux"), text.replace('["r-1"]', "any")):
        with pytest.raises(RuleError):
            read(wrong, rule())
