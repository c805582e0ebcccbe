"""Why rules met events, as JSON, asked once for events that are alike in all that a rule asks of.

An explanation speaks of nothing but the values of the fields that its rule names, so events with the same values share
it. Rules with keywords ask all values, and are explained each time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kulla.detect import reference
from kulla.detect.rule import FieldRef, Match, Named, Node, Not, Rule
from kulla.events.fields import Event

_MOST = 20_000
"""Explanations kept, about 1 KB each; when there are more, all are let go."""

_Key = tuple[int, tuple[Sequence[str] | None, ...]]


class Reasons:
    """Explains, and remembers. `rules` are known by their numbers."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._asked: dict[int, tuple[str, ...] | None] = {}
        self._known: dict[_Key, str] = {}

    def why(self, number: int, event: Event) -> str:
        """Why the rule of that number met the event (see `Explanation.to_json`)."""
        asked = self._fields(number)
        if asked is None:
            return reference.evaluate(self._rules[number], event).to_json()
        key = number, tuple(None if (values := event.get(name)) is None else tuple(values) for name in asked)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _MOST:
                self._known.clear()
            known = self._known[key] = reference.evaluate(self._rules[number], event).to_json()
        return known

    def _fields(self, number: int) -> tuple[str, ...] | None:
        """The fields a rule asks for; None when it asks all values."""
        if number not in self._asked:
            leaves = list(_leaves(self._rules[number].tree))
            names = {leaf.field for leaf in leaves}
            others = {leaf.test.other for leaf in leaves if isinstance(leaf.test, FieldRef)}
            asked = None if None in names else tuple(sorted({name for name in names if name is not None} | others))
            self._asked[number] = asked
        return self._asked[number]


def _leaves(node: Node) -> Iterator[Match]:
    if isinstance(node, Match):
        yield node
    elif isinstance(node, Named | Not):
        yield from _leaves(node.child)
    else:
        for child in node.children:
            yield from _leaves(child)
