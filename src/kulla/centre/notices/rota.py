"""What people do about calls: put somebody on the rota, take them off, acknowledge a notice."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kulla.centre.audit.chain import record
from kulla.centre.notices.models import Notice, Shift, Standing, Telling, Way
from kulla.centre.people import door
from kulla.centre.people.models import User

LONGEST: Final = timedelta(days=62)


def add_shift(actor: User, person: User, zone: str, start: datetime, end: datetime, order: int = 1) -> Shift:
    """Put somebody on the rota. They must see the alerts of the whole zone: the first call may be about any of them."""
    _need(actor, zone)
    if not start < end <= start + LONGEST:
        raise ValidationError(_("A time on the rota ends after it begins, and lasts 62 days at most."))
    if not person.is_active or (zone, None) not in door.sight(person).places("alerts.see"):
        raise ValidationError(_("This person does not see the alerts of the whole zone."))
    with transaction.atomic():
        row = Shift(person=person, zone=zone, start=start, end=end, order=order, made_by=actor)
        row.full_clean()
        row.save()
        record(actor, "notices.rota", row, person=person.pk, start=start, end=end, order=order)
    return row


def remove_shift(actor: User, shift: Shift) -> None:
    """Take somebody off; the audit keeps that they were on it."""
    _need(actor, shift.zone)
    with transaction.atomic():
        record(actor, "notices.rota-end", shift, person=shift.person_id, start=shift.start, end=shift.end)
        shift.delete()


def acknowledge(actor: User, notice: Notice) -> bool:
    """Somebody knows, and sees to it: nobody else is told. False when somebody already did."""
    door.need(actor, "notices.see", notice)
    now = timezone.now()
    with transaction.atomic():
        rows = Notice.objects.filter(pk=notice.pk).exclude(standing=Standing.KNOWN)
        if not rows.update(standing=Standing.KNOWN, known=now, known_by=actor, due=None):
            return False
        Telling.objects.filter(notice=notice, state=Way.WAITING).update(state=Way.DROPPED, due=None)
        record(actor, "notices.acknowledge", notice, kind=notice.kind)
    return True


def _need(actor: User, zone: str) -> None:
    if (zone, None) not in door.sight(actor).places("notices.rota"):
        raise PermissionDenied
