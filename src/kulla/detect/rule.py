"""The rule tree: what a Sigma rule means, once parsed. Plain frozen values, equal when they mean the same.

A tree is made of `And`, `Or`, `Not`, `Named` and leaves. A leaf asks one question of one field (`Match`) or of every
value of an event (`field` is None: a Sigma keyword). Modifiers are resolved before a tree is made: `base64offset`
has become three literals, `windash` five, `all` an `And`, `neq` a `Not`.

What the leaves mean, for both the reference and the engine (a field may hold several values, see `events.fields`):

- A leaf holds when **any** value of the field satisfies its test; `Null` holds when **no** value is non-empty.
- A field that is absent, or JSON null, satisfies nothing but `Null` and `Exists(False)`; so `Not` over it is true.
- `Text("")` holds for a value that is present and empty. Values are compared as text: the number 4688 is "4688",
  a boolean is "true" or "false".
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import IPv4Network, IPv6Network
from typing import Literal

from kulla.alert import Level
from kulla.events.logsource import Logsource

Status = Literal["stable", "test", "experimental", "deprecated", "unsupported"]
Operator = Literal["lt", "lte", "gt", "gte", "eq", "neq"]
TimeUnit = Literal["minute", "hour", "day", "week", "month", "year"]


class Wild(Enum):
    """A wildcard of a text pattern: any run of characters (also none), or exactly one character."""

    MANY = "*"
    ONE = "?"


@dataclass(frozen=True, slots=True)
class Text:
    """The whole value matches a pattern of literal text and wildcards, ignoring case unless `cased`.

    `parts` holds no empty literal, no two adjacent literals, no two adjacent `Wild.MANY`; `contains` is `*x*`, and
    literals are kept as written (not folded). The empty tuple is the empty text. A literal newline is an
    ordinary character: wildcards match it too.
    """

    parts: tuple[str | Wild, ...]
    cased: bool = False


@dataclass(frozen=True, slots=True)
class Regex:
    """The regular expression is found somewhere in the value (RE2 semantics; case-sensitive unless `i`).

    `flags` is a sorted string out of "i" (ignore case), "m" (^ and $ at lines), "s" (dot matches newline).
    """

    pattern: str
    flags: str = ""


@dataclass(frozen=True, slots=True)
class Cidr:
    """The value is an IP address inside the network. Text that is no address is not."""

    network: IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Compare:
    """The value is a number (decimal, sign, fraction, exponent; or 0x hexadecimal) and stands in this relation."""

    operator: Operator
    number: float


@dataclass(frozen=True, slots=True)
class Exists:
    """The field is present (`wanted`) or not."""

    wanted: bool


@dataclass(frozen=True, slots=True)
class Null:
    """The field is absent, null or empty text."""


@dataclass(frozen=True, slots=True)
class FieldRef:
    """The value stands in this relation to some value of the field `other` of the same event.

    A missing side is false."""

    other: str
    relation: Literal["equals", "contains", "startswith", "endswith"] = "equals"
    cased: bool = False


@dataclass(frozen=True, slots=True)
class TimePart:
    """The value is a date or time whose part (in UTC) stands in this relation to `number`. Week is ISO 8601's."""

    part: TimeUnit
    operator: Operator
    number: int


Test = Text | Regex | Cidr | Compare | Exists | Null | FieldRef | TimePart


@dataclass(frozen=True, slots=True)
class Match:
    """A leaf: `test` asked of `field`, or of every value of the event when `field` is None."""

    field: str | None
    test: Test


@dataclass(frozen=True, slots=True)
class And:
    """True when every child is; of no children, true."""

    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """True when any child is; of no children, false."""

    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """True when its child is not."""

    child: Node


@dataclass(frozen=True, slots=True)
class Named:
    """A selection by the name the rule gives it: same truth as `child`, kept for explanations."""

    name: str
    child: Node


Node = And | Or | Not | Named | Match


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the files something stands: path as given, line from 1."""

    path: str
    line: int = 1

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class Meta:
    """What every kind of rule says about itself. `id` is the rule's own, or a UUID derived from path and title."""

    id: str
    title: str
    place: Place
    name: str | None = None
    status: Status | None = None
    level: Level = "medium"
    description: str = ""
    author: str = ""
    license: str | None = None
    references: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    falsepositives: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    date: dt.date | None = None
    modified: dt.date | None = None
    custom: Mapping[str, object] = field(default_factory=dict, hash=False, compare=False)


@dataclass(frozen=True, slots=True)
class Rule:
    """A detection rule. Several conditions in the file are one `Or` here.

    `needs` names the placeholders of `expand` that no value was given for; such a rule is listed but never run.
    `condition` is the condition as written, for people to read.
    """

    meta: Meta
    logsource: Logsource
    tree: Node
    needs: tuple[str, ...] = ()
    condition: str = field(default="", compare=False)


CorrelationType = Literal[
    "event_count", "value_count", "temporal", "temporal_ordered", "value_sum", "value_avg", "value_percentile",
    "value_median",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Correlation:
    """A correlation rule over hits of other rules (detection or correlation), named by id, name or title.

    `group_by` are fields, or keys of `aliases` (alias → rule reference → field). `value_fields` are the fields
    counted or summed. `bounds` is a conjunction of operator and number. `generate`: whether the referred rules also
    report on their own. A group-by field that an event lacks keeps the event out of this correlation.
    """

    meta: Meta
    type: CorrelationType
    rules: tuple[str, ...]
    group_by: tuple[str, ...]
    timespan: dt.timedelta
    bounds: tuple[tuple[Operator, float], ...] = ()
    value_fields: tuple[str, ...] = ()
    percentile: float | None = None
    aliases: Mapping[str, Mapping[str, str]] = field(default_factory=dict, hash=False)
    generate: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter rule: `tree` is required in addition by the rules it names (empty: every rule of `logsource`)."""

    meta: Meta
    logsource: Logsource
    rules: tuple[str, ...]
    tree: Node
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a rule file. `fatal`: the rule was not loaded; else it is a lint remark named `check`."""

    place: Place
    message: str
    fatal: bool = True
    check: str = "load"


@dataclass(frozen=True, slots=True)
class Ruleset:
    """Rules loaded together, filters already applied to `rules`. Order is that of the files, then of documents."""

    rules: tuple[Rule, ...] = ()
    correlations: tuple[Correlation, ...] = ()
    filters: tuple[Filter, ...] = ()
    problems: tuple[Problem, ...] = ()
