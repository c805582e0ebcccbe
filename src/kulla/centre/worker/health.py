"""Telling what is wrong, and that it is over. All zones must be open (`door.zones`)."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from kulla.centre.people.models import Constituent
from kulla.centre.people.zones import Zone
from kulla.centre.worker.models import Health, Kind


def wrong(kind: Kind, text: str, place: Constituent | None = None, key: str = "", zone: str = "") -> None:
    """It is wrong, since now or still. `place` None: with the centre as a whole, or with one zone of it."""
    now = timezone.now()
    for each in [zone] if zone else _zones(place):
        with transaction.atomic():
            known = Health.objects.select_for_update().filter(
                zone=each, constituent=place, kind=kind, key=key[:200], until=None
            )  # fmt: skip
            if not known.update(text=text[:500], seen=now, count=F("count") + 1):
                Health.objects.create(
                    zone=each, constituent=place, kind=kind, key=key[:200], text=text[:500], since=now, seen=now
                )


def right(kind: Kind, place: Constituent | None = None, key: str | None = None) -> None:
    """It is over; without a key all of that kind."""
    rows = Health.objects.filter(kind=kind, constituent=place, until=None)
    (rows if key is None else rows.filter(key=key[:200])).update(until=timezone.now())


def only(kind: Kind, texts: dict[str, str], place: Constituent | None = None) -> None:
    """Of this kind just these are wrong: key → text. Others are over."""
    stale = Health.objects.filter(kind=kind, constituent=place, until=None).exclude(key__in=[k[:200] for k in texts])
    stale.update(until=timezone.now())
    for key, text in texts.items():
        wrong(kind, text, place, key)


def _zones(place: Constituent | None) -> Sequence[str]:
    return list(Zone.values) if place is None else [place.zone]
