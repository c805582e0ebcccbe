"""The page's incidents and groups, readable without its script."""

from __future__ import annotations

from collections.abc import Mapping

from kulla.hunt import words
from kulla.hunt.findings import Findings
from kulla.hunt.incidents import Incident
from kulla.hunt.report.markup import esc, filtered, level, link
from kulla.hunt.report.payload import Payload, parse
from kulla.hunt.tactics import Technique, name, tactics_of, techniques_of

GROUPS = 400
INCIDENTS = 12
MEMBERS = 40


def label(number: int) -> str:
    """The letter of an incident: A … Z, AA …

    >>> label(0), label(26)
    ('A', 'AA')
    """
    first, last = divmod(number, 26)
    return (label(first - 1) if first else "") + chr(ord("A") + last)


def stories(findings: Findings) -> list[Incident]:
    """The incidents of more than one group that the page tells."""
    return [incident for incident in findings.incidents if len(incident.members) > 1][:INCIDENTS]


def incidents(findings: Findings) -> str:
    """Each incident as a story in the order of time."""
    found = stories(findings)
    if not found:
        return '<p class="quiet">No groups of hits stand closer together than chance explains.</p>'
    told = "".join(_incident(findings, incident, label(at), at == 0) for at, incident in enumerate(found))
    more = sum(len(incident.members) > 1 for incident in findings.incidents) - len(found)
    return told + (f'<p class="quiet">{words.many(more, "weaker incident")} not listed here.</p>' if more else "")


def _incident(findings: Findings, incident: Incident, letter: str, opened: bool) -> str:
    hosts = ", ".join(incident.hosts[:4]) + (f" and {len(incident.hosts) - 4} more" if len(incident.hosts) > 4 else "")
    chain = "".join(f"<li>{esc(name(tactic))}</li>" for tactic in incident.tactics)
    steps = "".join(_step(findings, at) for at in incident.members[:MEMBERS])
    more = len(incident.members) - MEMBERS
    rest = f'<p class="quiet">and {words.many(more, "further group")}.</p>' if more > 0 else ""
    return (
        f'<details class="incident" id="incident-{letter}"{" open" if opened else ""}><summary>'
        f'<span class="letter">{letter}</span><span class="what">'
        f"<b>{words.many(len(incident.members), 'group')}</b> on "
        f"{esc(hosts or 'no named host')}, {words.many(incident.hits, 'hit')}<br>"
        f'<span class="when">{words.clock_span(incident.first, incident.last)}</span></span>'
        f'<span class="points">{incident.score:.0f}<small> points</small></span></summary>'
        f'<ol class="chain" aria-label="Tactics">{chain}</ol><table class="steps"><thead><tr><th>First hit (UTC)</th>'
        f"<th>Level</th><th>Rule</th><th>Host</th><th>By</th><th>Hits</th></tr></thead><tbody>{steps}</tbody></table>{rest}"
        "</details>"
    )


def _step(findings: Findings, at: int) -> str:
    group = findings.ranked[at].group
    by = words.entity_words(group.key.entity, group.key.others, group.entities)
    when = words.moment(group.first)[:19].replace("T", " ")
    return (
        f'<tr><td class="time">{when}</td><td>{level(group.level)}</td>'
        f'<td><a href="#g-{group.id}">{esc(group.title)}</a></td><td>{esc(group.key.host or "–")}</td>'
        f'<td>{esc(by or "–")}</td><td class="n">{words.number(group.count)}</td></tr>'
    )


def groups(findings: Findings, payload: Payload) -> str:
    """The ranked groups, each with its first hit."""
    letters = {at: label(number) for number, story in enumerate(stories(findings)) for at in story.members}
    shown = "".join(_group(findings, payload, at, letters.get(at)) for at in range(min(GROUPS, len(findings.ranked))))
    more = len(findings.ranked) - GROUPS
    rest = f"{words.many(more, 'group')} of lower rank: their hits are in the table below and in the other outputs."
    return f'<div id="groups">{shown}</div>' + (f'<p class="quiet">{rest}</p>' if more > 0 else "")


def _group(findings: Findings, payload: Payload, at: int, letter: str | None) -> str:
    group = findings.ranked[at].group
    by = words.entity_words(group.key.entity, group.key.others, group.entities)
    where = " · ".join(esc(part) for part in (group.key.host or "no host", by) if part)
    story = f'<a class="letter" href="#incident-{letter}" title="incident {letter}">{letter}</a>' if letter else ""
    return (
        f'<details class="group" id="g-{group.id}" data-group="{at}"><summary><span class="rank">{at + 1}</span>'
        f'{level(group.level)}<span class="what"><b>{esc(group.title)}</b><br><span class="where">{where}</span></span>'
        f'<span class="when">{words.clock_span(group.first, group.last)}</span>'
        f'<span class="n">{words.number(group.count)}<small> {"hit" if group.count == 1 else "hits"}</small></span>'
        f'<span class="story">{story}</span></summary><div class="body">{_about(findings, at)}'
        f'{_first(payload, at)}<div class="more" data-group="{at}"></div></div></details>'
    )


def _about(findings: Findings, at: int) -> str:
    group = findings.ranked[at].group
    techniques = ", ".join(_technique(item) for item in techniques_of(group.tags))
    tactics = ", ".join(esc(name(tactic)) for tactic in tactics_of(group.tags))
    rule = f'<a href="#r-{esc(group.key.rule_id)}">rule, references and false positives</a>'
    files = ", ".join(esc(file) for file, _ in group.files[:3])
    more = len(group.files) - 3 + group.files_unnamed
    files += f" and {words.number(more)} more" if more > 0 else ""
    named = "; ".join(part for part in (tactics, techniques) if part) or "none"
    pairs = [("Why here", esc(findings.why[at])), ("ATT&amp;CK", named), ("Rule", rule), ("Files", files)]
    return '<dl class="about">' + "".join(f"<dt>{term}</dt><dd>{text}</dd>" for term, text in pairs) + "</dl>"


def _technique(item: Technique) -> str:
    title = "" if item.name == item.id else f" {item.name}"
    return f'<a href="{filtered(technique=item.id)}">{esc(item.id + title)}</a>'


def _first(payload: Payload, at: int) -> str:
    """The first hit, for readers without script; the script puts its own list in its place."""
    first = payload.first.get(at)
    if first is None:
        return ""
    event = first["event"]
    assert isinstance(event, int)
    why = parse(payload.events[event][1])
    time = first["time"]
    when = words.moment(time if isinstance(time, int) else None, "microseconds")
    told = f"First hit: {when}, {esc(first['file'])} record {esc(first['record'])}"
    return f'<div class="first"><p>{told}</p>{_why(why)}</div>'


def _why(why: object) -> str:
    rows = []
    for selection in _dicts(why, "selections"):
        rows += [
            f"<tr><td>{esc(selection.get('name'))}</td><td>{esc(test.get('field') or 'any field')}</td>"
            f'<td>{esc(test.get("test"))}</td><td class="value">{esc(test.get("value"))}</td></tr>'
            for test in _dicts(selection, "tests")[:20]
            if test.get("met")
        ]
    head = "<tr><th>Selection</th><th>Field</th><th>Test</th><th>Value</th></tr>"
    return f'<table class="why"><thead>{head}</thead><tbody>{"".join(rows)}</tbody></table>' if rows else ""


def _dicts(owner: object, key: str) -> list[Mapping[str, object]]:
    found = owner.get(key) if isinstance(owner, dict) else None
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def rules(findings: Findings) -> str:
    """Each rule with hits: what it says of itself, and its text."""
    seen = dict.fromkeys(scored.group.key.rule_id for scored in findings.ranked)
    titles = {scored.group.key.rule_id: scored.group for scored in findings.ranked}
    told = []
    for rule_id in seen:
        text = findings.facts.rules.get(rule_id)
        group = titles[rule_id]
        parts = [("Id", esc(rule_id))]
        if text is not None:
            parts += [
                ("About", esc(text.description)), ("Author", esc(text.author)), ("Status", esc(text.status or "")),
                ("Logsource", esc(text.logsource)), ("Known harmless", "; ".join(map(esc, text.falsepositives))),
                ("References", "<br>".join(map(link, text.references))), ("From", esc(text.place)),
            ]  # fmt: skip
        about = "".join(f"<dt>{term}</dt><dd>{value}</dd>" for term, value in parts if value)
        yaml = f'<pre class="yaml">{esc_whole(text.yaml)}</pre>' if text is not None and text.yaml else ""
        told.append(
            f'<details class="rule" id="r-{esc(rule_id)}"><summary>{level(group.level)} '
            f"<b>{esc(group.title)}</b></summary>"
            f'<dl class="about">{about}</dl>{yaml}</details>'
        )
    return "".join(told)


def esc_whole(text: str) -> str:
    """A rule's text, whole."""
    return "\n".join(esc(line) for line in text.splitlines())
