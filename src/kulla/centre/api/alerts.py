"""Alerts through the API."""

from typing import Annotated, Any, Literal

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Field, Query, Router, Schema
from ninja.pagination import paginate

from kulla.centre.alerts import actions
from kulla.centre.alerts.models import Alert
from kulla.centre.api.access import Scope, actor
from kulla.centre.api.answers import answers
from kulla.centre.api.paging import Paged
from kulla.centre.api.schemas import AlertOut, Done, Moment, Uid
from kulla.centre.people import door

router = Router()
Name = Annotated[str, Field(max_length=255, pattern=r"^[^\x00]*$")]


class AlertFilter(Schema):
    """Which alerts; all that is given must hold."""

    status: Literal["new", "acknowledged", "escalated", "closed"] | None = None
    level: Literal["informational", "low", "medium", "high", "critical"] | None = None
    kind: Literal["detection", "insider", "leak", "health"] | None = None
    rule_id: Name | None = None
    host: Name | None = None
    account: Name | None = None
    since: Moment | None = None


@router.get("", response=answers(list[AlertOut]), auth=Scope("alerts"))
@paginate(Paged)
def list_alerts(request: HttpRequest, wanted: Query[AlertFilter]) -> QuerySet[Alert]:
    """Alerts, those that come first in the queue first."""
    given: dict[str, Any] = {name: value for name, value in wanted.dict().items() if value is not None}
    since = given.pop("since", None)
    rows = door.visible(actor(request), Alert.objects.select_related("constituent", "case")).filter(**given)
    return rows.filter(last__gte=since) if since else rows


@router.get("/{uid}", response=answers(AlertOut), auth=Scope("alerts"))
def get_alert(request: HttpRequest, uid: Uid) -> Alert:
    """One alert."""
    return door.one(actor(request), Alert.objects.select_related("constituent", "case"), uid=uid)


class ActIn(Schema):
    """An act on alerts. `reason` is needed to close."""

    act: Literal["acknowledge", "close", "reopen"]
    alerts: Annotated[list[Uid], Field(min_length=1, max_length=10_000)]
    reason: Literal["true", "benign", "false"] | None = None


@router.post("", response=answers(Done), auth=Scope("alerts", "write"))
def act(request: HttpRequest, given: ActIn) -> Any:
    """Acknowledge, close or reopen alerts. Those that are not visible are left out and not told of."""
    user = actor(request)
    asof = actions.AsOf.now()
    rows = Alert.objects.filter(uid__in=given.alerts)
    if given.act == "close":
        done = actions.close(user, rows, asof, given.reason or "")
    else:
        done = (actions.acknowledge if given.act == "acknowledge" else actions.reopen)(user, rows, asof)
    return Done(changed=done.done, kept=done.overtaken)
