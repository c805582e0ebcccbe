"""The logsource table as values: which events belong to which logsource, and how their fields are renamed.

The table is ordered; the first entry whose conditions hold gives an event its triple. `events.mapping` reads it from
TOML.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta, tzinfo
from typing import Final, Literal

from kulla.events.logsource import INCLUDES, Alias, Includes, Logsource, Wider, feeds

TestKind = Literal["equals", "startswith", "endswith", "contains", "matches", "exists"]
KINDS: Final[tuple[TestKind, ...]] = ("equals", "startswith", "endswith", "contains", "matches", "exists")
LABELS: Final = ("host", "provider", "channel", "event_code")


@dataclass(frozen=True, slots=True)
class FieldTest:
    """One question about one field, ignoring case: some value of it equals (starts with, …) one of `values`.

    `matches` holds RE2 regular expressions. `exists` has no values: the field is present (or absent, if not `wanted`).
    """

    field: str
    kind: TestKind
    values: tuple[str, ...] = ()
    wanted: bool = True


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the table. Empty conditions ask for nothing; `channel`, `provider`, `event_code` are lower case.

    `file` are globs over the source's path with its member. `where` is an Or of Ands of field tests; empty: none.
    `labels` says from which fields a label is filled where the format left it null.
    """

    logsource: Logsource
    formats: frozenset[str] = frozenset()
    channel: frozenset[str] = frozenset()
    provider: frozenset[str] = frozenset()
    event_code: frozenset[str] = frozenset()
    file: tuple[str, ...] = ()
    where: tuple[tuple[FieldTest, ...], ...] = ()
    aliases: Mapping[str, Alias] = field(default_factory=dict)
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    audit: bool = False

    def names(self) -> tuple[str, ...]:
        """The fields its conditions look at."""
        return tuple(dict.fromkeys(test.field for tests in self.where for test in tests))


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """What the user says about sources whose path matches: None, or empty, where nothing is said.

    `clock_offset` is added to every time of the source. A `product`, `category` or `service` given here stands
    against what the table finds.
    """

    timezone: tzinfo | None = None
    clock_offset: timedelta | None = None
    constituent: str | None = None
    zone: str | None = None
    product: str | None = None
    category: str | None = None
    service: str | None = None
    aliases: Mapping[str, Alias] = field(default_factory=dict)
    audit: bool | None = None


@dataclass(frozen=True, slots=True)
class LogsourceTable:
    """The whole table, in order.

    `renames` add aliases to events of any entry that meet their conditions and that a rule of their logsource would
    run on. `labels` fills labels before entries are tried, for the formats `label_formats` names. `unfed` gives reasons
    why nothing can feed a logsource.
    """

    entries: tuple[Entry, ...] = ()
    renames: tuple[Entry, ...] = ()
    sources: tuple[tuple[str, SourceOptions], ...] = ()
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    label_formats: frozenset[str] = frozenset()
    unfed: tuple[tuple[Logsource, str], ...] = ()
    includes: Includes = INCLUDES

    def feeds(self, rule: Logsource, event: Logsource) -> bool:
        """Whether a rule of logsource `rule` runs on events of logsource `event` (see `logsource.feeds`)."""
        return feeds(rule, event, self.includes)

    def for_source(self, path: str) -> SourceOptions:
        """The options for a source, by its path with member; of several that match, the first to say a thing wins."""
        said = SourceOptions()
        for pattern, options in self.sources:
            if path_matches(path, pattern):
                said = _fill(said, options)
        return said

    def __add__(self, other: LogsourceTable) -> LogsourceTable:
        """This table before another."""
        return LogsourceTable(
            self.entries + other.entries,
            self.renames + other.renames,
            self.sources + other.sources,
            {name: self.labels.get(name, ()) + other.labels.get(name, ()) for name in LABELS},
            self.label_formats | other.label_formats,
            self.unfed + other.unfed,
            Includes(
                _union(self.includes.product, other.includes.product),
                _union(self.includes.category, other.includes.category),
                _union(self.includes.service, other.includes.service),
            ),
        )


def path_matches(path: str, pattern: str) -> bool:
    """Whether a glob (`*` also crosses `/`, ignoring case) is the path or its last parts.

    >>> path_matches("/srv/in/web01/access.log", "web01/*.log")
    True
    """
    path, pattern = path.replace("\\", "/").lower(), pattern.lower()
    return fnmatch.fnmatchcase(path, pattern) or fnmatch.fnmatchcase(path, "*/" + pattern)


def _fill(said: SourceOptions, more: SourceOptions) -> SourceOptions:
    return replace(
        more,
        timezone=said.timezone or more.timezone,
        clock_offset=more.clock_offset if said.clock_offset is None else said.clock_offset,
        constituent=more.constituent if said.constituent is None else said.constituent,
        zone=more.zone if said.zone is None else said.zone,
        product=said.product or more.product,
        category=said.category or more.category,
        service=said.service or more.service,
        aliases={**more.aliases, **said.aliases},
        audit=more.audit if said.audit is None else said.audit,
    )


def _union(one: Wider, other: Wider) -> Wider:
    return {name: tuple(dict.fromkeys((*one.get(name, ()), *other.get(name, ())))) for name in {*one, *other}}
