from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kulla.detect import reference
from kulla.detect.explain import Explanation
from kulla.detect.rule import Rule
from kulla.detect.sigma import parse
from kulla.events.fields import Event
from kulla.hunt.reasons import Reasons

HEAD = "title: A\nlogsource: {product: windows}\ndetection: "
BODIES = (
    "{s: {Image|endswith: '.exe', User: [a, b]}, f: {Parent: x}, condition: s and not f}",
    "{s: {Image|fieldref: Parent}, condition: s}",
    "{k: [a, x], condition: k}",
    "{s: {User: null}, condition: s}",
)


def rule(body: str) -> Rule:
    found = parse("a.yml", HEAD + body).documents[0]
    assert isinstance(found, Rule)
    return found


RULES = [rule(body) for body in BODIES]
VALUES = st.lists(st.sampled_from(["a", "b", "x", "a.exe", ""]), max_size=2)
EVENTS = st.dictionaries(st.sampled_from(["Image", "User", "Parent", "Other"]), VALUES, max_size=4)


@given(st.lists(EVENTS, max_size=12))
def test_what_is_remembered_is_what_the_reference_says(events: list[dict[str, list[str]]]) -> None:
    remembered = Reasons(RULES)
    for event in [*events, *events]:
        for number, each in enumerate(RULES):
            assert remembered.why(number, event) == reference.evaluate(each, event).to_json()


def test_events_that_differ_elsewhere_share_an_explanation(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Rule] = []
    evaluate = reference.evaluate

    def counted(rule: Rule, event: Event) -> Explanation:
        asked.append(rule)
        return evaluate(rule, event)

    monkeypatch.setattr(reference, "evaluate", counted)
    remembered = Reasons(RULES)
    for other in ("1", "2"):
        remembered.why(0, {"Image": ["a.exe"], "Other": [other]})
        remembered.why(2, {"Image": ["a"], "Other": [other]})
    assert len(asked) == 3
