"""The outbox, a letter, and the templates."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kulla.centre.notices import letters
from kulla.centre.notices.forms import LetterForm, TemplateForm
from kulla.centre.notices.models import Letter, Sending
from kulla.centre.notices.views.reports import found as found_report
from kulla.centre.notices.ways import ways
from kulla.centre.people import door
from kulla.centre.people.models import User
from kulla.centre.site.guards import verb
from kulla.centre.site.place import centre
from kulla.errors import ConfigError


def found(actor: User, uid: UUID) -> Letter:
    """A letter, if the actor sees its report."""
    return door.one(actor, Letter.objects.select_related("report__case", "made_by", "sent_by"), uid=uid)


@verb("reports.answer")
def index(request: HttpRequest, actor: User) -> HttpResponse:
    """Drafts that wait for somebody's hand, and what was sent."""
    rows = door.visible(actor, Letter.objects.select_related("report", "made_by", "sent_by"))
    waiting = rows.filter(state__in=(Sending.DRAFT, Sending.SENDING))
    lead = door.sight(actor).has("cases.lead")
    page = Paginator(rows.exclude(pk__in=waiting.values("pk")), 50).get_page(request.GET.get("page"))
    return render(request, "notices/letters.html", {"waiting": waiting[:200], "page": page, "lead": lead})


@require_POST
@verb("reports.answer")
def new(request: HttpRequest, actor: User, number: str) -> HttpResponse:
    """A draft from a template."""
    report = found_report(actor, number)
    try:
        letter = letters.draft(actor, report, request.POST.get("template", ""), request.POST.get("language", ""))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("notices:show", number)
    return redirect("notices:letter", letter.uid)


@verb("reports.answer")
def show(request: HttpRequest, actor: User, uid: UUID) -> HttpResponse:
    """A letter: to be changed and sent while it is a draft."""
    letter = found(actor, uid)
    form = LetterForm(request.POST or None, initial={"to": letter.to, "subject": letter.subject, "body": letter.body})
    if request.method == "POST" and form.is_valid():
        try:
            letters.change(actor, letter, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Saved. It has not been sent."))
            return redirect("notices:letter", uid)
    shown = {
        "letter": letter, "form": form, "draft": letter.state == Sending.DRAFT, "unsure": letters.unsure(letter),
        "mail": _mail(), "strict": letter.tlp in letters.STRICT,
        "nothing_leaves": letters.is_exercise(letter.report), "leaving_subject": letters.subject_of(letter),
    }  # fmt: skip
    return render(request, "notices/letter.html", shown)


def _mail() -> bool:
    """Whether letters can be sent from here."""
    try:
        return ways(centre().told).smtp is not None
    except ConfigError:
        return False


@require_POST
@verb("reports.answer")
def act(request: HttpRequest, actor: User, uid: UUID, name: str) -> HttpResponse:
    """Send a letter, say that it was sent by other means, or throw it away."""
    letter = found(actor, uid)
    confirmed = request.POST.get("confirmed", "")
    try:
        if name == "send":
            letters.send(actor, letter, confirmed)
            messages.success(request, _("Sent."))
        elif name == "handed":
            letters.handed(actor, letter, confirmed)
            messages.success(request, _("Recorded."))
        elif name == "discard":
            letters.discard(actor, letter)
        else:
            raise Http404
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("notices:letter", uid)


@verb("cases.lead")
def templates(request: HttpRequest, actor: User) -> HttpResponse:
    """The templates in each language."""
    each = [(name, language) for name in letters.NAMES for language in letters.LANGUAGES]
    rows = [(name, language, letters.template(name, language)[0]) for name, language in each]
    return render(request, "notices/templates.html", {"rows": rows})


@verb("cases.lead")
def template(request: HttpRequest, actor: User, name: str, language: str) -> HttpResponse:
    """Edit a template."""
    try:
        subject, body = letters.template(name, language)
    except ValidationError:
        raise Http404 from None
    form = TemplateForm(request.POST or None, initial={"subject": subject, "body": body})
    if request.method == "POST":
        if "shipped" in request.POST:
            letters.save_template(actor, name, language, "", "")
            return redirect("notices:templates")
        if form.is_valid():
            letters.save_template(actor, name, language, **form.cleaned_data)
            messages.success(request, _("Saved."))
            return redirect("notices:templates")
    return render(request, "notices/template.html", {"form": form, "name": name, "language": language})
