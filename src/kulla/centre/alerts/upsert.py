"""Alerts from the worker: made once, grown when more of the same comes, and never moved in triage.

The same alert may come again: a chunk is repeated after the process was killed, and a window goes on over several
chunks. A row is known by the alert's deterministic id; what an analyst decided of it stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from kulla import alert as plain
from kulla.alert import LEVELS
from kulla.centre.alerts.groups import chunks, key_of, refresh
from kulla.centre.alerts.models import Alert, AlertGroup, Status
from kulla.centre.people.models import Constituent
from kulla.errors import InputError
from kulla.hunt.group import Burst, gathered
from kulla.hunt.rank import SEVERITY
from kulla.share.marks import Marks, merged, tlp

DELIVERIES: Final = 64
"""So many deliveries of an alert are remembered. What is repeated after a crash is the last chunk of a source."""
EVENTS: Final = 20
"""Events kept in an alert's detail; the others are in the lake."""
EVIDENCE: Final = 1000
BURSTS: Final = 200
_ACTORS: Final = ("account", "user", "address")
_GROWS: Final = ("first", "last", "events", "entities", "evidence", "detail", "deliveries", "grown", "tags")
_MARKS: Final = ("tlp", "pap", "originators", "caveats")


@dataclass(frozen=True, slots=True)
class Incoming:
    """An alert and what the queue shows of it besides.

    Attributes:
        alert: the plain value. Its constituent is a name, or empty for what concerns the zone as a whole.
        events: how many events; those of this delivery alone when `upsert` is told one, else all so far.
        host, account, register: taken from the alert's entities when empty.
        marks: without them the alert's TLP, and PAP:AMBER.
        detail: what the hunt said: `events`, `logsource`, `facts`; no personal value of a register.
        retro: a retro-hunt found it.
    """

    alert: plain.Alert
    events: int = 1
    host: str = ""
    account: str = ""
    register: str = ""
    tags: tuple[str, ...] = ()
    marks: Marks | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    admins_only: bool = False
    retro: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    """What came of it: ids of alerts that are new, ids of those that grew, and how many stayed as they were."""

    made: tuple[str, ...] = ()
    grown: tuple[str, ...] = ()
    same: int = 0


def upsert(incoming: Sequence[Incoming], delivery: str = "", now: datetime | None = None) -> Counts:
    """Store alerts in one transaction; all zones must be open (`door.zones`).

    `delivery` names what they came with (a source's SHA-256 and chunk). The events of one delivery are added to an
    alert once, however often it comes; without a name the greater number of events stands.

    Raises InputError for a constituent that is unknown or of another zone: nothing is stored then.
    """
    now = now or timezone.now()
    fresh = {each.uid: each for each in _rows(incoming, delivery)}
    made: list[Alert] = []
    grown: list[Alert] = []
    with transaction.atomic():
        for uids in chunks(sorted(fresh)):
            known = {row.uid: row for row in Alert.objects.select_for_update().filter(uid__in=uids).order_by("pk")}
            made += [fresh[uid] for uid in uids if uid not in known]
            grown += [row for uid, row in known.items() if _grow(row, fresh[uid], delivery, now)]
        _group(made, grown, now)
        Alert.objects.bulk_create(made, batch_size=500)
        Alert.objects.bulk_create(
            grown, update_conflicts=True, unique_fields=["uid"], update_fields=[*_GROWS, *_MARKS], batch_size=500
        )
        refresh({row.group for row in (*made, *grown)}, now)
    uids_made, uids_grown = (tuple(row.uid for row in rows) for rows in (made, grown))
    return Counts(uids_made, uids_grown, len(fresh) - len(made) - len(grown))


def _rows(incoming: Iterable[Incoming], delivery: str) -> list[Alert]:
    """As rows, several of one id taken together."""
    places = {place.name: place for place in Constituent.objects.all()}
    rows: dict[str, Alert] = {}
    for each in incoming:
        row = _row(each, places, delivery)
        before = rows.setdefault(row.uid, row)
        if before is not row:
            before.events += row.events if delivery else max(0, row.events - before.events)
            _unite(before, row)
    return list(rows.values())


def _row(each: Incoming, places: Mapping[str, Constituent], delivery: str) -> Alert:
    alert = each.alert
    place = places.get(alert.constituent)
    if alert.constituent and (place is None or place.zone != alert.zone):
        raise InputError(f"alert {alert.id}: no constituent {alert.constituent} in zone {alert.zone}; add it first")
    host = each.host or _named(alert, ("host",))
    account = each.account or _named(alert, _ACTORS)
    register = each.register or _named(alert, ("register",))
    source = alert.rule_id or register or alert.title
    row = Alert(
        uid=alert.id, kind=alert.kind, title=alert.title[:300], level=alert.level, severity=LEVELS.index(alert.level),
        rank=SEVERITY[alert.level], first=alert.time_first, last=alert.time_last, events=max(0, each.events),
        rule_id=(alert.rule_id or "")[:100], host=host[:255], account=account[:255], register=register[:63],
        group=key_of(alert.kind, source, alert.zone, alert.constituent, host, account),
        entities=[{"kind": one.kind, "name": one.name} for one in alert.entities],
        evidence=[{"kind": one.kind, "id": one.id} for one in alert.evidence[:EVIDENCE]],
        tags=sorted(set(each.tags)), explanation=alert.explanation, detail=_cut(dict(each.detail)), zone=alert.zone,
        constituent=place, admins_only=each.admins_only, retro=each.retro, deliveries=[delivery] if delivery else [],
    )  # fmt: skip
    row.marks = each.marks or Marks(tlp(alert.tlp))
    return row


def _named(alert: plain.Alert, kinds: Sequence[str]) -> str:
    return next((one.name for kind in kinds for one in alert.entities if one.kind == kind), "")


def _cut(detail: dict[str, Any]) -> dict[str, Any]:
    return {**detail, "events": list(detail.get("events", ()))[:EVENTS]}


def _grow(row: Alert, more: Alert, delivery: str, now: datetime) -> bool:
    """Add what is new to a stored row; whether anything was."""
    if delivery and delivery in row.deliveries:
        return False
    before = (row.first, row.last, row.events, row.marks, len(row.evidence), len(row.detail.get("events", ())))
    row.events = row.events + more.events if delivery else max(row.events, more.events)
    if delivery:
        row.deliveries = [*row.deliveries, delivery][-DELIVERIES:]
    _unite(row, more)
    after = (row.first, row.last, row.events, row.marks, len(row.evidence), len(row.detail.get("events", ())))
    if after[2] != before[2] and row.status != Status.NEW:
        row.grown = now
    return after != before or bool(delivery)


def _unite(row: Alert, more: Alert) -> None:
    """Widen the times, and join what both say. Marks only become stricter."""
    row.first = min(filter(None, (row.first, more.first)), default=None)
    row.last = max(filter(None, (row.last, more.last)), default=None)
    row.marks = row.marks.merge(more.marks)
    row.tags = sorted({*row.tags, *more.tags})
    row.entities += [each for each in more.entities if each not in row.entities]
    known = {each["id"] for each in row.evidence}
    row.evidence = [*row.evidence, *(each for each in more.evidence if each["id"] not in known)][:EVIDENCE]
    events = list(row.detail.get("events", ()))
    ids = {each.get("id") for each in events}
    events += [each for each in more.detail.get("events", ()) if each.get("id") not in ids]
    row.detail = {**more.detail, **row.detail, "events": events[:EVENTS]}


def _group(made: Sequence[Alert], grown: Sequence[Alert], now: datetime) -> None:
    """Make the groups that are missing, and give the others what these alerts change in them."""
    rows: dict[str, list[Alert]] = {}
    for row in (*made, *grown):
        rows.setdefault(row.group, []).append(row)
    for keys in chunks(sorted(rows)):
        found = AlertGroup.objects.select_for_update().filter(key__in=keys).order_by("key")
        known = {group.key: group for group in found}
        groups = [known.get(key) or _new_group(rows[key][0], now) for key in keys]
        for group in groups:
            _join(group, rows[group.key])
        columns = ["title", "level", "severity", "tags", "bursts", *_MARKS]
        AlertGroup.objects.bulk_create(
            groups, update_conflicts=True, unique_fields=["key"], update_fields=columns, batch_size=200
        )
        ranks = {group.key: group.rank for group in groups}
        for key in keys:
            for row in rows[key]:
                row.rank = ranks[key]


def _new_group(row: Alert, now: datetime) -> AlertGroup:
    return AlertGroup(
        key=row.group, kind=row.kind, rule_id=row.rule_id, title=row.title, level=row.level, severity=row.severity,
        rank=row.rank, host=row.host, account=row.account, register=row.register, zone=row.zone,
        constituent_id=row.constituent_id, changed=now, tlp=row.tlp, pap=row.pap, originators=row.originators,
        caveats=row.caveats,
    )  # fmt: skip


def _join(group: AlertGroup, rows: Sequence[Alert]) -> None:
    worst = max(rows, key=lambda row: row.severity)
    if worst.severity > group.severity:
        group.level, group.severity, group.rank = worst.level, worst.severity, max(group.rank, worst.rank)
    group.title = rows[-1].title
    group.tags = sorted({tag for row in rows for tag in row.tags}.union(group.tags))
    group.marks = merged([group.marks, *(row.marks for row in rows)]) or group.marks
    bursts = [Burst(*each) for each in group.bursts]
    bursts += [Burst(micros(row.first), micros(row.last), 1) for row in rows if row.first and row.last]
    # Of a group with more bursts than these the last tell enough: ranking counts days and neighbours.
    group.bursts = [[each.start, each.end, each.count] for each in gathered(bursts)][-BURSTS:]


def micros(time: datetime) -> int:
    """Microseconds since 1970 UTC."""
    return round(time.timestamp() * 1_000_000)
