"""Evidence through the API: what there is, intake, custody. Content is opened, handed on and exported on the console
alone, where whoever does it has just said who they are."""

from typing import Annotated, Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from ninja import Field, File, Form, Query, Router, Schema, Status, UploadedFile
from ninja.errors import HttpError
from ninja.pagination import paginate

from kulla.centre.api.access import Scope, actor
from kulla.centre.api.answers import answers
from kulla.centre.api.found import Number, case_of
from kulla.centre.api.paging import Paged
from kulla.centre.api.schemas import CustodyOut, EventOfCustody, ItemOut, ReceiptOut, Uid
from kulla.centre.evidence import actions, keeping
from kulla.centre.evidence.chain import events, problems
from kulla.centre.evidence.models import Item
from kulla.centre.evidence.views import found, own
from kulla.centre.people import door
from kulla.centre.people.models import User
from kulla.centre.site.place import centre
from kulla.errors import KullaError

router = Router()
ItemNumber = Annotated[str, Field(max_length=30, pattern=r"^[A-Z0-9-]+$")]
Line = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00]*\S[^\x00]*$")]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*\S[^\x00]*$")]
Note = Annotated[str, Field(max_length=10_000, pattern=r"^[^\x00]*$")]


class ItemFilter(Schema):
    """Which items: those of a case, or with this SHA-256."""

    case: Number | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None


class IntakeIn(Schema):
    """What ISO/IEC 27037 asks of an intake, as fields of a form beside the file."""

    source: Line
    officer: Name
    legal_basis: Line
    device: Line
    tool: Name = actions.TOOL
    note: Note = ""


class KeepIn(Schema):
    """Alerts of the case that become items of its evidence, one each, with their events. `officer`: the token's user
    when empty."""

    alerts: Annotated[list[Uid], Field(min_length=1, max_length=50)]
    legal_basis: Line
    officer: Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")] = ""
    note: Note = ""


@router.get("/evidence", response=answers(list[ItemOut]), auth=Scope("evidence"))
@paginate(Paged)
def list_evidence(request: HttpRequest, wanted: Query[ItemFilter]) -> QuerySet[Item]:
    """Items of evidence, newest first: what is told of them, never their content."""
    rows = door.visible(actor(request), Item.objects.select_related("case"))
    rows = rows.filter(case__number=wanted.case) if wanted.case else rows
    return rows.filter(sha256=wanted.sha256) if wanted.sha256 else rows


@router.get("/evidence/{number}", response=answers(ItemOut), auth=Scope("evidence"))
def get_evidence(request: HttpRequest, number: ItemNumber) -> Item:
    """One item."""
    return found(actor(request), number)


@router.get("/evidence/{number}/custody", response=answers(CustodyOut), auth=Scope("evidence"))
def get_custody(request: HttpRequest, number: ItemNumber) -> Any:
    """Its custody, verified now. When a line is no event any more no events are told, and a problem says so."""
    item = found(actor(request), number)
    try:
        told, wrong = events(item), [f"{each.seq}: {each.text}" for each in problems(item)]
    except KullaError as error:
        told, wrong = [], [str(error)]
    shown = [
        EventOfCustody(seq=each.seq, kind=each.kind, time=each.time, actor=each.actor, reason=each.reason,
                       place=each.place, details=dict(each.details), hash=each.hash)
        for each in told
    ]  # fmt: skip
    return CustodyOut(whole=not wrong, problems=wrong, events=shown)


@router.get("/evidence/{number}/receipt", response=answers(ReceiptOut), auth=Scope("evidence"))
def get_receipt(request: HttpRequest, number: ItemNumber) -> Any:
    """The receipt for who handed it over, also for who took it and may see no items."""
    item = own(actor(request), number)
    item.fingerprint = centre().keys.fingerprints()["signing"]  # type: ignore[attr-defined]
    return item


@router.post("/cases/{number}/evidence", response=answers(ItemOut, 201), auth=Scope("evidence", "write"))
def take_in(request: HttpRequest, number: Number, file: File[UploadedFile], given: Form[IntakeIn]) -> Any:
    """Take a file in, hashed and encrypted as it arrives. The same content again is the item that is there; 409 when it
    is somebody else's, and the token's user sees no items."""
    user = actor(request)
    fields = given.dict()
    note = fields.pop("note")
    blocks = file.chunks(1 << 20)
    item, _new = actions.take_in(user, case_of(user, number), str(file.name), blocks, fields, note)
    return Status(201, _own(user, item))


@router.post("/cases/{number}/evidence/alerts", response=answers(list[ItemOut], 201), auth=Scope("evidence", "write"))
def keep_alerts(request: HttpRequest, number: Number, given: KeepIn) -> Any:
    """Keep alerts of the case as its evidence. Those that are in it already are given back as they are; 409 when one is
    somebody else's, and the token's user sees no items."""
    user = actor(request)
    if "alerts" not in request.token.scopes:  # type: ignore[attr-defined]
        raise HttpError(403, "this token lacks the scope alerts")
    case = case_of(user, number)
    rows = keeping.chosen(user, case, given.alerts)
    kept = [keeping.keep(user, case, each, given.legal_basis, given.note, given.officer)[0] for each in rows]
    return Status(201, [_own(user, each) for each in kept])


def _own(user: User, item: Item) -> Item:
    """The item, for who sees it or took it."""
    try:
        return own(user, item.number)
    except Http404:
        raise HttpError(409, "it is an item of this case already, which you do not see") from None
