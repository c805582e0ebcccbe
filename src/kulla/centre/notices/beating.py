"""The sign of life that another machine watches: a file that is written elsewhere, an address that is called.

It is withheld when the part of the worker that reads files has stopped, so that a centre that only seems to live falls
silent. `kulla heartbeat` on the other machine notices.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from django.utils import timezone

from kulla.centre.folder import Centre
from kulla.centre.lifesign import give, row
from kulla.centre.notices.models import Progress
from kulla.centre.notices.outbound import post
from kulla.centre.notices.ways import Ways, ways
from kulla.centre.running.pulse import beating
from kulla.centre.running.supervisor import STUCK
from kulla.errors import OutputError


def beat_due(centre: Centre, now: datetime | None = None) -> None:
    """Give the sign of life when its time has come. Raises OutputError telling what could not be reached."""
    told, now = ways(centre.told), now or timezone.now()
    if not (told.beat_file or told.beat_url):
        return
    last, _ = Progress.objects.get_or_create(name="heartbeat")
    if last.at and 0 <= (now - last.at).total_seconds() < told.beat_minutes * 60:
        return
    pulse = beating(centre.state)
    if pulse is not None and pulse.age > STUCK:
        raise OutputError(f"no sign of life is given: nothing has been read for {pulse.age:.0f} s")
    wrong = [text for text in (_file(centre, told, now), _url(centre, told, now)) if text]
    if wrong:
        raise OutputError("; ".join(wrong))
    Progress.objects.filter(pk=last.pk).update(at=now)  # the database takes writes: that is part of living


def _file(centre: Centre, told: Ways, now: datetime) -> str:
    if not told.beat_file:
        return ""
    try:
        give(Path(told.beat_file), centre.told.id, now)
    except OSError as error:
        return f"heartbeat file: cannot be written: {error.strerror}"
    return ""


def _url(centre: Centre, told: Ways, now: datetime) -> str:
    if not told.beat_url:
        return ""
    try:
        post(told.beat_url, row(centre.told.id, now), {"Content-Type": "application/json"}, told.hosts)
    except OutputError as error:
        return f"heartbeat: {error}"
    return ""
