"""Rules evaluated over one batch."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from kulla.detect.fast.column import Column
from kulla.detect.fast.fieldref import refers
from kulla.detect.fast.find import Finder, Found
from kulla.detect.fast.kernels import Mask
from kulla.detect.fast.keywords import candidates, verify
from kulla.detect.plan import ALL, ANY, FieldPlan, Plan, Step
from kulla.detect.rule import Exists, FieldRef, Null
from kulla.events.batch import Batch
from kulla.events.fields import Rows

_UNKNOWN = np.inf
_TELLING = frozenset({"EventID", "Provider_Name", "Channel"})
"""Fields that say what kind of event it is: looked at first, they spare most others where such events are absent."""


class Evaluation:
    """One plan over one batch: `find`, `find_keywords`, `candidates`, then `rows` for each rule."""

    def __init__(self, plan: Plan, batch: Batch, finder: Finder, bases: list[list[Rows]]) -> None:
        self._plan = plan
        self._batch = batch
        self._finder = finder
        self._bases = bases
        self._base_counts = np.array([sum(map(len, base)) for base in bases], np.int64)
        self._base_masks: dict[int, Mask] = {}
        self._columns: dict[str, Column | None] = {}
        self._found: dict[int, Found] = {}
        self._leaf_rows: dict[int, Rows] = {}
        self._mark = np.zeros(len(batch), bool)
        self.counts = np.full(len(plan.indexed), _UNKNOWN)
        """Rows (an upper bound) on which each leaf may hold; infinite until its field was looked at, or for ever."""

    @cached_property
    def _active(self) -> npt.NDArray[np.bool_]:
        """Rules that some group of the batch feeds."""
        return self._base_counts[self._plan.source_of] > 0

    def find(self) -> None:
        """Look for the patterns of the rules that run: first where equality decides, which spares other fields."""
        names = {name for place in np.flatnonzero(self._base_counts) for name in self._plan.names[place]}
        self._batch.prefetch(sorted(names))
        fields = [(place, field) for place, field in enumerate(self._plan.fields) if field.name in names]
        known = np.zeros(len(self._plan.fields) + 1, bool)
        for chosen in (_telling, _by_equality, _any):
            needed = self._needed(known)
            for place, field in fields:
                if needed[place] and not known[place] and chosen(field):
                    self._find(place)
                    known[place] = True

    def _needed(self, known: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Which fields the rules name that are still possible, after the fields of `known` were looked at."""
        plan = self._plan
        counts = np.where(known[plan.field_of], self.counts, _UNKNOWN)
        possible = self._active & (self._rarest(counts)[0] > 0)
        clause_alive = possible[plan.clause_rule]
        sizes = np.diff(plan.clause_starts)
        needed = np.zeros(len(plan.fields) + 1, bool)
        needed[plan.field_of[plan.clause_leaves[np.repeat(clause_alive, sizes)]]] = True
        return needed

    def _rarest(self, counts: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """The count of each rule's rarest clause (infinite without any), and each clause's count."""
        plan = self._plan
        rarest = np.full(len(plan.number), _UNKNOWN)
        if not len(plan.clause_rule):
            return rarest, np.empty(0)
        sums = np.add.reduceat(counts[plan.clause_leaves], plan.clause_starts[:-1])
        first = np.flatnonzero(np.diff(plan.clause_rule, prepend=-1))  # clauses are in the order of their rules
        rarest[plan.clause_rule[first]] = np.minimum.reduceat(sums, first)
        return rarest, sums

    def _find(self, place: int) -> None:
        field = self._plan.fields[place]
        column = self.column(field.name)
        counts: float | npt.NDArray[np.float64] = 0.0
        if column is not None and field.size:
            found = self._found[place] = self._finder.find(place, field, column)
            counts = found.counts
        own = slice(field.first, field.first + field.leaves)
        self.counts[own] = np.where(self._plan.indexed[own], counts, _UNKNOWN)

    def find_keywords(self) -> None:
        """Look for the fragments of keywords: once for all logsources that have most of the rows, else apart."""
        plans = [plan for plan in self._plan.keywords if self._base_counts[plan.logsource]]
        wide = [plan for plan in plans if self._base_counts[plan.logsource] * 2 > len(self._batch)]
        for together in [wide, *([plan] for plan in plans if plan not in wide)]:
            masks = [self._base_mask(plan.logsource) for plan in together]
            if not masks:
                continue
            rows = np.flatnonzero(np.logical_or.reduce(masks)).astype(np.int32)
            fragments = tuple(dict.fromkeys(words for plan in together for words in plan.fragments))
            found = candidates(fragments, self._batch, rows)
            for plan in together:
                for leaf, words in zip(plan.leaves, plan.fragments, strict=True):
                    self._add(leaf, found[words])

    def _add(self, leaf: int, rows: Rows) -> None:
        known = self._leaf_rows.get(leaf)
        self._leaf_rows[leaf] = rows if known is None else np.union1d(known, rows)
        self.counts[leaf] = len(self._leaf_rows[leaf])

    def candidates(self) -> npt.NDArray[np.int64]:
        """Rules that may hold somewhere in the batch."""
        self._rule_counts, self._clause_counts = self._rarest(self.counts)
        self._first_clause = np.searchsorted(self._plan.clause_rule, np.arange(len(self._plan.number) + 1))
        return np.flatnonzero(self._active & (self._rule_counts > 0))

    def rows(self, rule: int) -> Rows:
        """The rows on which a rule holds, ascending."""
        source = int(self._plan.source_of[rule])
        rows = self._start(rule, source)
        return rows[self._step(self._plan.trees[rule], rows)] if len(rows) else rows

    def _start(self, rule: int, source: int) -> Rows:
        if self._rule_counts[rule] >= self._base_counts[source]:
            return self._base(source)
        low, high = self._first_clause[rule : rule + 2]
        clause = low + int(np.argmin(self._clause_counts[low:high]))
        leaves = self._plan.clause_leaves[self._plan.clause_starts[clause] : self._plan.clause_starts[clause + 1]]
        parts = [self._rows_of(leaf) for leaf in leaves[self.counts[leaves] > 0].tolist()]
        mask = self._base_mask(source)
        if len(parts) == 1:
            return parts[0][mask[parts[0]]]
        for part in parts:
            self._mark[part] = True
        rows = np.flatnonzero(self._mark & mask).astype(np.int32)
        for part in parts:
            self._mark[part] = False
        return rows

    def _base(self, source: int) -> Rows:
        base = self._bases[source]
        return base[0] if len(base) == 1 else np.flatnonzero(self._base_mask(source)).astype(np.int32)

    def _base_mask(self, source: int) -> Mask:
        if source not in self._base_masks:
            mask = np.zeros(len(self._batch), bool)
            for part in self._bases[source]:
                mask[part] = True
            self._base_masks[source] = mask
        return self._base_masks[source]

    def _step(self, step: Step, rows: Rows) -> Mask:
        what, start, stop, inner = step
        leaves = self._plan.pool[start:stop]
        counts = self.counts[leaves]
        if what == ALL:
            return self._all(leaves, counts, inner, rows)
        result = self._any(leaves, counts, inner, rows)
        return result if what == ANY else ~result

    def _all(
        self, leaves: npt.NDArray[np.int32], counts: npt.NDArray[np.float64], inner: tuple[Step, ...], rows: Rows
    ) -> Mask:
        result = np.ones(len(rows), bool)
        if len(leaves) and counts.min() == 0:
            result[:] = False
            return result
        left = rows
        order = leaves[np.argsort(counts, kind="stable")] if len(leaves) > 1 else leaves
        for question in [*order.tolist(), *inner]:
            holds = self._leaf(question, left) if isinstance(question, int) else self._step(question, left)
            if holds.all():
                continue
            result[result] = holds
            left = left[holds]
            if not len(left):
                break
        return result

    def _any(
        self, leaves: npt.NDArray[np.int32], counts: npt.NDArray[np.float64], inner: tuple[Step, ...], rows: Rows
    ) -> Mask:
        open_ = np.ones(len(rows), bool)
        left = rows
        possible = counts > 0
        order = leaves[possible][np.argsort(-counts[possible], kind="stable")]
        known = order[np.isfinite(self.counts[order])]
        unknown = order[np.isinf(self.counts[order])]
        for question in [*known.tolist(), *unknown.tolist(), *inner]:
            holds = self._leaf(question, left) if isinstance(question, int) else self._step(question, left)
            if not holds.any():
                continue
            open_[open_] = ~holds
            left = left[~holds]
            if not len(left):
                break
        return ~open_

    def _leaf(self, leaf: int, rows: Rows) -> Mask:
        plan = self._plan
        if not plan.indexed[leaf]:
            return self._ask(leaf, rows)
        if np.isinf(self.counts[leaf]):
            self._find(int(plan.field_of[leaf]))
        if self.counts[leaf] == 0:
            return np.zeros(len(rows), bool)
        found = self._member(self._rows_of(leaf), rows)
        if plan.tests[leaf] is not None and found.any():
            found[found] = self._ask(leaf, rows[found])
        return found

    def _member(self, known: Rows, rows: Rows) -> Mask:
        """Which of `rows` are in `known`; both ascend."""
        if len(rows) * 16 < len(known):
            place = np.searchsorted(known, rows)
            met: Mask = known[np.minimum(place, len(known) - 1)] == rows
            return met
        self._mark[known] = True
        found = self._mark[rows]
        self._mark[known] = False
        return found

    def _rows_of(self, leaf: int) -> Rows:
        """The rows on which an indexed leaf holds (or may hold, where it has a test)."""
        if leaf not in self._leaf_rows:
            place = int(self._plan.field_of[leaf])
            found = self._found.get(place)
            column = self.column(self._plan.fields[place].name)
            if found is None or column is None:
                return np.empty(0, np.int32)
            self._leaf_rows[leaf] = column.rows_of(found.codes_of(leaf - self._plan.fields[place].first))
        return self._leaf_rows[leaf]

    def _ask(self, leaf: int, rows: Rows) -> Mask:
        test = self._plan.tests[leaf]
        place = int(self._plan.field_of[leaf])
        assert test is not None
        if place < 0:
            return verify(test, self._batch, rows)
        column = self.column(self._plan.fields[place].name)
        if isinstance(test, Exists):
            present = column.present[rows] if column is not None else np.zeros(len(rows), bool)
            return present if test.wanted else ~present
        if isinstance(test, Null):
            return ~column.nonempty[rows] if column is not None else np.ones(len(rows), bool)
        if column is None:
            return np.zeros(len(rows), bool)
        if isinstance(test, FieldRef):
            return refers(test, column, self.column(test.other), rows)
        return column.holds(test, rows)

    def column(self, name: str) -> Column | None:
        """The field's column, made once."""
        if name not in self._columns:
            values = self._batch.column(name)
            self._columns[name] = (
                None if values is None or not len(values.rows) else Column.of(values, len(self._batch))
            )
        return self._columns[name]


def _telling(field: FieldPlan) -> bool:
    return field.name in _TELLING and field.scanner is None


def _by_equality(field: FieldPlan) -> bool:
    return field.scanner is None


def _any(field: FieldPlan) -> bool:
    return True
