"""Why an event meets a rule, or does not: its selections with the tests that decide."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import orjson

from kulla.detect.pattern import describe_text
from kulla.detect.rule import (
    And,
    Cidr,
    Compare,
    Exists,
    FieldRef,
    Match,
    Named,
    Node,
    Not,
    Null,
    Or,
    Regex,
    Rule,
    Test,
    Text,
    TimePart,
)  # fmt: skip


class Asked(Protocol):
    """An event that answers (see `detect.reference.View`)."""

    def holds(self, node: Node) -> bool: ...
    def leaf(self, leaf: Match) -> bool: ...
    def values(self, field: str | None) -> Sequence[str]: ...
    def meets(self, test: Test, value: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class TestResult:
    """One test with its outcome. `field` is None for a keyword; `value` is the one that met the test, else the
    first, or None where there is none."""

    __test__ = False

    field: str | None
    test: str
    value: str | None
    met: bool


@dataclass(frozen=True, slots=True)
class SelectionResult:
    """A selection by name with its outcome and the tests that decide it."""

    name: str
    met: bool
    tests: tuple[TestResult, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The outcome of one rule on one event.

    When it matched, `selections` are those that decide, in the rule's order, with the tests that decide them (for
    alternatives the first that was met); a filter that had to fail is listed without tests. When it did not match,
    all selections asked are listed, and of failed alternatives the nearest.
    """

    matched: bool
    condition: str
    selections: tuple[SelectionResult, ...]

    def to_json(self) -> str:
        """The explanation as one JSON object, for reports: `selections` and `condition`."""
        selections = [
            {
                "name": selection.name,
                "met": selection.met,
                "tests": [
                    {"field": test.field, "test": test.test, "value": test.value, "met": test.met}
                    for test in selection.tests
                ],
            }
            for selection in self.selections
        ]
        said = {"selections": selections, "condition": self.condition}
        try:
            return orjson.dumps(said).decode()
        except TypeError:  # a lone surrogate, which only events that came from no file of ours can hold
            return json.dumps(said, ensure_ascii=False)


def explain(rule: Rule, asked: Asked) -> Explanation:
    """The outcome of the rule's tree and its reasons."""
    matched = asked.holds(rule.tree)
    found: dict[str, SelectionResult] = {}
    loose: list[TestResult] = []
    for node, wanted, needed in _named(rule.tree, asked, matched, True):
        if isinstance(node, Match):
            loose.append(_result(node, asked))
        elif node.name not in found:
            met = asked.holds(node.child)
            quiet = matched and not (wanted and needed)
            found[node.name] = SelectionResult(node.name, met, () if quiet else tuple(_decide(node.child, asked, met)))
    if loose:
        found[""] = SelectionResult("", matched, tuple(loose))
    return Explanation(matched, rule.condition, tuple(found.values()))


def _named(node: Node, asked: Asked, matched: bool, wanted: bool) -> Iterator[tuple[Named | Match, bool, bool]]:
    """The selections that decide (all that are asked, when the rule did not match). `wanted` turns at each `Not`."""
    if isinstance(node, Named | Match):
        yield node, wanted, asked.holds(node)
        return
    if isinstance(node, Not):
        yield from _named(node.child, asked, matched, not wanted)
        return
    children = node.children
    if matched and isinstance(node, Or if wanted else And):
        # Of alternatives only those that hold (under a `Not`: that fail) have decided.
        children = tuple(child for child in children if asked.holds(child) is wanted)
    for child in children:
        yield from _named(child, asked, matched, wanted)


def _decide(node: Node, asked: Asked, truth: bool) -> list[TestResult]:
    """The tests that make `node` true or false."""
    if isinstance(node, Match):
        return [_result(node, asked)]
    if isinstance(node, Named):
        return _decide(node.child, asked, truth)
    if isinstance(node, Not):
        return _decide(node.child, asked, not truth)
    if isinstance(node, And) is truth:
        if not truth:
            return _nearest(node.children, asked)
        return [result for child in node.children for result in _decide(child, asked, truth)]
    deciding = (child for child in node.children if asked.holds(child) is truth)
    if truth:
        return _decide(next(deciding), asked, truth)
    return [result for child in deciding for result in _decide(child, asked, truth)]


def _nearest(children: Sequence[Node], asked: Asked) -> list[TestResult]:
    """Of alternatives that all failed: for each field the test that came nearest; of groups, the best group."""
    best: dict[str | None, tuple[float, Match]] = {}
    group: tuple[float, Node] | None = None
    for child in children:
        score = _score(child, asked)
        if isinstance(child, Match):
            if child.field not in best or score > best[child.field][0]:
                best[child.field] = (score, child)
        elif group is None or score > group[0]:
            group = (score, child)
    results = [_result(leaf, asked) for _, leaf in best.values()]
    return results + (_decide(group[1], asked, False) if group else [])


def _score(node: Node, asked: Asked) -> float:
    """How near a failed node came, from 0 to 1: the share of its parts that were met."""
    if isinstance(node, Match):
        return 1.0 if asked.leaf(node) else _text_score(node, asked)
    if isinstance(node, Not | Named):
        return 1.0 if asked.holds(node) else 0.0
    scores = [_score(child, asked) for child in node.children]
    if not scores:
        return 0.0
    return sum(scores) / len(scores) if isinstance(node, And) else max(scores)


def _text_score(leaf: Match, asked: Asked) -> float:
    """For text: how much of the literals' start some value holds; a field that is there counts a little."""
    values = asked.values(leaf.field)
    if not values:
        return 0.0
    if not isinstance(leaf.test, Text):
        return 0.1
    literal = max((part for part in leaf.test.parts if isinstance(part, str)), key=len, default="")
    lowered = [value.lower() for value in values[:100]]
    wanted = literal.lower()
    low, high = 0, len(wanted)
    while low < high:
        middle = (low + high + 1) // 2
        if any(wanted[:middle] in value for value in lowered):
            low = middle
        else:
            high = middle - 1
    return 0.1 + 0.8 * low / (len(wanted) or 1)


def _result(leaf: Match, asked: Asked) -> TestResult:
    values = asked.values(leaf.field)
    met = asked.leaf(leaf)
    shown = next((value for value in values if asked.meets(leaf.test, value)), None) if met else None
    if shown is None and values and (leaf.field is not None):
        shown = values[0]
    return TestResult(leaf.field, describe(leaf.test), shown, met)


def describe(test: Test) -> str:
    """The test in words, without its field.

    >>> describe(Compare("gt", 5.0)), describe(Null())
    ('gt 5', 'is empty or absent')
    """
    if isinstance(test, Text):
        return describe_text(test)
    if isinstance(test, Regex):
        return f"re '{test.pattern}'" + (f" ({test.flags})" if test.flags else "")
    if isinstance(test, Cidr):
        return f"in {test.network}"
    if isinstance(test, Compare):
        return f"{test.operator} {test.number:.15g}"
    if isinstance(test, Exists):
        return "exists" if test.wanted else "is absent"
    if isinstance(test, Null):
        return "is empty or absent"
    if isinstance(test, TimePart):
        return f"{test.part} {test.operator} {test.number}"
    if isinstance(test, FieldRef):
        return f"{test.relation} field {test.other}" + (" (case-sensitive)" if test.cased else "")
    raise TypeError(f"not a test: {test!r}")
