"""Crowds: many users or addresses that meet one rule on one host, told as one group. PURE; see docs/ranking.md.

A public portal is scanned from hundreds of addresses; told one by one they fill the screens before the first step of an
intruder. What tells him from them is that he also meets rules which hardly anybody meets.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from kulla.hunt.group import EXAMPLES, FILES, Group, Key, gathered
from kulla.hunt.tactics import techniques_of

CROWD = 4
"""More entities than this that meet one rule on one host are a crowd."""
FEW = 3
"""An entity that also meets a rule, for other techniques, which no more than so many entities meet stands out."""


def pool(groups: Sequence[Group]) -> tuple[tuple[Group, ...], Mapping[Key, Key]]:
    """The groups with each crowd as one, in the order of first hits, and the new key of each that was pooled.

    An entity that meets, anywhere, a rule for other techniques (informational ones apart) that at most `FEW` entities
    meet keeps its own: a scanner whose probes also meet a rarer rule for probes is of the crowd.
    """
    met: dict[tuple[str, str | None], list[Group]] = defaultdict(list)
    for group in groups:
        if group.key.entity is not None or group.key.others:
            met[group.key.rule_id, group.key.host].append(group)
    rare = _rare(groups)
    pooled: dict[Key, Group] = {}
    shared: dict[Key, Key] = {}
    for (rule, host), its in met.items():
        crowd = [group for group in its if group.key.others or not _stands_out(group, rare)]
        if len(its) > CROWD and len(crowd) > 1:
            key = Key(rule, host, None, others=True)
            pooled[key] = _one(key, crowd)
            shared.update((group.key, key) for group in crowd)
    keys = dict.fromkeys(shared.get(group.key, group.key) for group in groups)
    own = {group.key: group for group in groups}
    return tuple(pooled.get(key) or own[key] for key in keys), shared


def _rare(groups: Iterable[Group]) -> Mapping[str | None, list[frozenset[str]]]:
    """By entity, the techniques of each of its rules that few meet."""
    met: dict[str, dict[str | None, frozenset[str]]] = defaultdict(dict)
    for group in groups:
        if group.level != "informational":
            met[group.key.rule_id][None if group.key.others else group.key.entity] = _techniques(group)
    rare: dict[str | None, list[frozenset[str]]] = defaultdict(list)
    for names in met.values():
        if len(names) <= FEW:
            for name, techniques in names.items():
                rare[name].append(techniques)
    return rare


def _stands_out(group: Group, rare: Mapping[str | None, list[frozenset[str]]]) -> bool:
    own = _techniques(group)
    return any(own.isdisjoint(techniques) for techniques in rare.get(group.key.entity, ()))


def _techniques(group: Group) -> frozenset[str]:
    found = (technique.id.partition(".")[0] for technique in techniques_of(group.tags))
    return frozenset(found) or frozenset([group.key.rule_id])


def _one(key: Key, crowd: Sequence[Group]) -> Group:
    """The crowd as a group. Its examples are of different entities, as far as there are any."""
    files: Counter[str] = Counter()
    for group in crowd:
        files.update(dict(group.files))
    named = sorted(files.items(), key=lambda item: (-item[1], item[0]))
    examples = [group.examples[at] for at in range(EXAMPLES) for group in crowd if at < len(group.examples)]
    return replace(
        crowd[0],
        key=key,
        count=sum(group.count for group in crowd),
        undated=sum(group.undated for group in crowd),
        bursts=gathered(burst for group in crowd for burst in group.bursts),
        examples=tuple(examples[:EXAMPLES]),
        files=tuple(named[:FILES]),
        files_unnamed=sum(count for _, count in named[FILES:]) + sum(group.files_unnamed for group in crowd),
        entities=sum(group.entities for group in crowd),
    )
