"""The alert: the plain value that detect, registers and leaks make, and that share and centre consume."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Kind = Literal["detection", "insider", "leak", "health"]
Level = Literal["informational", "low", "medium", "high", "critical"]

LEVELS: tuple[Level, ...] = ("informational", "low", "medium", "high", "critical")
"""Sigma's levels, from the least to the most severe."""

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Entity:
    """What an alert is about: `kind` is host, user, account, process, address, register or role; `name` its value."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """A reference to what an alert rests on: `kind` is event, read or trace; `id` that thing's id."""

    kind: Literal["event", "read", "trace"]
    id: str


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing for an analyst to triage.

    Times are aware and in UTC; None when no event of the alert bears a time. `id` is deterministic (see
    `alert_id`), so that loading the same input twice gives the same alert.
    """

    id: str
    kind: Kind
    title: str
    level: Level
    time_first: datetime | None
    time_last: datetime | None
    constituent: str
    zone: str
    tlp: str
    entities: tuple[Entity, ...]
    rule_id: str | None
    evidence: tuple[Evidence, ...]
    explanation: str
    schema: int = SCHEMA


def alert_id(kind: Kind, source: str, entity: str, window: str) -> str:
    """The deterministic id of an alert.

    `source` is the rule or register, `entity` whom it concerns, `window` the time span in any fixed notation.

    >>> alert_id("detection", "rule-1", "host-a", "2026-01-05") == alert_id(
    ...     "detection", "rule-1", "host-a", "2026-01-05")
    True
    """
    parts = (kind, source, entity, window)
    message = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
    return hashlib.blake2b(message, digest_size=16).hexdigest()
