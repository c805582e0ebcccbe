"""The query bar and what it answers: rows at once, histogram and facets as they come."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final

import pyarrow as pa
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from kulla.centre.alerts.reading import lake as opened
from kulla.centre.hunting import actions
from kulla.centre.hunting.charts import bars
from kulla.centre.hunting.exporting import FORMATS
from kulla.centre.hunting.models import SavedHunt
from kulla.centre.hunting.question import SPANS, Question, extent, last_term
from kulla.centre.hunting.telling import parts_of
from kulla.centre.people import door
from kulla.centre.people.models import User
from kulla.centre.site.errors import told
from kulla.centre.site.guards import verb
from kulla.errors import OutputError, UsageError
from kulla.lake import Lake, QueryError, Scope
from kulla.lake.entities import FIELDS

ROWS: Final = 50
PAGES: Final = 20
"""Pages one can leaf through: whoever wants more narrows the question, or exports."""
BINS: Final = 60
FACETS: Final = ("constituent", "host", "provider", "channel", "event_code")
EXPORTED: Final = 100_000
"""Events of one export at most: with more than these it is refused."""
_LINE: Final = 400
KINDS: Final = {
    "host": gettext_lazy("host"),
    "account": gettext_lazy("account"),
    "user": gettext_lazy("user"),
    "address": gettext_lazy("address"),
    "hash": gettext_lazy("hash"),
}
"""Kinds of entities, as people call them."""
_KINDS: Final = {name: kind for kind, names in FIELDS.items() for name in names}


@verb("events.search")
def index(request: HttpRequest, actor: User) -> HttpResponse:
    """The newest events that meet the query."""
    asked, scope = Question.of(request.GET.dict()), door.scope(actor)
    shown: dict[str, Any] = {
        "asked": asked, "spans": SPANS, "address": asked.address(), "scope": bool(scope),
        "saved": door.visible(actor, SavedHunt.objects.all()), "facet": request.GET.getlist("facet"),
        "retro": door.sight(actor).has("events.retrohunt"),
    }  # fmt: skip
    page = _number(request.GET.get("page", "1"))
    try:
        rows = list(_rows(_lake(), asked, scope, page))
    except UsageError as error:
        return render(request, "hunting/index.html", {**shown, **_fault(asked, error)})
    more = len(rows) > ROWS and page < PAGES
    pages = {"page": page, "next": page + 1 if more else 0, "last": len(rows) > ROWS and page == PAGES}
    return render(request, "hunting/index.html", {**shown, **pages, "rows": rows[:ROWS]})


def _lake() -> Lake:
    found = opened()
    if found is None:
        raise Http404
    return found


def _fault(asked: Question, error: UsageError) -> dict[str, Any]:
    """What is wrong with a query, and where."""
    column = error.column - 1 if isinstance(error, QueryError) else len(asked.query)
    return {"error": told(error), "before": asked.query[:column], "after": asked.query[column:]}


def _rows(lake: Lake, asked: Question, scope: Scope, page: int) -> Iterator[dict[str, Any]]:
    """The rows of a page, and one more when there is one."""
    if asked.wrong:
        raise UsageError(_("a time cannot be read, or the end is not after the beginning"))
    number, first, last = 0, (page - 1) * ROWS, page * ROWS + 1
    for batch in lake.search(asked.query, scope, asked.since, asked.until, last):
        skipped = max(0, first - number)
        number += len(batch)
        for row in batch.slice(min(skipped, len(batch))).to_pylist():
            yield _row(row)


def _row(row: dict[str, Any]) -> dict[str, Any]:
    parts, cut = parts_of(row["raw"], row["fields"], _LINE)
    near = row["time"].astimezone(UTC).isoformat() if row["time"] else ""
    return {**row, "id": row["event_id"].hex(), "near": near, "parts": parts, "cut": cut}


@verb("events.search")
def histogram(request: HttpRequest, actor: User) -> HttpResponse:
    """Events over time, as bars that narrow the question."""
    asked, scope = Question.of(request.GET.dict()), door.scope(actor)
    lake = _lake()
    ends = (asked.since, asked.until or timezone.now())
    if asked.since is None:
        known = extent(lake, scope)
        if known is None:
            return HttpResponse("")
        ends = (known[0], asked.until or known[1])
    since, until = ends
    if asked.wrong or since is None or since >= until:
        return HttpResponse("")
    try:
        found = lake.histogram(asked.query, scope, since, until, BINS)
    except UsageError:
        return HttpResponse("")
    links = [asked.address(since=begin, until=end) for begin, end in pairwise(found.edges)]
    shown = {
        "bars": bars(found.edges, found.counts, links), "most": max(found.counts), "total": sum(found.counts),
        "since": since, "until": until,
    }  # fmt: skip
    return render(request, "hunting/histogram.html", shown)


@verb("events.search")
def facets(request: HttpRequest, actor: User) -> HttpResponse:
    """The most frequent values of some fields, as links that narrow the question or leave a value out."""
    asked, scope = Question.of(request.GET.dict()), door.scope(actor)
    names = list(dict.fromkeys([*request.GET.getlist("facet")[:5], *FACETS]))
    if asked.wrong:
        return HttpResponse("")
    try:
        found = _lake().facets(asked.query, scope, names, asked.since, asked.until, 8)
    except UsageError:
        return HttpResponse("")
    shown = [
        (name, facet, [(text, count, asked.narrowed(name, text), asked.narrowed(name, text, False))
                       for text, count in facet.values])
        for name, facet in found.items() if facet.values
    ]  # fmt: skip
    return render(request, "hunting/facets.html", {"facets": shown})


@verb("events.search")
def complete(request: HttpRequest, actor: User) -> HttpResponse:
    """What the query could go on with, as options of the query's field."""
    before, term = last_term(request.GET.get("q", ""))
    if "names" in request.GET:  # a field to count: names alone
        before, term = "", request.GET.get("facet", "").partition(":")[0]
    found = _lake().complete(term, door.scope(actor), 15) if term else []
    if "names" in request.GET:
        found = [each.removesuffix(":").strip('"') for each in found]
    return render(request, "hunting/complete.html", {"options": [before + each for each in found]})


@verb("events.search")
def event(request: HttpRequest, actor: User, event_id: str) -> HttpResponse:
    """One event whole. Every value leads to its others."""
    try:
        wanted = bytes.fromhex(event_id)
        near = datetime.fromisoformat(request.GET["near"]) if request.GET.get("near") else None
    except ValueError:
        raise Http404 from None
    table = _lake().event(wanted, door.scope(actor), near) if len(wanted) == 16 else None
    if table is None:
        raise Http404
    row = table.to_pylist()[0]
    asked = Question("", None, None, "all")
    fields = [(name, value, asked.narrowed(name, value) if value else "", *_entities(name, value))
              for name, value in row["fields"]]  # fmt: skip
    return render(request, "hunting/event.html", {"row": row, "fields": fields, "id": event_id})


def _entities(name: str, value: str | None) -> tuple[str, list[tuple[Any, str]]]:
    """The kind of entity that a field names, and the names in its value, each under a word for people: Sysmon's list of
    hashes has several."""
    kind = _KINDS.get(name, "")
    if not kind or not value:
        return kind, []
    if kind == "hash" and "=" in value:
        parts = [part.partition("=") for part in value.split(",")]
        return kind, [(name, each) for name, _is, each in parts if each]
    return kind, [(KINDS[kind], value)]


@verb("events.search")
@require_POST
def export(request: HttpRequest, actor: User) -> HttpResponseBase:
    """The events as a file, told in the audit before the first leaves: all that meet the question, or none."""
    asked, scope = Question.of(request.POST.dict()), door.scope(actor)
    if request.POST.get("format") not in FORMATS or asked.wrong:
        raise Http404
    form = request.POST["format"]
    try:
        # Counted first, in bounded memory; a file of which the end is missing does not say so.
        many = sum(map(len, _lake().search(asked.query, scope, asked.since, asked.until, EXPORTED + 1))) > EXPORTED
        found = _lake().search(asked.query, scope, asked.since, asked.until, EXPORTED + 1)
    except UsageError:
        raise Http404 from None
    actions.export(actor, form, len(asked.query), refused=many)
    if many:
        told = _("Nothing was exported: more than %(most)s events meet this question. Narrow its time or its words.")
        messages.error(request, told % {"most": f"{EXPORTED:,}"})
        return redirect(f"{reverse('hunting:index')}?{asked.address()}")
    kind, written = FORMATS[form]
    answer = StreamingHttpResponse(written(_each(found)), content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="events.{form}"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _each(found: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The batches. Raises OutputError, which cuts the answer short, when events came meanwhile and make it too many."""
    count = 0
    for batch in found:
        count += len(batch)
        if count > EXPORTED:
            raise OutputError("an export was cut short: events that came meanwhile made it too long")
        yield batch


def _number(text: str) -> int:
    return min(PAGES, max(1, int(text))) if text.isdecimal() and len(text) < 6 else 1
