"""The parts of a case's page that are sent: lines, tasks, observables, duties, holds. Each goes back to the case."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kulla.centre.cases import actions
from kulla.centre.cases.actions import holds, tasks
from kulla.centre.cases.actions.duties import add_bearer
from kulla.centre.cases.actions.duties import decide as record_decision
from kulla.centre.cases.forms import (
    BearerForm,
    DecisionForm,
    EntryForm,
    HoldForm,
    ImportForm,
    ObservableForm,
    TaskForm,
)
from kulla.centre.cases.models import Bearer, Case, Entry, Hold, Observable, Task
from kulla.centre.cases.views import found
from kulla.centre.people import door
from kulla.centre.people.models import User
from kulla.centre.site.guards import verb

Part = Callable[..., str | None]
MOST_LINES = 1000
"""Observables of one form: each is a transaction of its own."""


def part(name: str, right: str = "cases.work") -> Callable[[Part], Callable[..., HttpResponse]]:
    """A view that takes a form of the case's page, calls an act, and goes back to the part of the page called `name`.

    What the wrapped function returns is told as done; a ValidationError is told as such.
    """

    def wrapped(view: Part) -> Callable[..., HttpResponse]:
        @wraps(view)
        def sent(request: HttpRequest, actor: User, number: str, *args: Any, **kwargs: Any) -> HttpResponse:
            case = found(actor, number)
            try:
                said = view(request, actor, case, *args, **kwargs)
                if said:
                    messages.success(request, said)
            except ValidationError as error:
                messages.error(request, " ".join(error.messages))
            return redirect(f"{reverse('cases:show', args=[number])}#{name}")

        return require_POST(verb(right)(sent))

    return wrapped


def valid(form: Form) -> dict[str, Any]:
    """A form's values. Raises ValidationError with all that is wrong."""
    if form.is_valid():
        return form.cleaned_data
    said = [f"{form.fields[name].label if name in form.fields else ''}: {each}"
            for name, faults in form.errors.items() for each in faults]  # fmt: skip
    raise ValidationError(said)


@part("timeline")
def entry(request: HttpRequest, actor: User, case: Case) -> None:
    """A line of the timeline."""
    given = valid(EntryForm(request.POST))
    actions.write_entry(actor, case, given["text"], given["at"], key=given["key"])


@part("timeline")
def withdraw(request: HttpRequest, actor: User, case: Case, uid: UUID) -> None:
    """Strike a line through."""
    actions.withdraw_entry(actor, door.one(actor, Entry.objects.filter(case=case), uid=uid))


@part("timeline")
def import_file(request: HttpRequest, actor: User, case: Case) -> str:
    """Another tool's timeline."""
    file = valid(ImportForm(request.POST, request.FILES))["file"]
    assert isinstance(file, TemporaryUploadedFile)
    done = actions.import_timeline(actor, case, Path(file.temporary_file_path()), str(file.name))
    told = [_("%(added)d lines added, %(known)d were there.") % {"added": done.added, "known": done.known}]
    if done.untimed:
        places = ", ".join(map(str, done.untimed[:10]))
        told.append(_("Without a time, and left out: records %(places)s.") % {"places": places})
    if done.left:
        told.append(_("The file has more: put it into the inbox instead."))
    return " ".join([*told, *done.problems])


@part("tasks")
def task(request: HttpRequest, actor: User, case: Case) -> None:
    """A task by hand."""
    given = valid(TaskForm(request.POST))
    actions.add_task(actor, case, given["title"], due=given["due"])


@part("tasks")
def task_act(request: HttpRequest, actor: User, case: Case, uid: UUID, act: str) -> None:
    """Do something with a task."""
    row = door.one(actor, Task.objects.filter(case=case), uid=uid)
    if act == "done":
        actions.finish_task(actor, row)
    elif act == "skip":
        actions.skip_task(actor, row, request.POST.get("why", ""))
    elif act == "reopen":
        actions.reopen_task(actor, row)
    elif act == "mine":
        tasks.assign_task(actor, row, actor)
    elif act == "assign":
        chosen = request.POST.get("to", "")
        tasks.assign_task(actor, row, tasks.named(chosen) if chosen else None)
    else:
        raise Http404


@part("tasks")
def playbook(request: HttpRequest, actor: User, case: Case) -> str:
    """A playbook's tasks."""
    count = actions.apply_playbook(actor, case, request.POST.get("playbook", ""))
    return _("%(count)d tasks added.") % {"count": count}


@part("observables")
def observable(request: HttpRequest, actor: User, case: Case) -> str:
    """Observables, one a line."""
    given = valid(ObservableForm(request.POST))
    lines = [line for line in given["values"].splitlines() if line.strip()]
    if len(lines) > MOST_LINES:
        raise ValidationError(_("At most %(most)d at a time.") % {"most": MOST_LINES})
    new = sum(actions.add_observable(actor, case, line, given["kind"], "", given["indicator"])[1] for line in lines)
    return _("%(new)d new of %(all)d.") % {"new": new, "all": len(lines)}


@part("observables")
def indicator(request: HttpRequest, actor: User, case: Case, uid: UUID) -> None:
    """Worth looking for elsewhere, or not."""
    row = door.one(actor, Observable.objects.filter(case=case), uid=uid)
    actions.mark_indicator(actor, row, not row.indicator)


@part("clocks", "cases.lead")
def bearer(request: HttpRequest, actor: User, case: Case) -> None:
    """Who has duties."""
    given = valid(BearerForm(request.POST))
    add_bearer(actor, case, given["kind"], given["name"], given["jurisdiction"], tuple(given["traits"]))


@part("clocks", "cases.lead")
def decide(request: HttpRequest, actor: User, case: Case, uid: UUID) -> None:
    """What is recorded of a duty-bearer."""
    row = door.one(actor, Bearer.objects.filter(case=case), uid=uid)
    given = valid(DecisionForm(row.jurisdiction, request.POST, prefix=f"b{row.uid}"))
    verb_, subject = given["what"]
    record_decision(actor, row, verb_, subject, given["at"], given["reason"], given["ref"])


@part("holds", "cases.hold")
def hold(request: HttpRequest, actor: User, case: Case) -> None:
    """A legal hold."""
    given = valid(HoldForm(request.POST))
    holds.place_hold(actor, case, given["reason"], given["since"], given["until"], given["query"])


@part("holds", "cases.hold")
def hold_act(request: HttpRequest, actor: User, case: Case, uid: UUID, act: str) -> None:
    """Ask for a hold to be lifted, or agree."""
    row = door.one(actor, Hold.objects.filter(case=case), uid=uid)
    if act == "ask":
        holds.ask_to_lift(actor, row, request.POST.get("why", ""))
    elif act == "agree":
        holds.lift(actor, row)
    else:
        raise Http404
