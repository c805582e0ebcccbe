"""Company: which other rare rules are met near a group, and how improbable that is. PURE; see docs/ranking.md.

For each place (a host, or a named account or address) and each of `TIERS` of rarity, the bursts of rules that rare
are laid on a time line. Around a group's burst, within each of `WINDOWS`, the distinct techniques of others are
counted and held against what this place's own pace elsewhere would bring: a Poisson tail, in bits, corrected for the
looks taken.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from kulla.hunt.entity import generic
from kulla.hunt.group import Burst, Group, what

MINUTE = 60 * 1_000_000
HOUR = 60 * MINUTE
TIERS = (2.0, 8.0, 32.0)
"""Rules seen in at most so many (host, hour) cells count as company of that tier."""
WINDOWS = (15 * MINUTE, HOUR, 4 * HOUR)
LOOKS = math.log2(len(TIERS) * len(WINDOWS))
ACTIVE_HOURS = 24.0
"""A place's pace is measured over the hours in which it showed hits, but never over fewer than these: an account seen
in one busy hour only must not make that hour ordinary."""
MAX_BURSTS = 64
"""A group with more bursts than this is too frequent for what happens near some of them to mean anything."""
SHARE = 0.25
"""A rule seen in more than this share of all cells is in no tier: of a log of few hours, everything is rare."""

HABIT = 2
"""Two rules that meet within an hour at one kind of place, wherever, on more days than this do so by habit: a logon
script every morning, scanners at the portal. They bear each other no witness. Days are counted, not hosts: what strikes
all hosts in a night, which may touch two days, is no habit."""

Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Company:
    """A group's company: `techniques` others (a technique, or a rule that names none) within `reach` µs at `place`,
    with `bits` of improbability; `groups` are theirs, as indices into the groups scored."""

    bits: float = 0.0
    techniques: tuple[str, ...] = ()
    reach: int = 0
    place: Place | None = None
    groups: tuple[int, ...] = ()


@dataclass(slots=True)
class _Line:
    """The bursts of a tier at a place, by start: (start, end, technique, group)."""

    bursts: list[tuple[int, int, str, int]] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    longest: int = 0
    hours: float = ACTIVE_HOURS

    def finish(self) -> None:
        self.bursts.sort()
        self.starts = [burst[0] for burst in self.bursts]
        self.longest = max((burst[1] - burst[0] for burst in self.bursts), default=0)
        self.hours = max(ACTIVE_HOURS, len({start // HOUR for start in self.starts}))

    def near(self, burst: Burst, window: int) -> list[tuple[int, int, str, int]]:
        """The bursts that begin or end within `window` of this one."""
        low = bisect_left(self.starts, burst.start - window - self.longest)
        high = bisect_left(self.starts, burst.end + window + 1)
        return [other for other in self.bursts[low:high] if other[1] >= burst.start - window]


class Neighbours:
    """The time lines of all places. `cells` is in how many (host, hour) cells each rule was seen, `all_cells` how
    many there are."""

    def __init__(self, groups: Sequence[Group], cells: Mapping[str, float], all_cells: float) -> None:
        self._groups = groups
        self._what = [what(group) for group in groups]
        self._lines: dict[tuple[Place, float], _Line] = defaultdict(_Line)
        for number, group in enumerate(groups):
            seen = cells[group.key.rule_id]
            if group.level == "informational" or seen > SHARE * all_cells:
                continue
            for tier in TIERS:
                if seen <= tier:
                    self._lay(number, group, tier)
        for line in self._lines.values():
            line.finish()
        self._habits = self._find_habits()

    def _lay(self, number: int, group: Group, tier: float) -> None:
        for place in places(group):
            line = self._lines[place, tier]
            line.bursts.extend((burst.start, burst.end, self._what[number], number) for burst in group.bursts)

    def _find_habits(self) -> frozenset[tuple[str, str, str]]:
        """(kind of place, rule, rule), the rules in order."""
        met: dict[tuple[str, str, str], set[int]] = defaultdict(set)
        rules = [group.key.rule_id for group in self._groups]
        for (place, tier), line in self._lines.items():
            if tier != TIERS[-1]:
                continue
            last: dict[str, int] = {}
            for start, end, _, number in line.bursts:
                rule, day = rules[number], start // (24 * HOUR)
                for other, ended in last.items():
                    if other != rule and start - ended <= HOUR:
                        met[_pair(place, rule, other)].add(day)
                last[rule] = max(end, last.get(rule, end))
        return frozenset(pair for pair, days in met.items() if len(days) > HABIT)

    def _habitual(self, place: Place, one: int, other: int) -> bool:
        return _pair(place, self._groups[one].key.rule_id, self._groups[other].key.rule_id) in self._habits

    def of(self, number: int) -> Company:
        """The most improbable company of a group; an empty one when chance explains all."""
        group = self._groups[number]
        best = Company()
        if len(group.bursts) > MAX_BURSTS:
            return best
        fine = LOOKS + math.log2(max(1, len(group.bursts)))
        for place in places(group):
            for tier in TIERS:
                line = self._lines.get((place, tier))
                if line is not None:
                    looks = (self._look(number, burst, line, place, fine) for burst in group.bursts)
                    best = max((best, *looks), key=_bits)
        return best

    def _look(self, number: int, burst: Burst, line: _Line, place: Place, fine: float) -> Company:
        best = Company()
        own = self._what[number]
        for window in WINDOWS:
            near = [other for other in line.near(burst, window) if other[2] != own]
            outside = len(line.bursts) - len(near)
            near = [other for other in near if not self._habitual(place, number, other[3])]
            found = {other[2] for other in near}
            if not found:
                continue
            pace = outside / max(1.0, line.hours - 2 * window / HOUR)
            expected = max(1 / ACTIVE_HOURS, pace) * (2 * window + burst.end - burst.start) / HOUR
            bits = -math.log2(tail(len(found), expected)) - fine
            if bits > best.bits:
                best = Company(bits, tuple(sorted(found)), window, place, tuple(sorted({other[3] for other in near})))
        return best


def _pair(place: Place, one: str, other: str) -> tuple[str, str, str]:
    return (place[0], min(one, other), max(one, other))


def _bits(company: Company) -> float:
    return company.bits


def tail(count: int, expected: float) -> float:
    """The probability that a Poisson variable of that expectation is at least `count` (at least 1).

    >>> round(tail(1, 1.0), 4), round(tail(3, 0.5), 4)
    (0.6321, 0.0144)
    """
    if expected > count:
        return 1.0
    term = math.exp(-expected + count * math.log(expected) - math.lgamma(count + 1))
    total = 0.0
    for step in range(1, 200):
        total += term
        term *= expected / (count + step)
    return min(1.0, max(total, 1e-30))


def places(group: Group) -> tuple[Place, ...]:
    """Where a group's company is sought: its host, and its account or address unless that name is everywhere."""
    found: list[Place] = []
    if group.key.host is not None:
        found.append(("host", group.key.host))
    if group.key.entity is not None and not generic(group.key.entity):
        found.append(("entity", group.key.entity))
    return tuple(found)


def joined(bursts: Iterable[Burst]) -> list[Burst]:
    """Bursts of several groups as one sequence, those that touch within a minute joined."""
    ordered = sorted(bursts, key=lambda burst: (burst.start, burst.end))
    result: list[Burst] = []
    for burst in ordered:
        if result and burst.start - result[-1].end <= MINUTE:
            last = result.pop()
            result.append(Burst(last.start, max(last.end, burst.end), last.count + burst.count))
        else:
            result.append(burst)
    return result
