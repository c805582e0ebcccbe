"""Figures in words: times, numbers and the reason of a rank, the same on a terminal and on a page."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from kulla.events.logsource import Logsource
from kulla.hunt.company import Company
from kulla.hunt.rank import Scored
from kulla.hunt.summary import Facts

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MARKS = {"critical": "!!!!", "high": "!!!", "medium": "!!", "low": "!", "informational": "·"}
"""A mark beside each level's colour."""
ORDINARY = 1.0
"""A rule with fewer bits of rarity fires in half of all hours on all hosts or more."""


def moment(time: int | None, finest: str = "seconds") -> str:
    """A time in µs since 1970 as ISO 8601 in UTC; "no time" for None.

    >>> moment(0), moment(1_500_000, "microseconds")
    ('1970-01-01T00:00:00Z', '1970-01-01T00:00:01.500000Z')
    """
    if time is None:
        return "no time"
    try:
        when = _EPOCH + timedelta(microseconds=time)
    except OverflowError:
        return "no valid time"
    return when.isoformat(timespec=finest).removesuffix("+00:00") + "Z"


def lasting(span: int) -> str:
    """A duration in µs in its largest sensible unit.

    >>> lasting(0), lasting(90_000_000), lasting(3 * 3_600_000_000), lasting(200 * 3_600_000_000)
    ('1 s', '1.5 min', '3 h', '8.3 days')
    """
    seconds = max(1.0, span / 1e6)
    for unit, size, upto in (("s", 1, 60), ("min", 60, 3600), ("h", 3600, 172_800)):
        if seconds < upto:
            return f"{seconds / size:.1f}".removesuffix(".0") + f" {unit}"
    return f"{seconds / 86_400:.1f}".removesuffix(".0") + " days"


def number(count: int) -> str:
    """A count with thousands apart.

    >>> number(212000)
    '212,000'
    """
    return f"{count:,}"


def many(count: int, one: str, more: str | None = None) -> str:
    """A count with its noun.

    >>> many(1, "host"), many(2, "entity", "entities")
    ('1 host', '2 entities')
    """
    return f"{number(count)} {one if count == 1 else more or one + 's'}"


def clock_span(first: int | None, last: int | None) -> str:
    """A time range, the day said once where both ends share it.

    >>> clock_span(0, 60_000_000)
    '1970-01-01 00:00:00–00:01:00 UTC'
    """
    if first is None or last is None:
        return "no time"
    start, end = moment(first)[:19].replace("T", " "), moment(last)[:19].replace("T", " ")
    if start == end:
        return f"{start} UTC"
    return f"{start}–{end[11:] if start[:10] == end[:10] else end} UTC"


def entity_words(entity: str | None, others: bool, entities: int) -> str:
    """The entity as people read it: `user alice`; how many share it; nothing.

    >>> entity_words("user:alice", False, 1), entity_words(None, True, 4200)
    ('user alice', '4,200 users or addresses')
    """
    if others:
        return f"{number(entities)} users or addresses"
    if entity is None:
        return ""
    kind, _, name = entity.partition(":")
    return f"{kind} {name}"


def _seldom(scored: Scored, hits: int, hosts: int, facts: Facts) -> str:
    """How rare the rule is here: "rule seen once in 212,000 events of windows/process_creation/*"."""
    times = "once" if hits == 1 else f"{number(hits)} times"
    spread = "" if hosts <= 1 else f" on {hosts} hosts"
    rule = facts.rules.get(scored.group.key.rule_id)
    events = facts.events_for(rule.logsource) if rule else 0
    kind = f" of {rule.logsource}" if rule and rule.logsource != Logsource() else ""
    asked = f" in {many(events, 'event')}{kind}" if events else ""
    constant = ", ordinary here" if scored.rarity < ORDINARY else ""
    return f"rule seen {times}{spread}{asked}{constant}"


def company_words(company: Company) -> str:
    """The company in words: "6 other techniques within 15 min on this host"; nothing for none."""
    if company.place is None:
        return ""
    techniques = sum(name[1:].isdigit() and name.startswith("T") for name in company.techniques)
    parts = [many(techniques, "other technique")] if techniques else []
    if rest := len(company.techniques) - techniques:
        parts.append(many(rest, "other rule"))
    where = "on this host" if company.place[0] == "host" else "by this account or address"
    return f"{' and '.join(parts)} within {lasting(company.reach)} {where}"


def reasons(ranked: Sequence[Scored], facts: Facts) -> tuple[str, ...]:
    """Why each group stands where it does, in a sentence with its points."""
    hits: Counter[str] = Counter()
    hosts: dict[str, set[str | None]] = defaultdict(set)
    for scored in ranked:
        hits[scored.group.key.rule_id] += scored.group.count
        hosts[scored.group.key.rule_id].add(scored.group.key.host)
    said = []
    for scored in ranked:
        rule = scored.group.key.rule_id
        rare = _seldom(scored, hits[rule], len(hosts[rule]), facts)
        near = company_words(scored.company) or "no improbable company"
        points = f"{scored.severity:.0f} level + {scored.rarity:.1f} rarity + {scored.company_points:.1f} company"
        if scored.routine:
            points += f" − {scored.routine:.0f} seen on {scored.days} days"
        if scored.told.count:
            by = many(scored.told.count, "better group")
            points += f" − {scored.told.points:.0f} told by {by} of the same minute"
        said.append(f"{scored.group.level}; {rare}; {near} ({scored.score:.1f} points: {points})")
    return tuple(said)
