"""The lake through the API."""

from typing import Annotated, Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from kulla.centre.alerts.reading import lake
from kulla.centre.api.access import Scope, actor
from kulla.centre.api.answers import answers
from kulla.centre.api.schemas import EventOut, Moment
from kulla.centre.audit.chain import record
from kulla.centre.people import door
from kulla.lake import QueryError

router = Router()


class EventQuery(Schema):
    """What to look for. `q` as on the Hunt page; both times with their offsets."""

    q: Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")] = ""
    since: Moment | None = None
    until: Moment | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


@router.get("", response=answers(list[EventOut]), auth=Scope("events"))
def search(request: HttpRequest, wanted: Query[EventQuery]) -> Any:
    """Events, newest first, of the constituents whose events the token's user may search."""
    user = actor(request)
    door.need(user, "events.search")
    here = lake()
    if here is None:
        return []
    try:
        found = here.search(wanted.q, door.scope(user), wanted.since, wanted.until, wanted.limit)
    except QueryError as error:
        raise ValidationError(str(error)) from None
    rows = [row for batch in found for row in batch.to_pylist()][: wanted.limit]
    record(user, "events.search", "", events=len(rows), through="api")
    return [_event(row) for row in rows]


def _event(row: dict[str, Any]) -> EventOut:
    names = ("time", "host", "product", "category", "service", "constituent", "zone")
    return EventOut(event_id=row["event_id"].hex(), fields=dict(row["fields"]), **{name: row[name] for name in names})
