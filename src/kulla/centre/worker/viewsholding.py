"""The pages of what a legal hold keeps."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render

from kulla.centre.audit.chain import record
from kulla.centre.cases.models import Hold
from kulla.centre.cases.views import read
from kulla.centre.people import door
from kulla.centre.people.models import User
from kulla.centre.site import errors
from kulla.centre.site.guards import verb
from kulla.centre.worker import holding
from kulla.errors import KullaError

SHOWN = 500


def _hold(actor: User, uid: UUID) -> Hold:
    rows = Hold.objects.select_related("case", "constituent", "placed_by")
    return door.one(actor, rows, uid=uid)


@verb("cases.see")
def held(request: HttpRequest, actor: User, uid: UUID) -> HttpResponse:
    """The items and alerts that a hold keeps; its events are counted by a request of their own, since that takes as
    long as retention does."""
    hold = _hold(actor, uid)
    case = read(actor, hold.case.number)
    found = holding.kept(actor, hold)
    page = {
        "hold": hold, "case": case, "items": found.items[:SHOWN], "hidden": found.hidden,
        "alerts": found.alerts[:SHOWN], "more": max(found.items.count(), found.alerts.count()) > SHOWN,
    }  # fmt: skip
    return render(request, "worker/held.html", page)


@verb("cases.see")
def held_events(request: HttpRequest, actor: User, uid: UUID) -> HttpResponse:
    """How many events of the lake it keeps now."""
    hold = _hold(actor, uid)
    read(actor, hold.case.number, part="events")
    try:
        told, problem = holding.events(actor, hold), ""
    except KullaError as error:
        told, problem = None, errors.told(error)
    return render(request, "worker/heldevents.html", {"hold": hold, "told": told, "problem": problem})


@verb("cases.see")
def held_csv(request: HttpRequest, actor: User, uid: UUID) -> HttpResponseBase:
    """All that it keeps, as CSV. That it was taken is kept in the audit."""
    hold = _hold(actor, uid)
    case = read(actor, hold.case.number)
    try:
        lines = list(holding.as_csv(actor, hold))
    except KullaError as error:
        messages.error(request, errors.told(error))
        return redirect("worker:held", uid)
    record(actor, "cases.hold-export", case, hold=hold.pk, lines=len(lines) - 1)
    answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{case.number}-hold.csv"'
    return answer
