"""The pages of evidence."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kulla.centre.audit.chain import record
from kulla.centre.cases.views import found as found_case
from kulla.centre.cases.views import read as read_case
from kulla.centre.evidence import actions, exporting, keeping
from kulla.centre.evidence.chain import events, problems
from kulla.centre.evidence.forms import ExportForm, HandOnForm, IntakeForm, KeepForm, StampForm
from kulla.centre.evidence.models import Item
from kulla.centre.people import door
from kulla.centre.people.models import User
from kulla.centre.site.errors import told
from kulla.centre.site.guards import fresh, verb
from kulla.centre.site.place import centre
from kulla.errors import KullaError

MOST_ALERTS = 200
"""Alerts that one form offers."""


def found(actor: User, number: str) -> Item:
    """The item of a number, if the actor sees it."""
    return door.one(actor, Item.objects.select_related("case", "taken_by"), number=number)


def own(actor: User, number: str) -> Item:
    """The same, also for who took it and may see no items; in a case that the actor sees."""
    mine = Item.objects.filter(number=number, taken_by=actor).select_related("case", "taken_by").first()
    item = mine or found(actor, number)
    found_case(actor, item.case.number)
    return item


@verb("evidence.see")
def index(request: HttpRequest, actor: User) -> HttpResponse:
    """Every item that the actor sees, newest first; by number, name or hash when asked."""
    rows = door.visible(actor, Item.objects.select_related("case", "taken_by"))
    asked = request.GET.get("q", "").strip()
    if asked:
        matched = rows.filter(number__icontains=asked) | rows.filter(name__icontains=asked)
        rows = matched | rows.filter(sha256__startswith=asked.lower())
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    return render(request, "evidence/index.html", {"page": page, "asked": asked})


@verb("evidence.take")
def intake(request: HttpRequest, actor: User, number: str) -> HttpResponse:
    """Take an item into a case."""
    case = found_case(actor, number)
    initial = {"officer": actor.get_full_name() or actor.username}
    form = IntakeForm(request.POST or None, request.FILES or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        file: UploadedFile[Any] = given.pop("file")
        try:
            item, new = actions.take_in(actor, case, str(file.name), file.chunks(1 << 20), given, given["note"])
        except ValidationError as error:
            form.add_error(None, error)
        else:
            if not new:
                messages.info(request, _("This file is an item of the case already."))
            return redirect("evidence:receipt", item.number)
    return render(request, "evidence/intake.html", {"form": form, "case": case})


@verb("evidence.take")
def keep(request: HttpRequest, actor: User, number: str) -> HttpResponse:
    """Keep alerts of a case as its evidence, an item each: those that the address names, else any."""
    case = (found_case if request.method == "POST" else read_case)(actor, number)
    asked = request.GET.getlist("alert")
    rows = door.visible(actor, case.alerts.all()).defer("detail", "evidence")
    rows = (rows.filter(uid__in=asked) if asked else rows)[:MOST_ALERTS]
    initial = {"officer": actor.get_full_name() or actor.username, "alerts": asked}
    form = KeepForm(rows, request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            done = [keeping.keep(actor, case, each, given["legal_basis"], given["note"], given["officer"])
                    for each in keeping.chosen(actor, case, given["alerts"])]  # fmt: skip
        except (ValidationError, KullaError) as error:
            form.add_error(None, error if isinstance(error, ValidationError) else told(error))
        else:
            for item, new in done:
                said = _("Kept as evidence: %(number)s.") if new else _("%(number)s holds it already.")
                messages.success(request, said % {"number": item.number})
            return redirect("evidence:receipt", done[0][0].number) if len(done) == 1 else redirect("cases:show", number)
    return render(request, "evidence/keep.html", {"form": form, "case": case, "any": bool(rows)})


@verb("evidence.see")
def show(request: HttpRequest, actor: User, number: str) -> HttpResponse:
    """An item with its custody, verified as it is shown."""
    item = found(actor, number)
    may = door.sight(actor).has("evidence.export", item.zone, item.constituent_id)
    page: dict[str, Any] = {"item": item, "export": may}
    try:
        page |= {"events": events(item), "problems": problems(item)}
    except KullaError as error:  # a line that was altered until it is no event any more
        page |= {"events": (), "problems": [{"seq": "–", "text": told(error)}]}
    page |= {"hand": HandOnForm(), "stamp": StampForm()}
    return render(request, "evidence/show.html", page)


@verb("evidence.take")
def receipt(request: HttpRequest, actor: User, number: str) -> HttpResponse:
    """The receipt for who handed it over: its hash, and the fingerprint that verifies what the centre signs. Whoever
    took the item may print it, though they may not see items."""
    item = own(actor, number)
    fingerprint = centre().keys.fingerprints()["signing"]
    return render(request, "evidence/receipt.html", {"item": item, "fingerprint": fingerprint})


@require_POST
@verb("evidence.see")
@fresh
def content(request: HttpRequest, actor: User, number: str) -> HttpResponseBase:
    """The content, streamed; the reason goes into the custody record."""
    item = found(actor, number)
    try:
        blocks = actions.content(actor, item, request.POST.get("reason", ""))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("evidence:show", number)
    response = StreamingHttpResponse(blocks, content_type="application/octet-stream")
    response["Content-Disposition"] = content_disposition_header(True, item.name) or "attachment"
    response["Content-Length"] = str(item.size)
    return response


@require_POST
@verb("evidence.export")
@fresh
def hand_on(request: HttpRequest, actor: User, number: str) -> HttpResponse:
    """What happened to an item."""
    item, form = found(actor, number), HandOnForm(request.POST)
    try:
        if not form.is_valid():
            raise ValidationError(_("Choose an event and give its reason."))
        given = dict(form.cleaned_data)
        kind, reason = given.pop("kind"), given.pop("reason")
        witness = given.get("witness", "")
        near = User.objects.filter(is_active=True, memberships__zone=item.zone)
        if witness and not near.filter(username=witness).exists():
            raise ValidationError(_("The witness must be somebody of this zone."))
        actions.hand_on(actor, item, kind, reason, given)
        messages.success(request, _("Recorded."))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("evidence:show", number)


@verb("evidence.export")
@fresh
def export(request: HttpRequest, actor: User, number: str) -> HttpResponseBase:
    """Choose items of a case and a recipient; the sealed export is streamed and kept nowhere."""
    case = found_case(actor, number)
    items = door.visible(actor, Item.objects.filter(case=case, disposed=None))
    form = ExportForm(items, request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            return _sent(exporting.export(actor, case, **form.given()))
        except (ValidationError, KullaError) as error:
            form.add_error(None, error if isinstance(error, ValidationError) else told(error))
    fingerprint = centre().keys.fingerprints()["signing"]
    return render(request, "evidence/export.html", {"form": form, "case": case, "fingerprint": fingerprint})


def _sent(made: exporting.Made) -> HttpResponseBase:
    # The file is open and its folder gone before the first byte is sent: nothing is left when the reader breaks off.
    return FileResponse(
        made.file, as_attachment=True, filename=made.name, headers={"Content-Type": "application/x-tar"}
    )


@require_POST
@verb("evidence.export")
def verify(request: HttpRequest, actor: User) -> HttpResponse:
    """Read the whole store and every chain that the actor sees: one byte altered anywhere is found."""
    items = list(door.visible(actor, Item.objects.all()))
    flaws = exporting.flaws(items)
    record(actor, "evidence.verify", "", items=len(items), flaws=len(flaws))
    shown = [(number, told(text)) for number, text in flaws]
    return render(request, "evidence/verified.html", {"items": len(items), "flaws": shown})


@verb("evidence.see")
def request_file(request: HttpRequest, actor: User, number: str) -> HttpResponseBase:
    """The time-stamp request, to be taken to an authority."""
    item = found(actor, number)
    return FileResponse(
        iter([bytes(item.request)]), as_attachment=True, filename=f"{item.number}.tsq",
        headers={"Content-Type": "application/timestamp-query"},
    )  # fmt: skip


@require_POST
@verb("evidence.take")
def stamp(request: HttpRequest, actor: User, number: str) -> HttpResponse:
    """The authority's answer."""
    item, form = found(actor, number), StampForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            files = form.cleaned_data
            actions.add_stamp(actor, item, files["response"].read(1 << 20), files["certificates"].read(1 << 20))
            messages.success(request, _("The time-stamp holds and was added."))
        except KullaError as error:
            messages.error(request, told(error))
    else:
        messages.error(request, _("Give both files."))
    return redirect("evidence:show", number)
