"""A case's legal holds through the API: placed by one, lifted by two."""

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
from kulla.centre.api.schemas import Moment, Text
from kulla.centre.cases.actions import holds
from kulla.centre.cases.models import Hold
from kulla.centre.people import door
from kulla.centre.people.models import User
from kulla.centre.worker import holding

router = Router()
_PEOPLE = ("placed_by", "lift_asked_by", "lifted_by")


class HoldOut(Schema):
    """A hold. `lifted`: when it ended; until then nothing that it covers is erased."""

    uid: UUID
    reason: str
    since: datetime | None
    until: datetime | None
    query: str
    placed: datetime
    placed_by: str
    lift_asked: datetime | None
    lift_asked_by: str | None
    lift_why: str
    lifted: datetime | None
    lifted_by: str | None

    @staticmethod
    def resolve_placed_by(row: Any) -> str:
        return str(row.placed_by.username)

    @staticmethod
    def resolve_lift_asked_by(row: Any) -> str | None:
        return row.lift_asked_by.username if row.lift_asked_by else None

    @staticmethod
    def resolve_lifted_by(row: Any) -> str | None:
        return row.lifted_by.username if row.lifted_by else None


class HoldIn(Schema):
    """A hold. The events of its constituent that lie in the span and meet the query are held besides the case's
    evidence and its alerts' events; without span and query none are."""

    reason: Text
    since: Moment | None = None
    until: Moment | None = None
    query: Annotated[str, Field(max_length=1000, pattern=r"^[^\x00]*$")] = ""


class HeldItem(Schema):
    """An item of evidence that a hold keeps."""

    number: str
    name: str
    sha256: str


class HeldOut(Schema):
    """What a hold keeps. `hidden_items` are those that the token's user does not see. `events` and `files` of the lake
    are those that they may search, null when that is nothing or the token lacks the scope events; `due` would be
    dropped today without the hold."""

    items: list[HeldItem]
    hidden_items: int
    alerts: list[str]
    events: int | None
    files: int | None
    due: int | None


class HoldAct(Schema):
    """An act on a hold: ask that it be lifted, with the reason, or agree to what another person asked."""

    act: Literal["ask", "agree"]
    why: Annotated[str, Field(max_length=10_000, pattern=r"^[^\x00]*$")] = ""


@router.get("/{number}/holds", response=answers(list[HoldOut]), auth=Scope("cases"))
@paginate(Paged)
def list_holds(request: HttpRequest, number: Number) -> QuerySet[Hold]:
    """Its holds, newest first, those that were lifted too."""
    user = actor(request)
    return door.visible(user, Hold.objects.filter(case=read_case(user, number)).select_related(*_PEOPLE))


@router.post("/{number}/holds", response=answers(HoldOut, 201), auth=Scope("cases", "write"))
def place_hold(request: HttpRequest, number: Number, given: HoldIn) -> Any:
    """Place a hold."""
    user = actor(request)
    made = holds.place_hold(user, case_of(user, number), given.reason, given.since, given.until, given.query)
    return Status(201, _shown(user, made))


@router.get("/{number}/holds/{uid}/held", response=answers(HeldOut), auth=Scope("alerts", "cases", "evidence"))
def list_held(request: HttpRequest, number: Number, uid: UUID) -> Any:
    """What a hold keeps now: items, alerts, and the events of the lake, judged as retention would judge them."""
    user = actor(request)
    row = door.one(user, Hold.objects.filter(case=read_case(user, number)).select_related("case"), uid=uid)
    searches = "events" in request.token.scopes  # type: ignore[attr-defined]
    found, told = holding.kept(user, row), holding.events(user, row) if searches else None
    return HeldOut(
        items=[HeldItem(number=each.number, name=each.name, sha256=each.sha256) for each in found.items],
        hidden_items=found.hidden, alerts=list(found.alerts.values_list("uid", flat=True)),
        events=told.events if told else None, files=told.files if told else None, due=told.due if told else None,
    )  # fmt: skip


@router.post("/{number}/holds/{uid}", response=answers(HoldOut), auth=Scope("cases", "write"))
def act_on_hold(request: HttpRequest, number: Number, uid: UUID, given: HoldAct) -> Any:
    """Ask for a hold to be lifted, or agree: that takes somebody else than who asked."""
    user = actor(request)
    row = door.one(user, Hold.objects.filter(case=case_of(user, number)), uid=uid)
    if given.act == "ask":
        holds.ask_to_lift(user, row, given.why)
    else:
        holds.lift(user, row)
    return _shown(user, row)


def _shown(user: User, row: Hold) -> Hold:
    return door.one(user, Hold.objects.select_related(*_PEOPLE), pk=row.pk)
