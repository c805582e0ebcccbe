"""Legal holds: placed by one, lifted by two."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from kulla.centre.audit.chain import record, turn
from kulla.centre.cases.actions.timeline import tellable
from kulla.centre.cases.models import Case, Hold
from kulla.centre.people import door
from kulla.centre.people.models import User
from kulla.centre.site.errors import told
from kulla.lake.language import QueryError, parse


def place_hold(
    actor: User, case: Case, reason: str, since: datetime | None = None, until: datetime | None = None, query: str = ""
) -> Hold:
    """Hold what the case relies on: its evidence, its alerts' events, and the events of its constituent that the span
    and query name."""
    door.need(actor, "cases.hold", case)
    if not reason.strip():
        raise ValidationError(_("A hold needs its reason: the order, the request or the suspicion it rests on."))
    if not all(tellable(each) for each in (since, until) if each):
        raise ValidationError(_("This time is outside of what a case can hold."))
    if since and until and since >= until:
        raise ValidationError(_("The span ends before it begins."))
    try:
        parse(query)
    except QueryError as error:  # retention would drop nothing at all for want of knowing what this one covers
        raise ValidationError(_("The query cannot be read: %(why)s") % {"why": told(error)}) from error
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
        turn()
        now = Hold.objects.select_for_update(no_key=True).get(pk=hold.pk)
        if now.lift_asked_by_id is None:
            raise ValidationError(_("Nobody has asked for it to be lifted."))
        if now.lift_asked_by_id == actor.pk:
            raise ValidationError(_("Lifting a hold takes two people: somebody else must agree."))
        if now.lifted:
            raise ValidationError(_("This hold was lifted already."))
        now.lifted, now.lifted_by = timezone.now(), actor
        now.save()
        record(actor, "cases.hold-lift", now.case, hold=now.pk, asked_by=now.lift_asked_by_id)


def leave(cases: Iterable[int]) -> None:
    """For whoever takes alerts out of these cases (by pk), on the audit's turn: what a hold covers stays where it is,
    or one person would lift it by moving. Raises ValidationError."""
    if Hold.objects.filter(case__in=set(cases), lifted=None).exists():
        raise ValidationError(
            _("A legal hold covers some of these alerts in their case: they stay there until it is lifted.")
        )


def standing() -> QuerySet[Hold]:
    """Every hold that stands, for whoever is about to erase something. Needs all zones open."""
    return Hold.objects.filter(lifted=None).select_related("case", "constituent").order_by("pk")
