"""Acts over what was chosen in a list, or on an alert's page."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from kulla.centre.alerts import actions
from kulla.centre.alerts.actions import AsOf, Outcome
from kulla.centre.alerts.forms import EscalateForm
from kulla.centre.alerts.models import Alert
from kulla.centre.alerts.queue import Question, bounded
from kulla.centre.alerts.sealing import unseal
from kulla.centre.people import door
from kulla.centre.people.models import User
from kulla.centre.site.guards import verb

DONE = {
    "acknowledge": gettext_lazy("Acknowledged"),
    "assign": gettext_lazy("Assigned"),
    "close": gettext_lazy("Closed"),
    "reopen": gettext_lazy("Opened again"),
    "escalate": gettext_lazy("Escalated"),
}


@verb("alerts.triage")
@require_POST
def act(request: HttpRequest, actor: User) -> HttpResponse:
    """One act over the chosen groups or alerts, or over all that the queue's filter asks for."""
    rows, asof = chosen(actor, request.POST), _asof(request.POST)
    if rows is None:
        messages.warning(request, _("Nothing is chosen: mark rows first (x)."))
        return redirect(_back(request))
    wanted = request.POST.get("do", "")
    if wanted == "escalate":
        return _escalate(request, actor, rows, asof)
    try:
        if wanted == "acknowledge":
            outcome = actions.acknowledge(actor, rows, asof)
        elif wanted == "close":
            outcome = actions.close(actor, rows, asof, request.POST.get("reason", ""))
        elif wanted == "assign":
            outcome = actions.assign(actor, rows, asof, _assignee(actor, request.POST.get("assignee", "")))
        elif wanted == "reopen":
            outcome = actions.reopen(actor, rows, asof)
        else:
            raise Http404
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect(_back(request))
    tell(request, wanted, outcome)
    return redirect(_back(request))


def chosen(actor: User, told: QueryDict) -> QuerySet[Alert] | None:
    """The alerts that a form chose; None when it chose none. The door stands before them in `actions`."""
    if told.get("alert"):
        return Alert.objects.filter(uid__in=told.getlist("alert")[:5000])
    asked = Question(actor, QueryDict(told.get("query", "")))
    if told.get("all"):
        return asked.alerts(Alert.objects.filter(group__in=asked.groups().order_by().values("key")))
    keys = told.getlist("group")[:5000]
    return asked.alerts(Alert.objects.filter(group__in=keys)) if keys else None


def _asof(told: QueryDict) -> AsOf:
    try:
        return unseal(told.get("asof", ""))
    except ValueError:
        raise Http404 from None


def _assignee(actor: User, told: str) -> User | None:
    if told == "me":
        return actor
    if not told:
        return None
    found = User.objects.filter(username=told, is_active=True).first()
    if found is None:  # in the words for who may not: a guess must not tell who is a user
        raise ValidationError(_("This person may not work on all of these alerts."))
    return found


def _escalate(request: HttpRequest, actor: User, rows: QuerySet[Alert], asof: AsOf) -> HttpResponse:
    """Ask for the case first; escalate when the form came back."""
    mine = door.visible(actor, rows).filter(door.allowed(actor, "alerts.triage"))
    zones = set(mine.order_by().values_list("zone", flat=True).distinct())
    first = mine.first()
    sent = "confirmed" in request.POST
    form = EscalateForm(request.POST if sent else None, actor, zones, first.title if first else "")
    if sent and form.is_valid():
        case, title = form.cleaned_data["case"], form.cleaned_data["title"]
        try:
            outcome = actions.escalate(actor, rows, asof, case, title)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            tell(request, "escalate", outcome)
            return redirect(_back(request))
    again = {name: request.POST.getlist(name) for name in ("alert", "group", "all", "query", "asof")}
    again["next"] = [_back(request)]
    shown = {"form": form, "again": again, "count": bounded(mine), "zones_chosen": sorted(zones)}
    return render(request, "alerts/escalate.html", shown)


@verb("alerts.triage")
@require_POST
def undo(request: HttpRequest, actor: User) -> HttpResponse:
    """Take back the actor's last act."""
    try:
        outcome = actions.undo(actor)
    except ValidationError as error:
        messages.warning(request, " ".join(error.messages))
    else:
        done = ngettext("Undone for %(n)d alert.", "Undone for %(n)d alerts.", outcome.done)
        messages.success(request, done % {"n": outcome.done})
        _tell_overtaken(request, outcome)
    return redirect(_back(request))


def tell(request: HttpRequest, wanted: str, outcome: Outcome) -> None:
    """What came of an act, as messages."""
    if outcome.done:
        told = {"what": DONE[wanted], "n": outcome.done}
        text = ngettext("%(what)s: %(n)d alert.", "%(what)s: %(n)d alerts.", outcome.done) % told
        if outcome.case is not None:
            number = outcome.case.number
            said = _("Case %(number)s.") % {"number": number}
            text = format_html('{} <a href="{}">{}</a>', text, reverse("cases:show", args=[number]), said)
        messages.success(request, text)
    elif not outcome.overtaken:
        messages.info(request, _("Nothing to do: these alerts are in that state already."))
    _tell_overtaken(request, outcome)


def _tell_overtaken(request: HttpRequest, outcome: Outcome) -> None:
    if outcome.overtaken:
        told = {"n": outcome.overtaken, "who": ", ".join(outcome.by)}
        text = ngettext(
            "%(n)d alert was left as it is: %(who)s decided on it meanwhile.",
            "%(n)d alerts were left as they are: %(who)s decided on them meanwhile.",
            outcome.overtaken,
        )
        messages.warning(request, text % told)


def _back(request: HttpRequest) -> str:
    wanted = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) and wanted.startswith("/")
    return wanted if safe else reverse("alerts:index")
