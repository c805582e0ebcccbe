"""What a modifier is: a change to the values of one detection item, `Field|modifier: values`.

Values start as YAML scalars (`Raw`), become text patterns (`Phrase`) or tests, and end as leaves. A modifier that
cannot be used where it stands raises `RuleError` saying why and what to write.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from kulla.detect.pattern import Parts, parse_pattern
from kulla.detect.rule import Test
from kulla.detect.values import Expansion
from kulla.errors import RuleError

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Raw:
    """A value as YAML gave it, not changed by any modifier yet."""

    value: Scalar


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text pattern in the making.

    `encoding` is the UTF-16 form chosen for it, if any; `encoded` says it has become base64; `anchor` names the
    one of contains, startswith and endswith that was used.
    """

    parts: Parts
    cased: bool = False
    encoding: str | None = None
    encoded: bool = False
    anchor: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """Several values that stand for one: any of them will do."""

    values: tuple[Draft, ...]


Draft = Raw | Phrase | Choice | Test


@dataclass(frozen=True, slots=True)
class Item:
    """A detection item on its way through its modifiers. `field` is None for keywords."""

    field: str | None
    values: tuple[Draft, ...]
    every: bool = False
    negated: bool = False
    expansion: Expansion = dataclasses.field(default_factory=Expansion)

    def each(self, change: Callable[[Draft], Draft]) -> Item:
        """The item with `change` made to every value, also inside choices."""
        return replace(self, values=tuple(_deep(value, change) for value in self.values))


def _deep(value: Draft, change: Callable[[Draft], Draft]) -> Draft:
    return Choice(tuple(_deep(inner, change) for inner in value.values)) if isinstance(value, Choice) else change(value)


class Modifier(Protocol):
    """A modifier of Sigma's specification 2.1, appendix "Modifiers"."""

    @property
    def names(self) -> tuple[str, ...]:
        """Its name, then its synonyms."""

    def apply(self, item: Item) -> Item:
        """The item as changed. Raises `RuleError`."""


def scalar_text(value: Scalar) -> str:
    """A YAML scalar as the text with which events are compared.

    >>> scalar_text(True), scalar_text(4688), scalar_text(1.5)
    ('true', '4688', '1.5')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def phrase(value: Draft, name: str) -> Phrase:
    """The value as a text pattern, for modifier `name`; numbers and booleans as their text."""
    if isinstance(value, Phrase):
        return value
    if isinstance(value, Raw):
        if value.value is None:
            raise RuleError(f"`{name}` needs text, not null: null can only be compared as it is")
        return Phrase(parse_pattern(scalar_text(value.value)))
    raise RuleError(f"`{name}` cannot follow the modifier before it: remove one of the two")


def untouched(value: Draft, name: str) -> Scalar:
    """The YAML scalar itself, for a modifier that must come first."""
    if not isinstance(value, Raw):
        raise RuleError(f"`{name}` must be the first modifier: put it before the others, or remove them")
    return value.value
