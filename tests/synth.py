"""Events made from a rule's own literals: some that meet it, and many that nearly do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from ipaddress import IPv4Network
from random import Random
from typing import Any

from kulla.detect.reference import View
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
    Or,
    Regex,
    Rule,
    Text,
    TimePart,
    Wild,
)  # fmt: skip

# The parser behind `re`, to walk an expression; it has no types.
sre: Any = import_module("re._constants")
sre_parser: Any = import_module("re._parser")

Made = dict[str, list[str]]
KEYWORD_FIELD = "Message"
ATTEMPTS = 40


def events_for(rule: Rule, rng: Random, positives: int = 2, mutants: int = 12) -> list[Made]:
    """Positives of the rule, then mutants of them. Empty when no positive was found."""
    found = positives_for(rule, rng, positives)
    return found + [mutate(rng.choice(found), rng) for _ in range(mutants)] if found else []


def positives_for(rule: Rule, rng: Random, wanted: int = 1) -> list[Made]:
    """Up to `wanted` events that meet the rule."""
    found: list[Made] = []
    for attempt in range(ATTEMPTS):
        event = _build(list(_choose(rule.tree, True, rng)), rng, plain=attempt % 2 == 0)
        if View(event).holds(rule.tree):
            found.append(event)
            if len(found) == wanted:
                break
    return found


def _choose(node: Node, want: bool, rng: Random) -> Iterator[tuple[Match, bool]]:
    """Leaves with the truth each should have, one way to make `node` what is wanted."""
    if isinstance(node, Match):
        yield node, want
    elif isinstance(node, Named):
        yield from _choose(node.child, want, rng)
    elif isinstance(node, And | Or):
        every = isinstance(node, And) is want
        chosen: Sequence[Node] = node.children if every else ([rng.choice(node.children)] if node.children else [])
        for child in chosen:
            yield from _choose(child, want, rng)
    else:
        yield from _choose(node.child, not want, rng)


def _build(wishes: list[tuple[Match, bool]], rng: Random, plain: bool) -> Made:
    event: Made = {}
    by_field: dict[str, list[Match]] = {}
    for leaf, want in wishes:
        field = leaf.field or KEYWORD_FIELD
        test = leaf.test
        if (isinstance(test, Exists) and test.wanted is want) or (isinstance(test, Null) and not want):
            by_field.setdefault(field, [])
        elif want and not isinstance(test, Null | Exists):
            by_field.setdefault(field, []).append(leaf)
    for field, leaves in by_field.items():
        event[field] = _values([leaf for leaf in leaves if not isinstance(leaf.test, FieldRef)], rng, plain) or [
            f"-{field}-"
        ]
    for field, leaves in by_field.items():
        for leaf in leaves:
            if isinstance(leaf.test, FieldRef):
                event.setdefault(leaf.test.other, ["same"])
                event[field] = list(event[leaf.test.other])
    return event


def _values(leaves: list[Match], rng: Random, plain: bool) -> list[str]:
    texts = [leaf.test for leaf in leaves if isinstance(leaf.test, Text)]
    if len(texts) == len(leaves) and len(texts) > 1:
        merged = _merged(texts, rng, plain)
        if all(View({"f": [merged]}).leaf(Match("f", test)) for test in texts):
            return [merged]
    return [sample(leaf, rng, plain) for leaf in leaves]


def _merged(texts: list[Text], rng: Random, plain: bool) -> str:
    """One value for several text tests: those bound to the start first, those bound to the end last."""
    first = [text for text in texts if text.parts[:1] != (Wild.MANY,)]
    last = [text for text in texts if text.parts[-1:] != (Wild.MANY,) and text not in first]
    middle = [text for text in texts if text not in first and text not in last]
    return " ".join(_text(text, rng, plain) for text in [*first, *middle, *last])


def sample(leaf: Match, rng: Random, plain: bool = True) -> str:
    """A value that satisfies the leaf's test, or tries to."""
    test = leaf.test
    if isinstance(test, Text):
        return _text(test, rng, plain)
    if isinstance(test, Regex):
        return from_regex(test.pattern, rng)
    if isinstance(test, Cidr):
        offset = rng.randrange(min(test.network.num_addresses, 2**32))
        address = test.network.network_address + offset
        mapped = isinstance(test.network, IPv4Network) and not plain and rng.random() < 0.3
        return f"::ffff:{address}" if mapped else str(address)
    if isinstance(test, Compare):
        step = {"lt": -1, "lte": 0, "gt": 1, "gte": 0, "eq": 0, "neq": 1}[test.operator]
        return f"{test.number + step:.15g}"
    if isinstance(test, TimePart):
        step = {"lt": -1, "gt": 1, "neq": 1}.get(test.operator, 0)
        return _time(test.part, test.number + step)
    return "x"


def _time(part: str, number: int) -> str:
    values = {"year": 2026, "month": 3, "day": 5, "hour": 7, "minute": 9} | {part: number}
    if part == "week":
        import datetime as dt

        return dt.date.fromisocalendar(2026, max(1, number), 3).isoformat()
    return "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:00Z".format(**values)


def _text(test: Text, rng: Random, plain: bool) -> str:
    filler = {Wild.MANY: ["", "", "a b"] if plain else ["", "x", "\\q", "a b c"], Wild.ONE: ["q", "7"]}
    value = "".join(part if isinstance(part, str) else rng.choice(filler[part]) for part in test.parts)
    return value if plain or test.cased else rng.choice([value.upper, value.lower, value.swapcase])()


def mutate(event: Made, rng: Random) -> Made:
    """The event with one small change in one field."""
    changed = {field: list(values) for field, values in event.items()}
    if not changed:
        return {"Other": ["x"]}
    field = rng.choice(list(changed))
    values = changed[field]
    index = rng.randrange(len(values))
    value = values[index]
    at = rng.randrange(len(value)) if value else 0
    kind = rng.randrange(12)
    if kind == 0:
        del changed[field]
    elif kind == 1:
        values[index] = ""
    elif kind == 2:
        values[index] = value[:at] + value[at + 1 :]
    elif kind == 3:
        values[index] = value.swapcase()
    elif kind == 4:
        changed[rng.choice(["Other", *changed])] = changed.pop(field)
    elif kind == 5:
        values[index] = value + "x"
    elif kind == 6:
        values[index] = "x" + value
    elif kind == 7:
        values.append("another")
    elif kind == 8:
        values[index] = value[:at] + "~" + value[at:]
    elif kind == 9:
        values[index] = value[1:]
    elif kind == 10:
        values[index] = value[:-1]
    else:
        changed[field.swapcase()] = changed.pop(field)
    return changed


def from_regex(pattern: str, rng: Random) -> str:
    """A text in which the expression is found (for the syntax that RE2 and Python share)."""
    return _sequence(sre_parser.parse(re_python(pattern)), rng)


def re_python(pattern: str) -> str:
    """RE2's notation in Python's, where they differ in the corpus."""
    return pattern.replace("(?i)", "").replace("\\z", "\\Z")


def _sequence(tokens: Any, rng: Random) -> str:
    return "".join(_token(op, argument, rng) for op, argument in tokens)


def _token(op: Any, argument: Any, rng: Random) -> str:
    if op is sre.LITERAL:
        return chr(argument)
    if op is sre.NOT_LITERAL:
        return "b" if argument == ord("a") else "a"
    if op is sre.ANY:
        return rng.choice("aZ5")
    if op is sre.IN:
        return _class(argument, rng)
    if op is sre.BRANCH:
        return _sequence(rng.choice(argument[1]), rng)
    if op is sre.SUBPATTERN:
        return _sequence(argument[3], rng)
    if op in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        low, high, inner = argument
        count = rng.randint(low, max(low, min(int(high), low + 2)))
        return "".join(_sequence(inner, rng) for _ in range(count))
    return ""


_CLASSES = {sre.CATEGORY_DIGIT: "059", sre.CATEGORY_WORD: "aZ_9", sre.CATEGORY_SPACE: " ",
            sre.CATEGORY_NOT_DIGIT: "a-", sre.CATEGORY_NOT_WORD: "- .", sre.CATEGORY_NOT_SPACE: "a0-"}  # fmt: skip


def _class(items: Any, rng: Random) -> str:
    if items[0][0] is sre.NEGATE:
        refused = {char for item in items[1:] for char in _members(item)}
        return rng.choice([char for char in "aZ5-_ .~é" if char not in refused] or ["\u0001"])
    return rng.choice(list(_members(rng.choice(items))))


def _members(item: Any) -> str:
    op, argument = item
    if op is sre.LITERAL:
        return chr(argument)
    if op is sre.RANGE:
        return "".join(map(chr, range(argument[0], min(argument[1], argument[0] + 200) + 1)))
    return _CLASSES[argument]
