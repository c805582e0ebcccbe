"""The condition of a detection: `selection and not 1 of filter_*`.

Grammar (Sigma specification 2.1, section "Condition"; `not` binds tighter than `and`, `and` tighter than `or`):

    or      = and { "or" and }
    and     = not { "and" not }
    not     = { "not" } atom
    atom    = "(" or ")" | quantity "of" ( "them" | pattern ) | name
    quantity = "all" | "any" | number

The words may be in any case. `them` and patterns leave out names that begin with `_`, unless the pattern does too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import comb

from kulla.detect.rule import And, Named, Node, Not, Or
from kulla.errors import RuleError

MAX_LENGTH = 20_000
MAX_DEPTH = 40
MAX_COMBINATIONS = 2_000

_TOKEN = re.compile(r"\(|\)|\||[^\s()|]+")
_NAME = re.compile(r"[\w*?.\-]+\Z")
_OLD = frozenset({"near", "count", "min", "max", "avg", "sum", "by"})


@dataclass(slots=True)
class Selections:
    """What a condition may name: name → tree, and, filled in by parsing, which names were used."""

    trees: Mapping[str, Node]
    used: set[str] = field(default_factory=set)

    def one(self, name: str) -> Node:
        """The selection of that name. Raises `RuleError` when there is none."""
        if name not in self.trees:
            known = ", ".join(sorted(self.trees)) or "none"
            raise RuleError(f"the condition names `{name}`, which the detection does not define (defined: {known})")
        self.used.add(name)
        return Named(name, self.trees[name])

    def several(self, pattern: str) -> list[Node]:
        """The selections that a pattern or `them` stands for. Raises `RuleError` when there are none."""
        wanted = re.compile(".*" if pattern == "them" else re.escape(pattern).replace(r"\*", ".*"), re.DOTALL)
        hidden = not pattern.startswith("_")
        names = [n for n in self.trees if wanted.fullmatch(n) and not (hidden and n.startswith("_"))]
        if not names:
            raise RuleError(f"`of {pattern}` in the condition stands for no selection: define one or remove it")
        return [self.one(name) for name in names]


def parse_condition(text: str, selections: Selections) -> Node:
    """The tree of a condition. Raises `RuleError`; its text lists every name that is not defined.

    >>> from kulla.detect.rule import Exists, Match
    >>> parse_condition("not a", Selections({"a": Match("x", Exists(True))}))
    Not(child=Named(name='a', child=Match(field='x', test=Exists(wanted=True))))
    """
    if len(text) > MAX_LENGTH:
        raise RuleError(f"the condition is longer than {MAX_LENGTH:,} characters: use `1 of` and `all of`")
    tokens = _TOKEN.findall(text)
    if "|" in tokens:
        raise RuleError("aggregation after `|` is Sigma's old form: write a correlation rule (event_count, temporal …)")
    parser = _Parser(tokens, selections)
    tree = parser.either(0)
    if parser.position < len(tokens):
        raise RuleError(parser.unexpected())
    if parser.undefined:
        raise RuleError("; ".join(dict.fromkeys(parser.undefined)))
    return tree


def any_of(children: Sequence[Node]) -> Node:
    """`Or`, or the only child."""
    return children[0] if len(children) == 1 else Or(tuple(children))


def all_of(children: Sequence[Node]) -> Node:
    """`And`, or the only child."""
    return children[0] if len(children) == 1 else And(tuple(children))


def at_least(count: int, children: Sequence[Node]) -> Node:
    """True when `count` of the children are. Raises `RuleError` when it can never be, or grows too large."""
    if count < 1 or count > len(children):
        raise RuleError(f"`{count} of` {len(children)} selection(s) is not possible: use 1 to {len(children)}")
    if comb(len(children), count) > MAX_COMBINATIONS:
        raise RuleError(f"`{count} of` {len(children)} selections has too many combinations: group the selections")
    if count == len(children):
        return all_of(children)
    if count == 1:
        return any_of(children)
    with_first = all_of([children[0], at_least(count - 1, children[1:])])
    return any_of([with_first, at_least(count, children[1:])])


class _Parser:
    def __init__(self, tokens: Sequence[str], selections: Selections) -> None:
        self.tokens = tokens
        self.position = 0
        self.undefined: list[str] = []
        self._selections = selections

    def _peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def _accept(self, word: str) -> bool:
        if self._peek().lower() == word:
            self.position += 1
            return True
        return False

    def unexpected(self) -> str:
        token = self._peek()
        if token.lower() in _OLD:
            return f"`{token}` is Sigma's old form of aggregation: write a correlation rule instead"
        if not token:
            return "the condition ends where a selection should stand"
        return f"`{token[:60]}` does not belong here in the condition: join selections with and, or, not"

    def either(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise RuleError(f"the condition has more than {MAX_DEPTH} parentheses within each other: flatten it")
        children = [self._both(depth)]
        while self._accept("or"):
            children.append(self._both(depth))
        return any_of(children)

    def _both(self, depth: int) -> Node:
        children = [self._negation(depth)]
        while self._accept("and"):
            children.append(self._negation(depth))
        return all_of(children)

    def _negation(self, depth: int) -> Node:
        negated = False
        while self._accept("not"):
            negated = not negated
        child = self._atom(depth)
        return Not(child) if negated else child

    def _atom(self, depth: int) -> Node:
        if self._accept("("):
            inner = self.either(depth + 1)
            if not self._accept(")"):
                raise RuleError(
                    "a parenthesis in the condition is not closed" if not self._peek() else self.unexpected()
                )
            return inner
        token = self._peek()
        following = self.tokens[self.position + 1].lower() if self.position + 1 < len(self.tokens) else ""
        if following == "of" and (token.lower() in ("all", "any") or token.isdecimal()):
            return self._quantity(token.lower())
        if not _NAME.match(token) or token.lower() in {"and", "or", "not", "of"} | _OLD - set(self._selections.trees):
            raise RuleError(self.unexpected())
        self.position += 1
        return self._selected(lambda: self._selections.one(token))

    def _quantity(self, amount: str) -> Node:
        self.position += 2
        pattern = self._peek()
        if not _NAME.match(pattern):
            raise RuleError(f"`{amount} of` needs `them` or a name such as `selection_*`")
        self.position += 1
        pattern = "them" if pattern.lower() == "them" else pattern
        if amount == "all":
            return self._selected(lambda: all_of(self._selections.several(pattern)))
        wanted = 1 if amount == "any" else int(amount[:6])
        return self._selected(lambda: at_least(wanted, self._selections.several(pattern)))

    def _selected(self, make: Callable[[], Node]) -> Node:
        """Undefined names are gathered, so that all of them are reported at once."""
        try:
            return make()
        except RuleError as error:
            self.undefined.append(str(error))
            return Or(())
