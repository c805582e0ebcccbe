"""The audit on screen."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from kulla.centre.audit.models import Entry
from kulla.centre.people.door import sight
from kulla.centre.people.models import User
from kulla.centre.site.guards import verb


@verb("audit.read")
def index(request: HttpRequest, actor: User) -> HttpResponse:
    """What was done in the reader's zones, newest first; by actor, act or object when asked."""
    places = {zone for zone, one in sight(actor).places("audit.read") if one is None}
    everywhere = Q(zone="") if places else Q(pk__in=())  # who reads over one constituent alone does not read these
    rows = Entry.objects.filter(Q(zone__in=places) | everywhere)
    asked = request.GET.get("q", "").strip()
    for word in asked.split():
        rows = rows.filter(Q(actor__icontains=word) | Q(action__icontains=word) | Q(target__icontains=word))
    page = Paginator(rows, 100).get_page(request.GET.get("page"))
    return render(request, "audit/index.html", {"page": page, "asked": asked})
