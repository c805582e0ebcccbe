"""Legal holds: placed by one, lifted by two."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from kulla.centre.audit.chain import record, turn
from kulla.centre.cases.models import Case, Hold
from kulla.centre.people import door
from kulla.centre.people.models import User


def place_hold(
    actor: User, case: Case, reason: str, since: datetime | None = None, until: datetime | None = None, query: str = ""
) -> Hold:
    """Hold what the case relies on: its evidence, its alerts' events, and the events of its constituent that the span
    and query name."""
    door.need(actor, "cases.hold", case)
    if not reason.strip():
        raise ValidationError(_("A hold needs its reason: the order, the request or the suspicion it rests on."))
    if since and until and since >= until:
        raise ValidationError(_("The span ends before it begins."))
    with transaction.atomic():
        turn()  # what is disposed of at this moment was disposed of before, or is held
        hold = Hold(case=case, reason=reason.strip(), since=since, until=until, query=query.strip(), placed_by=actor,
                    tlp=case.tlp, pap=case.pap)  # fmt: skip
        hold.save()
        record(actor, "cases.hold", case, hold=hold.pk)
    return hold


def ask_to_lift(actor: User, hold: Hold, why: str) -> None:
    """The first of two steps."""
    door.need(actor, "cases.hold", hold)
    if not why.strip():
        raise ValidationError(_("Say why it may be lifted."))
    with transaction.atomic():
        if not Hold.objects.filter(pk=hold.pk, lifted=None).update(
            lift_asked=timezone.now(), lift_asked_by=actor, lift_why=why.strip()
        ):
            raise ValidationError(_("This hold was lifted already."))
        record(actor, "cases.hold-lift-asked", hold.case, hold=hold.pk)


def lift(actor: User, hold: Hold) -> None:
    """The second step, by somebody else."""
    door.need(actor, "cases.hold", hold)
    with transaction.atomic():
        now = Hold.objects.select_for_update().get(pk=hold.pk)
        if now.lift_asked_by_id is None:
            raise ValidationError(_("Nobody has asked for it to be lifted."))
        if now.lift_asked_by_id == actor.pk:
            raise ValidationError(_("Lifting a hold takes two people: somebody else must agree."))
        if now.lifted:
            raise ValidationError(_("This hold was lifted already."))
        now.lifted, now.lifted_by = timezone.now(), actor
        now.save()
        record(actor, "cases.hold-lift", now.case, hold=now.pk, asked_by=now.lift_asked_by_id)


def standing() -> QuerySet[Hold]:
    """Every hold that stands, for whoever is about to erase something. Needs all zones open."""
    return Hold.objects.filter(lifted=None).select_related("case", "constituent").order_by("pk")
