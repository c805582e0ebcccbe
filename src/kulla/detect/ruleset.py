"""Many files of Sigma documents as one set of rules: references resolved, filters applied, duplicates told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from kulla.detect.lints._api import Lint
from kulla.detect.rule import And, Correlation, Filter, Match, Named, Node, Not, Or, Problem, Rule, Ruleset
from kulla.detect.sigma import Loaded, parse
from kulla.events.logsource import Logsource

Kind = TypeVar("Kind", Rule, Correlation, Filter)


def load(
    files: Iterable[tuple[str, str]],
    values: Mapping[str, Sequence[str]] | None = None,
    lints: Sequence[Lint] = (),
) -> Ruleset:
    """The rules of files given as (path, text), in order. Never raises on any text: problems are in the set.

    `values` are the values for placeholders. Of documents with the same id the first is kept. References of
    correlations and filters, by id, name or title, become ids. A correlation that refers to nothing known, or to
    itself, is left out with its problem.

    >>> load([("a.yml", "title: A")]).problems[0].message
    'the detection is missing: add `detection:` with a condition'
    """
    gathered = _Gathered()
    for path, text in files:
        parsed = parse(path, text, values, lints)
        gathered.problems += parsed.problems
        for document in parsed.documents:
            gathered.add(document)
    correlations = _resolved(gathered)
    filters = tuple(_filter_resolved(each, gathered) for each in gathered.of(Filter))
    rules = _filtered(gathered.of(Rule), filters, gathered.problems)
    return Ruleset(rules, correlations, filters, tuple(gathered.problems))


@dataclass(slots=True)
class _Gathered:
    """All documents, by id and by the names they can be referred to."""

    documents: dict[str, Loaded] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    names: dict[str, list[str]] = field(default_factory=dict)

    def add(self, document: Loaded) -> None:
        meta = document.meta
        other = self.documents.get(meta.id)
        if other is not None:
            message = f"the id {meta.id[:60]} is that of {other.meta.place} already: only the first is loaded"
            self.problems.append(Problem(meta.place, message, not _same(document, other), "duplicate-id"))
            return
        self.documents[meta.id] = document
        if not isinstance(document, Filter):
            for name in {meta.name, meta.title} - {None}:
                self.names.setdefault(str(name), []).append(meta.id)

    def of(self, kind: type[Kind]) -> tuple[Kind, ...]:
        return tuple(document for document in self.documents.values() if isinstance(document, kind))

    def resolve(self, reference: str) -> str | None:
        """The id that a reference stands for: an id, else the first with that name or title."""
        if reference in self.documents and not isinstance(self.documents[reference], Filter):
            return reference
        found = self.names.get(reference)
        return found[0] if found else None


def _same(one: Loaded, other: Loaded) -> bool:
    return replace(one, meta=other.meta) == other


def _resolved(gathered: _Gathered) -> tuple[Correlation, ...]:
    """The correlations whose references stand, with ids for references; repeated until nothing falls away."""
    standing = {each.meta.id: each for each in gathered.of(Correlation)}
    known = {document.meta.id for document in gathered.of(Rule)}
    for each in list(standing.values()):
        ids = {reference: gathered.resolve(reference) for reference in (*each.rules, *_alias_rules(each))}
        missing = [reference for reference, found in ids.items() if found is None]
        if missing:
            names = ", ".join(f"`{name[:60]}`" for name in missing)
            text = f"no loaded rule has the id, name or title {names}: load it too, or correct the reference"
            gathered.problems.append(Problem(each.meta.place, text))
            del standing[each.meta.id]
        else:
            standing[each.meta.id] = _renamed(each, {name: found for name, found in ids.items() if found})
    # A correlation stands when all it rests on do; what remains rests on a circle or on one left out.
    ready: set[str] = set()
    while fresh := {i for i, each in standing.items() if i not in ready and set(each.rules) <= known | ready}:
        ready |= fresh
    for identity, each in standing.items():
        if identity not in ready:
            text = "the correlation rests on itself, or on one that could not be loaded: correct `rules`"
            gathered.problems.append(Problem(each.meta.place, text))
    return tuple(each for identity, each in standing.items() if identity in ready)


def _alias_rules(correlation: Correlation) -> list[str]:
    return [rule for fields in correlation.aliases.values() for rule in fields]


def _renamed(correlation: Correlation, ids: Mapping[str, str]) -> Correlation:
    aliases = {a: {ids[rule]: name for rule, name in fields.items()} for a, fields in correlation.aliases.items()}
    return replace(correlation, rules=tuple(dict.fromkeys(ids[rule] for rule in correlation.rules)), aliases=aliases)


def _filter_resolved(each: Filter, gathered: _Gathered) -> Filter:
    ids = [(name, gathered.resolve(name)) for name in each.rules]
    missing = [name for name, found in ids if found is None]
    if missing:
        names = ", ".join(f"`{name[:60]}`" for name in missing)
        text = f"the filter names {names}, which no loaded rule has as id, name or title"
        gathered.problems.append(Problem(each.meta.place, text, False, "filter-reference"))
    return replace(each, rules=tuple(found or name for name, found in ids))


def _filtered(rules: Sequence[Rule], filters: Sequence[Filter], problems: list[Problem]) -> tuple[Rule, ...]:
    usable = []
    for each in filters:
        if each.needs:
            text = f"the filter is not applied: it needs values for {', '.join(each.needs)}"
            problems.append(Problem(each.meta.place, text, False, "needs-value"))
        else:
            usable.append(each)
    return tuple(_with_filters(rule, [each for each in usable if applies(each, rule)]) for rule in rules)


def applies(each: Filter, rule: Rule) -> bool:
    """Whether a filter concerns a rule: it names it, or names none, and its logsource takes in the rule's."""
    return (not each.rules or rule.meta.id in each.rules) and _takes_in(each.logsource, rule.logsource)


def _takes_in(wide: Logsource, narrow: Logsource) -> bool:
    pairs = ((wide.product, narrow.product), (wide.category, narrow.category), (wide.service, narrow.service))
    return all(outer is None or outer == inner for outer, inner in pairs)


def _with_filters(rule: Rule, filters: Sequence[Filter]) -> Rule:
    if not filters:
        return rule
    trees = tuple(_titled(each.tree, each.meta.title) for each in filters)
    note = "".join(f" and [filter: {each.meta.title}]" for each in filters)
    return replace(rule, tree=And((rule.tree, *trees)), condition=f"({rule.condition}){note}")


def _titled(node: Node, title: str) -> Node:
    """The tree with its selections named after the filter, apart from the rule's own."""
    if isinstance(node, Match):
        return node
    if isinstance(node, Named):
        return Named(f"{title}: {node.name}", node.child)
    if isinstance(node, Not):
        return Not(_titled(node.child, title))
    children = tuple(_titled(child, title) for child in node.children)
    return And(children) if isinstance(node, And) else Or(children)
