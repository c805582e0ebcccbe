"""Traces of leaked files through the API: asked for, watched, read. The second person agrees on the console, since the
owner's key comes with it, and whoever brings it has just said who they are."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Field, Query, Router, Schema, Status
from ninja.pagination import paginate

from kulla.centre.api.access import Scope, actor
from kulla.centre.api.answers import answers
from kulla.centre.api.evidence import ItemNumber
from kulla.centre.api.found import Number
from kulla.centre.api.paging import Paged
from kulla.centre.api.registers import RegisterName
from kulla.centre.evidence.models import Item
from kulla.centre.guard import actions
from kulla.centre.guard.models import Trace
from kulla.centre.guard.viewsleaks import found
from kulla.centre.people import door
from kulla.centre.people.models import User

router = Router()


class TraceOut(Schema):
    """A trace. `stage` is the last that began; a trace that is `asked` waits for its second person."""

    uid: UUID
    case: str
    item: str
    registers: list[str]
    purpose: str
    language: str
    state: str
    stage: str
    asked: datetime
    asked_by: str
    second: str | None
    agreed: datetime | None
    started: datetime | None
    ended: datetime | None

    @staticmethod
    def resolve_case(row: Any) -> str:
        return str(row.case.number)

    @staticmethod
    def resolve_item(row: Any) -> str:
        return str(row.item.number)

    @staticmethod
    def resolve_asked_by(row: Any) -> str:
        return str(row.asked_by.username)

    @staticmethod
    def resolve_second(row: Any) -> str | None:
        return row.second.username if row.second else None


class TraceWhole(TraceOut):
    """A trace with what it said on its way, its outcome in a few lines, and the numbers of its reports."""

    said: str
    outcome: str
    reports: list[str]

    @staticmethod
    def resolve_reports(row: Any) -> list[str]:
        return list(row.told)


class TraceFilter(Schema):
    """Which traces: those of a case, or in a state."""

    case: Number | None = None
    state: Literal["asked", "ready", "running", "done", "failed"] | None = None


class TraceIn(Schema):
    """A trace to be run: of which item, compared with which registers, for what."""

    item: ItemNumber
    registers: Annotated[list[RegisterName], Field(min_length=1, max_length=50)]
    purpose: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]*\S[^\x00]*$")]
    language: Literal["en", "sq"] = "en"


@router.get("", response=answers(list[TraceOut]), auth=Scope("traces"))
@paginate(Paged)
def list_traces(request: HttpRequest, wanted: Query[TraceFilter]) -> QuerySet[Trace]:
    """Traces, newest first."""
    rows = door.visible(actor(request), Trace.objects.select_related("case", "item", "asked_by", "second"))
    rows = rows.filter(case__number=wanted.case) if wanted.case else rows
    return rows.filter(state=wanted.state) if wanted.state else rows


@router.post("", response=answers(TraceOut, 201), auth=Scope("traces", "write"))
def ask_trace(request: HttpRequest, given: TraceIn) -> Any:
    """Ask for a trace. It runs when a second person has agreed on the console."""
    user = actor(request)
    rows = Item.objects.filter(disposed=None).exclude(source__startswith="trace of ").select_related("case")
    item = door.one(user, rows, number=given.item)
    row = actions.ask_trace(user, item, list(dict.fromkeys(given.registers)), given.purpose, given.language)
    return Status(201, found(user, row.uid))


@router.get("/{uid}", response=answers(TraceWhole), auth=Scope("traces"))
def get_trace(request: HttpRequest, uid: UUID) -> Any:
    """A trace: how far it is, and when it has ended what came of it; its reports are items of evidence."""
    user = actor(request)
    return _with_reports(user, found(user, uid))


def _with_reports(user: User, row: Trace) -> Trace:
    row.told = [each.number for each in door.visible(user, row.reports.all())]  # type: ignore[attr-defined]
    return row
