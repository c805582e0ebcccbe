"""What `kulla rules` tells: problems, lists, one rule in words, and why it does or does not match given events."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kulla.alert import LEVELS
from kulla.detect import lint
from kulla.detect.explain import describe
from kulla.detect.rule import And, Correlation, Match, Meta, Named, Node, Not, Or, Problem, Rule, Ruleset
from kulla.detect.ruleset import load
from kulla.errors import UsageError
from kulla.events import coverage, mapping
from kulla.events.formats import FORMATS
from kulla.events.logsource import Logsource
from kulla.hunt import valuesfile
from kulla.hunt.options import Selection
from kulla.hunt.rulebook import read_texts
from kulla.hunt.tactics import tactics_of, techniques_of
from kulla.hunt.words import many

log = logging.getLogger(__name__)

_FILTER = re.compile(r"^filter:", re.MULTILINE)
_OFFERED = 15
BY = ("rule", "logsource", "level", "status", "tactic", "technique")


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome of a check. `needs`: (title, names) of rules that need values. `unfed`: (logsource, how many
    rules ask for it, why nothing feeds it)."""

    ruleset: Ruleset
    needs: Sequence[tuple[str, tuple[str, ...]]]
    unfed: Sequence[tuple[Logsource, int, str]]

    @property
    def problems(self) -> Sequence[Problem]:
        """All problems, by place."""
        return sorted(self.ruleset.problems, key=lambda p: (p.place.path, p.place.line, not p.fatal, p.message))

    @property
    def errors(self) -> int:
        """How many problems kept something from being loaded."""
        return sum(problem.fatal for problem in self.ruleset.problems)

    def remarks(self) -> Sequence[tuple[str, int, Problem]]:
        """Remarks by check, most first: the check, how many, and the first of them."""
        by_check: dict[str, list[Problem]] = {}
        for problem in self.problems:
            if not problem.fatal:
                by_check.setdefault(problem.check or "other", []).append(problem)
        rows = [(check, len(problems), problems[0]) for check, problems in by_check.items()]
        return sorted(rows, key=lambda row: (-row[1], row[0]))

    def summary(self) -> str:
        """All in one line."""
        rules = self.ruleset
        remarks = len(rules.problems) - self.errors
        return (
            f"{many(len(rules.rules), 'rule')}, {many(len(rules.correlations), 'correlation')}, "
            f"{many(len(rules.filters), 'filter')} loaded; {many(self.errors, 'error')}, {many(remarks, 'remark')}; "
            f"{len(self.needs)} in need of a value; {sum(count for _, count, _ in self.unfed)} that nothing can feed"
        )

    def as_json(self) -> dict[str, object]:
        """The same for programs."""
        return {
            "rules": len(self.ruleset.rules),
            "correlations": len(self.ruleset.correlations),
            "filters": len(self.ruleset.filters),
            "problems": [
                {"file": p.place.path, "line": p.place.line, "fatal": p.fatal, "check": p.check, "message": p.message}
                for p in self.problems
            ],
            "needs_value": [{"title": title, "values": list(names)} for title, names in self.needs],
            "unfed": [{"logsource": str(s), "rules": count, "reason": reason} for s, count, reason in self.unfed],
        }


def check(paths: Sequence[str], values: str | None, mappings: Sequence[str]) -> Checked:
    """Load rules with every lint, and hold their logsources against the logsource table."""
    ruleset = load(read_texts(paths), valuesfile.read(values), lint.LINTS)
    asked = Counter(rule.logsource for rule in ruleset.rules)
    reasons = coverage.unfed(asked, mapping.load(mappings), [each.name for each in FORMATS])
    unfed = sorted(((source, asked[source], reason) for source, reason in reasons.items()), key=_by_count)
    return Checked(ruleset, [(rule.meta.title, rule.needs) for rule in ruleset.rules if rule.needs], unfed)


def _by_count(row: tuple[Logsource, int, str]) -> tuple[int, str]:
    return -row[1], str(row[0])


Row = tuple[object, ...]


def listing(paths: Sequence[str], by: str, selection: Selection) -> tuple[Sequence[str], Sequence[Row]]:
    """A head and rows: one for each rule, or counts. Raises UsageError for another `by`."""
    if by not in BY:
        raise UsageError(f"--by {by}: cannot list by that; choose one of {', '.join(BY)}")
    ruleset = loaded(paths)
    rows = [(rule.meta, str(rule.logsource)) for rule in ruleset.rules]
    rows += [(each.meta, f"correlation: {each.type}") for each in ruleset.correlations]
    rows = [(meta, source) for meta, source in rows if selection.takes(meta)]
    if by == "rule":
        key = lambda row: (-LEVELS.index(row[0].level), row[1], row[0].title)  # noqa: E731
        return ("level", "logsource", "id", "title"), [
            (meta.level, source, meta.id, meta.title) for meta, source in sorted(rows, key=key)
        ]
    counts: dict[str, Counter[str]] = {}
    for meta, source in rows:
        for name in _names(by, meta, source):
            counts.setdefault(name, Counter())[meta.level] += 1
    order = sorted(counts.items(), key=lambda item: (-item[1].total(), item[0]))
    head = ("rules", *reversed(LEVELS), by)
    return head, [(count.total(), *(count[level] for level in reversed(LEVELS)), name) for name, count in order]


def _names(by: str, meta: Meta, source: str) -> Sequence[str]:
    if by == "logsource":
        return [source]
    if by == "level":
        return [meta.level]
    if by == "status":
        return [meta.status or "none"]
    if by == "tactic":
        return list(tactics_of(meta.tags)) or ["none"]
    return [
        technique.id + (f" {technique.name}" if technique.name != technique.id else " (not in ATT&CK 17.0)")
        for technique in techniques_of(meta.tags)
    ] or ["none"]


def loaded(paths: Sequence[str]) -> Ruleset:
    """The rules under `paths`. Logs how many problems kept rules from being loaded."""
    ruleset = load(read_texts(paths))
    if errors := sum(problem.fatal for problem in ruleset.problems):
        log.warning("%s kept rules from being loaded; kulla rules check names them", many(errors, "error"))
    return ruleset


def search(wanted: str, paths: Sequence[str], values: str | None = None) -> Rule | Correlation:
    """The one rule under `paths` that is known by `wanted`: an id, a name or part of a title. Files that
    hold the text, and filters, are loaded first: of thousands of rules that takes a tenth of the time.

    Raises UsageError when there is none, or several."""
    known, replaced = list(read_texts(paths)), valuesfile.read(values)
    likely = [(path, text) for path, text in known if wanted.lower() in text.lower() or _FILTER.search(text)]
    few = load(likely, replaced)
    sound = not any(problem.fatal for problem in few.problems)
    return _only(wanted, (sound and matching(wanted, few)) or matching(wanted, load(known, replaced)))


def matching(wanted: str, ruleset: Ruleset) -> list[Rule | Correlation]:
    """The rules with that id or name; else those with that title, else those whose title holds it, ignoring case."""
    known: list[Rule | Correlation] = [*ruleset.rules, *ruleset.correlations]
    low = wanted.lower()
    return (
        [each for each in known if wanted in (each.meta.id, each.meta.name)]
        or [each for each in known if each.meta.title.lower() == low]
        or [each for each in known if low in each.meta.title.lower()]
    )


def _only(wanted: str, found: Sequence[Rule | Correlation]) -> Rule | Correlation:
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError(
            f"no loaded rule has '{wanted}' as id or name, or in its title; "
            "`kulla rules list PATH --by rule` lists all, `kulla rules check PATH` tells which cannot be loaded"
        )
    some = [f"  {each.meta.id}  {each.meta.title}" for each in found[:_OFFERED]]
    if len(found) > _OFFERED:
        some.append(f"  and {len(found) - _OFFERED} more")
    raise UsageError(f"{len(found)} rules are known by '{wanted}'; give a whole title or an id:\n" + "\n".join(some))


def described(wanted: str, paths: Sequence[str]) -> list[str]:
    """One rule in lines of text: what it says of itself, its tree as understood, and its file as written."""
    rule = search(wanted, paths)
    meta = rule.meta
    lines = [
        meta.title,
        f"  id          {meta.id}",
        f"  file        {meta.place}",
        f"  level       {meta.level}    status {meta.status or '-'}",
        f"  tags        {', '.join(meta.tags) or '-'}",
        f"  author      {meta.author or '-'}",
    ]
    if isinstance(rule, Rule):
        lines.append(f"  logsource   {rule.logsource}")
        lines += [f"  needs       a value for {name} (--values FILE)" for name in rule.needs]
        lines += ["", "Understood as", *_tree(rule.tree, 1)]
    else:
        lines.append(f"  correlation {rule.type} of {len(rule.rules)} rules within {rule.timespan}")
        lines.append(f"  grouped by  {', '.join(rule.group_by) or '-'}")
    text = Path(meta.place.path).read_bytes().decode("utf-8", "replace")
    return [*lines, "", "As written", *(f"  {line}" for line in text.splitlines())]


def _tree(node: Node, depth: int) -> list[str]:
    """A tree as indented lines."""
    pad = "  " * depth
    if isinstance(node, Match):
        return [f"{pad}{node.field or 'any value'} {describe(node.test)}"]
    if isinstance(node, Named):
        return [f"{pad}{node.name}:", *_tree(node.child, depth + 1)]
    if isinstance(node, Not):
        return [f"{pad}not", *_tree(node.child, depth + 1)]
    word = "all of" if isinstance(node, And) else "any of"
    assert isinstance(node, And | Or)
    return [f"{pad}{word}", *(line for child in node.children for line in _tree(child, depth + 1))]
