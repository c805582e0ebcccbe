"""What a hunt is asked to do, as plain values that cross to workers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from kulla.alert import LEVELS, Level
from kulla.detect.rule import Meta
from kulla.settings import Settings


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rules run: at least this level, one of these states (none given: any but deprecated and unsupported),
    all of these tags (ignoring case; a tag also stands for those below it, as attack.t1059 for attack.t1059.001)."""

    level: Level = "informational"
    statuses: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def takes(self, meta: Meta) -> bool:
        """Whether a rule is asked for.

        >>> from kulla.detect.rule import Place
        >>> rule = Meta("1", "A", Place("a.yml"), level="high", tags=("attack.t1059.001",))
        >>> Selection("medium", tags=("attack.T1059",)).takes(rule), Selection("critical").takes(rule)
        (True, False)
        """
        if LEVELS.index(meta.level) < LEVELS.index(self.level):
            return False
        if self.statuses and meta.status not in self.statuses:
            return False
        if not self.statuses and meta.status in ("deprecated", "unsupported"):
            return False
        own = [tag.lower() for tag in meta.tags]
        return all(any(_below(tag, wanted.lower()) for tag in own) for wanted in self.tags)


def _below(tag: str, wanted: str) -> bool:
    return tag == wanted or tag.startswith(f"{wanted}.")


@dataclass(frozen=True, slots=True)
class Options:
    """A hunt. Paths are files or folders (`-`: standard input). `since` and `until` are aware times; `zone` is the
    name of the time zone of times that carry none. `jobs` 0 works in this process, unconfined, for profiling."""

    paths: Sequence[str]
    rules: Sequence[str]
    selection: Selection = Selection()
    mappings: Sequence[str] = ()
    values: str | None = None
    zone: str | None = None
    format: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    jobs: int = 1
    profile: bool = False
    settings: Settings = field(default_factory=Settings)
    cache: str | None = None
