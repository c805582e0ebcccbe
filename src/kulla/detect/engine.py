"""The fast engine: all rules over a batch, meaning what `detect.reference` means for one rule and one event.

For each field that rules ask for, patterns of all rules are looked for in the distinct values; that gives each leaf a
count of rows before any rule is looked at. A rule can only hold where one leaf of each of its necessary clauses
does: rules with a clause that nobody met are dropped all at once, the others are evaluated on the rows of their
rarest clause, set by set, cheap and rare questions first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from kulla.detect.fast.evaluate import Evaluation
from kulla.detect.fast.find import Finder
from kulla.detect.fast.store import cache_key, from_bytes, to_bytes
from kulla.detect.plan import Plan, make_plan
from kulla.detect.rule import Rule
from kulla.events.batch import Batch
from kulla.events.fields import Rows
from kulla.events.logsource import Logsource

__all__ = ["Costs", "Engine", "Hits", "cache_key", "compile_rules"]

Feeds = Callable[[Logsource, Logsource], bool]
Clock = Callable[[], float]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Hits:
    """Hit i: event `rows[i]` of the batch meets rule `rules[i]` of those given; in order of row, then rule."""

    rows: Rows
    rules: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(slots=True)
class Costs:
    """Where time went, in the unit of the clock given. `stages`: work that rules share (columns, literals,
    keywords, choosing). `rules`: evaluation by rule; an answer that later rules find ready is its first asker's."""

    stages: dict[str, float] = field(default_factory=dict)
    rules: dict[int, float] = field(default_factory=dict)

    def _add(self, stage: str, time: float) -> None:
        self.stages[stage] = self.stages.get(stage, 0.0) + time


class Engine:
    """Rules ready to be matched. Made by `compile_rules`, or by `loads` from what `dumps` gave.

    With a `clock`, `costs` adds up over batches.
    """

    def __init__(self, plan: Plan, feeds: Feeds, clock: Clock | None = None) -> None:
        self._plan = plan
        self._feeds = feeds
        self._clock = clock
        self._finder = Finder(plan)
        self._routes: dict[Logsource, npt.NDArray[np.bool_]] = {}
        self.costs = Costs()

    def wanted(self, logsources: Iterable[Logsource]) -> tuple[str, ...]:
        """The fields that rules for events of these logsources ask for, sorted."""
        routed = np.zeros(len(self._plan.logsources), bool)
        for logsource in logsources:
            routed |= self._route(logsource)
        return tuple(sorted({name for place in np.flatnonzero(routed) for name in self._plan.names[place]}))

    def match(self, batch: Batch) -> Hits:
        """Every rule met by every event of the batch."""
        if not len(batch) or not len(self._plan.number):
            return Hits(np.empty(0, np.int32), np.empty(0, np.int32))
        evaluation = Evaluation(self._plan, batch, self._finder, self._bases(batch))
        self._timed("find", evaluation.find)
        self._timed("keywords", evaluation.find_keywords)
        candidates = self._timed("choose", evaluation.candidates)
        found: list[tuple[int, Rows]] = []
        for rule in candidates.tolist():
            place = int(self._plan.number[rule])
            start = self._clock() if self._clock else 0.0
            rows = evaluation.rows(rule)
            if self._clock:
                self.costs.rules[place] = self.costs.rules.get(place, 0.0) + self._clock() - start
            if len(rows):
                found.append((place, rows))
        return _sorted(found)

    def dumps(self) -> bytes:
        """The plan for a cache. Read it back only under the same `cache_key`."""
        return to_bytes(self._plan)

    @staticmethod
    def loads(data: bytes, feeds: Feeds, clock: Clock | None = None) -> Engine:
        """The engine again. Raises ValueError when `data` is not what `dumps` gave."""
        return Engine(from_bytes(data), feeds, clock)

    def _route(self, logsource: Logsource) -> npt.NDArray[np.bool_]:
        """Which of the plan's logsources events of `logsource` feed."""
        if logsource not in self._routes:
            fed = [self._feeds(wanted, logsource) for wanted in self._plan.logsources]
            self._routes[logsource] = np.array(fed, bool)
        return self._routes[logsource]

    def _bases(self, batch: Batch) -> list[list[Rows]]:
        """For each of the plan's logsources the rows of the groups that feed it."""
        bases: list[list[Rows]] = [[] for _ in self._plan.logsources]
        for group in batch.groups:
            if len(group.rows):
                for place in np.flatnonzero(self._route(group.logsource)).tolist():
                    bases[place].append(np.asarray(group.rows, np.int32))
        return bases

    def _timed(self, stage: str, work: Callable[[], _T]) -> _T:
        if not self._clock:
            return work()
        start = self._clock()
        result = work()
        self.costs._add(stage, self._clock() - start)
        return result


def compile_rules(rules: Sequence[Rule], feeds: Feeds, clock: Clock | None = None) -> Engine:
    """Rules as an engine. `feeds(wanted, has)` says whether a rule of logsource `wanted` runs on events of logsource
    `has`. Rules with `needs` never run. With a `clock` the engine keeps `costs`."""
    return Engine(make_plan(rules), feeds, clock)


def _sorted(found: Sequence[tuple[int, Rows]]) -> Hits:
    if not found:
        return Hits(np.empty(0, np.int32), np.empty(0, np.int32))
    rows = np.concatenate([rows for _, rows in found])
    rules = np.repeat(np.array([rule for rule, _ in found], np.int32), [len(rows) for _, rows in found])
    order = np.lexsort((rules, rows))
    return Hits(rows[order], rules[order])
