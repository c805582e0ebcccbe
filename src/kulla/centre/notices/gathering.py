"""What has happened that people are to be told of: alerts, assignments, clocks. Each once, whatever stops in between.

Everything that is seen, and how far was looked, is written in one transaction. All zones must be open.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Max

from kulla.centre.alerts.models import Alert, Status
from kulla.centre.audit.models import Entry
from kulla.centre.cases.clocks import Clock, clocks_of_many
from kulla.centre.cases.models import Case, Task
from kulla.centre.cases.models import State as CaseState
from kulla.centre.notices.models import Kind, Notice, Progress, Standing, Told
from kulla.centre.notices.ways import Ways

MOST: Final = 5000
"""Alerts looked at in one go."""
_LATE: Final = timedelta(minutes=10)
"""A transaction that began before others may end after them: its alerts have lower numbers and come later."""
_REFS: Final = 200
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


def gather(now: datetime, told: Ways) -> int:
    """Look at what is new; how many notices came of it. The first look of a centre begins with what comes after it."""
    marks = _reached(now)  # before the transaction: clocks of a thousand cases take 0.3 s, in which nobody could write
    with transaction.atomic():
        seen, new = Progress.objects.select_for_update().get_or_create(name="calls")
        if new:
            seen.alert = Alert.objects.aggregate(last=Max("pk"))["last"] or 0
            seen.entry = Entry.objects.aggregate(last=Max("seq"))["last"] or 0
        count = _alerts(seen, now, told) + _assignments(seen, now) + _clocks(marks, now)
        seen.at = now
        seen.save()
    return count


def _alerts(seen: Progress, now: datetime, told: Ways) -> int:
    """New alerts of the level or above: one notice for all of a zone and level, so that a storm is one call."""
    rows = Alert.objects.filter(pk__gt=seen.alert, severity__gte=told.severity, status=Status.NEW, retro=False)
    found = list(rows.order_by("pk").values_list("pk", "uid", "zone", "level")[:MOST])
    known = _known([f"alert:{uid}" for _, uid, *_ in found])
    fresh: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    for pk, uid, zone, level in found:
        if f"alert:{uid}" not in known:
            fresh[zone, level].append((pk, uid))
    new = 0
    for (zone, level), alerts in fresh.items():
        notice = _open(zone, level, now, told)
        new += notice.count == 0
        notice.count += len(alerts)
        notice.refs = [*notice.refs, *(f"alert:{pk}" for pk, _ in alerts)][:_REFS]
        notice.save()
        _tell((f"alert:{uid}" for _, uid in alerts), notice)
    if len(found) == MOST:
        seen.alert = found[-1][0]
    else:
        old = Alert.objects.filter(pk__gt=seen.alert, made__lte=now - _LATE).aggregate(last=Max("pk"))["last"]
        seen.alert = old or seen.alert
    return new


def _open(zone: str, level: str, now: datetime, told: Ways) -> Notice:
    """The notice that more alerts are added to; a fresh one when there is none. After an acknowledgement the next is
    told a while later: whoever acknowledged is at the queue."""
    rows = Notice.objects.filter(kind=Kind.LEVEL, zone=zone, level=level)
    there = rows.filter(standing__in=(Standing.OPEN, Standing.NOBODY)).first()
    if there is not None:
        return there
    last = rows.filter(standing=Standing.KNOWN).aggregate(last=Max("known"))["last"]
    due = max(now, last + timedelta(minutes=told.minutes)) if last else now
    return Notice(zone=zone, kind=Kind.LEVEL, level=level, made=now, due=due, count=0)


def _assignments(seen: Progress, now: datetime) -> int:
    """What the audit tells of work that somebody gave to somebody else. Its entries are numbered as they come to
    stand, so that none is passed over."""
    rows = Entry.objects.filter(seq__gt=seen.entry)
    last = rows.aggregate(last=Max("seq"))["last"]
    count = 0
    for entry in rows.filter(action__in=("alerts.assign", "cases.task-assign", "cases.change")).order_by("seq"):
        person, refs, exercise = _given(entry)
        if person is None or person == entry.user_id or Told.objects.filter(key=f"entry:{entry.seq}").exists():
            continue
        notice = Notice.objects.create(zone=entry.zone, kind=Kind.ASSIGNED, person_id=person, refs=refs, made=now,
                                       due=now, exercise=exercise)  # fmt: skip
        _tell([f"entry:{entry.seq}"], notice)
        count += 1
    seen.entry = last or seen.entry
    return count


def _given(entry: Entry) -> tuple[int | None, list[str], bool]:
    """Who was given what by an entry: a person's number, what it is, and whether it is of an exercise."""
    detail: dict[str, Any] = entry.detail
    model, _, pk = entry.target.partition(":")
    if entry.action == "alerts.assign":
        ids = detail.get("ids") or ([int(pk)] if pk else [])
        return detail.get("assignee"), [f"alert:{each}" for each in ids][:_REFS], False
    case = Case.objects.filter(pk=int(pk)).first() if model == "cases.case" and pk else None
    if case is None:
        return None, [], False
    if entry.action == "cases.task-assign":
        task = Task.objects.filter(pk=int(detail["task"]), case=case, done=None).exists()
        return (detail["to"] if task else None), [f"case:{case.pk}"], case.exercise
    lead = case.lead_id if "lead" in detail.get("columns", ()) else None
    return lead, [f"case:{case.pk}"], case.exercise


def _reached(now: datetime) -> dict[str, tuple[Case, int]]:
    """Key → case and mark, of every mark that an open clock has reached. A clock whose end was corrected has keys of
    its own."""
    cases = {
        case.pk: case
        for case in Case.objects.exclude(state=CaseState.CLOSED).filter(decisions__isnull=False).distinct()
    }
    marks: dict[str, tuple[Case, int]] = {}
    for pk, clocks in clocks_of_many(cases.values(), now).items():
        for clock in clocks:
            for mark in clock.reached(_BEGINNING, now):
                marks[f"{_key(pk, clock)}:{mark}"] = (cases[pk], mark)
    return marks


def _clocks(marks: dict[str, tuple[Case, int]], now: datetime) -> int:
    """Tell marks that were not told. Of several at once the highest is; a notice of the same clock that nobody has
    acknowledged is taken over by the higher one."""
    told = _known(list(marks))
    by_clock: dict[str, list[str]] = defaultdict(list)
    for key in marks.keys() - told:
        by_clock[key.rpartition(":")[0]].append(key)
    for clock_key, keys in by_clock.items():
        case, mark = max((marks[key] for key in keys), key=lambda each: each[1])
        _taken_over(clock_key, now)
        notice = Notice.objects.create(
            zone=case.zone, constituent_id=case.constituent_id, kind=Kind.CLOCK, mark=mark, person_id=case.lead_id,
            refs=[f"case:{case.pk}"], made=now, due=now, exercise=case.exercise,
        )  # fmt: skip
        _tell(keys, notice)
    return len(by_clock)


def _key(case: int, clock: Clock) -> str:
    due = clock.due.isoformat() if clock.due else ""
    text = "\0".join((str(case), *clock.key, due))
    return f"clock:{hashlib.sha256(text.encode()).hexdigest()}"


def _taken_over(clock: str, now: datetime) -> None:
    waiting = Notice.objects.filter(told__key__startswith=clock + ":", standing__in=(Standing.OPEN, Standing.NOBODY))
    Notice.objects.filter(pk__in=list(waiting.values_list("pk", flat=True))).update(
        standing=Standing.KNOWN, known=now, due=None
    )


def _known(keys: list[str]) -> set[str]:
    """Those that were told, asked for in pieces: a query takes only so many values."""
    found: set[str] = set()
    for at in range(0, len(keys), 500):
        found.update(Told.objects.filter(key__in=keys[at : at + 500]).values_list("key", flat=True))
    return found


def _tell(keys: Iterable[str], notice: Notice) -> None:
    rows = [Told(key=key, notice=notice, zone=notice.zone, constituent_id=notice.constituent_id) for key in keys]
    Told.objects.bulk_create(rows, batch_size=500)
