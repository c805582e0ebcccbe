"""A second reading of Sigma rules, for comparison: pySigma parses, and a few lines here evaluate what it made."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from sigma.collection import SigmaCollection
from sigma.conditions import ConditionAND, ConditionNOT, ConditionOR
from sigma.rule import SigmaRule
from sigma.types import (
    CompareOperators,
    Placeholder,
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaRegularExpressionFlag,
    SigmaString,
    SpecialChars,
)  # fmt: skip
from synth import re_python

FLAGS = {
    SigmaRegularExpressionFlag.IGNORECASE: re.IGNORECASE,
    SigmaRegularExpressionFlag.MULTILINE: re.MULTILINE,
    SigmaRegularExpressionFlag.DOTALL: re.DOTALL,
}
Event = dict[str, list[str]]
_compiled: dict[int, tuple[Any, re.Pattern[str]]] = {}


class Oracle:
    """One rule as pySigma understands it."""

    def __init__(self, text: str) -> None:
        rule = SigmaCollection.from_yaml(text).rules[0]
        assert isinstance(rule, SigmaRule)
        self._trees = [condition.parsed for condition in rule.detection.parsed_condition]

    def __call__(self, event: Event) -> bool:
        return any(_holds(tree, event) for tree in self._trees)


def _holds(node: Any, event: Event) -> bool:
    if isinstance(node, ConditionAND):
        return all(_holds(child, event) for child in node.args)
    if isinstance(node, ConditionOR):
        return any(_holds(child, event) for child in node.args)
    if isinstance(node, ConditionNOT):
        return not _holds(node.args[0], event)
    if hasattr(node, "field"):
        return _value(node.value, event.get(node.field, []), event, False)
    return _value(node.value, [value for values in event.values() for value in values], event, True)


def _value(wanted: Any, values: list[str], event: Event, keyword: bool) -> bool:
    if isinstance(wanted, SigmaExpansion):
        return any(_value(inner, values, event, keyword) for inner in wanted.values)
    if isinstance(wanted, SigmaNull):
        return all(value == "" for value in values)
    if isinstance(wanted, SigmaExists):
        return bool(values) == wanted.exists
    return any(_meets(wanted, value, event, keyword) for value in values)


def _meets(wanted: Any, value: str, event: Event, keyword: bool) -> bool:
    if isinstance(wanted, SigmaString):
        pattern = _pattern(wanted)
        text = value if isinstance(wanted, SigmaCasedString) else value.lower()
        return (pattern.search if keyword else pattern.fullmatch)(text) is not None
    if isinstance(wanted, SigmaNumber | SigmaBool):
        text = str(wanted).lower()
        return text in value.lower() if keyword else value.lower() == text
    if isinstance(wanted, SigmaRegularExpression):
        flags = re.ASCII
        for flag in wanted.flags:
            flags |= FLAGS[flag]
        expression = str(wanted.regexp)
        if "(?i)" in expression:
            flags |= re.IGNORECASE
        return re.search(re_python(expression), value, flags) is not None
    if isinstance(wanted, SigmaCIDRExpression):
        return _inside(wanted.cidr, value)
    if isinstance(wanted, SigmaCompareExpression):
        return _compare(wanted, value)
    if isinstance(wanted, SigmaFieldReference):
        return any(_refers(wanted, value.lower(), other.lower()) for other in event.get(wanted.field, []))
    raise AssertionError(f"the oracle does not know {type(wanted)}")


def _pattern(wanted: Any) -> re.Pattern[str]:
    known = _compiled.get(id(wanted))
    if known is None or known[0] is not wanted:
        parts = [_part(part, isinstance(wanted, SigmaCasedString)) for part in wanted.s]
        known = _compiled[id(wanted)] = (wanted, re.compile("".join(parts), re.DOTALL))
    return known[1]


def _part(part: Any, cased: bool) -> str:
    if part == SpecialChars.WILDCARD_MULTI:
        return ".*"
    if part == SpecialChars.WILDCARD_SINGLE:
        return "."
    text = f"%{part.name}%" if isinstance(part, Placeholder) else part
    return re.escape(text if cased else text.lower())


def _inside(network: str, value: str) -> bool:
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any(each in ipaddress.ip_network(network) for each in (address, mapped) if each is not None)


def _compare(wanted: Any, value: str) -> bool:
    try:
        left = float(value)
    except ValueError:
        return False
    right = float(wanted.number.number)
    return {
        CompareOperators.LT: left < right, CompareOperators.LTE: left <= right,
        CompareOperators.GT: left > right, CompareOperators.GTE: left >= right,
    }[wanted.op]  # fmt: skip


def _refers(wanted: Any, left: str, right: str) -> bool:
    if wanted.starts_with and wanted.ends_with:
        return right in left
    if wanted.starts_with:
        return left.startswith(right)
    return left.endswith(right) if wanted.ends_with else left == right
