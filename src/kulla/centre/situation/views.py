"""The situation, on one page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from kulla.centre.people.door import sight
from kulla.centre.people.models import User
from kulla.centre.site.guards import verb
from kulla.centre.situation import figures


@verb("situation.see")
def index(request: HttpRequest, actor: User) -> HttpResponse:
    """For the director and the shift: what presses, what waits, who is silent, what is covered."""
    zones, levels = figures.by_level(actor)
    page = {
        "now": timezone.now(),
        "see_cases": sight(actor).has("cases.see"),
        "see_alerts": sight(actor).has("alerts.see"),
        "clocks": figures.clocks(actor),
        "zones_shown": zones,
        "levels": levels,
        "times": figures.times(actor),
        "sources": figures.sources(actor),
        "health": figures.health(actor),
        "cases": figures.cases(actor),
        "coverage": figures.coverage(actor),
        "days": figures.DAYS,
    }
    return render(request, "situation/index.html", page)
