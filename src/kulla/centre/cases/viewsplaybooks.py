"""The pages of playbooks."""

from __future__ import annotations

from importlib.resources import files

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kulla.centre.cases.actions.playbooks import drop_playbook, save_playbook
from kulla.centre.cases.models import Playbook
from kulla.centre.cases.playbooks import every
from kulla.centre.law.playbook import shipped
from kulla.centre.people.models import User
from kulla.centre.site.guards import verb
from kulla.centre.site.words import spoken


@verb("cases.see")
def index(request: HttpRequest, actor: User) -> HttpResponse:
    """The playbooks, and which of them are the centre's own."""
    own = set(Playbook.objects.values_list("name", flat=True))
    rows = [(key, spoken(each.name), spoken(each.about), len(each.tasks), key in own)
            for key, each in sorted(every().items())]  # fmt: skip
    return render(request, "cases/playbooks.html", {"rows": rows})


@verb("cases.lead")
def edit(request: HttpRequest, actor: User, name: str) -> HttpResponse:
    """Edit a playbook as TOML; faults are told with their lines and nothing typed is lost."""
    row = Playbook.objects.filter(name=name).first()
    if row is None and name not in shipped():
        raise Http404
    text = request.POST.get("text") or (row.text if row else _shipped(name))
    faults: list[str] = []
    if request.method == "POST":
        try:
            saved = save_playbook(actor, text)
        except ValidationError as error:
            faults = error.messages
        else:
            messages.success(request, _("Saved."))
            return redirect("cases:playbook-edit", saved.name)
    page = {"name": name, "text": text, "faults": faults, "own": row is not None}
    return render(request, "cases/playbook.html", page)


def _shipped(name: str) -> str:
    return (files("kulla.centre.law") / "playbooks" / f"{name}.toml").read_text("utf-8")


@require_POST
@verb("cases.lead")
def drop(request: HttpRequest, actor: User, name: str) -> HttpResponse:
    """Back to the shipped one."""
    try:
        drop_playbook(actor, name)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("cases:playbooks")
