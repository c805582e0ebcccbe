"""The checks of a careful author: non-fatal remarks on documents that load, each with the name of its check."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from kulla.detect.lints._api import Lint
from kulla.detect.lints.detection import (
    AllOfOne,
    AllWithOneValue,
    DoubleWildcards,
    EmptyContains,
    FieldName,
    IdleWildcards,
    OnlyWildcards,
    PlainRegex,
    RepeatedValue,
    Timeframe,
    Unused,
)  # fmt: skip
from kulla.detect.lints.meta import (
    AttackTag,
    Deprecated,
    IdForm,
    Missing,
    Modified,
    NoTechnique,
    TagNamespace,
    TitleLength,
)
from kulla.detect.rule import Problem, Ruleset
from kulla.detect.ruleset import load

LINTS: tuple[Lint, ...] = (
    Missing("id", "make a UUID, so that others can refer to the rule", filters_too=True),
    Missing("level", "medium is assumed; say informational, low, medium, high or critical"),
    Missing("status", "say stable, test or experimental"),
    Missing("description", "tell the analyst what was found", filters_too=True),
    Missing("date", "add the day it was written as YYYY-MM-DD"),
    Missing("falsepositives", "tell what harmless activity meets the rule"),
    IdForm(), TitleLength(), Deprecated(), TagNamespace(), AttackTag(), NoTechnique(), Modified(),
    Unused(), AllOfOne(), AllWithOneValue(), OnlyWildcards(), IdleWildcards(), DoubleWildcards(), PlainRegex(),
    FieldName(), EmptyContains(), RepeatedValue(), Timeframe(),
)  # fmt: skip


def check(files: Iterable[tuple[str, str]], values: Mapping[str, Sequence[str]] | None = None) -> Ruleset:
    """The set that `ruleset.load` gives, with the remarks of all lints among its problems.

    Each document is asked alone, and the set as a whole for titles that stand twice.
    """
    ruleset = load(files, values, LINTS)
    return replace(ruleset, problems=(*ruleset.problems, *_titles(ruleset)))


def _titles(ruleset: Ruleset) -> list[Problem]:
    first: dict[str, str] = {}
    problems = []
    metas = [*(rule.meta for rule in ruleset.rules), *(each.meta for each in ruleset.correlations)]
    for meta in metas:
        place = first.setdefault(meta.title.lower(), str(meta.place))
        if place != str(meta.place):
            text = f"the title is that of {place} already: hits cannot be told apart"
            problems.append(Problem(meta.place, text, False, "duplicate-title"))
    return problems
