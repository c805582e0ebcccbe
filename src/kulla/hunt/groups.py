"""Groups: the hits of one rule on one host by one user, account or address.

PURE. Hits come in time order and are folded one by one; of each group only its figures stay: its count, its **bursts**
(runs of hits with no gap over `GAP`), its files and where its first hits stand.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import pyarrow as pa

from kulla.alert import Level

GAP = 10 * 60 * 1_000_000
"""Hits of a group at most this far apart (µs) are one burst."""
ENTITIES = 1_000
"""Of a rule on a host, so many entities have a group of their own; a scan from a million addresses would else be
a million groups. The rest share one, which says so."""
NAMES = 100_000
"""The shared rest counts its distinct entities up to here."""
EXAMPLES = 5
FILES = 100

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


@dataclass(frozen=True, slots=True)
class Key:
    """What makes a group. `host` and `entity` are None when the events name none; `others` marks the shared rest."""

    rule_id: str
    host: str | None
    entity: str | None
    others: bool = False


@dataclass(frozen=True, slots=True)
class Burst:
    """A run of hits close in time. `start` and `end` are µs since 1970 UTC, both inclusive."""

    start: int
    end: int
    count: int


@dataclass(frozen=True, slots=True)
class Group:
    """The hits of a rule on a host by an entity.

    `bursts` ascend and cover the `count - undated` hits that bear a time. `examples` are (file, record) of the
    first hits; `files` the hits by file, at most `FILES` named. `entities` is how many share the group (1 but for
    the shared rest). `logsource` is that of the first hit's event.
    """

    key: Key
    kind: str
    title: str
    level: Level
    tags: tuple[str, ...]
    count: int
    undated: int
    bursts: tuple[Burst, ...]
    examples: tuple[tuple[str, int], ...]
    files: tuple[tuple[str, int], ...]
    files_unnamed: int
    entities: int
    logsource: tuple[str | None, str | None, str | None]

    @property
    def first(self) -> int | None:
        """Time of the first hit in µs since 1970 UTC; None when none bears a time."""
        return self.bursts[0].start if self.bursts else None

    @property
    def last(self) -> int | None:
        """Time of the last hit, as `first`."""
        return self.bursts[-1].end if self.bursts else None

    @property
    def id(self) -> str:
        """The same for the same rule, host and entity in every run: a name for links."""
        parts = (self.key.rule_id, self.key.host, self.key.entity, "others" if self.key.others else None)
        text = "\x00".join("\x01" if part is None else part for part in parts)
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


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

    def key(self, rule_id: str, host: str | None, entity: str | None) -> Key:
        """The group of a hit, which stays the same once its entity has been seen."""
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
            key = self.key(rule, host, entity)
            growing = self._groups.get(key)
            if growing is None:
                self._entities[rule, host] += 1
                labels = tuple(tags[number].as_py())
                growing = self._groups[key] = _Growing(kind, title, level, labels, (*logsource,))
            if key.others and len(growing.names) < NAMES:
                growing.names.add(entity)
            growing.add(time, file, record)

    def groups(self) -> tuple[Group, ...]:
        """The groups so far, in the order of their first hits."""
        return tuple(growing.finished(key) for key, growing in self._groups.items())


def group(tables: Iterable[pa.Table]) -> Grouper:
    """Fold all hits, which come in time order."""
    grouper = Grouper()
    for table in tables:
        grouper.add(table)
    return grouper
