"""The queue, the alerts of one of its rows, and whether it is still what stands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import cached_property

from kulla.centre.alerts.actions import AsOf, last_act
from kulla.centre.alerts.models import Alert, AlertGroup, Reason, SavedView
from kulla.centre.alerts.queue import COUNTED, Question, best, bounded
from kulla.centre.alerts.sealing import seal
from kulla.centre.people import door
from kulla.centre.people.models import User
from kulla.centre.site.guards import verb

ROWS: Final = 50
MEMBERS: Final = 50
"""Alerts that a row shows when it is opened; the group's own page has all."""


class Pages(Paginator[Any]):
    """Pages of the queue. Rows are counted no further than `COUNTED`: nobody leafs beyond, they filter."""

    def __init__(self, rows: QuerySet[AlertGroup], zones: Sequence[str]) -> None:
        super().__init__(rows, ROWS)
        self._zones = zones

    @cached_property
    def count(self) -> int:
        """How many rows, `COUNTED` at most."""
        return min(COUNTED, bounded(self.object_list))  # type: ignore[arg-type]

    def page(self, number: int | str) -> Page[Any]:
        """One page; the rows of each zone come along its index."""
        number = self.validate_number(number)
        start = (number - 1) * ROWS
        keys = best(self.object_list, self._zones, start, start + ROWS)  # type: ignore[arg-type]
        rows = AlertGroup.objects.select_related("assignee", "case", "constituent").defer("bursts", "tags")
        known = rows.in_bulk(keys)
        return Page([known[pk] for pk in keys if pk in known], number, self)


@verb("alerts.see")
def index(request: HttpRequest, actor: User) -> HttpResponse:
    """The queue."""
    now, asked = timezone.now(), Question(actor, request.GET)
    pages = Pages(asked.groups(), sorted({zone for zone, _one in door.sight(actor).places("alerts.see")}))
    page = pages.get_page(request.GET.get("page"))
    shown = {
        "page": page, "asked": asked, "form": asked.form, "many": pages.count == COUNTED, "now": now.isoformat(),
        "views": door.visible(actor, SavedView.objects.all()), "query": request.GET.urlencode(),
        "any": page.object_list or AlertGroup.objects.exists(), **tools(actor),
    }  # fmt: skip
    return render(request, "alerts/index.html", shown)


def tools(actor: User) -> dict[str, Any]:
    """What pages with acts need: what stands now, reasons, colleagues, and what can be undone."""
    can = door.sight(actor).has("alerts.triage")
    return {
        "can": can,
        "asof": seal(AsOf.now()),
        "reasons": Reason.choices,
        "colleagues": colleagues(actor) if can else (),
        "undoable": last_act(actor) if can else None,
    }


def colleagues(actor: User) -> Sequence[User]:
    """Who may be given alerts in a place where the actor may give them, by name."""
    zones = {zone for zone, _one in door.sight(actor).places("alerts.triage")}
    roles = ("analyst", "officer", "director")
    rows = User.objects.filter(memberships__zone__in=zones, memberships__role__in=roles, is_active=True)
    return list(rows.distinct().order_by("username"))


@verb("alerts.see")
def fresh(request: HttpRequest, actor: User) -> HttpResponse:
    """How many rows moved since a page was made; 204 when none, which leaves the page as it is."""
    try:
        since = datetime.fromisoformat(request.GET.get("made", ""))
    except ValueError:
        raise Http404 from None
    if timezone.is_naive(since):
        raise Http404
    count = Question(actor, request.GET).changed(since)
    if not count:
        return HttpResponse(status=204)
    query = request.GET.copy()
    query.pop("made")
    return render(request, "alerts/fresh.html", {"count": count, "query": query.urlencode()})


@verb("alerts.see")
def members(request: HttpRequest, actor: User, key: str) -> HttpResponse:
    """The alerts of a row of the queue, below it; with `shut` nothing, which closes it again."""
    if "shut" in request.GET:
        return HttpResponse("")
    found = door.one(actor, AlertGroup.objects.all(), key=key)
    rows = _members(actor, found)[:MEMBERS]
    return render(request, "alerts/members.html", {"group": found, "rows": rows})


@verb("alerts.see")
def group(request: HttpRequest, actor: User, key: str) -> HttpResponse:
    """All alerts of a group."""
    found = door.one(actor, AlertGroup.objects.select_related("constituent", "assignee", "case"), key=key)
    page = Paginator(_members(actor, found), 100).get_page(request.GET.get("page"))
    return render(request, "alerts/group.html", {"group": found, "page": page, **tools(actor)})


def _members(actor: User, found: AlertGroup) -> QuerySet[Alert]:
    rows = door.visible(actor, Alert.objects.filter(group=found.key))
    return rows.select_related("assignee", "case").order_by("-last", "-pk").defer("detail", "evidence", "entities")
