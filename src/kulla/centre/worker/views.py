"""The centre's health on screen."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from kulla.centre.people import door
from kulla.centre.people.models import User
from kulla.centre.running.pulse import beating
from kulla.centre.site.guards import verb
from kulla.centre.worker import actions
from kulla.centre.worker.models import Correlating, Health, SourceFile

FRESH = 60.0
"""Seconds for which a sign of life counts."""


@verb("health.see")
def index(request: HttpRequest, actor: User) -> HttpResponse:
    """What is wrong in the reader's zones, what was, and the files read last."""
    rows = door.visible(actor, Health.objects.select_related("constituent", "acknowledged_by"))
    files = door.visible(actor, SourceFile.objects.select_related("constituent"))
    pulse = beating(settings.CENTRE / "state") if settings.CENTRE else None
    places = door.constituents(actor, "health.see")
    page = Paginator(files, 50).get_page(request.GET.get("page"))
    return render(
        request,
        "worker/index.html",
        {
            "open": _once(rows.filter(until=None)),
            "over": _once(rows.exclude(until=None)[:60])[:20],
            "page": page,
            "alive": pulse is not None and pulse.age < FRESH,
            "evicted": Correlating.objects.filter(constituent__in=places, evicted__gt=0).select_related("constituent"),
        },
    )


def _once(rows: Iterable[Health]) -> list[Health]:
    """What concerns the centre as a whole has a row in every zone; a reader of several is told once."""
    return list({(row.kind, row.key, row.since, row.constituent_id): row for row in rows}.values())


@require_POST
@verb("health.see")
def acknowledge(request: HttpRequest, actor: User, uid: UUID) -> HttpResponse:
    """Say that one knows."""
    actions.acknowledge(actor, door.one(actor, Health.objects.all(), uid=uid))
    return redirect("worker:index")
