"""Tuning on screen: choose fields, look at what it would have silenced, then let it hold."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kulla.centre.alerts import reading
from kulla.centre.alerts import tuning as work
from kulla.centre.alerts.filterrule import MODIFIERS, Condition
from kulla.centre.alerts.forms import TuneForm
from kulla.centre.alerts.models import Alert, Tuning
from kulla.centre.people import door
from kulla.centre.people.models import User
from kulla.centre.site.errors import told
from kulla.centre.site.guards import verb
from kulla.errors import KullaError

FIELDS: Final = 200


@verb("alerts.tune")
def tune(request: HttpRequest, actor: User, uid: str) -> HttpResponse:
    """Choose conditions from the fields of an event of the alert; then the proposal with its preview."""
    alert = door.one(actor, Alert.objects.select_related("constituent"), uid=uid)
    if not work.may_tune(actor, alert):
        raise Http404
    events = reading.events(alert, door.scope(actor))
    rows = _fields(events[0] if events else None)
    sent = request.method == "POST"
    form = TuneForm(request.POST if sent else None, initial={"title": _("Not: %(rule)s") % {"rule": alert.title}})
    if sent and form.is_valid():
        try:
            conditions = [Condition(*each) for each in form.conditions(len(rows))]
            told = form.cleaned_data
            made = work.propose(actor, alert, told["title"], told["reason"], conditions, told["whole_zone"])
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return redirect("alerts:tuning", made.uid)
    if sent:
        for row in rows:
            row["picked"] = bool(request.POST.get(f"pick-{row['number']}"))
            row["value"] = request.POST.get(f"value-{row['number']}", row["value"])
            row["how"] = request.POST.get(f"how-{row['number']}", row["how"])
    whole = door.sight(actor).has("alerts.tune", alert.zone)
    shown = {"alert": alert, "form": form, "rows": rows, "modifiers": MODIFIERS, "whole": whole}
    return render(request, "alerts/tune.html", shown)


def _fields(event: reading.Shown | None) -> list[dict[str, Any]]:
    """A row for each field: those in which the rule's patterns stand first, none chosen."""
    names = [(name, event.values[name][0]) for name, _pieces, _hit in event.fields] if event else []
    return [
        {"number": number, "name": name, "value": value, "how": "", "picked": False}
        for number, (name, value) in enumerate(names[:FIELDS])
    ]


@verb("alerts.see")
def tuning(request: HttpRequest, actor: User, uid: UUID) -> HttpResponse:
    """One filter: its text, what it would have silenced, and the buttons."""
    rows = Tuning.objects.select_related("author", "activated_by", "withdrawn_by", "constituent", "alert")
    found = door.one(actor, rows, uid=uid)
    may = door.sight(actor).has("alerts.tune", found.zone, found.constituent_id)
    return render(request, "alerts/tuning.html", {"row": found, "may": may})


@verb("alerts.tune")
@require_POST
def activate(request: HttpRequest, actor: User, uid: UUID) -> HttpResponse:
    """Let a proposal hold."""
    return _move(request, actor, uid, work.activate, _("The filter holds from the next events on."))


@verb("alerts.tune")
@require_POST
def withdraw(request: HttpRequest, actor: User, uid: UUID) -> HttpResponse:
    """Let a filter hold no longer."""
    return _move(request, actor, uid, work.withdraw, _("The filter is withdrawn."))


def _move(request: HttpRequest, actor: User, uid: UUID, verb_: Any, done: str) -> HttpResponse:
    found = door.one(actor, Tuning.objects.all(), uid=uid)
    try:
        verb_(actor, found)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except KullaError as error:
        messages.error(request, told(error))
    else:
        messages.success(request, done)
    return redirect("alerts:tuning", uid)
