"""The case itself: opened, changed, moved on, shared and joined to others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from kulla.centre.alerts.groups import refresh
from kulla.centre.alerts.models import Alert
from kulla.centre.audit.chain import record, turn
from kulla.centre.cases.actions.holds import leave
from kulla.centre.cases.clocks import OPEN, clocks_of
from kulla.centre.cases.models import Case, Entry, Source, State
from kulla.centre.people import door
from kulla.centre.people.models import Constituent, Membership, User
from kulla.centre.people.numbering import following
from kulla.centre.people.zones import VERBS
from kulla.share.marks import Marks, merged

CHANGEABLE: Final = frozenset(
    {"title", "summary", "rsit", "severity", "severity_why", "priority", "lead", "handover", "exercise", "tlp", "pap"}
)


class Changed(ValidationError):
    """Somebody else changed the row since the form was filled."""


def open_case(
    actor: User | None, title: str, zone: str, constituent: Constituent | None = None, *,
    marks: Marks | None = None, alerts: Iterable[Alert] = (), summary: str = "", **more: Any,
) -> Case:  # fmt: skip
    """Open a case; its marks are the strictest of `marks` and of all that goes into it.

    `actor` is None when the centre opens one from a report. `alerts` are those that it takes; all must be of its
    zone. Raises ValidationError, PermissionDenied.
    """
    taken = list(alerts)
    case = Case(title=title[:200], zone=zone, constituent=constituent, summary=summary, lead=actor, **more)
    if actor is not None:
        door.need(actor, "cases.work", case)
    found = merged([each.marks for each in taken] + ([marks] if marks else []))
    if found:
        case.marks = found
    if constituent is not None and constituent.zone != zone:
        raise ValidationError(_("This constituent is of another zone."))
    with transaction.atomic():
        turn()
        case.number = following(zone, timezone.now().year)
        case.full_clean(exclude=["number"])
        case.save(force_insert=True)
        record(actor, "cases.open", case, alerts=len(taken))
        if taken:
            _take(actor, case, taken)
    return case


def take_alerts(actor: User, case: Case, alerts: Iterable[Alert]) -> int:
    """Put alerts into a case that is there; how many were new to it."""
    door.need(actor, "cases.work", case)
    taken = [each for each in alerts if each.case_id != case.pk]
    with transaction.atomic():
        turn()
        locked = Case.objects.select_for_update(no_key=True).get(pk=case.pk)
        _take(actor, locked, taken)
        record(actor, "cases.take", locked, alerts=len(taken))
    return len(taken)


def _take(actor: User | None, case: Case, alerts: list[Alert]) -> None:
    held = {each.case_id for each in alerts if each.case_id not in (None, case.pk)}
    seen = door.visible(actor, Case.objects.filter(pk__in=held)).count() if held else 0
    if seen < len(held):
        raise ValidationError(_("Some of these alerts are in a case that you do not see. Ask who leads cases."))
    leave(held)
    if any(each.zone != case.zone for each in alerts):
        raise ValidationError(_("Alerts of another zone cannot be taken into this case."))
    found = merged([case.marks, *(each.marks for each in alerts)])
    if found and found != case.marks:
        case.marks = found
        if case.tlp == "RED" and case.lead_id is None and not case.members.exists():
            case.lead = actor  # else nobody would see it from now on
        case.save(update_fields=["tlp", "pap", "originators", "caveats", "lead"])
    now = timezone.now()
    entries = [
        Entry(case=case, zone=case.zone, constituent_id=case.constituent_id, at=each.first or now, author=actor,
              source=Source.ALERT, text=each.title, host=each.host, ref=f"alert:{each.uid}", tlp=each.tlp, pap=each.pap,
              originators=each.originators, caveats=each.caveats)
        for each in alerts
    ]  # fmt: skip
    Entry.objects.bulk_create(entries, ignore_conflicts=True)
    Alert.objects.filter(pk__in=[each.pk for each in alerts]).update(case=case, status="escalated")
    refresh({each.group for each in alerts})


def change(actor: User, case: Case, version: int, values: Mapping[str, Any]) -> Case:
    """Change columns of a case that was read at `version`. Loosening a mark needs who leads cases.

    Raises Changed when somebody changed it meanwhile; ValidationError; PermissionDenied.
    """
    unknown = set(values) - CHANGEABLE
    if unknown:
        raise ValueError(f"not to be changed here: {sorted(unknown)}")
    door.need(actor, "cases.work", case)
    with transaction.atomic():
        turn()
        now = Case.objects.select_for_update(no_key=True).get(pk=case.pk)
        if now.version != version:
            raise Changed(
                _("Somebody changed this case meanwhile. Their values are shown; yours are kept beside them.")
            )
        before, before_exercise = now.marks, now.exercise
        changed = [name for name, value in values.items() if getattr(now, name) != value]
        for name in changed:
            setattr(now, name, values[name])
        if not now.marks.at_least_as_strict_as(before):
            door.need(actor, "cases.lead", case)
        if now.lead and not _may_see(now.lead, now):
            raise ValidationError({"lead": _("This person cannot see cases of this zone and constituent.")})
        if before_exercise and not now.exercise:
            door.need(actor, "cases.lead", case)  # what was an exercise may leave from now on
        _seen_by_somebody(now, now.members.exists())
        now.full_clean()
        now.version += 1
        now.save()
        record(actor, "cases.change", now, columns=sorted(changed), version=now.version)
    return now


def _seen_by_somebody(case: Case, members: bool) -> None:
    """Raises ValidationError for a case marked TLP:RED with neither lead nor members: nobody could open it again."""
    if case.tlp == "RED" and case.lead_id is None and not members:
        raise ValidationError(_("A case marked TLP:RED needs a lead or a member: nobody else sees it."))


_STEPS: Final = {
    State.OPEN: {State.CONTAINED, State.RESOLVED, State.CLOSED},
    State.CONTAINED: {State.OPEN, State.RESOLVED, State.CLOSED},
    State.RESOLVED: {State.OPEN, State.CLOSED},
    State.CLOSED: {State.OPEN},
}


def move(actor: User, case: Case, state: str, version: int) -> Case:
    """Move a case on, or open it again. Closing needs who leads cases, every clock met or void, and no task open."""
    wanted = State(state)
    door.need(actor, "cases.lead" if wanted is State.CLOSED else "cases.work", case)
    with transaction.atomic():
        turn()
        now = Case.objects.select_for_update(no_key=True).get(pk=case.pk)
        if now.version != version:
            raise Changed(_("Somebody changed this case meanwhile."))
        if wanted not in _STEPS[State(now.state)]:
            raise ValidationError(_("A case does not go from this state to that one."))
        if wanted is State.CLOSED:
            _closable(now)
        now.state, now.closed = wanted, timezone.now() if wanted is State.CLOSED else None
        now.version += 1
        now.save()
        Entry.objects.create(
            case=now, at=timezone.now(), author=actor, source=Source.DECISION, tlp=now.tlp, pap=now.pap,
            text=_("State: %(state)s") % {"state": wanted.label},
        )  # fmt: skip
        record(actor, "cases.move", now, state=wanted.value)
    return now


def _closable(case: Case) -> None:
    problems = []
    if any(clock.state in OPEN for clock in clocks_of(case)):
        problems.append(_("A legal clock is neither met nor void."))
    if case.tasks.filter(done=None, skipped="").exists():
        problems.append(_("A task is open: finish it, or say why it is not done."))
    if problems:
        raise ValidationError(problems)


def set_members(actor: User, case: Case, members: Iterable[User]) -> None:
    """Who works on the case: for a case marked TLP:RED, who sees it at all."""
    door.need(actor, "cases.lead", case)
    wanted = list(members)
    if not all(_may_see(each, case) for each in wanted):
        # Without their names: a number that was guessed must not tell whose it is.
        raise ValidationError(_("Choose people who see cases of this zone and constituent."))
    _seen_by_somebody(case, bool(wanted))
    with transaction.atomic():
        case.members.set(wanted)
        Case.objects.filter(pk=case.pk).update(version=F("version") + 1)
        record(actor, "cases.members", case, members=[each.pk for each in wanted])


def may_lead(case: Case) -> list[User]:
    """Who can be the case's lead or a member: whose role sees it."""
    roles = VERBS["cases.see"]
    rows = Membership.objects.filter(zone=case.zone, role__in=roles, user__is_active=True).select_related("user")
    found = {row.user for row in rows if row.constituent_id in (None, case.constituent_id)}
    return sorted(found, key=lambda user: user.username)


def _may_see(user: User, case: Case) -> bool:
    return door.sight(user).has("cases.see", case.zone, case.constituent_id)


def link(actor: User, case: Case, other: Case, joined: bool = True) -> None:
    """Join two cases that the actor sees, or part them."""
    door.need(actor, "cases.work", case)
    door.one(actor, Case.objects.all(), pk=other.pk)
    if case.pk == other.pk:
        raise ValidationError(_("A case is not related to itself."))
    with transaction.atomic():
        (case.related.add if joined else case.related.remove)(other)
        record(actor, "cases.link" if joined else "cases.unlink", case, other=other.number)
