"""The situation through the API."""

from typing import Any

from django.http import HttpRequest
from ninja import Router

from kulla.centre.api.access import Scope, actor
from kulla.centre.api.answers import answers
from kulla.centre.api.schemas import SituationOut
from kulla.centre.people import door
from kulla.centre.situation import figures

router = Router()


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
