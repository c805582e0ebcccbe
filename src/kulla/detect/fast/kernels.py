"""Tests asked of many values at once, by Arrow's kernels where they mean the same, else value by value."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kulla.detect.cidr import inside
from kulla.detect.numbers import number
from kulla.detect.regex import source
from kulla.detect.rule import Cidr, Compare, Operator, Regex, Test, Text, TimePart, Wild
from kulla.detect.timeparts import part
from kulla.events.text import fold

Mask = npt.NDArray[np.bool_]

OPERATORS: dict[Operator, Callable[[float, float], bool]] = {
    "lt": lambda a, b: a < b, "lte": lambda a, b: a <= b, "gt": lambda a, b: a > b, "gte": lambda a, b: a >= b,
    "eq": lambda a, b: a == b, "neq": lambda a, b: a != b,
}  # fmt: skip
_RUN = re.compile(r"\.\{(\d+),\}")
_META = frozenset("\\.+*?()|[]{}^$")


def ask(test: Test, values: pa.LargeStringArray, folded: pa.LargeStringArray) -> Mask:
    """Which values satisfy a test that concerns one value alone; `folded` are the same values folded."""
    if isinstance(test, Text):
        return _text(test, values if test.cased else folded)
    if isinstance(test, Regex):
        return _numpy(_regex(test, values))
    if isinstance(test, Cidr):
        return _each(values, lambda text: inside(text, test.network))
    if isinstance(test, Compare):
        relation = OPERATORS[test.operator]
        return _each(values, lambda text: (n := number(text)) is not None and relation(n, test.number))
    if isinstance(test, TimePart):
        relation = OPERATORS[test.operator]
        return _each(values, lambda text: (n := part(text, test.part)) is not None and relation(n, test.number))
    raise TypeError(f"{type(test).__name__} does not concern one value")


def _text(test: Text, values: pa.LargeStringArray) -> Mask:
    parts = [item if isinstance(item, Wild) or test.cased else fold(item) for item in test.parts]
    try:
        "".join(item for item in parts if isinstance(item, str)).encode()
    except UnicodeEncodeError:
        return np.zeros(len(values), bool)
    match parts:
        case []:
            return _numpy(pc.equal(pc.binary_length(values), 0))
        case [str(literal)]:
            return _numpy(pc.equal(values, literal))
        case [Wild.MANY]:
            return np.ones(len(values), bool)
        case [Wild.MANY, str(literal)]:
            return _numpy(pc.ends_with(values, literal))
        case [str(literal), Wild.MANY]:
            return _numpy(pc.starts_with(values, literal))
        case [Wild.MANY, str(literal), Wild.MANY]:
            return _numpy(pc.match_substring(values, literal))
    return _numpy(pc.match_substring_regex(values, pattern=_glob(parts)))


def _glob(parts: list[str | Wild]) -> str:
    r"""The pattern as an RE2 expression over the whole value.

    >>> _glob(["a.", Wild.MANY, Wild.ONE])
    '(?s)\\Aa\\..*.\\z'
    """
    body = "".join(_quote(item) if isinstance(item, str) else ".*" if item is Wild.MANY else "." for item in parts)
    return f"(?s)\\A{body}\\z"


def _quote(literal: str) -> str:
    return "".join("\\" + sign if sign in _META else "\\x00" if sign == "\0" else sign for sign in literal)


def _regex(test: Regex, values: pa.LargeStringArray) -> pa.BooleanArray:
    least = _RUN.fullmatch(test.pattern)
    if not least:
        return pc.match_substring_regex(values, pattern=source(test))
    # a mere minimum length, where RE2 would keep as many states: 90 % of all evaluation in a measurement
    long = pc.greater_equal(pc.utf8_length(values), int(least[1]))
    if "s" in test.flags:
        return long
    broken = pc.and_(long, pc.match_substring(values, "\n"))
    if not pc.any(broken).as_py():
        return long
    lines = [max(map(len, text.split("\n"))) >= int(least[1]) for text in values.filter(broken).to_pylist()]
    return pc.replace_with_mask(long, broken, pa.array(lines, pa.bool_()))


def _each(values: pa.LargeStringArray, holds: Callable[[str], bool]) -> Mask:
    return np.fromiter(map(holds, values.to_pylist()), bool, len(values))


def _numpy(mask: pa.BooleanArray) -> Mask:
    result: Mask = mask.to_numpy(zero_copy_only=False)
    return result
