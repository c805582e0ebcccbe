"""The page of hits across zones."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from kulla.centre.cases.models import Observable
from kulla.centre.crossing import actions
from kulla.centre.crossing.models import Answer, Hit, Permission
from kulla.centre.people import door
from kulla.centre.people.models import User
from kulla.centre.people.zones import Zone
from kulla.centre.site.guards import verb


@verb("cases.lead")
def index(request: HttpRequest, actor: User) -> HttpResponse:
    """Whether the reader's zones take part, what was hit in them, and whom they may ask."""
    mine = sorted(zone for zone, constituent in door.sight(actor).places("cases.lead") if constituent is None)
    on = dict(Permission.objects.filter(zone__in=mine).values_list("zone", "on"))
    hits = door.visible(actor, Hit.objects.select_related("observable__case", "decided_by"))
    # What the reader may not see of the own zone (TLP:RED of others) is not shown through a hit either.
    seen = door.visible(actor, Observable.objects.all())
    page = {
        "own": [(Zone(zone), on.get(zone, False)) for zone in mine],
        "hits": hits.filter(observable__in=seen)[:200],
        "answers": door.visible(actor, Answer.objects.select_related("case"))[:200],
    }
    return render(request, "crossing/index.html", page)


@require_POST
@verb("cases.lead")
def opt(request: HttpRequest, actor: User, zone: str) -> HttpResponse:
    """Take part, or no longer."""
    if zone not in Zone.values:
        raise Http404
    actions.opt(actor, zone, request.POST.get("on") == "1")
    return redirect("crossing:index")


@require_POST
@verb("cases.lead")
def decide(request: HttpRequest, actor: User, uid: UUID, said: str) -> HttpResponse:
    """Let the other zone ask, or tell it nothing."""
    if said not in {"release", "decline"}:
        raise Http404
    try:
        actions.decide(actor, door.one(actor, Hit.objects.all(), uid=uid), said == "release")
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("crossing:index")
