"""Errands that look after the centre itself: its disk, its inbox, its constituents, its audit, its lake, its queue."""

from __future__ import annotations

import shutil
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
from kulla.centre.worker.models import Kind, SourceFile
from kulla.centre.worker.retaining import Retaining
from kulla.centre.worker.ways import Ways, ways
from kulla.lake import Lake

HEADS: Final = 3600.0


def disk(centre: Centre) -> None:
    """Whether as much of the disk is free as should be."""
    least = ways(centre.told).disk_free
    usage = shutil.disk_usage(centre.path)
    share = usage.free / usage.total
    if share >= least:
        health.right(Kind.DISK)
        return
    text = f"{share:.0%} of the centre's disk is free ({usage.free >> 30} GiB); below {least:.0%} it should not fall"
    health.wrong(Kind.DISK, text)


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
    """Delete files that were read long ago, as far as centre.toml asks for it; and sessions that have ended."""
    from django.core.management import call_command

    told: Ways = ways(centre.told)
    if told.done_days:
        for path in leaving.old(centre.inbox / DONE, told.done_days, datetime.now(UTC)):
            shutil.rmtree(path, ignore_errors=True)
    call_command("clearsessions")


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


def own(lake: Lake) -> Sequence[Errand]:
    """The worker's own errands."""
    return (
        Errand("disk", 60.0, disk),
        Errand("constituents heard", 60.0, silent),
        Errand("inbox", 60.0, backlog),
        Errand("audit heads", HEADS, heads),
        Errand("ranking", 30.0, Ranking()),
        Errand("retention", NIGHTLY, Retaining(lake)),
        Errand("lake upkeep", NIGHTLY, Upkeep(lake)),
        Errand("tidying", NIGHTLY, tidy),
    )
