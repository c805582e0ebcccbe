"""What a query means, as slow, obvious code over one event. The engine must agree with it, by property test. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kulla.events.fields import plain
from kulla.events.text import fold
from kulla.lake.tree import LABELS, And, Between, Compare, Everything, Field, Node, Not, Or, Pattern, Wild, Word, number


@dataclass(frozen=True, slots=True)
class Seen:
    """An event as a query sees it: its raw record (None: not kept), its stored fields and its labels by name."""

    raw: str | None
    fields: Sequence[tuple[str, str | None]] = ()
    labels: Mapping[str, str | None] = field(default_factory=dict)

    def values(self, name: str) -> list[str]:
        """All non-null values under a name, whatever its case."""
        wanted = fold(name)
        found = [value for stored, value in self.fields if value is not None and fold(plain(stored)) == wanted]
        label = self.labels.get(wanted) if wanted in LABELS else None
        return found if label is None else [*found, label]


def holds(node: Node, event: Seen) -> bool:
    """Whether the event meets the query."""
    if isinstance(node, Everything):
        return True
    if isinstance(node, And):
        return all(holds(each, event) for each in node.children)
    if isinstance(node, Or):
        return any(holds(each, event) for each in node.children)
    if isinstance(node, Not):
        return not holds(node.child, event)
    if isinstance(node, Word):
        padded = Pattern((Wild.MANY, *node.pattern.parts, Wild.MANY))
        return event.raw is not None and matches(padded, event.raw)
    return any(_value_holds(node, value) for value in event.values(node.name))


def _value_holds(node: Field | Compare | Between, value: str) -> bool:
    if isinstance(node, Field):
        return matches(node.pattern, value)
    if isinstance(node, Compare):
        return _stands(value, node.operator, node.bound)
    if number(node.low) is None or number(node.high) is None:
        return fold(node.low) <= fold(value) <= fold(node.high)
    return _stands(value, ">=", node.low) and _stands(value, "<=", node.high)


def _stands(value: str, operator: str, bound: str) -> bool:
    left: float | str | None = number(value)
    right: float | str | None = number(bound)
    if right is None:
        left, right = fold(value), fold(bound)
    if left is None:
        return False
    order = (left > right) - (left < right)  # type: ignore[operator]  # both numbers or both texts
    return {">": order > 0, ">=": order >= 0, "<": order < 0, "<=": order <= 0}[operator]


def matches(pattern: Pattern, value: str) -> bool:
    """Whether the whole value is what the pattern says, ignoring case."""
    text = fold(value)
    ends = {0}
    for part in pattern.parts:
        if isinstance(part, str):
            word = fold(part)
            ends = {end + len(word) for end in ends if text.startswith(word, end)}
        elif part is Wild.ONE:
            ends = {end + 1 for end in ends if end < len(text)}
        else:
            ends = set(range(min(ends), len(text) + 1)) if ends else ends
    return len(text) in ends
