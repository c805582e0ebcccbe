"""Saved views: filters of the queue kept under a name."""

from __future__ import annotations

from typing import Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from kulla.centre.alerts.models import SavedView
from kulla.centre.audit.chain import record
from kulla.centre.people import door
from kulla.centre.people.models import User

MOST: Final = 50


def save_view(actor: User, name: str, query: str, shared: bool = False) -> SavedView:
    """Keep a filter; one of the same name of the actor's is replaced. It lies in the actor's first place: shared, it
    is seen by who sees alerts there. Raises ValidationError when there are too many or the filter is too long."""
    places = door.sight(actor).places("alerts.see")
    if not places:
        raise PermissionDenied
    zone, constituent = places[0]
    if len(query) > 1000:
        raise ValidationError(_("This filter is too long to be kept."))
    own = SavedView.objects.filter(user=actor)
    if own.exclude(name=name).count() >= MOST:
        raise ValidationError(_("You have 50 views: drop one first."))
    values = {"query": query, "shared": shared, "zone": zone, "constituent_id": constituent}
    with transaction.atomic():
        row, _made = SavedView.objects.update_or_create(user=actor, name=name, defaults=values)
        record(actor, "alerts.view-save", row, shared=shared)
    return row


def forget_view(actor: User, row: SavedView) -> None:
    """Drop a view of one's own."""
    if row.user_id != actor.pk:
        raise PermissionDenied
    with transaction.atomic():
        record(actor, "alerts.view-drop", row)
        row.delete()
