"""The group: the hits of one rule on one host by one user, account or address. PURE values."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from kulla.alert import Level
from kulla.hunt.tactics import techniques_of

GAP = 10 * 60 * 1_000_000
"""Hits of a group at most this far apart (µs) are one burst."""
EXAMPLES = 5
FILES = 100


@dataclass(frozen=True, slots=True)
class Key:
    """What makes a group. `host` and `entity` are None when the events name none; `others` marks the group that a
    crowd and all beyond `ENTITIES` share."""

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
    the shared one). `logsource` is that of the first hit's event.
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


def gathered(bursts: Iterable[Burst]) -> tuple[Burst, ...]:
    """Bursts of several groups as those of one: joined where no gap over `GAP` parts them.

    >>> gathered([Burst(GAP, GAP, 1), Burst(0, 5, 2), Burst(9 * GAP, 9 * GAP, 1)])[0]
    Burst(start=0, end=600000000, count=3)
    """
    joined: list[Burst] = []
    for burst in sorted(bursts, key=lambda burst: (burst.start, burst.end)):
        if joined and burst.start - joined[-1].end <= GAP:
            last = joined.pop()
            joined.append(Burst(last.start, max(last.end, burst.end), last.count + burst.count))
        else:
            joined.append(burst)
    return tuple(joined)


def what(group: Group) -> str:
    """What a rule counts as in company: its first technique without the sub-technique, else itself, so that five
    rules for one technique are not five witnesses."""
    techniques = techniques_of(group.tags)
    return techniques[0].id.partition(".")[0] if techniques else group.key.rule_id
