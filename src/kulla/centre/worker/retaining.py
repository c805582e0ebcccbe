"""Dropping events that are older than they may be kept, but for what a legal hold covers.

[retention]
days = 400                                     # of every constituent; without it nothing is dropped
of = { "civil/taxes" = 1100 }                  # where it differs
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from django.utils import timezone

from kulla.centre.audit.chain import record
from kulla.centre.cases.actions.holds import standing
from kulla.centre.cases.models import Hold as Row
from kulla.centre.folder import Centre
from kulla.errors import ConfigError
from kulla.lake import Lake
from kulla.lake.retention import Hold, Policy

log = logging.getLogger(__name__)


def policy(centre: Centre) -> Policy | None:
    """What centre.toml says; None when nothing is ever dropped. Raises ConfigError."""
    told: Any = centre.told.more.get("retention", {})
    days, places = told.get("days"), told.get("of", {})
    if days is None:
        return None
    numbers = list(places.values()) if isinstance(places, dict) else [None]
    if not all(isinstance(each, int) for each in (days, *numbers)):
        raise ConfigError("centre.toml: [retention] days is a number, of a table of numbers")
    of = {}
    for place, number in places.items():
        zone, slash, constituent = place.partition("/")
        if not (zone and slash and constituent):
            raise ConfigError(f'centre.toml: [retention] of: "{place}" is written as "zone/constituent"')
        of[zone, constituent] = number
    return Policy(days, of)


def holds() -> list[Hold]:
    """Every legal hold that stands, as the lake reads it. Needs all zones open."""
    return [each for row in standing() for each in _of(row)]


def _of(row: Row) -> Iterator[Hold]:
    """What a hold covers: the events of its case's alerts, and those that its span and query name."""
    name = f"{row.case.number} hold {row.pk}"
    evidence = row.case.alerts.values_list("evidence", flat=True)
    ids = frozenset(bytes.fromhex(each["id"]) for some in evidence for each in some if _event(each))
    if ids:
        yield Hold(name, event_ids=ids)
    if row.since or row.until or row.query:
        place = row.constituent.name if row.constituent else None
        yield Hold(name, row.zone, place, row.since, row.until, query=row.query or None)


def _event(reference: Any) -> bool:
    if reference.get("kind") != "event":
        return False
    try:
        return len(bytes.fromhex(reference["id"])) == 16
    except (KeyError, ValueError):
        return False


class Retaining:
    """The errand: `lake` is the worker's own."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake

    def __call__(self, centre: Centre) -> None:
        rules = policy(centre)
        if rules is None:
            return
        done = self._lake.retain(rules, holds(), timezone.now().date())
        if done.fates:
            held = sum(sum(each.held.values()) for each in done.fates)
            record(None, "lake.retain", "", dropped=done.dropped, held=held, oldest=done.oldest)
            log.info("retention: %d events dropped, %d held", done.dropped, held)
