"""The indicators that a retro-hunt looks for, from text: one a line. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kulla.errors import RuleError
from kulla.events.text import fold
from kulla.lake.language import literal

INDICATORS: Final = 5_000
TOGETHER: Final = 100
"""Indicators of one question: a query has 500 terms at most, and each is one."""
_SHORTEST: Final = 4
_BEFORE: Final = r"(?<![\w-])(?<!\d\.)"
"""No word goes on before it; a dot may, as of a sub-domain, but not that of a longer address."""
_AFTER: Final = r"(?![\w-])(?!\.\d)"
_DEFANGED: Final = (
    (re.compile(r"\[\.\]|\(\.\)|\[dot\]", re.IGNORECASE), "."),
    (re.compile(r"^hxxp", re.IGNORECASE), "http"),
)


def indicators(text: str) -> list[str]:
    """The indicators of a list: a line each, what follows `#` left out, `[.]` and hxxp read as written by those who
    disarm them, each once. Raises RuleError when there is none, too many, or one so short that everything holds it.

    >>> indicators("198.51.100[.]7  # C2\\nhxxps://evil.example/a")
    ['198.51.100.7', 'https://evil.example/a']
    """
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        value = line.partition(" #")[0].strip() if not line.startswith("#") else ""
        for pattern, plain in _DEFANGED:
            value = pattern.sub(plain, value)
        if not value:
            continue
        if len(value) < _SHORTEST or len(value) > 500:
            raise RuleError(f"line {number}: an indicator has {_SHORTEST} to 500 characters")
        found.setdefault(fold(value), value)
    if not found or len(found) > INDICATORS:
        raise RuleError(f"write 1 to {INDICATORS:,} indicators, one a line")
    return list(found.values())


def query(values: Sequence[str]) -> str:
    """The query that finds every event that holds one of them somewhere."""
    return " or ".join(phrase(value) for value in values)


def phrase(value: str) -> str:
    """A value as a query's phrase: exactly this text."""
    quoted = literal(value)
    return quoted if quoted.startswith('"') else f'"{quoted}"'


@dataclass(frozen=True, slots=True)
class Finder:
    """Tells which of some indicators stand in a text on their own: 10.0.0.1 is not in 10.0.0.12, nor evil.example in
    notevil.example; a sub-domain of a domain counts."""

    values: Sequence[str]
    patterns: Sequence[re.Pattern[str]]

    @classmethod
    def of(cls, values: Sequence[str]) -> Finder:
        """A finder of these."""
        return cls(values, [re.compile(rf"{_BEFORE}{re.escape(fold(value))}{_AFTER}") for value in values])

    def found(self, text: str) -> list[str]:
        """Those that stand in the text, whatever its case."""
        folded = fold(text)
        return [value for value, each in zip(self.values, self.patterns, strict=True) if each.search(folded)]
