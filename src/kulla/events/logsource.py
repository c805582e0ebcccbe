"""Logsources: the product, category and service an event belongs to, and the names its fields go by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Logsource:
    """Sigma's triple. On a rule, None asks for nothing; on an event, None means unknown or not applicable."""

    product: str | None = None
    category: str | None = None
    service: str | None = None

    def __str__(self) -> str:
        return "/".join(part or "*" for part in (self.product, self.category, self.service))


@dataclass(frozen=True, slots=True)
class Alias:
    """How events of a group carry a field that rules call by another name.

    The first of `sources` that the event has gives the value (all its values when it is an array); with `join`, the
    values of all of them in that order, joined by that text (those absent left out; none present: no value). Then,
    each in turn where given: `extract`, an RE2 regular expression with a group named `value`, keeps that group (no
    match: no value); `prefixes` replaces the first of these beginnings that the value has, ignoring case;
    `values` translates whole values, ignoring case (a value not listed stays). With `also`, the alias's values stand
    beside those of a field of that very name, where the event has one; without, such a field alone counts.
    """

    sources: tuple[str, ...]
    join: str | None = None
    values: Mapping[str, str] | None = None
    extract: str | None = None
    prefixes: Mapping[str, str] | None = None
    also: bool = False


Wider = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Includes:
    """Which wider products, categories and services a narrower one also serves, in lower case, not transitive."""

    product: Wider = field(default_factory=dict)
    category: Wider = field(default_factory=dict)
    service: Wider = field(default_factory=dict)


def _wider(**names: str) -> Wider:
    return MappingProxyType({name.replace("__", "-"): tuple(wider.split()) for name, wider in names.items()})


INCLUDES: Final = Includes(
    # Spring and Velocity report through the Java machine's log; SQL errors come from a database of any make.
    product=_wider(spring="jvm", velocity="jvm", postgresql="sql", mysql="sql", mssql="sql", oracle="sql"),
    category=_wider(
        registry_set="registry_event",
        registry_add="registry_event",
        registry_delete="registry_event",
        registry_rename="registry_event",
        database="application",
        http="webserver proxy",
    ),
    service=_wider(
        sshd="auth syslog",
        sudo="auth syslog",
        su="auth syslog",
        login="auth syslog",
        auth="syslog",
        cron="syslog",
        clamav="syslog",
        guacamole="syslog",
        vsftpd="auth syslog",
        named="syslog",
        kernel="syslog",
        apache="syslog",
        nginx="syslog",
        aaa="syslog",
        bgp="syslog",
        ldp="syslog",
        threat_management="audit threat_detection exchange",
        exchange="audit",
        conn="netflow",
    ),
)
"""What the shipped table relies on. A user's `[includes]` adds to it (see `events.mapping`)."""


def feeds(rule: Logsource, event: Logsource, includes: Includes = INCLUDES) -> bool:
    """Whether a rule of logsource `rule` runs on events of logsource `event`.

    Each part that the rule names must be the event's or one that the event's includes, ignoring case. A part the rule
    leaves open is met by anything, so a rule of category webserver runs whatever the product.

    >>> feeds(Logsource(category="registry_event"), Logsource("windows", "registry_set", "sysmon"))
    True
    >>> feeds(Logsource("linux"), Logsource("windows", "registry_set", "sysmon"))
    False
    """
    return (
        _serves(rule.product, event.product, includes.product)
        and _serves(rule.category, event.category, includes.category)
        and _serves(rule.service, event.service, includes.service)
    )


def _serves(wanted: str | None, has: str | None, wider: Wider) -> bool:
    if not wanted:
        return True
    if not has:
        return False
    wanted, has = wanted.lower(), has.lower()
    return wanted == has or wanted in wider.get(has, ())
