"""What a legal hold keeps: items of evidence, alerts, and events of the lake as retention would judge them now."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import QuerySet
from django.utils import timezone

from kulla.centre.alerts.models import Alert
from kulla.centre.alerts.reading import lake
from kulla.centre.cases.models import Hold
from kulla.centre.evidence.models import Item
from kulla.centre.people import door
from kulla.centre.people.models import User
from kulla.centre.site.place import centre
from kulla.centre.worker.retaining import covered, policy
from kulla.hunt.writers.csv import harmless
from kulla.lake import Held

COLUMNS: Final = ("kind", "id", "name", "sha256", "since", "until", "events", "files", "due")
"""Of the CSV: `item` and `alert` by number and uid; `events` is one line, with the hold's query as its name. Times are
ISO 8601 in UTC; `due` are events whose time to be dropped has come."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a hold keeps that the reader sees. `hidden`: how many more items of its case they do not see."""

    items: QuerySet[Item]
    hidden: int
    alerts: QuerySet[Alert]


def kept(actor: User, hold: Hold) -> Kept:
    """Its items and alerts; none once it is lifted."""
    stands = hold.lifted is None
    every = Item.objects.filter(case=hold.case, disposed=None) if stands else Item.objects.none()
    items = door.visible(actor, every).order_by("number")
    alerts = door.visible(actor, Alert.objects.filter(case=hold.case) if stands else Alert.objects.none())
    return Kept(items, every.count() - items.count(), alerts.defer("detail", "evidence").order_by("first", "uid"))


def events(actor: User, hold: Hold) -> Held | None:
    """The events and files of the lake that it keeps now, of the places whose events the reader may search; None when
    there are none of these in its zone, or no lake. Reads what retention would read. Raises QueryError, ConfigError."""
    scope = frozenset(pair for pair in door.scope(actor) if pair[0] == hold.zone)
    opened = lake() if scope else None
    if opened is None:
        return None
    if hold.lifted:
        return Held(0, 0, 0)
    return opened.held(covered(hold).holds, scope, policy(centre()), timezone.now().date())


def as_csv(actor: User, hold: Hold) -> Iterator[bytes]:
    """All of it as CSV (RFC 4180, UTF-8) that no spreadsheet runs."""
    found, told = kept(actor, hold), events(actor, hold)
    yield _line(*COLUMNS)
    for item in found.items.iterator():
        yield _line("item", item.number, item.name, item.sha256)
    for alert in found.alerts.iterator():
        yield _line("alert", alert.uid, alert.title, "", _time(alert.first), _time(alert.last), str(alert.events))
    if told is not None:
        counts = (str(told.events), str(told.files), str(told.due))
        yield _line("events", "", hold.query, "", _time(hold.since), _time(hold.until), *counts)


def _time(at: datetime | None) -> str:
    return at.isoformat() if at else ""


def _line(*cells: str) -> bytes:
    held = io.StringIO()
    told = [*map(harmless, cells), *[""] * (len(COLUMNS) - len(cells))]
    csv.writer(held, lineterminator="\r\n").writerow(told)
    return held.getvalue().encode("utf-8", "replace")
