"""The page put together: parts into the template, style and script by hash into the policy."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter, defaultdict
from importlib.resources import files

from kulla.alert import LEVELS
from kulla.hunt import words
from kulla.hunt.findings import Findings
from kulla.hunt.report import groupsview, pictures
from kulla.hunt.report.markup import esc, fold, items, level
from kulla.hunt.report.payload import EVENTS, EVENTS_PER_GROUP, Payload, collect
from kulla.hunt.tactics import TACTICS, name

SCRIPTS = ("state.js", "event.js", "table.js", "main.js")
LISTED = 500
_PART = re.compile(r"\{\{(\w+)\}\}")


def page(findings: Findings) -> bytes:
    """The report as one HTML file in UTF-8. The same findings give the same bytes."""
    payload = collect(findings)
    style, script = _read("page.css"), "\n".join(_read(part) for part in SCRIPTS)
    parts = {
        "policy": f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; base-uri 'none'; "
        "form-action 'none'",
        "style": style,
        "script": script,
        "data": payload.json(findings),
        "headline": _headline(findings),
        "figures": _figures(findings),
        "warnings": _warnings(findings),
        "incidents": groupsview.incidents(findings),
        "groups": groupsview.groups(findings, payload),
        "matrix": pictures.matrix(findings),
        "timelines": pictures.timelines(findings, payload),
        "rules": groupsview.rules(findings),
        "coverage": _coverage(findings),
        "limits": _limits(findings, payload),
        "levels": "".join(f'<option value="{name}">{name} and above</option>' for name in LEVELS[1:]),
        "hosts": _options((host, host) for host in sorted(findings.hosts())),
        "tactics": _options((short, title) for short, title in TACTICS if short in findings.tactics()),
        "rulenames": _options(
            sorted({s.group.key.rule_id: s.group.title for s in findings.ranked}.items(), key=_second)
        ),
    }
    # One pass: text of a part that looks like a mark is never replaced in turn.
    html = _PART.sub(lambda match: parts[match.group(1)], _read("page.html"))
    return html.encode("utf-8", "backslashreplace")


def _second(pair: tuple[str, str]) -> tuple[str, str]:
    return pair[1], pair[0]


def _options(pairs: object) -> str:
    assert hasattr(pairs, "__iter__")
    return "".join(f'<option value="{esc(value)}">{esc(text)}</option>' for value, text in pairs)


def _read(part: str) -> str:
    return (files("kulla.hunt.report") / part).read_text("utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _headline(findings: Findings) -> str:
    facts = findings.facts
    hosts = max(len(facts.by_host), len(findings.hosts()))
    read = f"{words.many(facts.events, 'event')} from {words.many(hosts, 'host')} were read"
    if not findings.ranked:
        return f"<p>{read}; no rule matched.</p>"
    rules = len({scored.group.key.rule_id for scored in findings.ranked})
    text = f"{read}; {words.many(rules, 'rule')} matched {words.number(findings.count)} times."
    stories = groupsview.stories(findings)
    if stories:
        story = stories[0]
        ends = [name(tactic) for tactic in story.tactics]
        tactics = f", covering {words.many(len(ends), 'tactic')} from {ends[0]} to {ends[-1]}" if len(ends) > 1 else ""
        text += (
            f' Look first at <a href="#incident-A">incident A</a>: '
            f"{words.many(len(story.members), 'group')} of hits on "
            f"{esc(', '.join(story.hosts[:4]) or 'no named host')}, "
            f"{words.clock_span(story.first, story.last)}{tactics}."
        )
    else:
        best = findings.ranked[0].group
        text += (
            f' Look first at <a href="#g-{best.id}">{esc(best.title)}</a> on {esc(best.key.host or "no named host")}.'
        )
    return f"<p>{text}</p>"


def _figures(findings: Findings) -> str:
    facts = findings.facts
    pairs = [
        ("Time range", words.clock_span(facts.time_first, facts.time_last)),
        ("Events", words.number(facts.events)),
        ("Files", words.number(facts.files)),
        ("Rules run", f"{words.number(facts.rules_run)} of {words.number(facts.rules_loaded)}"),
        ("Hits", words.number(findings.count)),
        ("Groups", words.number(len(findings.ranked))),
    ]
    cells = "".join(f"<div><dt>{term}</dt><dd>{text}</dd></div>" for term, text in pairs)
    groups = Counter(str(scored.group.level) for scored in findings.ranked)
    levels = "".join(
        f'<li><a href="#f?level={which}">{level(which)}</a> <b>{words.number(count)}</b> '
        f"{'hit' if count == 1 else 'hits'} in {words.many(groups[which], 'group')}</li>"
        for which, count in findings.levels().items()
        if count
    )
    return f'<dl class="figures">{cells}</dl><ul class="levels">{levels}</ul>'


def _warnings(findings: Findings) -> str:
    facts = findings.facts
    told = []
    if facts.interrupted:
        told.append("The run was interrupted: everything here is of the part that was done.")
    if facts.rejected:
        told.append(f"{words.many(facts.rejected, 'record')} could not be parsed.")
    if facts.skipped:
        told.append(f"{words.many(len(facts.skipped), 'file')} were skipped.".replace("file were", "file was"))
    if facts.rule_errors:
        told.append(f"{words.many(facts.rule_errors, 'rule file')} could not be loaded.")
    if facts.needs_value:
        told.append(f"{words.many(len(facts.needs_value), 'rule')} did not run for want of a value.")
    return f'<div class="warn"><b>⚠ Mind</b> {items(told)}<a href="#coverage">Coverage</a></div>' if told else ""


def _limits(findings: Findings, payload: Payload) -> str:
    kept = len(payload.hits["g"])
    all_hits = "All hits are in this table." if kept == findings.count else (
        f"This table holds {words.number(kept)} of {words.number(findings.count)} hits: the first "
        f"{words.number(payload.per_group)} of each group."
    )  # fmt: skip
    return (
        f"{all_hits} Whole events are here for the first {EVENTS_PER_GROUP} of a group, up to "
        f"{words.number(EVENTS)} in all "
        f"({words.number(len(payload.events))} are), long values cut. Everything is in the .jsonl and .parquet outputs."
    )


def _coverage(findings: Findings) -> str:
    facts = findings.facts
    sources = sorted(facts.by_logsource.items(), key=lambda item: (-item[1], str(item[0])))
    missing: dict[str, list[str]] = defaultdict(list)
    for rule in facts.not_covered:
        missing[str(rule.logsource)].append(rule.title)
    uncovered = sorted(missing.items(), key=lambda item: (-len(item[1]), item[0]))
    rejects = [f"{esc(r.file)}, {esc(r.unit)} {r.position}: {esc(r.reason)}" for r in facts.rejects[:LISTED]]
    if facts.rejected > len(rejects):
        rejects.append(f"and {words.number(facts.rejected - len(rejects))} more")
    skipped = [f"{esc(s.file)}: {esc(s.reason)}" for s in facts.skipped[:LISTED]]
    if len(facts.skipped) > LISTED:
        skipped.append(f"and {words.number(len(facts.skipped) - LISTED)} more")
    parts = [
        ("Events by logsource", [f"{esc(source)}: {words.number(count)}" for source, count in sources]),
        (f"Not covered: no event of these logsources ({words.many(len(facts.not_covered), 'rule')})",
         [f"{esc(source)}: {words.many(len(titles), 'rule')}" for source, titles in uncovered]),
        (f"Rules that need a value ({len(facts.needs_value)})",
         [f"{esc(rule.title)}: {esc(rule.reason)}" for rule in facts.needs_value]),
        (f"Records that could not be parsed ({words.number(facts.rejected)})", rejects),
        (f"Files skipped ({words.number(len(facts.skipped))})", skipped),
    ]  # fmt: skip
    return "".join(fold(title, items(lines) or "<p>none</p>") for title, lines in parts)
