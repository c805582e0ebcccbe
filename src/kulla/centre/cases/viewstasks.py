"""The page on which a task is changed."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from kulla.centre.cases import actions
from kulla.centre.cases.actions.case import Changed
from kulla.centre.cases.forms import TaskEditForm
from kulla.centre.cases.models import Case, Task
from kulla.centre.cases.playbooks import told
from kulla.centre.cases.views import found, read
from kulla.centre.people import door
from kulla.centre.people.models import User
from kulla.centre.site.guards import verb


@verb("cases.work")
def edit(request: HttpRequest, actor: User, number: str, uid: UUID) -> HttpResponse:
    """Change a task. When somebody else did meanwhile, both are shown and nothing is lost."""
    case = found(actor, number) if request.method == "POST" else read(actor, number)
    task = _task(actor, case, uid)
    form = TaskEditForm(task, request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        version = values.pop("version")
        try:
            actions.edit_task(actor, task, version, values)
            messages.success(request, _("Saved."))
            return redirect(f"{reverse('cases:show', args=[number])}#tasks")
        except Changed as error:
            task = _task(actor, found(actor, number), uid)  # it may be marked for fewer eyes by now
            theirs = {name: getattr(task, name) for name in form.changed_data if name != "version"}
            form.data = {**request.POST.dict(), "version": str(task.version)}
            messages.error(request, " ".join(error.messages))
            page = {"form": form, "case": case, "task": task, "theirs": theirs}
            return render(request, "cases/taskedit.html", page, status=409)
        except ValidationError as error:
            form.add_error(None, " ".join(error.messages))
    return render(request, "cases/taskedit.html", {"form": form, "case": case, "task": told([task])[0]})


def _task(actor: User, case: Case, uid: UUID) -> Task:
    return door.one(actor, Task.objects.filter(case=case).select_related("case", "assignee"), uid=uid)
