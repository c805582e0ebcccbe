"""Findings on a terminal: a summary and the ranked groups; plain lines when the output is no terminal.

Text from events passes `hunt.visible`: no control character of an attacker reaches the terminal. Levels carry a mark
and a word beside their colour.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TextIO

from kulla.hunt import words
from kulla.hunt.findings import Findings
from kulla.hunt.incidents import Incident
from kulla.hunt.report.groupsview import label as letter_of
from kulla.hunt.tactics import name
from kulla.hunt.visible import visible

GROUPS = 20
INCIDENTS = 3


def show(findings: Findings, out: TextIO, groups: int = GROUPS) -> None:
    """Print the findings: laid out on a terminal, as plain lines otherwise. `groups` 0 means all."""
    limit = groups or len(findings.ranked)
    if out.isatty():
        from kulla.cli.layout import lay_out, terminal  # here, since plain lines need no rich: 40 ms

        lay_out(findings, terminal(out), limit)
        return
    for line in plain(findings, limit):
        # A pipe with a narrow encoding gets escapes, never an exception.
        encoding = getattr(out, "encoding", None) or "utf-8"
        out.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")


def plain(findings: Findings, limit: int) -> Iterator[str]:
    """One fact or group a line, tab-separated, the first word saying which: stable and made for grep and cut.

    `group` lines hold: rank, score, level, hits, first, last, host, entity, rule id, title, incident, why.
    """
    for label, text in summary(findings):
        yield f"summary\t{label}\t{visible(text)}"
    letters = {at: letter_of(number) for number, story in enumerate(stories(findings)) for at in story.members}
    for at, scored in enumerate(findings.ranked[:limit]):
        group = scored.group
        entity = group.key.entity or words.entity_words(None, group.key.others, group.entities)
        cells = (
            "group", at + 1, f"{scored.score:.1f}", group.level, group.count, words.moment(group.first),
            words.moment(group.last), group.key.host or "-", entity or "-", group.key.rule_id, group.title,
            f"incident {letters[at]}" if at in letters else "-", findings.why[at],
        )  # fmt: skip
        yield "\t".join(visible(str(cell)) for cell in cells)
    if len(findings.ranked) > limit:
        yield f"more\t{len(findings.ranked) - limit} groups of lower rank not listed"


def stories(findings: Findings) -> list[Incident]:
    """Incidents of more than one group."""
    return [incident for incident in findings.incidents if len(incident.members) > 1][:INCIDENTS]


def summary(findings: Findings) -> Iterator[tuple[str, str]]:
    """The run in labelled lines; a line with nothing to say is left out, but for hits."""
    facts = findings.facts
    if facts.interrupted:
        yield "interrupted", "the run was stopped; everything here is of the part that was done"
    spent = "" if facts.seconds is None else f" in {words.lasting(round(facts.seconds * 1e6))}"
    yield (
        "read",
        f"{words.many(facts.events, 'event')}, {words.many(facts.files, 'file')}, {facts.size / 1e6:,.1f} MB{spent}",
    )
    yield "time", words.clock_span(facts.time_first, facts.time_last)
    hosts = list(findings.hosts())
    if hosts:
        more = f" and {len(hosts) - 8} more" if len(hosts) > 8 else ""
        yield "hosts", f"{words.many(len(hosts), 'host')} with hits: {', '.join(hosts[:8])}{more}"
    yield "rules", f"{words.number(facts.rules_run)} of {words.number(facts.rules_loaded)} run"
    counts = Counter(scored.group.level for scored in findings.ranked)
    levels = ", ".join(f"{words.number(n)} {level}" for level, n in findings.levels().items() if n) or "none"
    yield "hits", f"{words.number(findings.count)} in {words.many(sum(counts.values()), 'group')}: {levels}"
    if tactics := findings.tactics():
        yield "tactics", ", ".join(f"{name(tactic)} {n}" for tactic, n in tactics.items())
    yield from _gaps(findings)


def _gaps(findings: Findings) -> Iterator[tuple[str, str]]:
    facts = findings.facts
    if facts.rejected:
        files = len({reject.file for reject in facts.rejects})
        what = words.many(facts.rejected, "record or file", "records or files")
        yield "rejected", f"{what} could not be read, whole or in part; {words.many(files, 'file')} concerned"
    if facts.skipped:
        reasons = Counter(skipped.reason for skipped in facts.skipped).most_common(4)
        told = ", ".join(f"{n} {reason}" for reason, n in reasons)
        yield "skipped", f"{words.many(len(facts.skipped), 'file')}: {told}"
    if facts.rule_errors:
        yield "rule errors", f"{words.many(facts.rule_errors, 'rule file')} could not be loaded"
    if facts.needs_value:
        yield "needs a value", f"{words.many(len(facts.needs_value), 'rule')} not run for want of a value"
    lost = ((facts.untimed, "without a time"), (facts.evicted, "beyond the limit of memory"))
    if told := ", ".join(f"{words.many(count, 'hit')} {why}" for count, why in lost if count):
        yield "correlations", f"could not use {told}"
    if facts.not_covered:
        sources = Counter(str(rule.logsource) for rule in facts.not_covered).most_common(5)
        told = ", ".join(f"{source} {n}" for source, n in sources)
        yield "not covered", f"{words.many(len(facts.not_covered), 'rule')} saw no event of their logsource: {told} …"
