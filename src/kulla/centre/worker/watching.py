"""Errands that look after the centre itself: its disk, its inbox, its constituents, its
registers, its audit, its lake, its queue."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from django.db.models import Max, Sum

from kulla.centre.alerts.models import Alert
from kulla.centre.alerts.ranking import rerank
from kulla.centre.audit.anchors import sign_head
from kulla.centre.folder import Centre
from kulla.centre.people.models import Constituent
from kulla.centre.worker import health, leaving
from kulla.centre.worker.errands import NIGHTLY, Errand
from kulla.centre.worker.inbox import DONE, Inbox
from kulla.centre.worker.models import AGAIN, Kind, SourceFile
from kulla.centre.worker.quarantine import declared
from kulla.centre.worker.retaining import Retaining
from kulla.centre.worker.ways import Ways, ways
from kulla.lake import Lake, disk_low

log = logging.getLogger(__name__)

HEADS: Final = 3600.0
LIVES: Final = 300.0
"""Seconds after which the worker is taken to live on. More than the longest wait between its falls."""


def disk(centre: Centre) -> None:
    """Whether as much of the disk is free as should be: that of the centre's folder, and the lake's."""
    least = ways(centre.told).disk_free
    places = {path.stat().st_dev: path for path in (centre.lake, centre.path)}
    low = [text for path in places.values() if (text := disk_low(path, 0, least))]
    if low:
        health.wrong(Kind.DISK, "; ".join(low))
    else:
        health.right(Kind.DISK)


def registers(centre: Centre) -> None:
    """Whether every register's manifest can be read: without it nobody knows its logs."""
    unread = sum(not each.words for each in declared(centre.registers))
    if unread:
        text = (
            f"{unread} registers have a manifest that cannot be read, and meanwhile every database's log is kept out: "
            f"run kulla centre check {centre.path}, and have them delivered again"
        )
        health.wrong(Kind.REGISTER, text)
    else:
        health.right(Kind.REGISTER)


def silent(centre: Centre) -> None:
    """Which constituents have sent no event for longer than they usually would."""
    now = datetime.now(UTC)
    rows = SourceFile.objects.filter(events__gt=0).values_list("constituent").annotate(at=Max("ended"))
    heard = dict(rows.order_by())
    for place in Constituent.objects.all():
        last = heard.get(place.pk)
        if place.silent_after and (last is None or now - last > timedelta(hours=place.silent_after)):
            hours = "has sent no event yet" if last is None else f"no event since {last:%Y-%m-%d %H:%M}Z"
            health.wrong(Kind.SILENT, f"{place.name}: {hours}", place)
        else:
            health.right(Kind.SILENT, place)


def backlog(centre: Centre) -> None:
    """Files that have waited too long, and folders in the inbox that belong to no constituent."""
    told = ways(centre.told)
    inbox, now = Inbox(centre.inbox, told.quiet), time.time()
    known = {place.name: place for place in Constituent.objects.all()}
    strange = {}
    for name in inbox.constituents():
        waiting = inbox.waiting(name)
        if name not in known:
            if waiting:
                strange[name] = (
                    f"inbox/{name}: {len(waiting)} files, and no constituent of this name; add it or take them away"
                )
            continue
        oldest = min((each.path.lstat().st_ctime for each in waiting if each.path.exists()), default=now)
        if now - oldest > 3600 * told.backlog_hours:
            text = f"{len(waiting)} files wait in inbox/{name}, the oldest for {(now - oldest) / 3600:.1f} hours"
            health.wrong(Kind.BACKLOG, text, known[name])
        else:
            health.right(Kind.BACKLOG, known[name])
    health.only(Kind.FOLDER, strange)


def heads(centre: Centre) -> None:
    """Sign the audit's head, and copy it to the places off this machine. Raises OutputError naming what failed."""
    sign_head(centre.keys.audit(), [centre.state, *(Path(each) for each in centre.told.anchors)])


def tidy(centre: Centre) -> None:
    """Delete files that were read long ago, as far as centre.toml asks for it; and sessions that have ended. Raises
    OutputError naming what cannot be deleted."""
    from django.core.management import call_command

    told: Ways = ways(centre.told)
    call_command("clearsessions")
    if told.done_days:
        for path in leaving.old(centre.inbox / DONE, told.done_days, datetime.now(UTC)):
            leaving.erased(path)


class Living:
    """That the worker ended again and again is over when it has lived for a while."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    def __call__(self, centre: Centre) -> None:
        if time.monotonic() - self._since > LIVES:
            health.right(Kind.STOPPED, key=AGAIN)


class Ranking:
    """Rank the queue anew when alerts came or grew."""

    def __init__(self) -> None:
        self._seen: object = None

    def __call__(self, centre: Centre) -> None:
        now = Alert.objects.aggregate(Max("pk"), Sum("events"))
        if now != self._seen:
            rerank()
            self._seen = now


class Upkeep:
    """The lake's nightly work: small files joined, what no version needs taken away."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake

    def __call__(self, centre: Centre) -> None:
        self._lake.compact()
        self._lake.checkpoint()
        self._lake.vacuum()


class Checking:
    """Whether the lake is whole: by names and sizes, or `deep`, by every byte of it. What either finds is told until it
    no longer does; where the fault lies is for who keeps the machine, as paths name constituents of every zone."""

    def __init__(self, lake: Lake, deep: bool) -> None:
        self._lake, self._deep = lake, deep

    def __call__(self, centre: Centre) -> None:
        shallow = self._lake.check()
        self._told(centre, shallow, "")
        if self._deep:
            self._told(centre, [each for each in self._lake.check(deep=True) if each not in shallow], " --deep")

    def _told(self, centre: Centre, problems: Sequence[str], option: str) -> None:
        for each in problems:
            log.warning("lake: %s", each)
        key = "deep" if option else "shallow"
        if problems:
            command = f"kulla lake check {centre.path}{option}"
            text = f"{len(problems)} faults in the lake; run `{command}`: it names each, and what to do"
            health.wrong(Kind.LAKE, text, key=key)
        else:
            health.right(Kind.LAKE, key=key)


def own(lake: Lake, told: Ways) -> Sequence[Errand]:
    """The worker's own errands."""
    deep = [Errand("lake read whole", told.deep_days * NIGHTLY, Checking(lake, deep=True), long=True)]
    return (
        Errand("living", 60.0, Living()),
        Errand("disk", 60.0, disk),
        Errand("constituents heard", 60.0, silent),
        Errand("inbox", 60.0, backlog),
        Errand("registers", 60.0, registers),
        Errand("audit heads", HEADS, heads),
        Errand("ranking", 30.0, Ranking()),
        Errand("tidying", NIGHTLY, tidy),
        Errand("retention", NIGHTLY, Retaining(lake), long=True),
        Errand("lake upkeep", NIGHTLY, Upkeep(lake), long=True),
        Errand("lake check", NIGHTLY, Checking(lake, deep=False), long=True),
        *(deep if told.deep_days else ()),
    )
