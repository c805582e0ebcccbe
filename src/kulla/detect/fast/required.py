"""Literals that a text must hold for a regular expression to be found in it.

Read with the parser of Python's `re`. Where its syntax could mean another thing in RE2, nothing is required.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from re import _constants as sre
from re import _parser
from typing import Any

from kulla.detect.rule import Regex

MOST = 64
"""More alternatives than this are not worth looking for."""


def required(test: Regex) -> tuple[str, ...]:
    r"""Literals (as written, not folded, none empty) of which the text holds at least one; none: not known.

    Under the flag `i` the letters s and k are left out, since U+017F and U+212A are their equals, as is all
    that is not ASCII.

    >>> required(Regex(r"\\(foo|bar)[0-9]+\.exe$")), required(Regex("task", "i")), required(Regex("a*"))
    (('.exe',), ('ta',), ())
    """
    pattern = test.pattern
    if "[:" in pattern or "(?U" in pattern or any(map(_surrogate, pattern)):
        return ()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parsed = _parser.parse(pattern, re.IGNORECASE if "i" in test.flags else 0)
    except (re.error, RecursionError, OverflowError):
        return ()
    return _best(parsed, bool(parsed.state.flags & re.IGNORECASE))


def _surrogate(sign: str) -> bool:
    return "\ud800" <= sign <= "\udfff"


def _best(items: Sequence[tuple[Any, Any]], folded: bool) -> tuple[str, ...]:
    """The most telling requirement of a concatenation: the one whose shortest literal is longest."""
    found: list[tuple[str, ...]] = []
    run: list[str] = []
    for kind, value in items:
        if kind is sre.LITERAL and not (folded and not _steady(value)):
            run.append(chr(value))
            continue
        if kind is sre.AT:  # an anchor takes no room: but `$` of `m` or a boundary between two signs never matches
            continue
        found.append(("".join(run),))
        run = []
        found.append(_inner(kind, value, folded))
    found.append(("".join(run),))
    good = [choice for choice in found if choice and len(choice) <= MOST and all(choice)]
    return max(good, key=lambda choice: (min(map(len, choice)), -len(choice)), default=())


def _inner(kind: Any, value: Any, folded: bool) -> tuple[str, ...]:
    if kind is sre.SUBPATTERN:
        _, add, remove, inner = value
        return _best(inner, (folded or bool(add & re.IGNORECASE)) and not remove & re.IGNORECASE)
    if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT) and value[0] >= 1:
        return _best(value[2], folded)
    if kind is sre.BRANCH:
        choices = [_best(branch, folded) for branch in value[1]]
        return tuple(dict.fromkeys(text for choice in choices for text in choice)) if all(choices) else ()
    return ()


def _steady(point: int) -> bool:
    return point < 0x80 and chr(point) not in "skSK"
