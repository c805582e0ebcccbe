"""What the worker does for this app: fetch reports, call out, give the sign of life."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from kulla.centre.folder import Centre
from kulla.centre.notices import beating, calling, gathering, polling
from kulla.centre.notices.models import Notice, Standing, Telling, Way
from kulla.centre.notices.ways import ways
from kulla.centre.worker.ways import ways as worker_ways
from kulla.errors import InputError, OutputError

RECENT: Final = timedelta(days=1)


def poll_mail(centre: Centre, now: datetime | None = None) -> None:
    """Take what came into the mailboxes and into inbox/.reports. Raises InputError telling what failed."""
    told = ways(centre.told)
    wrong = polling.poll(centre, told, now or timezone.now())
    try:
        polling.sweep(centre, told, worker_ways(centre.told).quiet)
    except InputError as error:
        wrong.append(str(error))
    if wrong:
        raise InputError("; ".join(wrong))


def tick(centre: Centre, now: datetime | None = None) -> None:
    """See what happened, whose turn it is, and send. The same moment twice does nothing twice.

    Raises OutputError when something could not be sent, or nobody was there or answered.
    """
    now = now or timezone.now()
    told = ways(centre.told)
    gathering.gather(now, told)
    calling.step(now, told)
    wrong = calling.deliver(centre, now, told)
    nobody = Notice.objects.filter(standing=Standing.NOBODY).count()
    unheard = Notice.objects.filter(standing=Standing.UNHEARD, made__gte=now - RECENT).count()
    lost = Telling.objects.filter(state=Way.FAILED, notice__made__gte=now - RECENT).count()
    if nobody:
        wrong.append(f"{nobody} notices have nobody to go to: put somebody on the rota")
    if unheard:
        wrong.append(f"{unheard} notices of the last day were acknowledged by nobody")
    if lost:
        wrong.append(f"{lost} messages of the last day were given up after {len(calling.BACK_OFF) + 1} tries")
    if wrong:
        raise OutputError("; ".join(wrong))


JOBS: Final = (
    ("reports", 60.0, poll_mail),
    ("calling out", 60.0, tick),
    ("sign of life", 30.0, beating.beat_due),
)
