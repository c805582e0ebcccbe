"""Which rule feeds which correlation, in an order in which each comes after those it refers to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter

from kulla.detect.correlate.signals import field_of
from kulla.detect.rule import Correlation


@dataclass(frozen=True, slots=True)
class Graph:
    """`order`: the correlations, each after those it refers to. `uses`: rule id → (number in `order`, number in its
    rules). `needs`: rule id → the fields its hits must bring. `silent`: ids of rules that only serve correlations."""

    order: tuple[Correlation, ...]
    uses: Mapping[str, tuple[tuple[int, int], ...]]
    needs: Mapping[str, frozenset[str]]
    silent: frozenset[str]

    @staticmethod
    def of(correlations: Sequence[Correlation]) -> Graph:
        """The graph of correlations whose references are ids and form no circle, as `ruleset.load` leaves them."""
        by_id = {each.meta.id: each for each in correlations}
        links = {identity: [r for r in each.rules if r in by_id] for identity, each in by_id.items()}
        order = tuple(by_id[identity] for identity in TopologicalSorter(links).static_order())
        uses: dict[str, list[tuple[int, int]]] = {}
        needs: dict[str, set[str]] = {}
        for node, each in enumerate(order):
            for member, rule in enumerate(each.rules):
                uses.setdefault(rule, []).append((node, member))
                wanted = (field_of(each, rule, name) for name in (*each.group_by, *each.value_fields))
                needs.setdefault(rule, set()).update(wanted)
        return Graph(
            order,
            {rule: tuple(pairs) for rule, pairs in uses.items()},
            {rule: frozenset(names) for rule, names in needs.items()},
            frozenset(rule for rule, pairs in uses.items() if not any(order[node].generate for node, _ in pairs)),
        )
