"""Incidents: groups that keep company, told as one story. PURE; see docs/ranking.md.

A group in improbable company (`LINK_BITS`) is linked to all of it. What hangs together is an incident, and two such,
each of `STORY` techniques or more, that lie within `JOIN` of each other on different hosts are one. A group without
links is an incident of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from kulla.hunt.company import HOUR
from kulla.hunt.group import what
from kulla.hunt.rank import Scored
from kulla.hunt.tactics import tactics_of

LINK_BITS = 4.0
STORY = 3
JOIN = HOUR
LONGEST = 24 * HOUR
"""A story longer than this touches others by its length alone."""
TACTIC_POINTS = 2.0
TACTICS_COUNTED = 7


@dataclass(frozen=True, slots=True)
class Incident:
    """Groups that belong together, in the order of their first hits. `members` are indices into the ranked groups.

    `score` is the best member's, and `TACTIC_POINTS` for each further tactic. Times are µs since 1970 UTC, None when
    no member bears any.
    """

    members: tuple[int, ...]
    score: float
    tactics: tuple[str, ...]
    hosts: tuple[str, ...]
    entities: tuple[str, ...]
    first: int | None
    last: int | None
    hits: int


class _Sets:
    """Disjoint sets of numbers; the least number stands for its set."""

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))

    def root(self, number: int) -> int:
        while self._parent[number] != number:
            self._parent[number] = self._parent[self._parent[number]]
            number = self._parent[number]
        return number

    def join(self, one: int, other: int) -> None:
        low, high = sorted((self.root(one), self.root(other)))
        self._parent[high] = low

    def members(self) -> list[list[int]]:
        sets: dict[int, list[int]] = defaultdict(list)
        for number in range(len(self._parent)):
            sets[self.root(number)].append(number)
        return list(sets.values())


def incidents(ranked: Sequence[Scored]) -> tuple[Incident, ...]:
    """All incidents, best first. Every group belongs to exactly one."""
    sets = _Sets(len(ranked))
    position = {scored.number: at for at, scored in enumerate(ranked)}
    for at, scored in enumerate(ranked):
        if scored.company.bits >= LINK_BITS:
            for number in scored.company.groups:
                sets.join(at, position[number])
    _join_stories(ranked, sets)
    found = [_incident(ranked, members) for members in sets.members()]
    return tuple(sorted(found, key=lambda incident: (-incident.score, min(incident.members))))


def _join_stories(ranked: Sequence[Scored], sets: _Sets) -> None:
    """Join incidents of several techniques that follow each other closely: an intruder who moves to another host under
    another name. Two of them in one hour by chance would be two intrusions."""
    stories = []
    for members in sets.members():
        groups = [ranked[at].group for at in members if ranked[at].group.bursts]
        if len({what(group) for group in groups}) >= STORY:
            spans = [(burst.start, burst.end) for group in groups for burst in group.bursts]
            start, end = min(start for start, _ in spans), max(end for _, end in spans)
            if end - start <= LONGEST:
                stories.append((start, end, members[0]))
    stories.sort()
    for (_, end, one), (start, _, other) in pairwise(stories):
        if start - end <= JOIN:
            sets.join(one, other)


def _incident(ranked: Sequence[Scored], numbers: Sequence[int]) -> Incident:
    far = 1 << 62
    groups = {at: ranked[at].group for at in numbers}
    members = sorted(numbers, key=lambda at: (far if (first := groups[at].first) is None else first, at))
    tactics = tactics_of(f"attack.{tactic}" for group in groups.values() for tactic in tactics_of(group.tags))
    bonus = TACTIC_POINTS * min(TACTICS_COUNTED - 1, max(0, len(tactics) - 1)) if len(groups) > 1 else 0.0
    firsts = [group.first for group in groups.values() if group.first is not None]
    lasts = [group.last for group in groups.values() if group.last is not None]
    return Incident(
        members=tuple(members),
        score=round(max(ranked[at].score for at in numbers) + bonus, 3),
        tactics=tactics,
        hosts=tuple(dict.fromkeys(host for at in members if (host := groups[at].key.host) is not None)),
        entities=tuple(dict.fromkeys(entity for at in members if (entity := groups[at].key.entity) is not None)),
        first=min(firsts, default=None),
        last=max(lasts, default=None),
        hits=sum(group.count for group in groups.values()),
    )
