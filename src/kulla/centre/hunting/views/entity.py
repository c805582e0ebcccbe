"""What is known of a host, account, user, address or hash."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from kulla.centre.alerts.models import Alert
from kulla.centre.hunting.charts import Bar, bars
from kulla.centre.hunting.question import Question
from kulla.centre.hunting.views.search import KINDS, _lake
from kulla.centre.people import door
from kulla.centre.people.models import User
from kulla.centre.site.guards import verb
from kulla.errors import UsageError
from kulla.lake.language import show

ALERTS: Final = 20
DAYS: Final = 120
"""Days of a timeline; of an entity that was seen longer, the last."""


@verb("events.search")
def entity(request: HttpRequest, actor: User, kind: str) -> HttpResponse:
    """Its events by day, what stands beside it in them, and its alerts."""
    name = request.GET.get("name", "").strip()
    scope = door.scope(actor)
    try:
        around = _lake().around(kind, name, scope)
    except UsageError:
        raise Http404 from None
    asked = Question(show(around.query), None, None, "all")
    shown = {
        "kind": kind, "label": KINDS[kind], "name": name, "around": around, "address": asked.address(),
        "days": _days(around.days, asked),
        "alerts": _alerts(actor, kind, name) if door.sight(actor).has("alerts.see") else (),
        "beside": [(other, KINDS[other], rows) for other, rows in around.beside.items() if rows],
    }  # fmt: skip
    return render(request, "hunting/entity.html", shown)


def _alerts(actor: User, kind: str, name: str) -> QuerySet[Alert]:
    if kind == "hash":
        return Alert.objects.none()
    named = Q(host__iexact=name) if kind == "host" else Q(account__iexact=name)
    rows = door.visible(actor, Alert.objects.filter(named))
    return rows.select_related("constituent").defer("detail", "evidence").order_by("-last")[:ALERTS]


def _days(days: Any, asked: Question) -> list[Bar]:
    """A bar for each day, from the first to the last, `DAYS` at most."""
    dates = sorted(datetime.fromisoformat(day).replace(tzinfo=timezone.get_default_timezone()) for day in days)
    if not dates:
        return []
    first = max(dates[0], dates[-1] - timedelta(days=DAYS - 1))
    edges = [first + timedelta(days=number) for number in range((dates[-1] - first).days + 2)]
    counts = [days.get(f"{edge:%Y-%m-%d}", 0) for edge in edges[:-1]]
    links = [asked.address(since=begin, until=end) for begin, end in pairwise(edges)]
    return bars(edges, counts, links)
