"""The pages of cases: the list, and a case whole."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kulla.centre.audit.chain import record
from kulla.centre.cases import actions
from kulla.centre.cases.actions.case import Changed, may_lead
from kulla.centre.cases.clocks import clocks_of, clocks_of_many, most_urgent
from kulla.centre.cases.forms import (
    BearerForm,
    CaseForm,
    DecisionForm,
    EntryForm,
    HoldForm,
    ImportForm,
    ObservableForm,
    OpenForm,
    TaskForm,
)
from kulla.centre.cases.models import Bearer, Case, Entry, Hold, Observable, State, Task
from kulla.centre.cases.playbooks import names, told
from kulla.centre.people import door
from kulla.centre.people.models import User
from kulla.centre.site.guards import verb
from kulla.share.marks import Marks

SENSITIVE = frozenset({"AMBER+STRICT", "RED"})


@verb("cases.see")
def index(request: HttpRequest, actor: User) -> HttpResponse:
    """Cases: those that are not closed, unless asked; the most pressing clock of each."""
    state = request.GET.get("state", "")
    rows = door.visible(actor, Case.objects.all()).select_related("constituent", "lead")
    rows = rows.filter(state=state) if state in State.values else rows.exclude(state=State.CLOSED)
    if request.GET.get("mine"):
        rows = rows.filter(Q(lead=actor) | Q(members=actor)).distinct()
    asked = request.GET.get("q", "").strip()
    if asked:
        rows = rows.filter(Q(title__icontains=asked) | Q(number__icontains=asked))
    page = Paginator(rows.order_by("priority", "-opened"), 50).get_page(request.GET.get("page"))
    clocks = clocks_of_many(page.object_list)
    urgent = {pk: found[0] for pk, each in clocks.items() if (found := most_urgent(each))}
    shown = {"page": page, "urgent": urgent, "asked": asked, "state": state, "states": State.choices}
    return render(request, "cases/index.html", shown)


@verb("cases.work")
def new(request: HttpRequest, actor: User) -> HttpResponse:
    """Open a case by hand."""
    form = OpenForm(actor, request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        marks = Marks(given["tlp"], given["pap"])
        try:
            case = actions.open_case(
                actor, given["title"], given["zone"], given["constituent"], marks=marks,
                summary=given["summary"], exercise=given["exercise"],
            )  # fmt: skip
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return redirect("cases:show", case.number)
    return render(request, "cases/new.html", {"form": form})


def found(actor: User, number: str) -> Case:
    """The case of a number, if the actor sees it."""
    return door.one(actor, Case.objects.select_related("constituent", "lead"), number=number)


def read(actor: User, number: str, **how: str) -> Case:
    """The same, to be shown: that a sensitive one was read is kept in the audit."""
    case = found(actor, number)
    if case.tlp in SENSITIVE:
        record(actor, "cases.read", case, **how)
    return case


@verb("cases.see")
def show(request: HttpRequest, actor: User, number: str) -> HttpResponse:
    """A case whole."""
    case = read(actor, number)
    return render(request, "cases/show.html", _whole(actor, case))


def _whole(actor: User, case: Case) -> dict[str, Any]:
    entries = door.visible(actor, Entry.objects.filter(case=case)).select_related("author")
    bearers = list(door.visible(actor, Bearer.objects.filter(case=case)).prefetch_related("decisions__person"))
    clocks = most_urgent_first(case)
    can = {name: door.sight(actor).has(f"cases.{name}", case.zone, case.constituent_id)
           for name in ("work", "lead", "hold")}  # fmt: skip
    tasks = door.visible(actor, Task.objects.filter(case=case)).select_related("assignee", "done_by")
    counts = tasks.aggregate(all=Count("pk"), closed=Count("pk", filter=Q(done__isnull=False)))
    return {
        "case": case,
        "can": can,
        "entries": entries[:500],
        "more_entries": entries.count() > 500,
        "tasks": told(tasks),
        "task_counts": counts,
        "observables": door.visible(actor, Observable.objects.filter(case=case)),
        "bearers": [(bearer, DecisionForm(bearer.jurisdiction, prefix=f"b{bearer.uid}")) for bearer in bearers],
        "clocks": clocks,
        "people": may_lead(case),
        "held": {"items": case.items.filter(disposed=None).count(), "alerts": case.alerts.count()},
        "holds": door.visible(actor, Hold.objects.filter(case=case)).select_related("placed_by", "lift_asked_by"),
        "alerts": door.visible(actor, case.alerts.all())[:200],
        "related": door.visible(actor, case.related.all()),
        # Reports belong to an app of their own, which comes after this one: they are reached from the case's side.
        "reports": door.visible(actor, case.reports.all())[:50],
        "alike": actions.related_by_observables(actor, case),
        "playbooks": names(),
        "states": [each for each in State.choices if each[0] != case.state],
        "forms": {
            "entry": EntryForm(), "import": ImportForm(), "task": TaskForm(), "observable": ObservableForm(),
            "bearer": BearerForm(initial={"name": case.constituent.title if case.constituent else ""}),
            "hold": HoldForm(),
        },
    }  # fmt: skip


def most_urgent_first(case: Case) -> list[Any]:
    """Every clock of a case: those that press first, then the others in the law's order."""
    every = clocks_of(case)
    urgent = most_urgent(every)
    return urgent + [clock for clock in every if clock not in urgent]


@verb("cases.work")
def edit(request: HttpRequest, actor: User, number: str) -> HttpResponse:
    """Change a case. When somebody else did meanwhile, both are shown and nothing is lost."""
    case = found(actor, number) if request.method == "POST" else read(actor, number)
    form = CaseForm(request.POST or None, instance=case)
    if request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        version = values.pop("version")
        try:
            actions.change(actor, case, version, values)
            messages.success(request, _("Saved."))
            return redirect("cases:show", number)
        except Changed as error:
            case = found(actor, number)  # it may be marked for fewer eyes by now
            theirs = {name: getattr(case, name) for name in form.changed_data if name != "version"}
            form.data = {**request.POST.dict(), "version": str(case.version)}
            messages.error(request, " ".join(error.messages))
            return render(request, "cases/edit.html", {"form": form, "case": case, "theirs": theirs}, status=409)
        except ValidationError as error:
            form.add_error(None, error)
    people = may_lead(case)
    chosen = set(case.members.values_list("pk", flat=True))
    return render(request, "cases/edit.html", {"form": form, "case": case, "people": people, "chosen": chosen})


@require_POST
@verb("cases.work")
def move(request: HttpRequest, actor: User, number: str) -> HttpResponse:
    """Move a case on."""
    case = found(actor, number)
    version, state = request.POST.get("version", ""), request.POST.get("state", "")
    try:
        if state not in State.values or not version.isdecimal():
            raise ValidationError(_("Choose a state."))
        actions.move(actor, case, state, int(version))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("cases:show", number)


@require_POST
@verb("cases.lead")
def members(request: HttpRequest, actor: User, number: str) -> HttpResponse:
    """Who works on it."""
    case = found(actor, number)
    wanted, can = set(request.POST.getlist("members")), {user.username: user for user in may_lead(case)}
    try:
        if wanted - set(can):
            raise ValidationError(_("Choose people who see cases of this zone and constituent."))
        chosen = [user for key, user in can.items() if key in wanted]
        actions.set_members(actor, case, chosen)
        messages.success(request, _("Saved."))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("cases:edit", number)


@require_POST
@verb("cases.work")
def link(request: HttpRequest, actor: User, number: str) -> HttpResponse:
    """Join a case to another, or part them."""
    case = found(actor, number)
    other = found(actor, request.POST.get("other", "").strip())
    try:
        actions.link(actor, case, other, "part" not in request.POST)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("cases:show", number)
