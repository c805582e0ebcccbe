"""What can be done with alerts, one or ten thousand. Each act takes who acts, is one transaction, told in the audit.

An act is over alerts as a page showed them (`AsOf`): those that somebody else decided on meanwhile, or that came after,
are left as they are and counted. What an act changed is kept for a while, so that who did it can undo it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import F, Max, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from kulla.centre.alerts.groups import chunks, refresh
from kulla.centre.alerts.models import Act, Alert, Note, Reason, Status, Touched
from kulla.centre.audit.chain import record, turn
from kulla.centre.cases.actions import open_case, take_alerts
from kulla.centre.cases.actions.holds import leave
from kulla.centre.cases.models import Case
from kulla.centre.people import door
from kulla.centre.people.models import Constituent, User
from kulla.share.marks import Marks

UNDO: Final = timedelta(minutes=15)
_NAMED: Final = 50
"""An entry of the audit names up to so many alerts; of more it tells how many."""


@dataclass(frozen=True, slots=True)
class AsOf:
    """What stood when a page was made: the last alert and the last act there was."""

    alert: int
    act: int

    @classmethod
    def now(cls) -> AsOf:
        """As of this moment."""
        last = Alert.objects.aggregate(last=Max("pk"))["last"]
        return cls(last or 0, Act.objects.aggregate(last=Max("pk"))["last"] or 0)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an act: how many alerts it changed, and how many somebody else had changed meanwhile (`by`)."""

    done: int
    overtaken: int = 0
    by: tuple[str, ...] = ()
    case: Case | None = None


def acknowledge(actor: User, rows: QuerySet[Alert], asof: AsOf) -> Outcome:
    """Take new alerts in hand: who acknowledges is who works on them, unless somebody is already."""
    changes = {
        "status": Status.ACKNOWLEDGED, "acknowledged": timezone.now(), "assignee": Coalesce("assignee", actor.pk)
    }  # fmt: skip
    return _act(actor, "acknowledge", rows, Q(status=Status.NEW), asof, changes)


def assign(actor: User, rows: QuerySet[Alert], asof: AsOf, assignee: User | None) -> Outcome:
    """Give alerts to a colleague, or to nobody. Raises ValidationError when they may not work on all of them."""
    if assignee is not None:
        mine, have = _mine(actor, rows), door.sight(assignee)
        places = set(mine.order_by().values_list("zone", "constituent_id").distinct())
        seen = door.visible(assignee, mine).count() == mine.count()
        if not seen or not all(have.has("alerts.triage", *place) for place in places):
            raise ValidationError(_("This person may not work on all of these alerts."))
    wanted = ~Q(assignee=assignee) | Q(assignee=None) if assignee else ~Q(assignee=None)
    return _act(actor, "assign", rows, wanted, asof, {"assignee": assignee}, assignee=assignee)


def close(actor: User, rows: QuerySet[Alert], asof: AsOf, reason: str) -> Outcome:
    """Close alerts with a reason: true, benign or false. The reasons make each rule's rate of false positives."""
    if reason not in Reason.values:
        raise ValidationError(_("Say why: true, benign or false."))
    now = timezone.now()
    changes = {"status": Status.CLOSED, "reason": reason, "closed": now, "acknowledged": Coalesce("acknowledged", now)}
    return _act(actor, "close", rows, ~Q(status=Status.CLOSED), asof, changes, reason=reason)


def reopen(actor: User, rows: QuerySet[Alert], asof: AsOf) -> Outcome:
    """Open closed alerts again: those of a case return to it, the others to the queue."""
    changes = {"reason": "", "closed": None, "status": Status.NEW, "acknowledged": None}

    def back(act: Act) -> None:
        Alert.objects.filter(touched__act=act).exclude(case=None).update(status=Status.ESCALATED)

    return _act(actor, "reopen", rows, Q(status=Status.CLOSED), asof, changes, after=back)


def escalate(
    actor: User, rows: QuerySet[Alert], asof: AsOf, case: Case | None = None, title: str = ""
) -> Outcome:  # fmt: skip
    """Put alerts into a case: one that is there, or a new one with `title`.

    Raises ValidationError for alerts of several zones. A new case is of the alerts' constituent when they have one in
    common, else of the zone as a whole.
    """
    door.need(actor, "cases.work")
    wanted = ~Q(case=case) | Q(case=None) if case else ~Q(status=Status.ESCALATED)
    found: list[Case] = []

    def into(act: Act) -> None:
        alerts = list(Alert.objects.filter(touched__act=act).order_by("-rank", "pk"))
        found.append(_case_of(actor, alerts, case, title))
        Alert.objects.filter(touched__act=act).update(
            case=found[0], status=Status.ESCALATED, acknowledged=Coalesce("acknowledged", timezone.now()), closed=None,
            reason="",
        )  # fmt: skip

    outcome = _act(actor, "escalate", rows, wanted, asof, {}, after=into)
    return Outcome(outcome.done, outcome.overtaken, outcome.by, found[0] if found else case)


def _case_of(actor: User, alerts: Sequence[Alert], case: Case | None, title: str) -> Case:
    if case is not None:
        take_alerts(actor, case, alerts)
        return case
    zones = {each.zone for each in alerts}
    if len(zones) > 1:
        raise ValidationError(_("These alerts are of several zones: open a case for each."))
    places = {each.constituent_id for each in alerts}
    place = places.pop() if len(places) == 1 else None
    one = None if place is None else Constituent.objects.get(pk=place)
    return open_case(actor, title.strip() or alerts[0].title, zones.pop(), one, alerts=alerts)


def undo(actor: User) -> Outcome:
    """Take back the actor's last act of the last 15 minutes. What somebody else has decided since stays.

    A case that an escalation opened stays too: it may have been worked on. Raises ValidationError when there is
    nothing to take back.
    """
    last = last_act(actor)
    if last is None:
        raise ValidationError(_("There is nothing to undo: only your own acts of the last 15 minutes are."))
    rows = Alert.objects.filter(touched__act=last)
    overtaken, by = _overtaken(door.visible(actor, rows).exclude(act=last.pk))

    def back(act: Act) -> None:
        moved = Touched.objects.filter(act=last, alert__act=act.pk).exclude(alert__case=None)
        leave(moved.exclude(before_case=F("alert__case")).values_list("alert__case", flat=True))
        alerts, touched = Alert._meta.db_table, Touched._meta.db_table
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {alerts} SET status = t.status, reason = t.reason, assignee_id = t.assignee, "  # noqa: S608
                f"case_id = t.before_case, acknowledged = t.acknowledged, closed = t.closed FROM {touched} AS t "
                f"WHERE t.alert_id = {alerts}.id AND t.act_id = %s AND {alerts}.act = %s",
                [last.pk, act.pk],
            )

    done = _act(actor, "undo", rows, Q(act=last.pk), AsOf.now(), {}, after=back, undoes=last).done
    return Outcome(done, overtaken, by)


def last_act(actor: User) -> Act | None:
    """The act that `undo` would take back; None when there is none."""
    last = Act.objects.filter(user=actor, at__gte=timezone.now() - UNDO).first()
    return None if last is None or last.verb == "undo" else last


def note(actor: User, alert: Alert, text: str, marks: Marks | None = None) -> Note:
    """Write something about an alert; the note's marks are at least as strict as the alert's."""
    door.need(actor, "alerts.triage", alert)
    if not text.strip():
        raise ValidationError(_("The note is empty."))
    written = Note(alert=alert, author=actor, text=text.strip(), zone=alert.zone, constituent_id=alert.constituent_id)
    written.marks = alert.marks.merge(marks) if marks else alert.marks
    with transaction.atomic():
        written.save()
        record(actor, "alerts.note", alert, note=written.pk)
    return written


def _mine(actor: User, rows: QuerySet[Alert]) -> QuerySet[Alert]:
    """Those that the actor both sees and may decide on."""
    return door.visible(actor, rows).filter(door.allowed(actor, "alerts.triage"))


def _act(
    actor: User, verb: str, rows: QuerySet[Alert], wanted: Q, asof: AsOf, changes: Mapping[str, Any], *,
    after: Callable[[Act], None] | None = None, **told: Any,
) -> Outcome:  # fmt: skip
    """One act: note the state before, change, count the groups anew, tell the audit."""
    door.need(actor, "alerts.triage")
    with transaction.atomic():
        turn()
        shown = _mine(actor, rows).filter(pk__lte=asof.alert).order_by("pk")
        locked = shown.filter(wanted, act__lte=asof.act).select_for_update(of=("self",), no_key=True)
        found = list(locked.values_list("pk", "zone", "group"))
        overtaken, by = _overtaken(shown.filter(act__gt=asof.act))
        if not found:
            return Outcome(0, overtaken, by)
        act = _kept(actor, verb, found, told)
        Alert.objects.filter(touched__act=act).update(act=act.pk, **changes)
        if after is not None:
            after(act)
        refresh({group for _, _, group in found})
    return Outcome(len(found), overtaken, by)


def _overtaken(rows: QuerySet[Alert]) -> tuple[int, tuple[str, ...]]:
    """How many alerts others have changed, and who they are (five at most)."""
    acts = list(rows.order_by().values_list("act", flat=True).distinct()[:5])
    who = Act.objects.filter(pk__in=acts).values_list("user__username", flat=True)
    return (rows.count(), tuple(sorted(set(who)))) if acts else (0, ())


def _kept(actor: User, verb: str, found: Sequence[tuple[int, str, str]], told: Mapping[str, Any]) -> Act:
    """The act and the state before it. The audit's entry comes first: whoever has written one is alone until the
    transaction ends, so that the numbers of acts are in the order in which they come to stand."""
    zones = Counter(zone for _, zone, _ in found)
    entry = None
    for zone, count in sorted(zones.items()):
        ids = [pk for pk, place, _ in found if place == zone]
        detail = {name: getattr(value, "pk", value) for name, value in told.items()}
        target = f"alerts.alert:{ids[0]}" if count == 1 else "alerts.alert"
        named = ids if 1 < count <= _NAMED else None
        entry = record(actor, f"alerts.{verb}", target, zone=zone, alerts=count, ids=named, **detail)
    assert entry is not None
    act = Act.objects.create(pk=entry.seq, user=actor, at=entry.at, verb=verb, count=len(found), **told)
    _remember(act, [pk for pk, *_ in found])
    return act


def _remember(act: Act, ids: Iterable[int]) -> None:
    alerts, touched = Alert._meta.db_table, Touched._meta.db_table
    columns = "status, reason, assignee, before_case, acknowledged, closed"
    read = "status, reason, assignee_id, case_id, acknowledged, closed"
    with connection.cursor() as cursor:
        for some in chunks(ids):
            places = ", ".join(["%s"] * len(some))
            cursor.execute(
                f"INSERT INTO {touched} (act_id, alert_id, {columns}) "  # noqa: S608 - our own names
                f"SELECT %s, id, {read} FROM {alerts} WHERE id IN ({places})",
                [act.pk, *some],
            )
