"""Findings laid out on a terminal, with colours that mean nothing alone: a mark and a word stand beside them."""

from __future__ import annotations

from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kulla.cli.timeline import stories, summary
from kulla.hunt import words
from kulla.hunt.findings import Findings
from kulla.hunt.incidents import Incident
from kulla.hunt.report.groupsview import label as letter_of
from kulla.hunt.tactics import name
from kulla.hunt.visible import visible

STEPS = 15
STYLES = {
    "critical": "bold white on red", "high": "bold red", "medium": "bold yellow", "low": "cyan", "informational": "dim",
}  # fmt: skip
_NARROW = 100


def terminal(out: TextIO) -> Console:
    """A console that takes text as it is: no markup, no emoji names, no highlighting."""
    return Console(file=out, highlight=False, markup=False, emoji=False)


def lay_out(findings: Findings, console: Console, limit: int) -> None:
    """Print summary, incidents and the first `limit` groups, laid out for the console's width."""
    head = Table.grid(padding=(0, 2))
    for label, text in summary(findings):
        head.add_row(Text(label, "dim"), Text(visible(text), overflow="fold"))
    console.print(head)
    for number, story in enumerate(stories(findings)):
        _story(findings, console, story, letter_of(number))
    if findings.ranked:
        console.print()
        console.print(Text("Groups, the most telling first", "bold"))
        console.print(_groups(findings, limit, console.width < _NARROW))
    if len(findings.ranked) > limit:
        more = words.many(len(findings.ranked) - limit, "group")
        console.print(Text(f"{more} of lower rank not listed; all are in the files of --out.", "dim"))


def _story(findings: Findings, console: Console, story: Incident, letter: str) -> None:
    console.print()
    hosts = ", ".join(visible(host) for host in story.hosts[:4])
    title = f"Incident {letter}: {len(story.members)} groups on {hosts or 'no named host'}, "
    console.print(Text(title + words.clock_span(story.first, story.last), "bold"))
    if story.tactics:
        console.print(Text("  " + " → ".join(name(tactic) for tactic in story.tactics)))
    table = Table.grid(padding=(0, 2))
    for at in story.members[:STEPS]:
        group = findings.ranked[at].group
        when = words.moment(group.first)[5:19].replace("T", " ")
        host = visible(group.key.host or "-")
        table.add_row(
            f"  {when}", _level(group.level), Text(visible(group.title), overflow="fold"), Text(host), f"#{at + 1}"
        )
    console.print(table)
    if len(story.members) > STEPS:
        console.print(Text(f"  and {len(story.members) - STEPS} more", "dim"))


def _level(level: str) -> Text:
    return Text(f"{words.MARKS[level]:<4} {level}", STYLES[level], no_wrap=True)


def _groups(findings: Findings, limit: int, narrow: bool) -> Table:
    table = Table(box=None, padding=(0, 1), header_style="dim", show_edge=False)
    table.add_column("#", justify="right")
    table.add_column("Level", no_wrap=True)
    table.add_column("Rule and reason", ratio=1, overflow="fold")
    if not narrow:
        table.add_column("Host and entity", overflow="fold", max_width=34)
        table.add_column("First (UTC)", no_wrap=True)
    table.add_column("Hits", justify="right", no_wrap=True)
    for at, scored in enumerate(findings.ranked[:limit]):
        group = scored.group
        who = words.entity_words(group.key.entity, group.key.others, group.entities)
        where = visible("\u00b7".join(f" {part} " for part in (group.key.host or "", who) if part).strip())
        when = words.moment(group.first)[:19].replace("T", " ")
        said = Text(visible(group.title), "bold")
        if narrow:
            said.append(f"\n{where}, {when}", "default")
        said.append(f"\n{visible(findings.why[at])}", "dim")
        middle = () if narrow else (Text(where), when)
        table.add_row(str(at + 1), _level(group.level), said, *middle, words.number(group.count))
    return table
