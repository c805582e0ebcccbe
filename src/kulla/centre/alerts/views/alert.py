"""One alert: its events, why the rule met them, what else is known, and what was done."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from kulla.centre.alerts import actions, reading, rules
from kulla.centre.alerts.forms import NoteForm
from kulla.centre.alerts.models import Alert, AlertGroup, Note, Touched, Tuning
from kulla.centre.alerts.rates import rates
from kulla.centre.alerts.tuning import may_tune
from kulla.centre.alerts.views.queue import tools
from kulla.centre.audit.models import Entry
from kulla.centre.cases.models import Case
from kulla.centre.people import door
from kulla.centre.people.models import User
from kulla.centre.site.guards import verb
from kulla.hunt.tactics import techniques_of

OTHERS: Final = 15


@verb("alerts.see")
def alert(request: HttpRequest, actor: User, uid: str) -> HttpResponse:
    """The page of one alert."""
    rows = Alert.objects.select_related("constituent", "assignee", "case")
    found = door.one(actor, rows, uid=uid)
    known = rules.find(found.rule_id)
    place = Tuning.objects.filter(rule_id=found.rule_id, zone=found.zone).exclude(state=Tuning.State.WITHDRAWN)
    shown = {
        "alert": found,
        "group": door.visible(actor, AlertGroup.objects.filter(key=found.group)).first(),
        "events": reading.events(found, door.scope(actor)),
        "techniques": techniques_of(found.tags),
        "known": known,
        "rate": _rate(actor, found.rule_id),
        "others": _others(actor, found),
        "history": history(found),
        "notes": door.visible(actor, Note.objects.filter(alert=found)).select_related("author"),
        "note_form": NoteForm(),
        "tunings": door.visible(actor, place),
        "tunable": may_tune(actor, found),
        "may": _may(actor, found),
        "takes": _takes(actor, found),
        # Evidence is an app of its own, which comes after this one: it is reached from the alert's side.
        "kept": door.visible(actor, found.kept.all()),
        "searches": door.sight(actor).has("events.search", found.zone, found.constituent_id),
        **tools(actor),
    }
    return render(request, "alerts/alert.html", shown)


def _may(actor: User, found: Alert) -> bool:
    return door.sight(actor).has("alerts.triage", found.zone, found.constituent_id)


def _takes(actor: User, found: Alert) -> bool:
    """Whether the actor may keep it as evidence of its case."""
    if found.case is None or not door.sight(actor).has("evidence.take", found.zone, found.case.constituent_id):
        return False
    return door.visible(actor, Case.objects.filter(pk=found.case.pk)).exists()


def _rate(actor: User, rule_id: str) -> Any:
    return rates(door.visible(actor, Alert.objects.filter(rule_id=rule_id))).get(rule_id) if rule_id else None


def _others(actor: User, found: Alert) -> QuerySet[Alert]:
    """The latest alerts about the same host, account or register of the same constituent."""
    same = Q()
    for name in ("host", "account", "register"):
        if value := getattr(found, name):
            same |= Q(**{name: value})
    if not same:
        return Alert.objects.none()
    rows = Alert.objects.filter(same, zone=found.zone, constituent=found.constituent).exclude(pk=found.pk)
    return door.visible(actor, rows).defer("detail", "evidence").order_by("-last")[:OTHERS]


def history(found: Alert) -> list[dict[str, Any]]:
    """What was done with an alert, oldest first: acts of triage, and entries of the audit that name it alone."""
    touched = Touched.objects.filter(alert=found).select_related("act__user", "act__assignee")
    acts = [
        {"at": each.act.at, "who": each.act.user.username, "what": f"alerts.{each.act.verb}", "act": each.act}
        for each in touched
    ]
    known = {each.act_id for each in touched}
    named = Entry.objects.filter(target=f"alerts.alert:{found.pk}").exclude(seq__in=known)
    told = [{"at": each.at, "who": each.actor, "what": each.action, "act": None} for each in named]
    return sorted([*acts, *told], key=lambda row: row["at"])


@verb("alerts.triage")
@require_POST
def note(request: HttpRequest, actor: User, uid: str) -> HttpResponse:
    """Write a note."""
    found = door.one(actor, Alert.objects.all(), uid=uid)
    form = NoteForm(request.POST)
    if form.is_valid():
        try:
            actions.note(actor, found, form.cleaned_data["text"])
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
    return redirect(reverse("alerts:alert", args=[found.uid]) + "#notes")
