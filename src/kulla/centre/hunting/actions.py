"""What can be done in the hunt. Each act takes who acts, is one transaction and leaves one entry in the audit."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kulla.centre.alerts import rules
from kulla.centre.audit.chain import record
from kulla.centre.hunting import asked, lookfor
from kulla.centre.hunting.models import Job, SavedHunt, State
from kulla.centre.people import door
from kulla.centre.people.models import User
from kulla.centre.site.errors import told
from kulla.errors import RuleError

MOST: Final = 50


def ask(
    actor: User, kind: str, text: str, zone: str, title: str = "", level: str = "high",
    since: datetime | None = None, until: datetime | None = None,
) -> Job:  # fmt: skip
    """Ask rules or indicators of the whole lake, within what the actor may search in `zone`.

    Raises ValidationError when the text cannot be used; PermissionDenied for another zone.
    """
    place = _place(actor, "events.retrohunt", zone)
    try:
        named = asked.read(text, rules.named).titles if kind == Job.Kind.RULES else lookfor.indicators(text)
    except RuleError as error:
        raise ValidationError(told(error).splitlines()) from None
    if since and until and since >= until:
        raise ValidationError(_("The end comes after the beginning."))
    shown = title.strip() or (named[0] if len(named) == 1 else _("%(first)s and others") % {"first": named[0]})
    job = Job(
        kind=kind, title=shown[:200], text=text, level=level, since=since, until=until, user=actor, zone=zone,
        constituent_id=place,
    )  # fmt: skip
    with transaction.atomic():
        job.save()
        record(actor, "hunting.retro-ask", job, kind=kind, count=len(named))
    return job


def stop(actor: User, job: Job) -> bool:
    """End a job; alerts that it has made stay. Whether it still was under way."""
    if job.user_id != actor.pk:
        door.need(actor, "cases.lead", job)
    with transaction.atomic():
        active = Job.objects.filter(pk=job.pk, state__in=(State.WAITING, State.RUNNING))
        stopped = bool(active.update(state=State.STOPPED, ended=timezone.now()))
        if stopped:
            record(actor, "hunting.retro-stop", job)
    return stopped


def save_hunt(actor: User, name: str, query: str, shared: bool = False) -> SavedHunt:
    """Keep a query under a name; one of the same name of the actor's is replaced. Raises ValidationError."""
    places = door.sight(actor).places("events.search")
    if not places:
        raise PermissionDenied
    zone, constituent = places[0]
    if len(query) > 2000:
        raise ValidationError(_("This query is too long to be kept."))
    if SavedHunt.objects.filter(user=actor).exclude(name=name).count() >= MOST:
        raise ValidationError(_("You have 50 saved hunts: drop one first."))
    values = {"query": query, "shared": shared, "zone": zone, "constituent_id": constituent}
    with transaction.atomic():
        row, _made = SavedHunt.objects.update_or_create(user=actor, name=name, defaults=values)
        record(actor, "hunting.save", row, shared=shared)
    return row


def forget_hunt(actor: User, row: SavedHunt) -> None:
    """Drop a saved hunt of one's own."""
    if row.user_id != actor.pk:
        raise PermissionDenied
    with transaction.atomic():
        record(actor, "hunting.drop", row)
        row.delete()


def export(actor: User, form: str, terms: int, refused: bool = False) -> None:
    """Tell the audit that events leave as a file, or that they do not because they are too many: the query's number of
    characters, never what it asks."""
    door.need(actor, "events.search")
    action = "hunting.export-refused" if refused else "hunting.export"
    for zone in sorted({zone for zone, _one in door.sight(actor).places("events.search")}):
        record(actor, action, "lake", zone=zone, format=form, characters=terms)


def _place(actor: User, verb: str, zone: str) -> int | None:
    """The constituent that a job of the actor's in a zone is limited to; None for all. Raises PermissionDenied."""
    places = [constituent for each, constituent in door.sight(actor).places(verb) if each == zone]
    if not places:
        raise PermissionDenied
    return None if None in places else places[0]
