"""The pages of leaks: upload, ask, agree, watch, read."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST

from kulla.centre.cases.actions import open_case
from kulla.centre.evidence import actions as evidence
from kulla.centre.guard import actions, tracing
from kulla.centre.guard.forms import AgreeForm, TraceForm, UploadForm
from kulla.centre.guard.models import State, Trace
from kulla.centre.people import door
from kulla.centre.people.models import User
from kulla.centre.site.guards import fresh, verb

LEAK = "information-content-security:data-leak"
OVER = frozenset({State.DONE, State.FAILED})


@verb("leaks.trace")
def leaks(request: HttpRequest, actor: User) -> HttpResponse:
    """Traces, newest first."""
    rows = door.visible(actor, Trace.objects.select_related("case", "item", "asked_by", "second"))
    return render(request, "guard/leaks.html", {"traces": rows[:200]})


@verb("leaks.trace")
def upload(request: HttpRequest, actor: User) -> HttpResponse:
    """Take a leaked file in, in a case or a new one, and go on to its trace."""
    form = UploadForm(actor, request.POST or None, request.FILES or None, initial={"officer": actor.get_full_name()})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        file: UploadedFile[Any] = given.pop("file")
        try:
            case = given["case"] or open_case(actor, _("Leaked file"), given["zone"], rsit=LEAK)
            item, _new = evidence.take_in(actor, case, str(file.name), file.chunks(1 << 20), given, given["note"])
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return redirect(f"/guard/leaks/new?item={item.number}")
    return render(request, "guard/upload.html", {"form": form})


@verb("leaks.trace")
def new(request: HttpRequest, actor: User) -> HttpResponse:
    """Ask for a trace."""
    form = TraceForm(actor, request.POST or None, initial={"item": request.GET.get("item"), "language": actor.language})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            row = actions.ask_trace(actor, given["item"], given["registers"], given["purpose"], given["language"])
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return redirect("guard:trace", row.uid)
    return render(request, "guard/new.html", {"form": form})


def found(actor: User, uid: UUID) -> Trace:
    """A trace that the actor sees."""
    return door.one(actor, Trace.objects.select_related("case", "item", "asked_by", "second"), uid=uid)


@verb("leaks.trace")
def trace(request: HttpRequest, actor: User, uid: UUID) -> HttpResponse:
    """A trace: where it stands, and its report when there is one."""
    row = found(actor, uid)
    page = {"trace": row, "over": row.state in OVER, "agree": AgreeForm(row.registers),
            "second": row.state == State.ASKED and row.asked_by_id != actor.pk,
            "reports": door.visible(actor, row.reports.all())}  # fmt: skip
    return render(request, "guard/trace.html", page)


@require_POST
@verb("leaks.trace")
@fresh
def agree(request: HttpRequest, actor: User, uid: UUID) -> HttpResponse:
    """The second person agrees and brings the owner's keys; the run begins."""
    row = found(actor, uid)
    form = AgreeForm(row.registers, request.POST, request.FILES)
    try:
        keys = form.keys() if form.is_valid() else {}
        if not keys:
            raise ValidationError(_("Give the owner's key or envelope for at least one register."))
        actions.agree_trace(actor, row)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        tracing.begin(row, keys)
    return redirect("guard:trace", uid)


@verb("leaks.trace")
def progress(request: HttpRequest, actor: User, uid: UUID) -> HttpResponse:
    """The part of the page that is asked for again and again while a trace runs; 286 tells htmx to stop."""
    row = found(actor, uid)
    answer = render(request, "guard/progress.html", {"trace": row, "over": row.state in OVER})
    if row.state in OVER:
        answer["HX-Refresh"] = "true"
    return answer


@xframe_options_sameorigin
@verb("leaks.trace")
def report(request: HttpRequest, actor: User, uid: UUID) -> HttpResponseBase:
    """The report's HTML, read from the evidence store; its opening is kept in the custody record.

    It is our own text, in a page that may run nothing and load nothing.
    """
    row = found(actor, uid)
    item = door.visible(actor, row.reports.filter(name__endswith=".html", disposed=None)).first()
    if item is None:
        raise Http404
    body = b"".join(evidence.content(actor, item, _("Report read")))
    answer = HttpResponse(body, content_type="text/html; charset=utf-8")
    answer["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
    return answer
