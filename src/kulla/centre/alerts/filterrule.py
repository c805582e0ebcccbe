"""A Sigma filter rule from chosen fields of an event, as text. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from kulla.detect.pattern import write_pattern
from kulla.detect.rule import Filter, Rule
from kulla.detect.ruleset import applies
from kulla.detect.sigma import parse
from kulla.errors import RuleError

MODIFIERS: Final = ("", "contains", "startswith", "endswith")
"""How a value is compared; the empty one is the whole value."""
_PLAIN: Final = 1000
_REFUSED: Final = frozenset([*map(chr, range(0x7F, 0xA0)), "\u2028", "\u2029", "\ufeff"])
"""What JSON writes as it is, and YAML does not take or takes for the end of a line."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One field that must have one value for the filter to silence an event."""

    field: str
    modifier: str
    value: str


def written(
    rule: Rule, uid: str, title: str, reason: str, author: str, day: date, conditions: Iterable[Condition]
) -> str:
    """The filter as a YAML file: events that meet all conditions no longer meet `rule`.

    Scalars are written in JSON's quotes, which YAML reads as they are. Raises RuleError when there is no condition, one
    is of an unknown modifier or has no value, or the text would not be read back as a filter of this rule.
    """
    chosen = list(conditions)
    if not chosen:
        raise RuleError("choose at least one field: a filter without one would silence the whole rule")
    source = {"product": rule.logsource.product, "category": rule.logsource.category, "service": rule.logsource.service}
    lines = [
        f"title: {_quoted(title)}",
        f"id: {uid}",
        "status: stable",
        f"description: {_quoted(reason)}",
        f"author: {_quoted(author)}",
        f"date: {day.isoformat()}",
        "logsource:",
        *(f"  {name}: {_quoted(value)}" for name, value in source.items() if value),
        "filter:",
        f"  rules: [{_quoted(rule.meta.id)}]",
        "  selection:",
        *(f"    {line}" for line in _lines(chosen)),
        "  condition: not selection",
    ]
    text = "\n".join(lines) + "\n"
    read(text, rule)
    return text


def read(text: str, rule: Rule) -> Filter:
    """The filter in a text. Raises RuleError when it cannot be read, or does not concern `rule`."""
    parsed = parse("filter.yml", text)
    fatal = [problem.message for problem in parsed.problems if problem.fatal]
    found = [each for each in parsed.documents if isinstance(each, Filter)]
    if fatal or len(found) != 1 or len(parsed.documents) != 1:
        raise RuleError("; ".join(fatal) or "the text must hold one filter rule and nothing else")
    if found[0].needs or not found[0].rules or not applies(found[0], rule):
        raise RuleError(f"the filter must name the rule {rule.meta.id} and be of its logsource")
    return found[0]


def _lines(conditions: Sequence[Condition]) -> list[str]:
    names: dict[str, str] = {}
    for each in conditions:
        if each.modifier not in MODIFIERS or not each.field or len(each.value) > _PLAIN:
            raise RuleError(f"a condition has a field, one of {', '.join(MODIFIERS[1:])} or none, and a shorter value")
        if each.modifier and not each.value:
            raise RuleError("a condition with contains, startswith or endswith needs a value")
        key = f"{each.field}|{each.modifier}" if each.modifier else each.field
        if key in names:
            raise RuleError(f"two conditions on {each.field}: keep one")
        names[key] = write_pattern((each.value,)) if each.value else ""
    return [f"{_quoted(key)}: {_quoted(value)}" for key, value in names.items()]


def _quoted(text: str) -> str:
    """A YAML scalar in double quotes."""
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(f"\\u{ord(each):04x}" if each in _REFUSED else each for each in quoted)
