"""What a run found, as every report is given it: sorted hits, ranked groups, incidents, facts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa

from kulla.alert import LEVELS
from kulla.hunt import words
from kulla.hunt.groups import Grouper, group
from kulla.hunt.incidents import Incident, incidents
from kulla.hunt.rank import Scored, background, score
from kulla.hunt.summary import Facts
from kulla.hunt.tactics import Technique, tactics_of, techniques_of


@dataclass(frozen=True, slots=True)
class Findings:
    """The findings of a run. `hits` may be walked any number of times, in time order (a `spool.Spool`, or tables).

    `ranked` are all groups, best first; `why` says in words why each stands there. `grouper` tells a hit's group.
    """

    hits: Iterable[pa.Table]
    grouper: Grouper
    ranked: tuple[Scored, ...]
    why: tuple[str, ...]
    incidents: tuple[Incident, ...]
    facts: Facts

    @property
    def count(self) -> int:
        """How many hits there are."""
        return sum(scored.group.count for scored in self.ranked)

    def levels(self) -> dict[str, int]:
        """Hits by level, most severe first; every level has its figure."""
        counts: Counter[str] = Counter()
        for scored in self.ranked:
            counts[scored.group.level] += scored.group.count
        return {level: counts[level] for level in reversed(LEVELS)}

    def techniques(self) -> Mapping[Technique, list[int]]:
        """Technique → the groups (indices into `ranked`) whose rules are tagged with it, by technique id."""
        found: dict[Technique, list[int]] = defaultdict(list)
        for at, scored in enumerate(self.ranked):
            for technique in techniques_of(scored.group.tags):
                found[technique].append(at)
        return dict(sorted(found.items(), key=lambda item: item[0].id))

    def tactics(self) -> dict[str, int]:
        """Groups by tactic, in the order of the kill chain."""
        counts = Counter(tactic for scored in self.ranked for tactic in tactics_of(scored.group.tags))
        order = tactics_of(f"attack.{tactic}" for tactic in counts)
        return {tactic: counts[tactic] for tactic in order}

    def hosts(self) -> dict[str, int]:
        """Hits by host, the host of the best-ranked group first."""
        counts: dict[str, int] = {}
        for scored in self.ranked:
            if scored.group.key.host is not None:
                counts[scored.group.key.host] = counts.get(scored.group.key.host, 0) + scored.group.count
        return counts


def findings(hits: Iterable[pa.Table], facts: Facts) -> Findings:
    """Group, rank and explain hits that come in time order and can be walked again."""
    grouper = group(hits)
    groups = grouper.groups()
    ranked = score(groups, background(groups, facts.time_first, facts.time_last, len(facts.by_host)))
    why = words.reasons(ranked, facts)
    return Findings(hits, grouper, ranked, why, incidents(ranked), facts)
