"""A case's legal clocks, computed from what people recorded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime

from django.conf import settings
from django.utils import timezone

from kulla.centre.cases.models import Bearer, Case, Decision
from kulla.centre.law import clocks as law
from kulla.centre.law.clocks import OPEN, Clock, most_urgent
from kulla.centre.law.holidays import holidays
from kulla.centre.law.jurisdiction import shipped
from kulla.centre.site.place import centre

__all__ = ["OPEN", "Clock", "clocks_of", "clocks_of_many", "ledger", "most_urgent"]


def ledger(bearer: Bearer, decisions: Iterable[Decision]) -> law.Ledger:
    """The recorded decisions as the law's room reads them."""
    told = tuple(
        law.Decision(row.verb, row.subject, row.at, str(row.person_id), row.reason, row.recorded)  # type: ignore[arg-type]
        for row in decisions
    )
    traits = frozenset(bearer.traits)
    who = law.Bearer(bearer.kind, bearer.name, traits, bearer.timezone, bearer.towards)  # type: ignore[arg-type]
    return law.Ledger(bearer.case.number, who, told)


def clocks_of(case: Case, now: datetime | None = None) -> list[Clock]:
    """Every clock of a case."""
    return clocks_of_many([case], now).get(case.pk, [])


def clocks_of_many(cases: Iterable[Case], now: datetime | None = None) -> dict[int, list[Clock]]:
    """Case → its clocks, of many cases in two queries."""
    moment = now or timezone.now()
    bearers = list(Bearer.objects.filter(case__in=list(cases)).select_related("case"))
    told: dict[int, list[Decision]] = defaultdict(list)
    for row in Decision.objects.filter(bearer__in=bearers).order_by("recorded", "pk"):
        told[row.bearer_id].append(row)
    found: dict[int, list[Clock]] = defaultdict(list)
    free = _holidays() if bearers else {}
    for bearer in bearers:
        place = shipped()[bearer.jurisdiction]
        days = free.get(bearer.jurisdiction, frozenset())
        found[bearer.case_id] += law.clocks(ledger(bearer, told[bearer.pk]), place, moment, days)
    return found


def _holidays() -> dict[str, frozenset[date]]:
    """Those that the centre names; none when no centre is served."""
    if settings.CENTRE is None or settings.KEYS is None:
        return {}
    return holidays(centre().told.more, shipped())
