"""From rules to a plan: equal leaves once, per field one scanner, per rule the clauses without which it cannot hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kulla.detect.fast.keywords import KeywordPlan, plan_keywords
from kulla.detect.fast.leaves import Handle, handle
from kulla.detect.fast.literals import Scanner, build
from kulla.detect.rule import And, FieldRef, Match, Named, Node, Not, Or, Rule, Test
from kulla.events.logsource import Logsource

Ids = npt.NDArray[np.int32]

ALL: Final = 0
ANY: Final = 1
NONE: Final = 2
CLAUSES: Final = 6
"""More necessary clauses of one rule than this are not kept."""

Step = tuple[int, int, int, tuple["Step", ...]]
"""A node: what it asks of its members (ALL, ANY or NONE hold), its leaves `Plan.pool[start:stop]`, inner nodes."""
_Clause = frozenset[int]


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """What is looked for in one field. Pattern 0 is "not ASCII" (`foreign`: some leaf asks it), then come the texts of
    `equal`, then the literals of `scanner`. `owners[i]` is a leaf (counted from `first`) that pattern `patterns[i]`
    finds values for; those of one leaf begin at `pattern_starts[leaf]`."""

    name: str
    first: int
    leaves: int
    foreign: bool
    equal: tuple[str, ...]
    scanner: Scanner | None
    owners: Ids
    patterns: Ids
    pattern_starts: Ids

    @property
    def size(self) -> int:
        """The number of patterns."""
        return 1 + len(self.equal) + (self.scanner.count if self.scanner else 0)


@dataclass(frozen=True, slots=True)
class Plan:
    """Rules compiled. Leaves are numbered field by field; `tests[leaf]` is None where finding a value is proof.

    `indexed` leaves are found by patterns. `number[i]` is the place of compiled rule i among those given, `trees[i]`
    its tree, `source_of[i]` the place of its logsource in `logsources`. Clause c, one of whose leaves
    `clause_leaves[clause_starts[c]:clause_starts[c + 1]]` holds whenever the rule does, is of rule `clause_rule[c]`.
    """

    fields: tuple[FieldPlan, ...]
    field_of: Ids
    tests: tuple[Test | None, ...]
    indexed: npt.NDArray[np.bool_]
    keywords: tuple[KeywordPlan, ...]
    number: Ids
    trees: tuple[Step, ...]
    pool: Ids
    logsources: tuple[Logsource, ...]
    source_of: Ids
    clause_starts: Ids
    clause_leaves: Ids
    clause_rule: Ids
    names: tuple[tuple[str, ...], ...]
    """For each logsource the fields that its rules ask for."""


def make_plan(rules: Sequence[Rule]) -> Plan:
    """Compile rules; those with `needs` are left out."""
    chosen = [(place, rule) for place, rule in enumerate(rules) if not rule.needs]
    reader = _Reader()
    first_numbers = [reader.read(rule.tree) for _, rule in chosen]
    order = sorted(reader.leaves, key=lambda leaf: (leaf.field is not None, leaf.field or ""))
    place = {reader.leaves[leaf]: at for at, leaf in enumerate(order)}
    trees = [_renumber(tree, place) for tree in first_numbers]
    handles = [handle(leaf) if leaf.field is not None else None for leaf in order]
    logsources = tuple(dict.fromkeys(rule.logsource for _, rule in chosen))
    source = {logsource: at for at, logsource in enumerate(logsources)}
    source_of = [source[rule.logsource] for _, rule in chosen]
    used: list[set[int]] = [set() for _ in logsources]
    for at, tree in zip(source_of, trees, strict=True):
        _gather(tree, used[at])
    keywords = plan_keywords([leaf.test for leaf in order if leaf.field is None], used)
    indexed = np.array([h is not None for h in handles], bool)
    for plan in keywords:
        indexed[list(plan.leaves)] = True
    weigher = _Weigher(handles, indexed)
    clauses = [(rule, clause) for rule, tree in enumerate(trees) for clause in weigher.clauses(tree)]
    fields = _fields(order, handles)
    number = {field.name: at for at, field in enumerate(fields)}
    pool: list[int] = []
    return Plan(
        fields=fields,
        field_of=np.array([-1 if leaf.field is None else number[leaf.field] for leaf in order], np.int32),
        tests=tuple(None if h is not None and h.exact else leaf.test for leaf, h in zip(order, handles, strict=True)),
        indexed=indexed,
        keywords=keywords,
        number=np.array([place for place, _ in chosen], np.int32),
        trees=tuple(_write(tree, pool) for tree in trees),
        pool=np.array(pool, np.int32),
        logsources=logsources,
        source_of=np.array(source_of, np.int32),
        clause_starts=np.concatenate([[0], np.cumsum([len(clause) for _, clause in clauses])]).astype(np.int32),
        clause_leaves=np.array([leaf for _, clause in clauses for leaf in sorted(clause)], np.int32),
        clause_rule=np.array([rule for rule, _ in clauses], np.int32),
        names=tuple(_names([order[leaf] for leaf in leaves]) for leaves in used),
    )


_Tree = tuple[int, tuple[int, ...], tuple["_Tree", ...]]
"""As `Step`, with the leaves at hand."""


class _Reader:
    """Trees with numbered leaves: names gone, equal connectives merged."""

    def __init__(self) -> None:
        self.leaves: dict[Match, int] = {}

    def read(self, node: Node) -> _Tree:
        node = _bare(node)
        if isinstance(node, Match):
            return self._tree(ALL, [node])
        if isinstance(node, Not):
            return self._tree(NONE, [node.child])
        return self._tree(ALL if isinstance(node, And) else ANY, list(_merged(node)))

    def _tree(self, what: int, members: list[Node]) -> _Tree:
        members = [_bare(member) for member in members]
        leaves = [self.leaves.setdefault(m, len(self.leaves)) for m in members if isinstance(m, Match)]
        return what, tuple(dict.fromkeys(leaves)), tuple(self.read(m) for m in members if not isinstance(m, Match))


def _bare(node: Node) -> And | Or | Not | Match:
    while isinstance(node, Named):
        node = node.child
    return node


def _merged(node: And | Or) -> Iterable[Node]:
    for child in map(_bare, node.children):
        if type(child) is type(node) and isinstance(child, And | Or):
            yield from _merged(child)
        else:
            yield child


def _renumber(tree: _Tree, place: dict[int, int]) -> _Tree:
    what, leaves, inner = tree
    return what, tuple(place[leaf] for leaf in leaves), tuple(_renumber(child, place) for child in inner)


def _gather(tree: _Tree, leaves: set[int]) -> None:
    leaves.update(tree[1])
    for child in tree[2]:
        _gather(child, leaves)


def _write(tree: _Tree, pool: list[int]) -> Step:
    what, leaves, inner = tree
    start = len(pool)
    pool += leaves
    return what, start, start + len(leaves), tuple(_write(child, pool) for child in inner)


def _names(leaves: Iterable[Match]) -> tuple[str, ...]:
    """The fields that leaves ask for."""
    own = {leaf.field for leaf in leaves if leaf.field is not None}
    return tuple(sorted(own | {leaf.test.other for leaf in leaves if isinstance(leaf.test, FieldRef)}))


def _fields(order: Sequence[Match], handles: Sequence[Handle | None]) -> tuple[FieldPlan, ...]:
    """One plan for each field that leaves name, and for those that only references name none."""
    bounds: dict[str, tuple[int, int]] = {}
    for place, leaf in enumerate(order):
        if leaf.field is not None:
            first, _ = bounds.get(leaf.field, (place, place))
            bounds[leaf.field] = (first, place + 1)
    return tuple(_field(name, first, handles[first:stop]) for name, (first, stop) in bounds.items())


def _field(name: str, first: int, handles: Sequence[Handle | None]) -> FieldPlan:
    equal = dict.fromkeys(h.equal for h in handles if h is not None and h.equal is not None)
    literals = dict.fromkeys(literal for h in handles if h is not None for literal in h.literals)
    all_patterns: list[str | bytes] = [*equal, *literals]
    place = {pattern: at for at, pattern in enumerate(all_patterns, 1)}
    owned: list[tuple[int, int]] = []
    for leaf, h in enumerate(handles):
        if h is not None and h.foreign:
            owned.append((leaf, 0))
        elif h is not None:
            owned += [(leaf, place[literal]) for literal in ([h.equal] if h.equal is not None else h.literals)]
    owners = np.array([leaf for leaf, _ in owned], np.int32)
    starts = np.searchsorted(owners, np.arange(len(handles) + 1)).astype(np.int32)
    scanner = build(list(literals)) if literals else None
    patterns = np.array([pattern for _, pattern in owned], np.int32)
    foreign = any(h is not None and h.foreign for h in handles)
    return FieldPlan(name, first, len(handles), foreign, tuple(equal), scanner, owners, patterns, starts)


class _Weigher:
    """Necessary clauses of trees, the ones likely to be rarest first (the data decide among those kept)."""

    def __init__(self, handles: Sequence[Handle | None], indexed: npt.NDArray[np.bool_]) -> None:
        self._indexed = indexed.tolist()
        self._weight = [_weight(h) for h in handles]

    def clauses(self, tree: _Tree) -> list[_Clause]:
        what, leaves, inner = tree
        if what == NONE:
            return []
        own = [[frozenset((leaf,))] if self._indexed[leaf] else [] for leaf in leaves]
        parts = own + [self.clauses(child) for child in inner]
        if what == ALL:
            return self._best(clause for clauses in parts for clause in clauses)
        if not parts or not all(parts):
            return []
        width = min(CLAUSES, max(map(len, parts)))
        return self._best(
            frozenset().union(*(clauses[min(rank, len(clauses) - 1)] for clauses in parts)) for rank in range(width)
        )

    def _best(self, clauses: Iterable[_Clause]) -> list[_Clause]:
        unique = list(dict.fromkeys(clauses))
        if len(unique) > 1:
            unique.sort(key=lambda clause: sum(self._weight[leaf] for leaf in clause))
        return unique[:CLAUSES]


def _weight(h: Handle | None) -> float:
    """A guess how often a leaf is met: the longer what it looks for, the rarer."""
    if h is None:
        return 0.01
    if h.foreign or h.equal is not None:
        return 0.5
    return float(sum(4 / len(literal) ** 2 for literal in h.literals))
