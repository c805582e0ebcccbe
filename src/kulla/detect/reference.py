"""The meaning of rules, told the obvious way: one event, one rule, test by test. The engine must agree with this.

Leaves mean what `detect.rule` says of them. Here is decided in addition: numbers and addresses are read as
`detect.numbers` and `detect.cidr` tell, times as `detect.timeparts`, expressions as `detect.regex`; a keyword asks
every value of the event, whatever its field; a field named by an array counts with each of its elements; field names
are compared with their case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from kulla.detect import cidr, numbers, regex, timeparts
from kulla.detect.explain import Explanation, explain
from kulla.detect.rule import (
    And,
    Cidr,
    Compare,
    Exists,
    FieldRef,
    Match,
    Named,
    Node,
    Null,
    Operator,
    Or,
    Regex,
    Rule,
    Test,
    Text,
    TimePart,
    Wild,
)  # fmt: skip
from kulla.events.fields import Event
from kulla.events.text import fold


def evaluate(rule: Rule, event: Event) -> Explanation:
    """Whether the event meets the rule's tree, and why.

    The logsource is not asked: whoever calls has chosen rules for this event. `needs` is not either: a placeholder
    without value stands for its own name.

    >>> from kulla.detect.sigma import parse
    >>> text = "title: A\\nlogsource: {product: windows}\\ndetection: {s: {Image|endswith: '\\\\a.exe'}, condition: s}"
    >>> evaluate(parse("a.yml", text).documents[0], {"Image": ["C:\\\\A.EXE"]}).matched
    True
    """
    return explain(rule, View(event))


def holds(node: Node, event: Event) -> bool:
    """Whether the event meets the tree: the same answer without its reasons."""
    return View(event).holds(node)


class View:
    """One event while it is being asked; folded values are kept between tests."""

    def __init__(self, event: Event) -> None:
        self.event = event
        self._folded: dict[str, str] = {}
        self._all: list[str] | None = None
        self._known: dict[int, tuple[Node, bool]] = {}  # with the node, so that no other gets its id

    def holds(self, node: Node) -> bool:
        # Loops, since generators take twice as long and every hit is explained here.
        if isinstance(node, Match):
            return self.leaf(node)
        if isinstance(node, And):
            for child in node.children:  # noqa: SIM110
                if not self.holds(child):
                    return False
            return True
        if isinstance(node, Or):
            for child in node.children:  # noqa: SIM110
                if self.holds(child):
                    return True
            return False
        if isinstance(node, Named):
            known = self._known.get(id(node.child))
            if known is None:
                known = self._known[id(node.child)] = node.child, self.holds(node.child)
            return known[1]
        return not self.holds(node.child)

    def leaf(self, leaf: Match) -> bool:
        """Whether one test is met (asked again, the answer is remembered by the leaf's identity)."""
        known = self._known.get(id(leaf))
        if known is None:
            known = self._known[id(leaf)] = leaf, self._leaf(leaf)
        return known[1]

    def _leaf(self, leaf: Match) -> bool:
        values = self.values(leaf.field)
        test = leaf.test
        if isinstance(test, Text):
            matcher = text_matcher(test)
            return any(map(matcher, values if test.cased else map(self.fold, values)))
        if isinstance(test, Null):
            return not any(values)
        if isinstance(test, Exists):
            return bool(values) is test.wanted
        return any(self.meets(test, value) for value in values)

    def values(self, field: str | None) -> Sequence[str]:
        """The values a leaf asks: those of its field, or of all fields for a keyword."""
        if field is not None:
            return self.event.get(field, ())
        if self._all is None:
            self._all = [value for values in self.event.values() for value in values]
        return self._all

    def meets(self, test: Test, value: str) -> bool:
        """Whether one value that is present satisfies the test."""
        if isinstance(test, Text):
            return text_matcher(test)(value if test.cased else self.fold(value))
        if isinstance(test, Regex):
            return regex.found(test, value)
        if isinstance(test, Cidr):
            return cidr.inside(value, test.network)
        if isinstance(test, Compare):
            return relation(numbers.number(value), test.operator, test.number)
        if isinstance(test, TimePart):
            return relation(timeparts.part(value, test.part), test.operator, test.number)
        if isinstance(test, FieldRef):
            return any(self._refers(test, value, other) for other in self.event.get(test.other, ()))
        return value == "" if isinstance(test, Null) else test.wanted

    def _refers(self, test: FieldRef, value: str, other: str) -> bool:
        left, right = (value, other) if test.cased else (self.fold(value), self.fold(other))
        if test.relation == "contains":
            return right in left
        if test.relation == "startswith":
            return left.startswith(right)
        return left.endswith(right) if test.relation == "endswith" else left == right

    def fold(self, value: str) -> str:
        folded = self._folded.get(value)
        if folded is None:
            folded = self._folded[value] = fold(value)
        return folded


def relation(left: float | None, operator: Operator, right: float) -> bool:
    """Whether `left` stands in the relation to `right`; what is no number stands in none."""
    if left is None:
        return False
    if operator == "eq":
        return left == right
    if operator == "neq":
        return left != right
    if operator == "lt":
        return left < right
    if operator == "lte":
        return left <= right
    return left > right if operator == "gt" else left >= right


Pieces = tuple[tuple[str | Wild, ...], ...]
"""A pattern cut at its `Wild.MANY`: one piece more than there are such wildcards."""


Matcher = Callable[[str], bool]
_matchers: dict[int, tuple[Text, Matcher]] = {}
_MATCHERS = 262_144


def text_matcher(test: Text) -> Matcher:
    """What tells whether a value (folded, unless the test is cased) matches. Kept by the test's identity: hashing
    a pattern takes longer than matching it."""
    known = _matchers.get(id(test))
    if known is None or known[0] is not test:
        if len(_matchers) >= _MATCHERS:
            _matchers.clear()
        known = _matchers[id(test)] = (test, _matcher(pattern(test)))
    return known[1]


def _matcher(pieces: Pieces) -> Matcher:
    """The four common shapes in Python's own words, any other piece by piece."""
    if all(len(piece) <= 1 and Wild.ONE not in piece for piece in pieces):
        literals = ["".join(map(str, piece)) for piece in pieces]
        if len(literals) == 1:
            return literals[0].__eq__
        first, *middle, last = literals
        if not middle:
            return lambda value: (
                len(value) >= len(first) + len(last) and value.startswith(first) and value.endswith(last)
            )
        if len(middle) == 1 and not first and not last:
            return lambda value: middle[0] in value
    return lambda value: matches(pieces, value)


def pattern(test: Text) -> Pieces:
    """The pieces of a text test, folded unless it is cased."""
    pieces: list[list[str | Wild]] = [[]]
    for part in test.parts:
        if part is Wild.MANY:
            pieces.append([])
        elif isinstance(part, str):
            pieces[-1].append(part if test.cased else fold(part))
        else:
            pieces[-1].append(part)
    return tuple(map(tuple, pieces))


def matches(pieces: Pieces, value: str) -> bool:
    """Whether the whole value matches: the first piece at its start, the last at its end, the others between, each
    at its leftmost place (taking the leftmost never spoils a later match)."""
    if len(pieces) == 1:
        return width(pieces[0]) == len(value) and fits(pieces[0], value, 0)
    first, *middle, last = pieces
    position, end = width(first), len(value) - width(last)
    if position > end or not fits(first, value, 0) or not fits(last, value, end):
        return False
    for piece in middle:
        start = next((at for at in places(piece, value, position) if fits(piece, value, at)), -1)
        position = start + width(piece)
        if start < 0 or position > end:
            return False
    return True


def width(piece: Sequence[str | Wild]) -> int:
    """How many characters a piece takes."""
    return sum(len(part) if isinstance(part, str) else 1 for part in piece)


def fits(piece: Sequence[str | Wild], value: str, position: int) -> bool:
    """Whether the piece stands in the value at this position."""
    for part in piece:
        if isinstance(part, str):
            if not value.startswith(part, position):
                return False
            position += len(part)
        else:
            position += 1
    return position <= len(value)


def places(piece: Sequence[str | Wild], value: str, start: int) -> Iterator[int]:
    """Where the piece may stand from `start` on: where its first literal does."""
    for before, part in enumerate(piece):
        if isinstance(part, str):
            at = value.find(part, start + before)
            while at >= 0:
                yield at - before
                at = value.find(part, at + 1)
            return
    yield start
