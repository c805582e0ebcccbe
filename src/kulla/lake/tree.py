"""A query as a tree of frozen values. Pure.

What the parts mean is `lake.reference`; how they are written is `lake.language`.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Final, Literal

LABELS: Final = (
    *("zone", "constituent", "host", "product", "category", "service", "provider", "channel", "event_code"),
    *("source_file", "source_sha256", "time_quality"),
)
"""The columns of the batch contract that can be asked for by name."""

Operator = Literal[">", ">=", "<", "<="]


class Wild(enum.Enum):
    """A wildcard of a pattern."""

    MANY = "*"
    ONE = "?"


@dataclass(frozen=True, slots=True)
class Pattern:
    """Literal texts (never empty, never two in a row) and wildcards; no parts is the empty text."""

    parts: tuple[str | Wild, ...] = ()

    @property
    def literal(self) -> str | None:
        """The text when there is no wildcard, else None."""
        if not self.parts:
            return ""
        first = self.parts[0]
        return first if len(self.parts) == 1 and isinstance(first, str) else None


@dataclass(frozen=True, slots=True)
class Everything:
    """The empty query."""


@dataclass(frozen=True, slots=True)
class Word:
    """The raw record contains this."""

    pattern: Pattern


@dataclass(frozen=True, slots=True)
class Field:
    """A value of the field is this, as a whole."""

    name: str
    pattern: Pattern


@dataclass(frozen=True, slots=True)
class Compare:
    """A value of the field stands so to `bound`."""

    name: str
    operator: Operator
    bound: str


@dataclass(frozen=True, slots=True)
class Between:
    """A value of the field lies between both, ends included."""

    name: str
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class Not:
    """The child does not hold."""

    child: Node


@dataclass(frozen=True, slots=True)
class And:
    """All hold; at least two, none of them an And."""

    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """One holds; at least two, none of them an Or."""

    children: tuple[Node, ...]


Node = Everything | Word | Field | Compare | Between | Not | And | Or

_NUMBER = re.compile(r"[+-]?[0-9]{1,300}(?:\.[0-9]{1,300})?")


def number(text: str) -> float | None:
    """The value of a decimal number; None for any other text (`1e3`, `0x10`, blanks around it).

    >>> number("-1.50"), number("1e3")
    (-1.5, None)
    """
    return float(text) if _NUMBER.fullmatch(text) else None


def both(*nodes: Node) -> Node:
    """All of these, flat."""
    return _joined(And, nodes)


def either(*nodes: Node) -> Node:
    """Any of these, flat."""
    return _joined(Or, nodes)


def _joined(kind: type[And] | type[Or], nodes: tuple[Node, ...]) -> Node:
    flat: list[Node] = []
    for node in nodes:
        flat.extend(node.children if isinstance(node, kind) else (node,))
    return flat[0] if len(flat) == 1 else kind(tuple(flat))


def pattern(*parts: str | Wild) -> Pattern:
    """A pattern in its one form: neighbouring literals joined, empty ones and repeated `*` dropped."""
    kept: list[str | Wild] = []
    for part in parts:
        last = kept[-1] if kept else None
        if isinstance(part, str) and isinstance(last, str):
            kept[-1] = last + part
        elif part != "" and not (part is Wild.MANY and last is Wild.MANY):
            kept.append(part)
    return Pattern(tuple(kept))
