"""The account of a run while it runs: what was read, skipped, rejected; and the facts that reports are given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from kulla.events.formats._api import Reject
from kulla.events.logsource import Logsource
from kulla.events.sources import Broken, Skipped, Source
from kulla.hunt import summary
from kulla.hunt.rulebook import Index, Listed
from kulla.hunt.summary import Facts, NotRun, Rejected, RuleText
from kulla.hunt.tally import Tally

NAMED = 1_000
"""Rejects that are named one by one; all are counted."""

NO_EVENTS = "no event of this logsource in these logs"


@dataclass(slots=True)
class Account:
    """Filled as parts come in. `untimed`: hits that correlations could not use for want of a time."""

    tally: Tally = field(default_factory=Tally)
    read: set[Source] = field(default_factory=set)
    size: int = 0
    skipped: list[summary.Skipped] = field(default_factory=list)
    rejected: int = 0
    rejects: list[Rejected] = field(default_factory=list)
    untimed: int = 0
    evicted: int = 0
    seconds: float | None = None
    interrupted: bool = False

    def take(self, source: Source, tally: Tally) -> None:
        """A batch of a source was read."""
        if source not in self.read:
            self.read.add(source)
            self.size += source.size or 0
        self.tally.merge(tally)

    def note(self, found: Skipped | Broken) -> None:
        """Something was skipped, or could not be read to its end."""
        if isinstance(found, Skipped):
            self.skipped.append(summary.Skipped(found.source.shown, found.reason))
        else:
            self.reject(found.source, Reject(found.offset, found.reason, b"", "byte"))

    def reject(self, source: Source, reject: Reject) -> None:
        """A record, or the rest of a file, could not be parsed."""
        self.rejected += 1
        if len(self.rejects) < NAMED:
            self.rejects.append(Rejected(source.shown, reject.position, reject.reason, reject.unit))

    def facts(self, book: Index, hits: Iterable[pa.Table]) -> Facts:
        """The facts, with the texts of the rules that have hits."""
        by_logsource = {Logsource(*triple): count for triple, count in sorted(self.tally.by_logsource.items(), key=str)}
        needs_value, not_covered = _not_run(book, list(by_logsource))
        return Facts(
            files=len(self.read),
            size=self.size,
            events=self.tally.events,
            undated=self.tally.undated,
            seconds=self.seconds,
            time_first=self.tally.first,
            time_last=self.tally.last,
            by_logsource=by_logsource,
            by_host=dict(sorted(self.tally.by_host.items())),
            by_hour=dict(sorted(self.tally.by_hour.items())),
            skipped=tuple(self.skipped),
            rejected=self.rejected,
            rejects=tuple(self.rejects),
            rules_loaded=len(book.listed) + len(book.correlations),
            rules_run=len(book.listed) + len(book.correlations) - len(needs_value) - len(not_covered),
            rule_errors=sum(problem.fatal for problem in book.problems),
            needs_value=needs_value,
            not_covered=not_covered,
            rules=_texts(book, hits),
            interrupted=self.interrupted,
            untimed=self.untimed,
            evicted=self.evicted,
        )


def _not_run(book: Index, present: list[Logsource]) -> tuple[tuple[NotRun, ...], tuple[NotRun, ...]]:
    """Rules that need a value, and rules that no event concerned."""
    fed: dict[Logsource, bool] = {}
    needs_value: list[NotRun] = []
    not_covered: list[NotRun] = []
    for rule in book.listed:
        if rule.logsource not in fed:
            fed[rule.logsource] = any(book.feeds(rule.logsource, event) for event in present)
        if rule.needs:
            needs_value.append(_entry(rule, f"needs a value for {', '.join(rule.needs)}: give it with --values FILE"))
        elif not fed[rule.logsource]:
            not_covered.append(_entry(rule, NO_EVENTS))
    return tuple(needs_value), tuple(not_covered)


def _entry(rule: Listed, reason: str) -> NotRun:
    return NotRun(rule.meta.id, rule.meta.title, rule.meta.level, rule.logsource, reason)


def _texts(book: Index, hits: Iterable[pa.Table]) -> Mapping[str, RuleText]:
    wanted = {identity for table in hits for identity in table["rule_id"].unique().to_pylist()}
    found: dict[str, RuleText] = {}
    known = [(rule.meta, rule.logsource) for rule in book.listed]
    known += [(each.meta, Logsource()) for each in book.correlations]
    for meta, logsource in known:
        if meta.id in wanted:
            found[meta.id] = RuleText(
                id=meta.id,
                title=meta.title,
                level=meta.level,
                status=meta.status,
                description=meta.description,
                author=meta.author,
                references=meta.references,
                falsepositives=meta.falsepositives,
                tags=meta.tags,
                logsource=logsource,
                yaml=_yaml(meta.place.path),
                place=str(meta.place),
            )
    return found


def _yaml(path: str) -> str:
    """The rule's file as it stands; empty when it has gone since it was loaded."""
    try:
        return Path(path).read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""
