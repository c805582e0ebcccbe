"""Dropping events that are older than they may be kept, but for what a legal hold covers.

[retention]
days = 400                                     # of every constituent; without it nothing is dropped
of = { "civil/taxes" = 1100 }                  # where it differs

A hold keeps the events that its case's alerts name, and those that its own span and query name. An alert names its
first events only; of one that has more, or that can name no more, all events of its constituent in its time are kept:
too many, never too few. By itself the worker goes no further in one night than nights go (`leaping`).
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from django.db import transaction
from django.db.models import TextField
from django.db.models.functions import Cast, Length
from django.utils import timezone

from kulla.centre.alerts.upsert import EVIDENCE
from kulla.centre.audit.chain import record, turn
from kulla.centre.cases.actions.holds import standing
from kulla.centre.cases.models import Hold as Row
from kulla.centre.folder import Centre
from kulla.centre.people.models import Constituent
from kulla.centre.people.zones import Zone
from kulla.centre.worker import health, leaping
from kulla.centre.worker.models import Kind
from kulla.errors import ConfigError, InputError
from kulla.lake import Lake
from kulla.lake.retention import Hold, Policy, Retained

log = logging.getLogger(__name__)

KEYS: Final = frozenset(["days", "of"])
TRIES: Final = 3
"""Times that events are judged anew because a hold changed meanwhile."""
_SLACK: Final = timedelta(seconds=1)

Place = tuple[str, str | None]
"""Zone and constituent; None for every constituent of the zone."""
Times = tuple[datetime | None, datetime | None]


class _Moved(InputError):
    """What is held has changed since events were judged."""


def policy(centre: Centre) -> Policy | None:
    """What centre.toml says; None when nothing is ever dropped. Raises ConfigError."""
    told: Any = centre.told.more.get("retention", {})
    loose = sorted(set(told) - KEYS)
    if loose:
        raise ConfigError(f"centre.toml: [retention] has no {loose[0]}; it has days and of")
    days, places = told.get("days"), told.get("of", {})
    if days is None and not places:
        return None
    numbers = list(places.values()) if isinstance(places, dict) else [None]
    if not all(type(each) is int and each > 0 for each in (days, *numbers)):
        raise ConfigError("centre.toml: [retention] days is a number from 1 on, of a table of such numbers beside it")
    of = {}
    for place, number in places.items():
        zone, slash, constituent = place.partition("/")
        if not (zone and slash and constituent):
            raise ConfigError(f'centre.toml: [retention] of: "{place}" is written as "zone/constituent"')
        of[zone, constituent] = number
    return Policy(days, of)


@dataclass(frozen=True, slots=True)
class Covered:
    """What a hold covers, as the lake reads it. `wide`: alerts with more events than they name, for which all events of
    their time are kept."""

    holds: tuple[Hold, ...]
    wide: int = 0


def holds() -> list[Hold]:
    """Every legal hold that stands, as the lake reads it. Needs all zones open."""
    return [each for row in standing() for each in covered(row).holds]


def covered(row: Row) -> Covered:
    """What a hold covers: the events of its case's alerts, and those that its span and query name."""
    name = f"{row.case.number} hold {row.pk}"
    found: list[Hold] = []
    ids: set[bytes] = set()
    wide: dict[Place, list[Times]] = {}
    columns = ("evidence", "events", "kind", "zone", "constituent__name", "first", "last")
    for evidence, events, kind, zone, place, first, last in row.case.alerts.values_list(*columns).iterator():
        named = {bytes.fromhex(each["id"]) for each in evidence if _event(each)}
        ids |= named
        more = events > len(named) or len(evidence) >= EVIDENCE
        if more and (named or kind == "detection"):
            wide.setdefault((zone, place), []).append((_moved(first, -_SLACK), _moved(last, _SLACK)))
    if ids:
        found.append(Hold(name, event_ids=frozenset(ids)))
    count = sum(len(each) for each in wide.values())
    many = f"{name}, all events in the time of {count} alerts with more events than they name"
    for (zone, place), times in wide.items():
        found += [Hold(many, zone, place, since, until) for since, until in joined(times)]
    if row.since or row.until or row.query:
        place = row.constituent.name if row.constituent else None
        found.append(Hold(name, row.zone, place, row.since, row.until, query=row.query or None))
    return Covered(tuple(found), count)


def joined(times: Iterable[Times]) -> Iterator[Times]:
    """Spans of time with those that meet made one, so that many alerts cost few looks. One with an open end is whole:
    nothing is known of its events' time.

    >>> from datetime import date
    >>> a, b, c = (datetime(2026, 1, day) for day in (1, 2, 3))
    >>> [(since.day, until.day) for since, until in joined([(b, c), (a, b)])]
    [(1, 3)]
    """
    known: list[tuple[datetime, datetime]] = []
    for since, until in times:
        if since is None or until is None:
            yield None, None
            return
        known.append((since, until))
    known.sort()
    begin, end = known[0]
    for since, until in known[1:]:
        if since > end:
            yield begin, end
            begin = since
        end = max(end, until)
    yield begin, end


def _moved(at: datetime | None, by: timedelta) -> datetime | None:
    try:
        return None if at is None else at + by
    except OverflowError:
        return None


def _event(reference: Any) -> bool:
    if reference.get("kind") != "event":
        return False
    try:
        return len(bytes.fromhex(reference["id"])) == 16
    except (KeyError, ValueError, TypeError):
        return False


def drop(lake: Lake, rules: Policy, more: Sequence[Hold] = (), dry: bool = False) -> Retained:
    """Drop what is older than the rules keep, but for what the centre's holds and `more` cover. Needs all zones open.

    What changed of the holds while events were judged is judged anew: whoever places a hold finds the events held, or
    dropped before. Raises ConfigError for a constituent that is none, QueryError, InputError; then nothing was dropped.
    """
    _known(lake, rules)
    for _ in range(TRIES - 1):
        try:
            return _dropped(lake, rules, more, dry)
        except _Moved:
            continue
    return _dropped(lake, rules, more, dry)


def _dropped(lake: Lake, rules: Policy, more: Sequence[Hold], dry: bool) -> Retained:
    before, rows = _stamp(), [(row.zone, covered(row)) for row in standing()]
    every = [*more, *(hold for _, each in rows for hold in each.holds)]
    wide = sum(each.wide for _, each in rows)
    done = lake.retain(rules, every, timezone.now().date(), dry, partial(_still, before, wide))
    if not dry:
        if done.fates and not done.dropped:
            _recorded(done, wide)
        _tell(rows)
    return done


def _known(lake: Lake, rules: Policy) -> None:
    """A place that is misspelt would be kept as all others are: too short."""
    known = {*Constituent.objects.values_list("zone", "name"), *lake.everyone()}
    for zone, constituent in sorted(set(rules.of) - known):
        raise ConfigError(
            f"retention: no constituent {constituent} in zone {zone}; nothing was dropped: put the name right"
        )


def _stamp() -> object:
    """What a hold rests on, each of its alerts as far as it has grown; changed, events are judged anew."""
    rows = standing().annotate(named=Length(Cast("case__alerts__evidence", TextField())))
    grown = ("case__alerts", "case__alerts__events", "case__alerts__first", "case__alerts__last", "named")
    return sorted(rows.values_list("pk", "since", "until", "query", "constituent", *grown), key=repr)


@contextmanager
def _still(before: object, wide: int, done: Retained) -> Iterator[None]:
    """Keep holds from being placed within, and record what is done: both stand, or neither. Raises when holds are
    others than before."""
    with transaction.atomic():
        turn()
        if _stamp() != before:
            raise _Moved("legal holds changed while events were judged, and nothing was dropped; try again")
        _recorded(done, wide)
        yield


def _recorded(done: Retained, wide: int) -> None:
    held = sum(sum(each.held.values()) for each in done.fates)
    record(None, "lake.retain", "", dropped=done.dropped, held=held, oldest=done.oldest, wide=wide)
    log.info("retention: %d events dropped, %d held", done.dropped, held)


def _tell(rows: Sequence[tuple[str, Covered]]) -> None:
    """Say in each zone of which alerts too much is kept."""
    wide = Counter[str]()
    for zone, each in rows:
        wide[zone] += each.wide
    for zone in Zone.values:
        if wide[zone]:
            text = (
                f"{wide[zone]} alerts of cases under legal hold have more events than they name; of each all events of "
                "its constituent in its time are kept until the hold is lifted"
            )
            health.wrong(Kind.HELD, text, key=zone, zone=zone)
        else:
            health.right(Kind.HELD, key=zone)


class Retaining:
    """The errand: `lake` is the worker's own."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake

    def __call__(self, centre: Centre) -> None:
        rules = policy(centre)
        if rules is None:
            health.right(Kind.HELD)
            return
        today = timezone.now().date()
        leaping.forbid(centre.state, rules, today, centre.path)
        drop(self._lake, rules)
        leaping.remember(centre.state, rules, today)
