"""Tuning: filters that silence some events of a rule, proposed with what they would have done, activated, withdrawn."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from kulla.centre.alerts import rules
from kulla.centre.alerts.filterrule import Condition, read, written
from kulla.centre.alerts.models import Alert, Tuning
from kulla.centre.alerts.reading import values_of
from kulla.centre.audit.chain import record
from kulla.centre.people import door
from kulla.centre.people.models import User
from kulla.centre.site.errors import told
from kulla.detect.reference import holds
from kulla.detect.rule import Filter, Rule
from kulla.errors import RuleError

DAYS: Final = 30
MOST: Final = 20_000
"""Alerts that a preview asks; of a rule with more, the newest."""
_NAMED: Final = 10


@dataclass(frozen=True, slots=True)
class Preview:
    """What a filter would have silenced of a rule's alerts in the last days, by the events kept with them.

    Attributes:
        alerts: how many there were; asked: how many of them could be asked (an event of theirs is kept).
        silenced: alerts all of whose kept events meet the filter; partly: some of them. Of `unsure` of the silenced,
            not every event is kept.
        true, escalated: how many of the silenced an analyst had closed as true, or put into a case.
        newest: ids of some of the silenced.
    """

    since: str
    alerts: int
    asked: int
    silenced: int
    partly: int
    unsure: int
    true: int
    escalated: int
    cut: bool
    newest: Sequence[str]


def propose(
    actor: User, alert: Alert, title: str, reason: str, conditions: Iterable[Condition], whole_zone: bool = False
) -> Tuning:
    """Write a filter for the alert's rule as a proposal; it silences nothing yet.

    It holds for the alert's constituent, or with `whole_zone` for all of the zone, which needs the right over all.
    Raises ValidationError saying what is wrong with it.
    """
    rule = _rule(alert.rule_id)
    uid, chosen = uuid.uuid4(), list(conditions)
    if not reason.strip() or not title.strip():
        raise ValidationError(_("Give the filter a title and a reason: whoever meets it in a year needs both."))
    row = Tuning(
        uid=uid, rule_id=alert.rule_id, title=title.strip()[:200], reason=reason.strip(), alert=alert, author=actor,
        conditions=[[each.field, each.modifier, each.value] for each in chosen], zone=alert.zone,
        constituent_id=None if whole_zone else alert.constituent_id,
    )  # fmt: skip
    door.need(actor, "alerts.tune", row)
    try:
        row.text = written(rule, str(uid), row.title, row.reason, actor.username, timezone.localdate(), chosen)
    except RuleError as error:
        raise ValidationError(told(error)) from None
    row.preview = asdict(preview(actor, row, read(row.text, rule)))
    with transaction.atomic():
        row.save()
        record(actor, "alerts.tune-propose", row, rule=row.rule_id, silenced=row.preview["silenced"])
    return row


def activate(actor: User, row: Tuning) -> Tuning:
    """Let a proposal hold from now on: its file is written among the centre's rules."""
    door.need(actor, "alerts.tune", row)
    read(row.text, _rule(row.rule_id))
    with transaction.atomic():
        now = _locked(row, Tuning.State.PROPOSED)
        now.state, now.activated, now.activated_by = Tuning.State.ACTIVE, timezone.now(), actor
        now.save()
        record(actor, "alerts.tune-activate", now, rule=now.rule_id)
        # Last, so that a file that cannot be written undoes the rest.
        rules.write(path_of(now), now.text)
    return now


def withdraw(actor: User, row: Tuning) -> Tuning:
    """Let a filter hold no longer, or a proposal go."""
    door.need(actor, "alerts.tune", row)
    with transaction.atomic():
        now = _locked(row, Tuning.State.ACTIVE, Tuning.State.PROPOSED)
        now.state, now.withdrawn, now.withdrawn_by = Tuning.State.WITHDRAWN, timezone.now(), actor
        now.save()
        record(actor, "alerts.tune-withdraw", now, rule=now.rule_id)
        rules.remove(path_of(now))
    return now


def reconcile() -> int:
    """Make the folder hold the active filters and no other, as after a restore; how many files were wrong.

    All zones must be open."""
    top = rules.folder()
    if top is None:
        return 0
    wanted = {path_of(row): row.text for row in Tuning.objects.filter(state=Tuning.State.ACTIVE)}
    there = set((top / "filters").rglob("*.yml"))
    wrong = [path for path, text in wanted.items() if path not in there or path.read_text("utf-8") != text]
    for path in wrong:
        rules.write(path, wanted[path])
    for path in there - set(wanted):
        rules.remove(path)
    return len(wrong) + len(there - set(wanted))


def preview(actor: User, row: Tuning, found: Filter, now: datetime | None = None) -> Preview:
    """What the filter would have silenced in its place, among the alerts that the actor sees."""
    since = (now or timezone.now()) - timedelta(days=DAYS)
    rows = _concerned(actor, row, since)
    counts = dict.fromkeys(("asked", "silenced", "partly", "unsure", "true", "escalated"), 0)
    newest: list[str] = []
    wanted = ("uid", "status", "reason", "events", "detail")
    for uid, status, reason, events, detail in rows[:MOST].values_list(*wanted).iterator(chunk_size=500):
        kept = detail.get("events", ())
        met = sum(not holds(found.tree, values_of(each)) for each in kept)
        counts["asked"] += bool(kept)
        if kept and met == len(kept):
            counts["silenced"] += 1
            counts["unsure"] += len(kept) < events
            counts["true"] += reason == "true"
            counts["escalated"] += status == "escalated"
            newest += [uid] if len(newest) < _NAMED else []
        else:
            counts["partly"] += met > 0
    total = rows.count()
    return Preview(since=since.isoformat(), alerts=total, cut=total > MOST, newest=newest, **counts)


def _concerned(actor: User, row: Tuning, since: datetime) -> QuerySet[Alert]:
    rows = door.visible(actor, Alert.objects.filter(rule_id=row.rule_id, zone=row.zone, last__gte=since))
    if row.constituent_id is not None:
        rows = rows.filter(constituent_id=row.constituent_id)
    return rows.order_by("-last")


def _rule(rule_id: str) -> Rule:
    found = rules.find(rule_id)
    if found is None or not isinstance(found.rule, Rule):
        raise ValidationError(_("Only a detection rule that is in this centre's folders can be tuned."))
    return found.rule


def _locked(row: Tuning, *states: Any) -> Tuning:
    now = Tuning.objects.select_for_update().get(pk=row.pk)
    if now.state not in states:
        raise ValidationError(_("Somebody moved this filter on meanwhile."))
    return now


def path_of(row: Tuning) -> Any:
    """Where the filter's file lies."""
    return rules.filter_path(row.zone, row.constituent.name if row.constituent else "", str(row.uid))


def may_tune(actor: User, alert: Alert) -> bool:
    """Whether the actor may tune the alert's rule for its constituent, and the rule is one that can be tuned."""
    try:
        door.need(actor, "alerts.tune", alert)
        _rule(alert.rule_id)
    except (PermissionDenied, ValidationError):
        return False
    return True
