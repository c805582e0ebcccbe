"""The facts of a run, beside its hits: what was read, what could not be, which rules ran, and what they say.

Frozen values, made by the hunt and shown by every report. Nothing here depends on a clock but what is passed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kulla.alert import Level
from kulla.events.logsource import Logsource


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was not read (no known log format, empty, unreadable …) and why."""

    file: str
    reason: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that could not be parsed: where (`unit` is line, record or byte) and why, without its content."""

    file: str
    position: int
    reason: str
    unit: str = "line"


@dataclass(frozen=True, slots=True)
class NotRun:
    """A rule that was loaded but not run: it needs a value (`needs`), or no event is of its logsource."""

    rule_id: str
    title: str
    level: Level
    logsource: Logsource
    reason: str


@dataclass(frozen=True, slots=True)
class RuleText:
    """What a rule with hits says about itself; `yaml` is its text as its author wrote it, `place` where it stands."""

    id: str
    title: str
    level: Level
    status: str | None = None
    description: str = ""
    author: str = ""
    references: tuple[str, ...] = ()
    falsepositives: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    logsource: Logsource = field(default_factory=Logsource)
    yaml: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of a run.

    Counts are of events unless named otherwise. `seconds` is the run's duration, None where the output must not
    depend on it. `time_first` and `time_last` bound the events' times, in µs since 1970 UTC; None when no event
    bears one. `by_hour` maps hours since 1970 UTC to events, `undated` are those without time. `rejected` counts all
    records that could not be parsed, `rejects` names the first of them; `skipped` and `needs_value` are complete,
    `not_covered` lists rules whose logsource no event had. `interrupted`: the run was stopped; all figures
    are of the part done. `untimed` and `evicted` are hits that correlations could not use: for want of a time, and
    beyond the limit of what they hold.
    """

    files: int = 0
    size: int = 0
    events: int = 0
    undated: int = 0
    seconds: float | None = None
    time_first: int | None = None
    time_last: int | None = None
    by_logsource: Mapping[Logsource, int] = field(default_factory=dict)
    by_host: Mapping[str, int] = field(default_factory=dict)
    by_hour: Mapping[int, int] = field(default_factory=dict)
    skipped: tuple[Skipped, ...] = ()
    rejected: int = 0
    rejects: tuple[Rejected, ...] = ()
    rules_loaded: int = 0
    rules_run: int = 0
    rule_errors: int = 0
    needs_value: tuple[NotRun, ...] = ()
    not_covered: tuple[NotRun, ...] = ()
    rules: Mapping[str, RuleText] = field(default_factory=dict)
    interrupted: bool = False
    untimed: int = 0
    evicted: int = 0

    def events_for(self, logsource: Logsource) -> int:
        """How many events a rule of that logsource was asked of.

        >>> facts = Facts(by_logsource={Logsource("windows", "process_creation"): 7, Logsource("linux"): 2})
        >>> facts.events_for(Logsource("windows")), facts.events_for(Logsource())
        (7, 9)
        """
        asked = (logsource.product, logsource.category, logsource.service)
        total = 0
        for source, count in self.by_logsource.items():
            held = (source.product, source.category, source.service)
            if all(ask is None or ask == have for ask, have in zip(asked, held, strict=True)):
                total += count
        return total
