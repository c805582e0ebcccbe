"""Groups: the hits of one rule on one host by one user, account or address.

PURE. Hits come in time order and are folded one by one; of each group only its figures stay: its count, its **bursts**
(runs of hits with no gap over `GAP`), its files and where its first hits stand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from kulla.alert import Level
from kulla.hunt.crowds import pool
from kulla.hunt.group import EXAMPLES, FILES, GAP, Burst, Group, Key

__all__ = ["ENTITIES", "EXAMPLES", "FILES", "GAP", "Burst", "Group", "Grouper", "Key", "group"]

ENTITIES = 1_000
"""Of a rule on a host, so many entities have a group of their own; a scan from a million addresses would else be
a million groups. The rest share one, which says so."""
NAMES = 100_000
"""The shared rest counts its distinct entities up to here."""

_COLUMNS = (
    "kind",
    "rule_id",
    "rule_title",
    "level",
    "host",
    "entity",
    "file",
    "record",
    "product",
    "category",
    "service",
)


@dataclass(slots=True)
class _Growing:
    kind: str
    title: str
    level: Level
    tags: tuple[str, ...]
    logsource: tuple[str | None, str | None, str | None]
    count: int = 0
    undated: int = 0
    bursts: list[list[int]] = field(default_factory=list)
    examples: list[tuple[str, int]] = field(default_factory=list)
    files: Counter[str] = field(default_factory=Counter)
    files_unnamed: int = 0
    names: set[str | None] = field(default_factory=set)

    def add(self, time: int | None, file: str, record: int) -> None:
        self.count += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append((file, record))
        if file in self.files or len(self.files) < FILES:
            self.files[file] += 1
        else:
            self.files_unnamed += 1
        if time is None:
            self.undated += 1
        elif self.bursts and time - self.bursts[-1][1] <= GAP:
            self.bursts[-1][1] = max(time, self.bursts[-1][1])
            self.bursts[-1][2] += 1
        else:
            self.bursts.append([time, time, 1])

    def finished(self, key: Key) -> Group:
        bursts = tuple(Burst(*burst) for burst in self.bursts)
        files = tuple(sorted(self.files.items(), key=lambda item: (-item[1], item[0])))
        return Group(
            key, self.kind, self.title, self.level, self.tags, self.count, self.undated, bursts, tuple(self.examples),
            files, self.files_unnamed, max(1, len(self.names)), self.logsource,
        )  # fmt: skip


class Grouper:
    """Folds hits into groups and remembers which group each falls into."""

    def __init__(self) -> None:
        self._groups: dict[Key, _Growing] = {}
        self._entities: Counter[tuple[str, str | None]] = Counter()
        self._shared: Mapping[Key, Key] = {}

    def key(self, rule_id: str, host: str | None, entity: str | None) -> Key:
        """The group of a hit among those that `groups` gave last."""
        key = self._own(rule_id, host, entity)
        return self._shared.get(key, key)

    def _own(self, rule_id: str, host: str | None, entity: str | None) -> Key:
        own = Key(rule_id, host, entity)
        if own in self._groups or self._entities[rule_id, host] < ENTITIES:
            return own
        return Key(rule_id, host, None, others=True)

    def add(self, hits: pa.Table) -> None:
        """Fold a table of hits in time order, as `spool.Spool` hands them out."""
        times = hits["time"].cast(pa.int64()).to_pylist()
        tags = hits["tags"]
        columns = (hits[name].to_pylist() for name in _COLUMNS)
        rows = zip(times, *columns, strict=True)
        for number, (time, kind, rule, title, level, host, entity, file, record, *logsource) in enumerate(rows):
            key = self._own(rule, host, entity)
            growing = self._groups.get(key)
            if growing is None:
                self._entities[rule, host] += 1
                labels = tuple(tags[number].as_py())
                growing = self._groups[key] = _Growing(kind, title, level, labels, (*logsource,))
            if key.others and len(growing.names) < NAMES:
                growing.names.add(entity)
            growing.add(time, file, record)

    def groups(self) -> tuple[Group, ...]:
        """The groups so far, in the order of their first hits, each crowd as one (see `crowds`)."""
        pooled, self._shared = pool([growing.finished(key) for key, growing in self._groups.items()])
        return pooled


def group(tables: Iterable[pa.Table]) -> Grouper:
    """Fold all hits, which come in time order."""
    grouper = Grouper()
    for table in tables:
        grouper.add(table)
    return grouper
