"""Retro-hunts on screen."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from kulla.centre.alerts import rules as folders
from kulla.centre.alerts.models import Alert
from kulla.centre.hunting import actions
from kulla.centre.hunting.forms import RetroForm
from kulla.centre.hunting.models import Job
from kulla.centre.people import door
from kulla.centre.people.models import User
from kulla.centre.site.guards import verb

SHOWN = 200


@verb("events.retrohunt")
def retros(request: HttpRequest, actor: User) -> HttpResponse:
    """All retro-hunts of the actor's places, newest first."""
    rows = door.visible(actor, Job.objects.select_related("user", "constituent").defer("text", "keys"))
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    return render(request, "hunting/retros.html", {"page": page})


@verb("events.retrohunt")
def retro_new(request: HttpRequest, actor: User) -> HttpResponse:
    """Ask rules or indicators of the whole lake; `rule` in the address fills in one that is in the folders."""
    known = folders.find(request.GET.get("rule", ""))
    start = {"kind": Job.Kind.RULES, "text": known.text if known else ""}
    form = RetroForm(actor, request.POST or None, initial=start)
    if request.method == "POST" and form.is_valid():
        try:
            job = actions.ask(actor, **form.cleaned_data)
        except ValidationError as error:
            form.add_error("text", error)
        except PermissionDenied:
            form.add_error("zone", ValidationError("–"))
        else:
            return redirect("hunting:retro", job.uid)
    return render(request, "hunting/retronew.html", {"form": form})


def _shown(actor: User, uid: UUID) -> dict[str, Any]:
    job = door.one(actor, Job.objects.select_related("user", "constituent"), uid=uid)
    found = door.visible(actor, Alert.objects.filter(uid__in=job.keys[:SHOWN]))
    rows = found.select_related("constituent").defer("detail", "evidence").order_by("-severity", "-last")
    may = job.user_id == actor.pk or door.sight(actor).has("cases.lead", job.zone, job.constituent_id)
    return {"job": job, "alerts": rows, "may": may}


@verb("events.retrohunt")
def retro(request: HttpRequest, actor: User, uid: UUID) -> HttpResponse:
    """One retro-hunt: how far it is, and what it found."""
    return render(request, "hunting/retro.html", _shown(actor, uid))


@verb("events.retrohunt")
def progress(request: HttpRequest, actor: User, uid: UUID) -> HttpResponse:
    """The same for a page that watches."""
    return render(request, "hunting/progress.html", _shown(actor, uid))


@verb("events.retrohunt")
@require_POST
def retro_stop(request: HttpRequest, actor: User, uid: UUID) -> HttpResponse:
    """End it."""
    actions.stop(actor, door.one(actor, Job.objects.all(), uid=uid))
    return redirect("hunting:retro", uid)
