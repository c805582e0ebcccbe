"""Who has duties in a case, what is recorded of them, and the clocks that follow, through the API."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Field, Router, Schema, Status
from ninja.pagination import paginate

from kulla.centre.api.access import Scope, actor
from kulla.centre.api.answers import answers
from kulla.centre.api.found import Number, case_of, read_case
from kulla.centre.api.paging import Paged
from kulla.centre.api.schemas import ClockOut, Moment, Short, Text
from kulla.centre.cases.actions import duties
from kulla.centre.cases.clocks import clocks_of
from kulla.centre.cases.models import Bearer, Decision
from kulla.centre.people import door

router = Router()
Key = Annotated[str, Field(max_length=60, pattern=r"^[a-z0-9_:.-]+$")]


class BearerOut(Schema):
    """A duty-bearer of a case. `towards`: whom it answers, when that is one of several."""

    uid: UUID
    kind: str
    name: str
    jurisdiction: str
    traits: list[str]
    towards: str


class DecisionOut(Schema):
    """What was recorded of a duty-bearer: `at` is when it happened, `recorded` when `person` wrote it down."""

    verb: str
    subject: str
    at: datetime
    recorded: datetime
    person: str
    reason: str
    ref: str

    @staticmethod
    def resolve_person(row: Any) -> str:
        return str(row.person.username)


class BearerIn(Schema):
    """Who has duties: `kind`, `jurisdiction` and `traits` as on the case's page."""

    kind: Annotated[str, Field(max_length=20, pattern=r"^[a-z_]+$")]
    name: Short
    jurisdiction: Annotated[str, Field(max_length=10, pattern=r"^[a-z]+$")]
    traits: Annotated[list[Key], Field(max_length=20)] = []  # noqa: RUF012
    towards: Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")] = ""


class DecisionIn(Schema):
    """What happened or was decided: `subject` is a law, a document, a decision or a duty, as `verb` asks."""

    verb: Literal["aware", "sent", "received", "decided", "void"]
    subject: Key
    at: Moment
    reason: Text
    ref: Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")] = ""


@router.get("/{number}/bearers", response=answers(list[BearerOut]), auth=Scope("cases"))
@paginate(Paged)
def list_bearers(request: HttpRequest, number: Number) -> QuerySet[Bearer]:
    """Its duty-bearers."""
    user = actor(request)
    return door.visible(user, Bearer.objects.filter(case=read_case(user, number)))


@router.post("/{number}/bearers", response=answers(BearerOut, 201), auth=Scope("cases", "write"))
def add_bearer(request: HttpRequest, number: Number, given: BearerIn) -> Any:
    """Name who has duties; one that is named already is given back. No clock runs by that alone."""
    user, traits = actor(request), tuple(given.traits)
    case = case_of(user, number)
    row = duties.add_bearer(user, case, given.kind, given.name, given.jurisdiction, traits, given.towards)
    return Status(201, door.one(user, Bearer.objects.all(), pk=row.pk))


@router.get("/{number}/bearers/{uid}/decisions", response=answers(list[DecisionOut]), auth=Scope("cases"))
@paginate(Paged)
def list_decisions(request: HttpRequest, number: Number, uid: UUID) -> QuerySet[Decision]:
    """What was recorded of a duty-bearer, in that order: a later record on the same thing counts."""
    user = actor(request)
    bearer = door.one(user, Bearer.objects.filter(case=read_case(user, number)), uid=uid)
    return door.visible(user, Decision.objects.filter(bearer=bearer).select_related("person"))


@router.post("/{number}/bearers/{uid}/decisions", response=answers(DecisionOut, 201), auth=Scope("cases", "write"))
def record_decision(request: HttpRequest, number: Number, uid: UUID, given: DecisionIn) -> Any:
    """Record what happened or was decided; the clocks follow."""
    user = actor(request)
    bearer = door.one(user, Bearer.objects.filter(case=case_of(user, number)), uid=uid)
    return Status(201, duties.decide(user, bearer, given.verb, given.subject, given.at, given.reason, given.ref))


@router.get("/{number}/clocks", response=answers(list[ClockOut]), auth=Scope("cases"))
def list_clocks(request: HttpRequest, number: Number) -> Any:
    """Its legal clocks as they stand now."""
    return [
        ClockOut(law=each.law.id, duty=each.duty.id, article=each.duty.article, bearer=each.bearer.name,
                 state=each.state, due=each.due, latest=each.latest, verified=each.verified)
        for each in clocks_of(read_case(actor(request), number))
    ]  # fmt: skip
