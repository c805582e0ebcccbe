"""Registers through the API: what there is, how healthy its audit is, what was found. Accounts bear pseudonyms, and who
is behind one is told on the console alone, to two people."""

from datetime import date, datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Field, Router, Schema
from ninja.pagination import paginate

from kulla.centre.api.access import Scope, actor
from kulla.centre.api.answers import answers
from kulla.centre.api.paging import Paged
from kulla.centre.api.schemas import RegisterOut
from kulla.centre.guard.registers import Held, accounts, health, held, one
from kulla.centre.guard.views import findings
from kulla.centre.people import door

router = Router()
RegisterName = Annotated[str, Field(max_length=63, pattern=r"^[a-zA-Z0-9_-]+$")]


class AuditHealth(Schema):
    """How far the audit of a register can be relied on. `last`: the day of its newest read; `unsealed`, `unknown` and
    `failed`: the shares of reads on lines never sealed, of unknown extent, and that ended in an error."""

    accounts: int
    reads: int
    last: date | None
    unsealed: float | None
    unknown: float | None
    failed: float | None


class FindingOut(Schema):
    """A finding about an account, which bears the pseudonym that its owner gave it."""

    uid: str
    title: str
    level: str
    status: str
    account: str
    first: datetime | None
    last: datetime | None
    made: datetime
    events: int
    tags: list[str]


@router.get("", response=answers(list[RegisterOut]), auth=Scope("registers"))
def list_registers(request: HttpRequest) -> Any:
    """The registers whose reads this centre watches."""
    user = actor(request)
    door.need(user, "registers.see")
    return [_told(each) for each in held(user)]


@router.get("/{name}", response=answers(RegisterOut), auth=Scope("registers"))
def get_register(request: HttpRequest, name: RegisterName) -> Any:
    """One register."""
    return _told(one(actor(request), name))


@router.get("/{name}/health", response=answers(AuditHealth), auth=Scope("registers"))
def get_register_health(request: HttpRequest, name: RegisterName) -> Any:
    """The health of its audit, as far as what was delivered tells it. Shares are of its reads, null without any."""
    return health(accounts(one(actor(request), name)))


@router.get("/{name}/findings", response=answers(list[FindingOut]), auth=Scope("registers"))
@paginate(Paged)
def list_findings(request: HttpRequest, name: RegisterName) -> Any:
    """Findings about its accounts, under the pseudonyms that its owner gave, those that come first in the queue
    first."""
    user = actor(request)
    return findings(user, one(user, name))


def _told(register: Held) -> RegisterOut:
    every = accounts(register)
    return RegisterOut(
        name=register.name, owner=register.manifest.owner, constituent=register.constituent.name, accounts=len(every),
        reads=sum(each.reads for each in every), imprinted=register.imprinted, calibrated=register.calibrated,
    )  # fmt: skip
