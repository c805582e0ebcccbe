"""Our reading of rules against pySigma's, over events made from the rules' own literals."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from oracle import Oracle
from shared import SHARED, needs_shared
from strategies import documents, events, text_of
from synth import events_for, positives_for

from kulla.detect.reference import holds
from kulla.detect.rule import Rule
from kulla.detect.sigma import parse

OWN = (
    "s: {Image|endswith: ['\\a.exe', 'b*c?'], CommandLine|contains|all: [x, y]}\n    condition: s",
    "s: {A|windash|contains: ' -f'}\n    f: {B|re|i: '^a[0-9]+$'}\n    condition: s and not f",
    "s: {A|cidr: 10.0.0.0/8, B|gte: 5}\n    k: [evil, 'x y']\n    condition: s or k",
    "s: {A|base64offset|contains: 'http://', B|wide|base64offset|contains: ab}\n    condition: s",
    "s: {A|fieldref: B, C: [null, ''], D|exists: true}\n    condition: s",
    "a: [{A: x, B|startswith: y}, {C|cased: Zz}]\n    _b: {D: q}\n    condition: 1 of them",
    "s: {A|neq: [x, y], B: [4688, true]}\n    condition: s",
    "k: {'|all': [ab, 'c\\*d', 'e\\\\f']}\n    condition: k",
)


def compare(text: str, rng: Random, mutants: int = 12) -> tuple[int, int]:
    """Events tried and events that met the rule; fails where the two readings differ."""
    rule = parse("r.yml", text).documents[0]
    assert isinstance(rule, Rule)
    oracle = Oracle(text)
    made = events_for(rule, rng, mutants=mutants)
    answers = [(holds(rule.tree, event), oracle(event), event) for event in made]
    assert not [event for ours, theirs, event in answers if ours is not theirs], text
    return len(answers), sum(ours for ours, _, _ in answers)


@pytest.mark.parametrize("detection", OWN)
def test_own_rules(detection: str) -> None:
    text = f"title: T\nlogsource: {{product: p}}\ndetection:\n    {detection}\n"
    tried, met = compare(text, Random(1), mutants=60)
    assert 0 < met < tried


# pySigma has no counterpart for these: operators on times, a number of selections, keywords with null, wide text
# outside base64 and the like. An anchored keyword is anchored to a value for us, to the whole message for pySigma.
_OURS = (
    "hour",
    "minute",
    "day",
    "week",
    "month",
    "year",
    "2 of",
    "utf16",
    "wide",
    "expand",
    "cidr",
    "_hid",
    "'|startswith'",
)


@settings(max_examples=60, deadline=None)
@given(documents(), events())
def test_generated_rules(document: dict[str, object], event: dict[str, list[str]]) -> None:
    text = text_of(document)
    if any(word in text for word in _OURS) or not text.isascii() or not str(event).isascii():
        return
    parsed = parse("g.yml", text).documents[0]
    assert isinstance(parsed, Rule)
    try:
        oracle = Oracle(text)
    except Exception:  # noqa: BLE001  what pySigma refuses has no second reading
        return
    assert holds(parsed.tree, event) is oracle(event), (text, event)


@needs_shared
def test_rules_of_the_corpus() -> None:
    """One rule of twelve, another twelfth for each seed; all 3,780 agreed when run whole."""
    rng = Random(20260105)
    paths = sorted((SHARED / "sigma").glob("rules*/**/*.yml"))[5::12]
    counts = [compare(path.read_text("utf-8"), rng, mutants=6) for path in paths]
    assert sum(tried > 0 for tried, _ in counts) > 0.99 * len(paths)


@needs_shared
def test_nearly_every_rule_of_the_corpus_has_an_event_that_meets_it() -> None:
    rng = Random(3)
    paths = sorted((SHARED / "sigma").glob("rules*/**/*.yml"))[::3]
    rules = [parse(path.name, path.read_text("utf-8")).documents[0] for path in paths]
    found = [bool(positives_for(rule, rng)) for rule in rules if isinstance(rule, Rule)]
    assert sum(found) > 0.99 * len(paths)
