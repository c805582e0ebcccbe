"""The queue as a question: which groups, in which order, and which alerts of them an act is about."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils import timezone

from kulla.alert import LEVELS
from kulla.centre.alerts.forms import ALL, QueueFilter
from kulla.centre.alerts.groups import CHUNK
from kulla.centre.alerts.models import Alert, AlertGroup, Status
from kulla.centre.people import door
from kulla.centre.people.models import User

COUNTED = 5000
"""A list says how many rows it has up to here, beyond that "more than"."""
_NEVER = datetime.min.replace(tzinfo=UTC)
_OPEN = (Status.NEW, Status.ACKNOWLEDGED)


class Question:
    """What a person asked of the queue. A filter that cannot be read asks for nothing, and says so in `form`."""

    def __init__(self, actor: User, query: QueryDict) -> None:
        self.actor = actor
        self.form = QueueFilter(query, actor)
        self.told: dict[str, Any] = self.form.cleaned_data if self.form.is_valid() else {}

    @property
    def narrowed(self) -> bool:
        """Whether anything but the default is asked."""
        return any(self.told.values())

    def groups(self) -> QuerySet[AlertGroup]:
        """The groups, best first."""
        rows = self.everything()
        status = self.told.get("status", "")
        if not self.form.is_valid():
            return rows.none()
        if not status:
            return rows.filter(open=True)
        return rows if status == ALL else rows.filter(**{f"{status}__gt": 0})

    def everything(self) -> QuerySet[AlertGroup]:
        """The groups of any status."""
        rows = door.visible(self.actor, AlertGroup.objects.all())
        asked = self._columns()
        if word := self.told.get("q"):
            asked &= Q(host__icontains=word) | Q(account__icontains=word) | Q(title__icontains=word)
        if self.told.get("mine"):
            mine = Alert.objects.filter(assignee=self.actor, status__in=_OPEN).order_by()
            keys = list(mine.values_list("group", flat=True).distinct()[: CHUNK + 1])
            # Few keys are looked up one by one; as a subquery they would be asked of every group.
            asked &= Q(key__in=keys if len(keys) <= CHUNK else mine.values("group"))
        return rows.filter(asked)

    def _columns(self) -> Q:
        told, asked = self.told, Q()
        if told.get("level"):
            asked &= Q(severity__gte=LEVELS.index(told["level"]))
        for name in ("kind", "zone", "constituent"):
            if told.get(name):
                asked &= Q(**{name: told[name]})
        if told.get("rule"):
            asked &= Q(rule_id=told["rule"])
        if told.get("since"):
            asked &= Q(last__gte=_midnight(told["since"]))
        if told.get("until"):
            asked &= Q(first__lt=_midnight(told["until"] + timedelta(days=1)))
        return asked

    def alerts(self, rows: QuerySet[Alert]) -> QuerySet[Alert]:
        """Of `rows` those of a status that the queue shows: an act on a row leaves what it does not show."""
        status = self.told.get("status", "")
        if status == ALL:
            return rows
        return rows.filter(status__in=_OPEN) if not status else rows.filter(status=status)

    def changed(self, since: datetime) -> int:
        """How many groups of the question moved since then, whatever their status; at most `COUNTED`."""
        return bounded(self.everything().filter(changed__gt=since))


def best(rows: QuerySet[AlertGroup], zones: Iterable[str], start: int, stop: int) -> list[int]:
    """The keys (pk) of the groups from `start` to `stop` of the order, each zone read along its index, then merged:
    the database itself sorts all rows when it is asked for several zones at once."""
    found: list[tuple[float, datetime | None, int]] = []
    for zone in zones:
        found += rows.filter(zone=zone).order_by("-rank", "-last", "-pk").values_list("rank", "last", "pk")[:stop]
    found.sort(key=lambda row: (row[0], row[1] or _NEVER, row[2]), reverse=True)
    return [pk for _rank, _last, pk in found[start:stop]]


def bounded(rows: QuerySet[Any], most: int = COUNTED) -> int:
    """How many rows, counted up to `most` + 1."""
    return rows.order_by().values("pk")[: most + 1].count()


def _midnight(day: date) -> datetime:
    """The day's beginning in the reader's zone."""
    return timezone.make_aware(datetime.combine(day, time.min))
