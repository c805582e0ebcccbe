"""Duty-bearers and what is recorded of them: awareness, what was sent, what does not apply."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kulla.centre.audit.chain import record
from kulla.centre.cases.actions.timeline import tellable
from kulla.centre.cases.models import Bearer, Case, Decision, Entry, Source
from kulla.centre.law.clocks import VERBS
from kulla.centre.law.jurisdiction import BEARERS, DECISIONS, DOCUMENTS, TRAITS, shipped
from kulla.centre.people import door
from kulla.centre.people.models import User

_AHEAD: Final = timedelta(minutes=5)
"""How far a clock of whoever records may be ahead of ours."""


def add_bearer(
    actor: User, case: Case, kind: str, name: str, jurisdiction: str, traits: tuple[str, ...] = (), towards: str = ""
) -> Bearer:
    """Name who has duties in a case. No clock runs by that: awareness is recorded on its own."""
    door.need(actor, "cases.lead", case)
    if kind not in BEARERS or jurisdiction not in shipped() or set(traits) - set(TRAITS):
        raise ValidationError(_("Choose kind, jurisdiction and traits from the lists."))
    if not name.strip():
        raise ValidationError(_("A duty-bearer needs its name."))
    with transaction.atomic():
        bearer, new = Bearer.objects.get_or_create(
            case=case, kind=kind, name=name.strip(), jurisdiction=jurisdiction, towards=towards.strip(),
            defaults={"traits": sorted(traits), "tlp": case.tlp, "pap": case.pap},
        )  # fmt: skip
        if new:
            record(actor, "cases.bearer", case, bearer=bearer.pk, kind=kind, jurisdiction=jurisdiction)
    return bearer


def decide(actor: User, bearer: Bearer, verb: str, subject: str, at: datetime, reason: str, ref: str = "") -> Decision:
    """Record what happened or was decided, by whom and why; it can be corrected by recording it anew.

    Raises ValidationError for what no law of the bearer's jurisdiction knows, a time ahead of now, or no reason.
    """
    door.need(actor, "cases.lead", bearer)
    now = timezone.now()
    if not reason.strip():
        raise ValidationError(_("A decision needs its reason."))
    if at > now + _AHEAD:
        raise ValidationError(_("It cannot have happened after now."))
    if not tellable(at):
        raise ValidationError(_("This time is outside of what a case can hold."))
    place = shipped()[bearer.jurisdiction]
    allowed: dict[str, set[str]] = {
        "aware": set(place.laws),
        "sent": set(DOCUMENTS),
        "received": set(DOCUMENTS),
        "decided": set(DECISIONS),
        "void": {*place.laws, *(duty.id for duty in place.duties)},
    }
    if verb not in VERBS or subject not in allowed[verb]:
        raise ValidationError(_("Choose what is recorded from the lists."))
    with transaction.atomic():
        row = Decision(case=bearer.case, bearer=bearer, verb=verb, subject=subject, at=min(at, now), person=actor,
                       reason=reason.strip(), ref=ref.strip()[:200], tlp=bearer.tlp, pap=bearer.pap)  # fmt: skip
        row.save()
        text = _("%(bearer)s: %(verb)s %(subject)s. %(reason)s") % {
            "bearer": bearer.name, "verb": verb, "subject": subject, "reason": reason.strip(),
        }  # fmt: skip
        Entry.objects.create(case=bearer.case, at=row.at, author=actor, source=Source.DECISION, text=text,
                             ref=f"decision:{row.pk}", key=True, tlp=row.tlp, pap=row.pap)  # fmt: skip
        record(actor, f"cases.{verb}", bearer.case, bearer=bearer.pk, subject=subject, at=row.at)
    return row
