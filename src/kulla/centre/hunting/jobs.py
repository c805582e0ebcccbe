"""Jobs that ask the whole lake: run one after another by the worker, each to its end, whoever watches.

A job that was under way when its process was killed begins anew: its alerts are known by their ids, so nothing is
counted twice.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import lru_cache
from typing import Any, Final

from django.db import connection
from django.db.models import F, Q
from django.utils import timezone

from kulla.centre.alerts import rules
from kulla.centre.alerts.reading import lake as opened
from kulla.centre.alerts.upsert import upsert
from kulla.centre.audit.chain import record
from kulla.centre.folder import Centre
from kulla.centre.hunting import asked, lookfor, retro
from kulla.centre.hunting.models import Job, State
from kulla.centre.people import door
from kulla.centre.worker.models import SourceFile
from kulla.centre.worker.ways import ways
from kulla.errors import KullaError
from kulla.lake import Lake, Scope

log = logging.getLogger(__name__)

BEAT: Final = 2.0
DEAD: Final = timedelta(minutes=2)
"""A running job that has not said for so long that it lives is taken anew."""
_KEPT: Final = 2000
_ZERO: Final = dict.fromkeys(("done", "hits", "found", "again", "untimed", "evicted"), 0)


class _Stopped(Exception):
    """Somebody stopped the job."""


def run_pending(lake: Lake | None = None, tlp: Callable[[str], str] = lambda _: "AMBER") -> int:
    """Run every job that waits, oldest first; how many. All zones must be open."""
    lake = lake or opened()
    count = 0
    while lake is not None and (job := _claimed()) is not None:
        _run(job, lake, tlp)
        count += 1
    return count


def _claimed() -> Job | None:
    """The next job, marked as running by us alone."""
    now = timezone.now()
    free = Q(state=State.WAITING) | Q(state=State.RUNNING, beat__lt=now - DEAD)
    for pk in Job.objects.filter(free).order_by("made").values_list("pk", flat=True):
        mine = {"state": State.RUNNING, "started": now, "beat": now, **_ZERO}
        if Job.objects.filter(free, pk=pk).update(**mine, keys=[]):
            return Job.objects.select_related("user", "constituent").get(pk=pk)
    return None


def scope_of(job: Job) -> Scope:
    """What the job may ask: what its author may search now, in its place. Who lost a role since then asks less."""
    pairs = door.scope(job.user, "events.retrohunt") & door.scope(job.user, "events.search")
    name = job.constituent.name if job.constituent else None
    return frozenset((zone, each) for zone, each in pairs if zone == job.zone and name in (None, each))


def _run(job: Job, lake: Lake, tlp: Callable[[str], str]) -> None:
    state, error = State.DONE, ""
    try:
        _ask(job, lake, tlp)
    except _Stopped:
        state = State.STOPPED
    except OverflowError:
        state, error = State.FAILED, f"more than {retro.MOST:,} alerts: what was asked is everywhere; ask for less"
    except KullaError as fault:
        state, error = State.FAILED, str(fault)[:500]
    except Exception as fault:
        log.warning("retro-hunt %d failed", job.pk, exc_info=True)
        state, error = State.FAILED, f"failed ({type(fault).__name__}); the centre's log has more"
    Job.objects.filter(pk=job.pk).update(state=state, error=error, ended=timezone.now())
    record(None, "hunting.retro-end", job, state=state.value)


def _ask(job: Job, lake: Lake, tlp: Callable[[str], str]) -> None:
    scope, gathered = scope_of(job), retro.Gathered(tlp)
    Job.objects.filter(pk=job.pk).update(total=_total(job, lake, scope))
    last, so_far = time.monotonic(), Counter(done=0, hits=0, untimed=0, evicted=0)
    for step in _steps(job, lake, scope):
        hits = gathered.add(step)
        so_far.update(done=step.done, hits=hits, untimed=step.untimed, evicted=step.evicted)
        if time.monotonic() - last >= BEAT:
            _tell(job, gathered, so_far)
            last = time.monotonic()
    _tell(job, gathered, so_far)


def _total(job: Job, lake: Lake, scope: Scope) -> int:
    if job.kind == Job.Kind.INDICATORS:
        return len(lookfor.indicators(job.text))
    return lake.count("", scope, asked.read(job.text, rules.named).since(job.since), job.until)


def _steps(job: Job, lake: Lake, scope: Scope) -> Iterator[retro.Step]:
    if job.kind == Job.Kind.INDICATORS:
        values = lookfor.indicators(job.text)
        return retro.by_indicators(lake, values, retro.level_of(job.level), scope, job.since, job.until)
    return retro.by_rules(lake, _of_places(job.text), scope, job.since, job.until, numbers())


def _of_places(text: str) -> Callable[[retro.Place], asked.Asked]:
    """What is asked of a place, with the filters of its tuning: what was silenced there is not told anew."""
    known: dict[tuple[tuple[str, str], ...], asked.Asked] = {}

    def of(place: retro.Place) -> asked.Asked:
        filters = tuple(rules.filters(*place))
        if filters not in known:
            known[filters] = asked.read(text, rules.named, filters)
        return known[filters]

    return of


def numbers() -> Callable[[retro.Place, str], int]:
    """The place of a constituent's source file among all, by SHA-256: as the worker took them; unknown ones after."""

    @lru_cache(10_000)
    def number(place: retro.Place, sha256: str) -> int:
        zone, constituent = place
        found = SourceFile.objects.filter(zone=zone, constituent__name=constituent, sha256=sha256)
        known = found.values_list("pk", flat=True).first()
        return (1 << 63) + int(sha256[:15] or "0", 16) if known is None else int(known)

    return number


def _tell(job: Job, gathered: retro.Gathered, so_far: Counter[str]) -> None:
    """Store what was found so far, say how far we are, and hear whether to stop.

    What is listed are all alerts that the job led to, the new ones first: an alert may be there already, unchanged.
    """
    counts = upsert(gathered.take())
    job.keys = list(dict.fromkeys([*job.keys, *counts.made, *counts.grown, *gathered.totals]))[:_KEPT]
    moved = Job.objects.filter(pk=job.pk, state=State.RUNNING).update(
        beat=timezone.now(), **so_far, found=F("found") + len(counts.made),
        again=len(gathered.totals) - F("found") - len(counts.made), keys=job.keys,
    )  # fmt: skip
    if not moved:
        raise _Stopped


class _Background:
    """One thread for jobs, so that a hunt through the whole lake holds up no other errand."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None

    def start(self, centre: Centre) -> None:
        if self._thread is not None and self._thread.is_alive():
            return
        if not Job.objects.filter(state__in=(State.WAITING, State.RUNNING)).exists():
            return
        self._thread = threading.Thread(target=_loop, args=(ways(centre.told).tlp_of,), name="retro-hunts", daemon=True)
        self._thread.start()

    def wait(self, seconds: float) -> None:
        """For the thread to end, at most so long."""
        if self._thread is not None:
            self._thread.join(seconds)


def _loop(tlp: Any) -> None:
    try:
        with door.zones(door.ALL_ZONES):
            run_pending(tlp=tlp)
    finally:
        connection.close()


background = _Background()
JOBS: Final = (("retro-hunts", 3.0, background.start),)
