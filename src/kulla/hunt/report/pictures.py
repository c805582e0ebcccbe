"""The page's pictures: the ATT&CK matrix and the hosts' time lines. Every cell and bar is a link that filters."""

from __future__ import annotations

import math
from collections import defaultdict

from kulla.alert import LEVELS
from kulla.hunt import words
from kulla.hunt.findings import Findings
from kulla.hunt.report.groupsview import label, stories
from kulla.hunt.report.markup import esc, filtered
from kulla.hunt.report.payload import BINS, Payload
from kulla.hunt.tactics import TACTICS, Technique, tactics_of

HOSTS = 30
STEP, HEIGHT = 6, 30
_RANK: dict[str, int] = {level: number for number, level in enumerate(("ordinary", *LEVELS))}


def matrix(findings: Findings) -> str:
    """Tactics × techniques met. A technique stands under each of its tactics (without any known: those of its
    rules)."""
    columns: dict[str, list[tuple[Technique, list[int]]]] = defaultdict(list)
    for technique, groups in findings.techniques().items():
        named = technique.tactics or tactics_of(tag for at in groups for tag in findings.ranked[at].group.tags)
        for tactic in named:
            columns[tactic].append((technique, groups))
    parts = []
    for short, title in TACTICS:
        cells = "".join(_cell(findings, technique, groups) for technique, groups in columns[short])
        parts.append(
            f'<section class="{"met" if cells else "unmet"}"><h3><a href="{filtered(tactic=short)}">{title}</a>'
            f"</h3>{cells or '<p>none met</p>'}</section>"
        )
    return f'<div class="matrix">{"".join(parts)}</div>'


def _cell(findings: Findings, technique: Technique, groups: list[int]) -> str:
    hits = sum(findings.ranked[at].group.count for at in groups)
    worst = max((findings.ranked[at].group.level for at in groups), key=_RANK.__getitem__)
    title = "" if technique.name == technique.id else f" <span>{esc(technique.name)}</span>"
    return (
        f'<a class="cell l-{worst}" href="{filtered(technique=technique.id)}"><b>{technique.id}</b>{title}'
        f"<small><i>{words.MARKS[worst]}</i> {words.many(hits, 'hit')}, best rank {groups[0] + 1}</small></a>"
    )


def timelines(findings: Findings, payload: Payload) -> str:
    """A row of bars for each host, the host of the best group first; brackets mark the incidents told."""
    hosts = list(findings.hosts())
    if not payload.bins:
        return '<p class="quiet">No hit bears a time.</p>'
    bars: dict[str, dict[int, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for (host, at, level), count in payload.bins.items():
        bars[host][at][level] = count
    if "" in bars:
        hosts.append("")
    rows = "".join(_host(findings, payload, host, bars[host]) for host in hosts[:HOSTS] if host in bars)
    more = len(hosts) - HOSTS
    rest = f'<p class="quiet">{words.many(more, "further host")} of lower rank not drawn.</p>' if more > 0 else ""
    key = (
        "Bar height: hits, logarithmic. ▲ a rare high or critical hit; pale: only rules met here all the time. "
        "Brackets: incidents. A bar is a link to its hits."
    )
    return f'<p class="quiet">{key}</p><div class="lines">{rows}{_axis(payload)}</div>{rest}'


def _host(findings: Findings, payload: Payload, host: str, bars: dict[int, dict[str, int]]) -> str:
    most = max(sum(levels.values()) for levels in bars.values())
    drawn = "".join(_bar(payload, host, at, levels, most) for at, levels in sorted(bars.items()))
    brackets = "".join(
        _bracket(payload, incident.first, incident.last, label(number))
        for number, incident in enumerate(stories(findings))
        if host in incident.hosts and incident.first is not None and incident.last is not None
    )
    total = sum(sum(levels.values()) for levels in bars.values())
    title = f"{host or 'no host named'}: {words.many(total, 'hit')}"
    return (
        f'<div class="line"><a class="host" href="{filtered(host=host)}">{esc(host or "(no host)")}</a>'
        f'<svg viewBox="0 0 {BINS * STEP} {HEIGHT + 12}" role="img" aria-label="{esc(title)}">'
        f'<line class="base" x1="0" x2="{BINS * STEP}" y1="{HEIGHT + 11.5}" '
        f'y2="{HEIGHT + 11.5}"/>{brackets}{drawn}</svg>'
        f'<span class="n">{words.number(total)}</span></div>'
    )


def _bar(payload: Payload, host: str, at: int, levels: dict[str, int], most: int) -> str:
    count = sum(levels.values())
    worst = max(levels, key=_RANK.__getitem__)
    tall = max(2.0, (HEIGHT - 8) * math.log1p(count) / math.log1p(most))
    x, y = at * STEP, HEIGHT + 11 - tall
    start = payload.start + at * payload.width
    text = ", ".join(f"{levels[level]:,} {level}" for level in reversed(_RANK) if level in levels)
    mark = f'<path d="M{x} {y - 2:.1f}h5l-2.5 -5z"/>' if _RANK[worst] >= _RANK["high"] else ""
    href = filtered(host=host, since=words.moment(start)[:19], until=words.moment(start + payload.width)[:19])
    return (
        f'<a class="bar l-{worst}" href="{href}"><title>{words.moment(start)[:16].replace("T", " ")} '
        f"UTC: {text}</title>"
        f'<rect x="{x}" y="{y:.1f}" width="5" height="{tall:.1f}"/>{mark}</a>'
    )


def _bracket(payload: Payload, first: int, last: int, letter: str) -> str:
    left = (first - payload.start) // payload.width * STEP - 2
    right = ((last - payload.start) // payload.width + 1) * STEP + 1
    return (
        f'<a class="bracket" href="#incident-{letter}"><title>incident {letter}</title>'
        f'<path d="M{left} 11v-4h{right - left}v4"/><text x="{right + 3}" y="10">{letter}</text></a>'
    )


def _axis(payload: Payload) -> str:
    """Six times under the bars."""
    marks = []
    for step in range(6):
        time = payload.start + payload.width * BINS * step // 6
        text = words.moment(time)[5:16].replace("T", " ")
        marks.append(f'<text x="{BINS * STEP * step // 6}" y="10">{text}</text>')
    picture = f'<svg viewBox="0 0 {BINS * STEP} 12" aria-hidden="true">{"".join(marks)}</svg>'
    return f'<div class="line axis"><span>UTC</span>{picture}<span></span></div>'
