"""Repeats: groups that tell what a better one in the list has told. PURE; see docs/ranking.md.

Many rules fire on one act; unchecked, a first web shell fills the first screen and hides what came the day after. A
group loses points for each better-ranked group that begins in the same minute at the same place, and so gives way to
another act.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from kulla.hunt.company import MAX_BURSTS, MINUTE, Place, places
from kulla.hunt.group import Group, what

POINTS = 4.0
AGAIN = 2
"""One that tells the same technique counts for so many: a second rule for one act says the least that is new."""
CAP = 12.0
"""At most what company gives: a repeat never sinks below its own level and rarity."""
_ENOUGH = 3


@dataclass(frozen=True, slots=True)
class Told:
    """How many better groups told what a group tells (3 at most are counted), and the points that it loses by it."""

    count: int = 0
    points: float = 0.0


def told(groups: Sequence[Group], scores: Sequence[float]) -> list[tuple[int, Told]]:
    """The order of groups (given best first) once repeats give way, as indices, with what each loses.

    A group counts as told by those listed before it that had a burst begin within the same or the neighbouring minute,
    at its host or by its account, and this for each of its bursts; one burst that nobody told makes it news. Groups
    without times, or of more than `MAX_BURSTS` bursts, neither tell nor are told.
    """
    listed: dict[tuple[Place, int], dict[int, str]] = defaultdict(dict)
    waiting = [(-score, index, 0.0) for index, score in enumerate(scores)]
    heapq.heapify(waiting)
    known = [Told()] * len(groups)
    order = []
    while waiting:
        _, index, points = heapq.heappop(waiting)
        found = _told_by(groups[index], listed)
        if found.points > points:
            known[index] = found
            heapq.heappush(waiting, (found.points - scores[index], index, found.points))
            continue
        order.append((index, known[index]))
        _list(index, groups[index], listed)
    return order


def _told_by(group: Group, listed: dict[tuple[Place, int], dict[int, str]]) -> Told:
    if group.undated or not 0 < len(group.bursts) <= MAX_BURSTS:
        return Told()
    own = what(group)
    least = Told(_ENOUGH, CAP)
    for burst in group.bursts:
        minute = burst.start // MINUTE
        near: dict[int, str] = {}
        for place in places(group):
            for m in (minute - 1, minute, minute + 1):
                near.update(listed.get((place, m), {}))
        weight = sum(AGAIN if technique == own else 1 for technique in near.values())
        least = min(least, Told(min(_ENOUGH, len(near)), min(CAP, POINTS * weight)), key=_points)
        if not least.count:
            break
    return least


def _points(told: Told) -> float:
    return told.points


def _list(index: int, group: Group, listed: dict[tuple[Place, int], dict[int, str]]) -> None:
    if group.undated or len(group.bursts) > MAX_BURSTS:
        return
    technique = what(group)
    for burst in group.bursts:
        for place in places(group):
            tellers = listed[place, burst.start // MINUTE]
            if len(tellers) < _ENOUGH:
                tellers[index] = technique
