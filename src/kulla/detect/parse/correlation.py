"""Correlation rules (Sigma correlation rules specification 2.1)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from kulla.detect.modifiers import scalar_text
from kulla.detect.numbers import number
from kulla.detect.problems import Problems
from kulla.detect.rule import Correlation, CorrelationType, Meta, Operator
from kulla.detect.yamlines import Map, Seq, Value

TYPES: tuple[CorrelationType, ...] = get_args(CorrelationType)
OPERATORS: tuple[Operator, ...] = get_args(Operator)

_KEYS = frozenset({"type", "rules", "aliases", "group-by", "timespan", "condition", "generate"})
_TIMESPAN = re.compile(r"([0-9]{1,9})([smhdwMy])\Z")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400, "M": 30 * 86_400, "y": 365 * 86_400}
"""A month counts 30 days, a year 365."""
_MAX_SECONDS = 100 * 365 * 86_400
_TEMPORAL = ("temporal", "temporal_ordered")


@dataclass(frozen=True, slots=True)
class _Condition:
    bounds: tuple[tuple[Operator, float], ...] = ()
    fields: tuple[str, ...] = ()
    percentile: float | None = None


def read_correlation(document: Map, meta: Meta, problems: Problems) -> Correlation | None:
    """The correlation of a document, or None after reporting its problems.

    Bounds default, for temporal types, to none: every rule named must have been met. A percentile that is not
    given in the condition (`percentile: 95`) is 50.
    """
    section = document.get("correlation")
    if not isinstance(section, Map):
        problems.error(document.line_of("correlation"), "`correlation` must be a map with type, rules and timespan")
        return None
    for key in section:
        if key not in _KEYS:
            problems.error(section.line_of(key), f"unknown key `{key[:40]}` in correlation: known are {_listed(_KEYS)}")
    kind = _type(section, problems)
    rules = _texts(section, "rules", problems)
    if not rules:
        problems.error(section.line_of("rules"), "`rules` must name at least one rule by id or name")
    timespan = _timespan(section, problems)
    condition = _condition(section, kind, problems)
    group_by = _texts(section, "group-by", problems)
    aliases = _aliases(section, problems)
    generate = section.get("generate", document.get("generate", False))
    if not isinstance(generate, bool):
        problems.error(section.line_of("generate"), "`generate` must be true or false")
    if problems.failed or kind is None:
        return None
    return Correlation(
        meta, kind, rules, group_by, timespan, condition.bounds, condition.fields, condition.percentile, aliases,
        generate is True,
    )  # fmt: skip


def _listed(words: frozenset[str]) -> str:
    return ", ".join(sorted(words))


def _type(section: Map, problems: Problems) -> CorrelationType | None:
    for kind in TYPES:
        if section.get("type") == kind:
            return kind
    problems.error(section.line_of("type"), f"`type` of the correlation must be one of {', '.join(TYPES)}")
    return None


def _texts(section: Map, key: str, problems: Problems) -> tuple[str, ...]:
    value = section.get(key)
    if value is None:
        return ()
    items: list[Value] = list(value) if isinstance(value, Seq) else [value]
    found = [scalar_text(item) for item in items if item is not None and not isinstance(item, Map | Seq)]
    if len(found) < len(items) or "" in found:
        problems.error(section.line_of(key), f"`{key}` must be text or a list of texts")
    return tuple(dict.fromkeys(found))


def _timespan(section: Map, problems: Problems) -> dt.timedelta:
    written = section.get("timespan")
    match = _TIMESPAN.match(written) if isinstance(written, str) else None
    seconds = int(match[1]) * _SECONDS[match[2]] if match else 0
    if not 0 < seconds <= _MAX_SECONDS:
        advice = "a number above 0 and one of s, m, h, d, w, M, y, such as 90m; at most 100 years"
        problems.error(section.line_of("timespan"), f"`timespan` must be {advice}")
        return dt.timedelta(0)
    return dt.timedelta(seconds=seconds)


def _condition(section: Map, kind: CorrelationType | None, problems: Problems) -> _Condition:
    line = section.line_of("condition")
    written = section.get("condition")
    if written is None:
        if kind not in (*_TEMPORAL, None):
            problems.error(line, f"`condition` is missing: {kind} needs a bound such as `gte: 10`")
        return _Condition()
    if not isinstance(written, Map):
        problems.error(line, "`condition` of a correlation must be a map of bounds such as `gte: 10`")
        return _Condition()
    bounds, fields, percentile = _bounds(written, problems), _texts(written, "field", problems), None
    if kind is not None and kind.startswith("value_") and not fields:
        problems.error(line, f"{kind} needs `field` in its condition: the field whose values count")
    if kind is not None and not kind.startswith("value_") and fields:
        problems.error(written.line_of("field"), f"{kind} has no use for `field` in its condition: remove it")
    if kind not in ("value_count", None) and len(fields) > 1:
        problems.error(written.line_of("field"), f"{kind} takes one `field`")
    if kind == "value_percentile":
        percentile = _number(written.get("percentile", 50))
        if percentile is None or not 0 <= percentile <= 100:
            problems.error(written.line_of("percentile"), "`percentile` must be a number from 0 to 100")
    elif "percentile" in written:
        problems.error(written.line_of("percentile"), "`percentile` belongs to value_percentile alone: remove it")
    if not bounds and kind not in _TEMPORAL:
        problems.error(line, f"`condition` needs a bound: one or more of {', '.join(OPERATORS)}")
    return _Condition(bounds, fields, percentile)


def _bounds(condition: Map, problems: Problems) -> tuple[tuple[Operator, float], ...]:
    for key in condition:
        if key not in (*OPERATORS, "field", "percentile"):
            problems.error(condition.line_of(key), f"unknown key `{key[:40]}` in the condition of a correlation")
    bounds: list[tuple[Operator, float]] = []
    for operator in OPERATORS:
        if operator in condition:
            bound = _number(condition[operator])
            if bound is None:
                problems.error(condition.line_of(operator), f"`{operator}` needs a number")
            else:
                bounds.append((operator, bound))
    return tuple(bounds)


def _number(value: Value) -> float | None:
    return None if value is None or isinstance(value, bool | Map | Seq) else number(scalar_text(value))


def _aliases(section: Map, problems: Problems) -> Mapping[str, Mapping[str, str]]:
    written = section.get("aliases")
    if written is None:
        return {}
    advice = "`aliases` must be a map: alias, then the rule's name, then the field of its events"
    if not isinstance(written, Map):
        problems.error(section.line_of("aliases"), advice)
        return {}
    aliases: dict[str, dict[str, str]] = {}
    for alias, fields in written.items():
        if not isinstance(fields, Map) or not all(isinstance(name, str) for name in fields.values()):
            problems.error(written.line_of(alias), advice)
            continue
        aliases[alias] = {rule: scalar_text(name) for rule, name in fields.items() if isinstance(name, str)}
    return aliases
