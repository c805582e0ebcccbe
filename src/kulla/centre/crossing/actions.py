"""Comparing across zones, and what an owning zone says to a hit."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kulla.centre.audit.chain import record
from kulla.centre.cases.models import Case, Observable
from kulla.centre.crossing.models import Answer, Hit, Permission, State
from kulla.centre.people import door
from kulla.centre.people.models import User

KINDS = frozenset({"address", "domain", "url", "mail", "md5", "sha1", "sha256", "file"})
"""What is compared: technical traces. Hosts and accounts are a zone's own affair."""


def opt(actor: User, zone: str, on: bool) -> Permission:
    """Say whether a zone's observables may be compared with other zones'. For who leads its cases as a whole."""
    if (zone, None) not in door.sight(actor).places("cases.lead"):
        raise PermissionDenied
    with transaction.atomic():
        row, _new = Permission.objects.update_or_create(zone=zone, defaults={"on": on, "changed_by": actor})
        record(actor, "crossing.opt", row, zone=zone, on=on)
    return row


def compare() -> int:
    """Compare the observables of every zone that opted in with those of every other zone; how many new hits.

    Run by the worker with all zones open, and not when an observable is added: the time that an addition takes then
    tells nothing of what others have.
    """
    opted = set(Permission.objects.filter(on=True).values_list("zone", flat=True))
    made = 0
    for owned in Observable.objects.filter(zone__in=opted, kind__in=KINDS).exclude(tlp="RED").iterator():
        others = Observable.objects.filter(value=owned.value, kind=owned.kind).exclude(zone=owned.zone)
        for asker, case in others.values_list("zone", "case_id"):
            _row, new = Hit.objects.get_or_create(
                observable=owned, asker=asker, asker_case=case,
                defaults={"zone": owned.zone, "constituent_id": owned.constituent_id},
            )  # fmt: skip
            made += new
    return made


def decide(actor: User, hit: Hit, release: bool) -> Hit:
    """Let the other zone know that it may ask, or not. Nobody tells the other zone that there was a refusal.

    Raises ValidationError when it was decided already.
    """
    door.need(actor, "cases.lead", hit)
    with transaction.atomic():
        state = State.RELEASED if release else State.DECLINED
        if not Hit.objects.filter(pk=hit.pk, state=State.NEW).update(
            state=state, decided=timezone.now(), decided_by=actor
        ):
            raise ValidationError(_("This was decided already."))
        record(actor, f"crossing.{state.value}", hit)
        if release:
            with door.zones(frozenset({hit.zone, hit.asker})):
                case = Case.objects.filter(pk=hit.asker_case).first()
                if case is not None:
                    Answer.objects.get_or_create(case=case, ask=hit.zone, value=hit.observable.value,
                                                 defaults={"tlp": case.tlp, "pap": case.pap})  # fmt: skip
    hit.refresh_from_db()
    return hit
