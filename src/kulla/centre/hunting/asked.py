"""What a retro-hunt by rules asks, from the text of its author: rules, correlations, and the loaded rules that these
refer to. Pure: where loaded rules lie is passed in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from kulla.centre.alerts.rules import File
from kulla.detect.correlate.graph import Graph
from kulla.detect.rule import Correlation, Filter, Meta, Rule, Ruleset
from kulla.detect.ruleset import load
from kulla.detect.sigma import Loaded, parse
from kulla.errors import RuleError

RULES: Final = 500
_PASTED: Final = "pasted.yml"
_BEFORE: Final = timedelta(hours=48)
"""So much earlier than asked, and the windows of the correlations besides, events are read: a run is told by the day on
which it began, and live detection looks back as far."""


@dataclass(frozen=True)
class Asked:
    """What is run over the lake.

    Attributes:
        rules: the detection rules, those included that correlations refer to.
        correlations: each after those that it rests on.
        quiet: ids of rules and correlations that raise no alert of their own, as they only serve others.
        needs: rule id → the fields that correlations ask of its hits.
        titles: of what was pasted, correlations first.
    """

    rules: Sequence[Rule]
    correlations: Sequence[Correlation]
    quiet: frozenset[str]
    needs: Mapping[str, frozenset[str]]
    titles: Sequence[str]

    def since(self, since: datetime | None) -> datetime | None:
        """From when on events have to be read to tell what happened since then."""
        if since is None or not self.correlations:
            return since
        try:
            return since - sum((each.timespan for each in self.correlations), _BEFORE)
        except OverflowError:
            return datetime(1, 1, 1, tzinfo=UTC)


def read(
    text: str, named: Callable[[str], Sequence[File]] = lambda _: (), filters: Iterable[tuple[str, str]] = ()
) -> Asked:
    """What a YAML text asks. A correlation may refer to rules of the text, and to those that `named` finds by id, name
    or title. `filters`, as (path, text), are those of the place that is asked.

    Raises RuleError with every line that is wrong, for a reference to nothing known, and when there is no rule.
    """
    files = [(_PASTED, text), *_referred(text, named), *filters]
    found = load(files)
    fatal = [f"line {one.place.line}: {one.message}" for one in found.problems if one.fatal and _pasted(one.place.path)]
    if fatal:
        raise RuleError("\n".join(fatal[:5]))
    rules, correlations = _wanted(found)
    wanting = next((rule for rule in rules if rule.needs), None)
    if wanting:
        raise RuleError(f"{wanting.meta.title}: needs values for {', '.join(wanting.needs)}")
    pasted = [meta for meta in _metas(correlations, rules) if _pasted(meta.place.path)]
    if not pasted or len(rules) + len(correlations) > RULES:
        raise RuleError(f"paste 1 to {RULES} Sigma rules")
    graph = Graph.of(correlations)
    titles = [each.title for each in pasted if each.id not in graph.silent]
    return Asked(rules, graph.order, graph.silent, graph.needs, titles)


def _pasted(path: str) -> bool:
    return path == _PASTED


def _metas(correlations: Sequence[Correlation], rules: Sequence[Rule]) -> list[Meta]:
    return [*(each.meta for each in correlations), *(each.meta for each in rules)]


def _wanted(found: Ruleset) -> tuple[list[Rule], list[Correlation]]:
    """Without what else lies in the files of the rules that are referred to."""
    by_id = {each.meta.id: each for each in found.correlations}
    waiting = [meta.id for meta in _metas(found.correlations, found.rules) if _pasted(meta.place.path)]
    wanted: set[str] = set()
    while waiting:
        each = waiting.pop()
        if each not in wanted:
            wanted.add(each)
            waiting += by_id[each].rules if each in by_id else ()
    return (
        [each for each in found.rules if each.meta.id in wanted],
        [each for each in found.correlations if each.meta.id in wanted],
    )


def _referred(text: str, named: Callable[[str], Sequence[File]]) -> list[tuple[str, str]]:
    """The files of the loaded rules that are referred to from `text`, and from these in turn, in the order in which a
    centre loads them: of two rules of one name the first is meant."""
    files: dict[str, File] = {}
    pasted = parse(_PASTED, text).documents
    own = {name for each in pasted for name in _names(each)}
    waiting = [name for each in pasted for name in _references(each)]
    seen: set[str] = set()
    while waiting:
        wanted = waiting.pop()
        if wanted in seen or wanted in own:
            continue
        seen.add(wanted)
        for file in named(wanted):
            files[file.path] = file
            for each in parse(file.path, file.text).documents:
                if wanted in _names(each):
                    waiting += _references(each)
    return [(file.path, file.text) for file in sorted(files.values(), key=lambda file: file.number)]


def _names(document: Loaded) -> tuple[str, ...]:
    """What a rule can be referred to by."""
    meta = document.meta
    return () if isinstance(document, Filter) else tuple(filter(None, (meta.id, meta.name, meta.title)))


def _references(document: Loaded) -> Iterator[str]:
    if isinstance(document, Correlation):
        yield from document.rules
        for fields in document.aliases.values():
            yield from fields
