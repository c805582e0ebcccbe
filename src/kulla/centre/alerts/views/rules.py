"""Rules by what they brought: how often each fired, and how often it was right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from kulla.centre.alerts import rules as folders
from kulla.centre.alerts.models import Alert, AlertGroup, Level, Tuning
from kulla.centre.alerts.rates import Rate, rates
from kulla.centre.people import door
from kulla.centre.people.models import User
from kulla.centre.site.guards import verb


@dataclass(frozen=True, slots=True)
class Row:
    """A rule with its record, as the table shows it."""

    rate: Rate
    title: str
    level: str
    false: str
    interval: str

    @property
    def named(self) -> str:
        """The level in the reader's language."""
        return str(Level(self.level).label) if self.level in Level.values else ""


@verb("alerts.see")
def rules(request: HttpRequest, actor: User) -> HttpResponse:
    """Every rule that fired where the actor sees, those most often false first."""
    groups = door.visible(actor, AlertGroup.objects.exclude(rule_id="")).order_by()
    named: dict[str, tuple[str, str]] = {}
    for rule_id, title, level in groups.values_list("rule_id", "title", "level").distinct():
        named[rule_id] = (title, level)
    found = [row_of(rate, *named.get(rate.rule_id, ("", ""))) for rate in rates(_alerts(actor)).values()]
    order = sorted(found, key=lambda row: (-(row.rate.false or 0), -row.rate.total))
    tunings = door.visible(actor, Tuning.objects.all()).select_related("author", "constituent")[:200]
    return render(request, "alerts/rules.html", {"rows": order, "tunings": tunings})


@verb("alerts.see")
def rule(request: HttpRequest, actor: User, rule_id: str) -> HttpResponse:
    """One rule: its text, its record, its filters."""
    rate = rates(_alerts(actor).filter(rule_id=rule_id)).get(rule_id)
    known = folders.find(rule_id)
    if rate is None and known is None:
        raise Http404
    group = door.visible(actor, AlertGroup.objects.filter(rule_id=rule_id)).first()
    title = known.rule.meta.title if known else group.title if group else rule_id
    tunings = door.visible(actor, Tuning.objects.filter(rule_id=rule_id)).select_related("author", "constituent")
    row = row_of(rate, title, group.level if group else "") if rate else None
    shown: dict[str, Any] = {"row": row, "known": known, "title": title, "rule_id": rule_id, "tunings": tunings}
    shown["retro"] = door.sight(actor).has("events.retrohunt") and known is not None
    return render(request, "alerts/rule.html", shown)


def _alerts(actor: User) -> Any:
    return door.visible(actor, Alert.objects.all())


def row_of(rate: Rate, title: str, level: str) -> Row:
    """A rule's record with its shares in per cent."""
    low, high = rate.interval or (0.0, 0.0)
    share = "" if rate.false is None else f"{100 * rate.false:.0f} %"
    return Row(rate, title, level, share, f"{100 * low:.0f}–{100 * high:.0f} %" if share else "")
