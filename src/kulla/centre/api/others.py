"""Evidence, registers and the situation through the API."""

from typing import Annotated, Any

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Field, Router
from ninja.pagination import paginate

from kulla.centre.api.access import Scope, actor
from kulla.centre.api.answers import answers
from kulla.centre.api.paging import Paged
from kulla.centre.api.schemas import ItemOut, RegisterOut, SituationOut
from kulla.centre.evidence.models import Item
from kulla.centre.guard.registers import accounts, held
from kulla.centre.people import door
from kulla.centre.situation import figures

router = Router()
ItemNumber = Annotated[str, Field(max_length=30, pattern=r"^[0-9E-]+$")]


@router.get("/evidence", response=answers(list[ItemOut]), auth=Scope("evidence"))
@paginate(Paged)
def list_evidence(request: HttpRequest) -> QuerySet[Item]:
    """Items of evidence, newest first: what is told of them. Content leaves through the console alone."""
    return door.visible(actor(request), Item.objects.select_related("case"))


@router.get("/evidence/{number}", response=answers(ItemOut), auth=Scope("evidence"))
def get_evidence(request: HttpRequest, number: ItemNumber) -> Item:
    """One item."""
    return door.one(actor(request), Item.objects.select_related("case"), number=number)


@router.get("/registers", response=answers(list[RegisterOut]), auth=Scope("registers"))
def list_registers(request: HttpRequest) -> Any:
    """The registers whose reads this centre watches."""
    user = actor(request)
    door.need(user, "registers.see")
    found = []
    for each in held(user):
        every = accounts(each)
        found.append(RegisterOut(
            name=each.name, owner=each.manifest.owner, constituent=each.constituent.name, accounts=len(every),
            reads=sum(one.reads for one in every), imprinted=each.imprinted, calibrated=each.calibrated,
        ))  # fmt: skip
    return found


@router.get("/situation", response=answers(SituationOut), auth=Scope("situation"))
def situation(request: HttpRequest) -> Any:
    """The situation in figures, over what the token's user may see."""
    user = actor(request)
    door.need(user, "situation.see")
    times, (zones, levels) = figures.times(user), figures.by_level(user)
    seconds = {name: value.total_seconds() if (value := getattr(times, name)) else None
               for name in ("detect", "acknowledge", "close")}  # fmt: skip
    return SituationOut(
        backlog=times.backlog, oldest=times.oldest, cases=dict(figures.cases(user)),
        open_alerts={zone: {key: counts[at] for key, _name, counts in levels} for at, zone in enumerate(zones)},
        **{f"{name}_seconds": value for name, value in seconds.items()},
    )  # fmt: skip
