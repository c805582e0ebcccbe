"""Ranking: the intrusion first. PURE; formula and reasons are in docs/ranking.md.

A group's score is the sum of three parts: **severity** (its rule's level), **rarity** (how seldom the rule, and the
group, are seen in these logs, in bits) and **company** (other rare rules met near it on the same host or by the same
account, beyond chance, in bits). No part is negative and each is capped, so that none decides alone.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from kulla.alert import Level
from kulla.hunt.company import HOUR, Company, Neighbours, joined
from kulla.hunt.groups import Burst, Group
from kulla.hunt.repeats import Told, told

DAY = 24 * HOUR
SEVERITY: Mapping[Level, float] = {"informational": 0, "low": 3, "medium": 6, "high": 10, "critical": 13}
RARITY_CAP = 10.0
PER_RULE = 0.75
"""The rule's rarity counts so much, the group's own the rest."""
COMPANY_CAP = 12.0
HABITUAL_DAYS = 2
"""A group seen on more days than this loses a point for each further one: what happens every day is how things are."""
ROUTINE_CAP = 4.0
"""About one level: a web shell in daily use must not sink far."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A group with the parts of its score. `number` is its place among the groups given, to which `company` refers;
    `told` says how better-ranked groups told the same minute of the same place."""

    group: Group
    number: int
    severity: float
    rarity: float
    company: Company
    told: Told = field(default_factory=Told)

    @property
    def days(self) -> int:
        """On how many days (UTC) the group's bursts begin."""
        return len({burst.start // DAY for burst in self.group.bursts})

    @property
    def routine(self) -> float:
        """The points lost to being seen day after day."""
        return min(ROUTINE_CAP, max(0.0, float(self.days - HABITUAL_DAYS)))

    @property
    def company_points(self) -> float:
        """The company's share of the score."""
        return min(COMPANY_CAP, self.company.bits)

    @property
    def score(self) -> float:
        """The sum of the parts, rounded so that the order does not hang on the last bit of a logarithm."""
        total = self.severity + self.rarity + self.company_points
        return round(total - self.routine - self.told.points, 3)


@dataclass(frozen=True, slots=True)
class Background:
    """How the logs look as a whole: their time span (µs, at least a day) and number of hosts."""

    span: int
    hosts: int

    @property
    def cells(self) -> float:
        """The (host, hour) cells in which a rule could be seen."""
        return self.hosts * self.span / HOUR


def background(groups: Sequence[Group], first: int | None, last: int | None, hosts: int) -> Background:
    """The frame that rarity is measured in: the events' where known, else that of the hits."""
    firsts = [g.first for g in groups if g.first is not None] + ([] if first is None else [first])
    lasts = [g.last for g in groups if g.last is not None] + ([] if last is None else [last])
    span = max(lasts) - min(firsts) if firsts and lasts else 0
    return Background(max(DAY, span), max(1, hosts, len({g.key.host for g in groups})))


def score(groups: Sequence[Group], frame: Background) -> tuple[Scored, ...]:
    """All groups with their scores, best first; equals in the order of first hit, title, rule, host, entity."""
    cells = occurrences(groups)
    neighbours = Neighbours(groups, cells, frame.cells)
    scored = []
    for number, group in enumerate(groups):
        own = max(1.0, _hours(group.bursts) + group.undated)
        rarity = PER_RULE * bits(cells[group.key.rule_id], frame) + (1 - PER_RULE) * bits(own, frame)
        scored.append(Scored(group, number, SEVERITY[group.level], rarity, neighbours.of(number)))
    scored.sort(key=_order)
    order = told([each.group for each in scored], [each.score for each in scored])
    return tuple(replace(scored[index], told=found) for index, found in order)


def _order(scored: Scored) -> tuple[float, float, str, str, str, str]:
    group = scored.group
    first = math.inf if group.first is None else group.first
    return (-scored.score, first, group.title, group.key.rule_id, group.key.host or "", group.key.entity or "")


def occurrences(groups: Iterable[Group]) -> dict[str, float]:
    """In how many (host, hour) cells each rule is seen; entities of a host are taken together, so that a scan by 50
    addresses in a minute is one occurrence.

    Hits without a time count one each: nothing tells ten in one minute from ten in ten weeks.
    """
    by_host: dict[tuple[str, str | None], list[Burst]] = defaultdict(list)
    total: dict[str, float] = defaultdict(float)
    for group in groups:
        by_host[group.key.rule_id, group.key.host].extend(group.bursts)
        total[group.key.rule_id] += group.undated
    for (rule, _), bursts in by_host.items():
        total[rule] += _hours(joined(bursts))
    return {rule: max(1.0, seen) for rule, seen in total.items()}


def _hours(bursts: Iterable[Burst]) -> float:
    return sum(1 + (burst.end - burst.start) / HOUR for burst in bursts)


def bits(cells: float, frame: Background) -> float:
    """How seldom: -log2 of the share of cells, between 0 and `RARITY_CAP`.

    >>> bits(1, Background(DAY, 2)) == math.log2(48)
    True
    """
    return max(0.0, min(RARITY_CAP, math.log2(frame.cells / cells)))
