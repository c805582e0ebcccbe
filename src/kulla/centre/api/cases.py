"""Cases through the API."""

from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from ninja.errors import HttpError
from ninja.pagination import paginate

from kulla.centre.alerts.models import Alert
from kulla.centre.api.access import Scope, actor
from kulla.centre.api.answers import answers
from kulla.centre.api.found import Number, case_of, read_case
from kulla.centre.api.paging import Paged
from kulla.centre.api.schemas import (
    CaseIn,
    CaseOut,
    EntryIn,
    EntryOut,
    ObservableIn,
    ObservableOut,
)
from kulla.centre.cases import actions
from kulla.centre.cases.models import Case, Entry, Observable
from kulla.centre.people import door
from kulla.share.marks import Marks

router = Router()


class CaseFilter(Schema):
    """Which cases."""

    state: Literal["open", "contained", "resolved", "closed"] | None = None


@router.get("", response=answers(list[CaseOut]), auth=Scope("cases"))
@paginate(Paged)
def list_cases(request: HttpRequest, wanted: Query[CaseFilter]) -> QuerySet[Case]:
    """Cases, newest first."""
    rows = door.visible(actor(request), Case.objects.select_related("constituent", "lead"))
    return rows.filter(state=wanted.state) if wanted.state else rows


@router.post("", response=answers(CaseOut, 201), auth=Scope("cases", "write"))
def open_case(request: HttpRequest, given: CaseIn) -> Any:
    """Open a case."""
    user = actor(request)
    constituent = None
    if given.constituent:
        constituent = door.constituents(user, "cases.work").filter(name=given.constituent).first()
        if constituent is None:
            raise ValidationError("there is no such constituent, or none for you")
    if given.alerts and "alerts" not in request.token.scopes:  # type: ignore[attr-defined]
        raise HttpError(403, "this token lacks the scope alerts")
    alerts = door.visible(user, Alert.objects.filter(uid__in=given.alerts)) if given.alerts else ()
    case = actions.open_case(
        user, given.title, given.zone, constituent, marks=Marks(given.tlp, given.pap), alerts=alerts,
        summary=given.summary,
    )  # fmt: skip
    return Status(201, case)


@router.get("/{number}", response=answers(CaseOut), auth=Scope("cases"))
def get_case(request: HttpRequest, number: Number) -> Case:
    """One case."""
    return read_case(actor(request), number)


@router.get("/{number}/timeline", response=answers(list[EntryOut]), auth=Scope("cases"))
@paginate(Paged)
def list_timeline(request: HttpRequest, number: Number) -> QuerySet[Entry]:
    """Its timeline, in the order of what happened."""
    user = actor(request)
    return door.visible(user, Entry.objects.filter(case=read_case(user, number)).select_related("author"))


@router.post("/{number}/timeline", response=answers(EntryOut, 201), auth=Scope("cases", "write"))
def write_timeline(request: HttpRequest, number: Number, given: EntryIn) -> Any:
    """Write a line of it."""
    user = actor(request)
    return Status(201, actions.write_entry(user, case_of(user, number), given.text, given.at, key=given.key))


@router.get("/{number}/observables", response=answers(list[ObservableOut]), auth=Scope("cases"))
@paginate(Paged)
def list_observables(request: HttpRequest, number: Number) -> QuerySet[Observable]:
    """Its observables."""
    user = actor(request)
    return door.visible(user, Observable.objects.filter(case=read_case(user, number)))


@router.post("/{number}/observables", response=answers(ObservableOut, 201), auth=Scope("cases", "write"))
def add_observable(request: HttpRequest, number: Number, given: ObservableIn) -> Any:
    """Add an observable; one that is there already is given back."""
    user = actor(request)
    row, _new = actions.add_observable(user, case_of(user, number), given.value, indicator=given.indicator)
    return Status(201, door.one(user, Observable.objects.all(), pk=row.pk))
