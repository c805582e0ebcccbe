"""The pages of reports: the list, one report, and the form."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kulla.centre.audit.chain import record
from kulla.centre.cases.views import found as found_case
from kulla.centre.notices import actions
from kulla.centre.notices.forms import CaseForm, JoinForm, ReportForm
from kulla.centre.notices.models import Attachment, Letter, Report, State, Why
from kulla.centre.notices.taking import write_down
from kulla.centre.people import door
from kulla.centre.people.models import User
from kulla.centre.site.guards import verb
from kulla.share.marks import Marks


def found(actor: User, number: str) -> Report:
    """The report of a number, if the actor sees it."""
    rows = Report.objects.select_related("case", "constituent", "handler", "follows")
    return door.one(actor, rows, number=number)


@verb("reports.answer")
def index(request: HttpRequest, actor: User) -> HttpResponse:
    """Reports: the new ones, unless asked."""
    state = request.GET.get("state", State.NEW.value)
    rows = door.visible(actor, Report.objects.all()).select_related("case", "constituent", "handler", "follows")
    if state in State.values:
        rows = rows.filter(state=state)
    asked = request.GET.get("q", "").strip()
    if asked:
        rows = rows.filter(Q(number__icontains=asked) | Q(subject__icontains=asked) | Q(sender__icontains=asked))
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    return render(
        request, "notices/index.html", {"page": page, "asked": asked, "state": state, "states": State.choices}
    )


@verb("reports.answer")
def show(request: HttpRequest, actor: User, number: str) -> HttpResponse:
    """A report whole, with its thread. That a sensitive one was read is kept in the audit."""
    report = found(actor, number)
    if report.tlp in actions.SENSITIVE:
        record(actor, "notices.read", report, number=report.number)
    return render(request, "notices/show.html", _whole(actor, report))


def _whole(actor: User, report: Report) -> dict[str, Any]:
    root = report.follows or report
    thread = door.visible(actor, Report.objects.filter(Q(pk=root.pk) | Q(follows=root))).order_by("received", "pk")
    claimed = door.visible(actor, Report.objects.filter(number=report.claims)).first() if report.claims else None
    attachments = door.visible(actor, Attachment.objects.filter(report=report)).select_related("item")
    work = door.sight(actor).has("cases.work", report.zone, report.constituent_id)
    return {
        "report": report,
        "thread": thread if thread.count() > 1 else [],
        "claimed": claimed,
        "attachments": attachments,
        "letters": door.visible(actor, Letter.objects.filter(report__in=thread)).select_related("made_by", "sent_by"),
        "work": work,
        "whys": Why.choices,
        "form": CaseForm(actor, initial={"title": report.subject, "constituent": report.constituent}),
        "join": JoinForm(initial={"number": claimed.case.number if claimed and claimed.case else ""}),
    }


@verb("reports.answer")
def new(request: HttpRequest, actor: User) -> HttpResponse:
    """Write down what somebody told."""
    form = ReportForm(actor, request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        files = [(str(each.name), each.chunks(1 << 20)) for each in given["attached"]]
        try:
            row = write_down(actor, given["zone"], given["constituent"], given["sender"], given["subject"],
                             given["body"], Marks(given["tlp"], given["pap"]), files)  # fmt: skip
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("The receipt number is %(number)s.") % {"number": row.number})
            return redirect("notices:show", row.number)
    return render(request, "notices/new.html", {"form": form})


@require_POST
@verb("reports.answer")
def act(request: HttpRequest, actor: User, number: str, name: str) -> HttpResponse:
    """Do something with a report: case, join, read, close, undo, mine."""
    report = found(actor, number)
    try:
        said = _act(request, actor, report, name)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, said)
    return redirect("notices:show", number)


def _act(request: HttpRequest, actor: User, report: Report, name: str) -> str:
    if name == "case":
        form = CaseForm(actor, request.POST)
        if not form.is_valid():
            raise ValidationError(_("Give a title, and a constituent of the list."))
        given = form.cleaned_data
        case = actions.to_case(actor, report, given["title"], given["constituent"], given["exercise"])
        return _("Case %(number)s was opened.") % {"number": case.number}
    if name == "join":
        case = actions.join(actor, report, found_case(actor, request.POST.get("number", "").strip()))
        return _("In case %(number)s.") % {"number": case.number}
    if name == "read":
        actions.read(actor, report)
        return _("Taken into the case.")
    if name == "close":
        actions.close(actor, report, request.POST.get("why", ""))
        return _("Closed.")
    if name == "undo":
        actions.undo(actor, report)
        return _("Taken back.")
    if name == "mine":
        actions.take_over(actor, report)
        return _("It is yours.")
    raise ValidationError(_("Choose what is to be done."))


@require_POST
@verb("reports.answer")
def content(request: HttpRequest, actor: User, uid: UUID) -> HttpResponseBase:
    """What came with a report, as it came, never shown in the browser."""
    row = door.one(actor, Attachment.objects.select_related("report"), uid=uid)
    response = StreamingHttpResponse(actions.content(actor, row), content_type="application/octet-stream")
    name = f"{row.report.number}.eml" if row.whole else row.name
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    response["Content-Length"] = str(row.size)
    return response
