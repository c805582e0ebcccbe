"""Telling people: whose turn it is, over which channels, again after a failure, and to the next when nobody answers.

Each step is claimed by a conditional update before anything leaves, and nothing is sent inside a transaction. What was
being sent when the worker died is sent again: a call that comes twice is better than none.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from kulla.centre.alerts.models import Alert, Status
from kulla.centre.folder import Centre
from kulla.centre.notices import saying
from kulla.centre.notices.models import Kind, Notice, Shift, Standing, Telling, Way
from kulla.centre.notices.outbound import post
from kulla.centre.notices.smtp import send
from kulla.centre.notices.ways import Ways
from kulla.centre.people import door
from kulla.centre.people.models import User
from kulla.errors import KullaError

BACK_OFF: Final = tuple(timedelta(minutes=each) for each in (1, 2, 5, 10, 20, 40))
"""How long a telling waits after its first, second … failure; after the last it is given up."""
LEASE: Final = timedelta(minutes=5)
"""What has been on its way for longer was cut short."""
MOST: Final = 50
WAITING: Final = (Standing.OPEN, Standing.NOBODY)


def on_duty(zone: str, now: datetime) -> list[User]:
    """Who is on the rota of a zone, in the order in which they are told; nobody who may no longer see its notices."""
    rows = Shift.objects.filter(zone=zone, start__lte=now, end__gt=now).select_related("person")
    found = dict.fromkeys(row.person for row in rows.order_by("order", "start", "pk"))
    return [each for each in found if door.sight(each).has("notices.see", zone)]


def step(now: datetime, told: Ways) -> int:
    """Take every notice whose time has come one person further; how many were."""
    rows = Notice.objects.filter(standing__in=WAITING, due__lte=now).order_by("due", "pk")
    count = 0
    for pk in list(rows.values_list("pk", flat=True)[:MOST]):
        with transaction.atomic():
            notice = Notice.objects.select_for_update(of=("self",)).select_related("person").get(pk=pk)
            if notice.standing in WAITING and notice.due and notice.due <= now:
                _further(notice, now, told)
                count += 1
    return count


def _further(notice: Notice, now: datetime, told: Ways) -> None:
    if notice.kind == Kind.LEVEL and not _anything_new(notice):
        notice.standing, notice.known, notice.due = Standing.KNOWN, now, None  # they were taken in hand at the queue
        notice.save()
        return
    person, over = _next(notice, now, told)
    first = notice.step == 0
    if person is not None:
        _telling(notice, person, _channel(notice, person, told), now)
        notice.standing = Standing.OPEN
    elif over:
        notice.standing = Standing.UNHEARD
    else:
        notice.standing = Standing.NOBODY
    if first or over:
        for webhook in told.webhooks:
            if notice.zone in webhook.zones and not _silent(notice):
                _telling(notice, None, f"hook:{webhook.name}", now)
    notice.step += 1
    alone = notice.kind == Kind.ASSIGNED and person is not None
    notice.due = None if over or alone else now + timedelta(minutes=told.minutes)
    notice.save()


def _next(notice: Notice, now: datetime, told: Ways) -> tuple[User | None, bool]:
    """Who is told now, or None; and whether everybody was told as often as may be."""
    chain = [notice.person] if notice.person and notice.person.is_active else []
    if notice.kind != Kind.ASSIGNED:
        chain = list(dict.fromkeys([*chain, *on_duty(notice.zone, now)]))
    heard = Counter(notice.tellings.exclude(person=None).values_list("person", flat=True))
    if not chain:
        return None, bool(heard)
    person = min(chain, key=lambda each: (heard[each.pk], chain.index(each)))
    return (None, True) if heard[person.pk] >= told.rounds else (person, False)


def _anything_new(notice: Notice) -> bool:
    ids = [int(ref.partition(":")[2]) for ref in notice.refs]
    return len(ids) < notice.count or Alert.objects.filter(pk__in=ids, status=Status.NEW).exists()


def _silent(notice: Notice) -> bool:
    """Whether nothing of it may leave the centre: an exercise's notices are seen on its pages alone."""
    return notice.exercise or bool(settings.EXERCISE)


def _channel(notice: Notice, person: User, told: Ways) -> str:
    return "mail" if told.smtp and person.email and not _silent(notice) else "page"


def _telling(notice: Notice, person: User | None, channel: str, now: datetime) -> None:
    here = channel == "page"
    Telling.objects.create(
        notice=notice, zone=notice.zone, constituent_id=notice.constituent_id, person=person, channel=channel,
        step=notice.step, state=Way.NONE if here else Way.WAITING, due=None if here else now,
        sent=now if here else None,
    )  # fmt: skip


def deliver(centre: Centre, now: datetime, told: Ways) -> list[str]:
    """Send what waits; what failed, in words. A channel that fails is left alone until the next tick, so that a dead
    server holds nothing up."""
    rows = Telling.objects.filter(Q(state=Way.WAITING) | Q(state=Way.SENDING), due__lte=now).order_by("due", "pk")
    wrong: dict[str, str] = {}
    for row in list(rows.select_related("notice", "person")[:MOST]):
        if row.channel in wrong:
            continue
        claimed = Telling.objects.filter(pk=row.pk, state=row.state, due=row.due)
        if row.notice.standing == Standing.KNOWN:
            claimed.update(state=Way.DROPPED, due=None)
            continue
        if not claimed.update(state=Way.SENDING, tries=F("tries") + 1, due=now + LEASE):
            continue
        try:
            _send(centre, row, now, told)
        except KullaError as error:
            wrong[row.channel] = str(error)
            _failed(row, now, str(error))
        else:
            Telling.objects.filter(pk=row.pk).update(state=Way.SENT, sent=now, due=None, error="")
    return list(wrong.values())


def _failed(row: Telling, now: datetime, why: str) -> None:
    tries = row.tries + 1
    if tries > len(BACK_OFF):
        Telling.objects.filter(pk=row.pk).update(state=Way.FAILED, due=None, error=why[:200])
    else:
        due = now + BACK_OFF[tries - 1]
        Telling.objects.filter(pk=row.pk).update(state=Way.WAITING, due=due, error=why[:200])


def _send(centre: Centre, row: Telling, now: datetime, told: Ways) -> None:
    notice = row.notice
    if row.channel == "mail":
        assert row.person is not None
        subject, body = saying.letter(centre.told, notice, row.person.language, row.step > 0)
        headers = {"Auto-Submitted": "auto-generated"}
        send(told, centre.keys, row.person.email, subject, body, headers)
        return
    name = row.channel.partition(":")[2]
    webhook = next((each for each in told.webhooks if each.name == name), None)
    if webhook is None:
        raise KullaError(f"webhook {name}: centre.toml no longer has it")
    body_ = saying.hook(centre.told, notice, "unheard" if notice.standing == Standing.UNHEARD else "notice")
    signed = saying.signature(webhook.key(centre.keys), body_, now)
    post(webhook.url, body_, {"Content-Type": "application/json", "Kulla-Signature": signed}, told.hosts)
