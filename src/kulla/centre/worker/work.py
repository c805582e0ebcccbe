"""The worker from its start to its end.

The pool's helper is forked before any thread exists (see `events.sandbox`); the lake and the errands come after. When
rules or constituents change, the process replaces itself by a fresh one, which costs a second and leaves no state.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from django.db import connections
from django.utils import timezone

from kulla.centre.alerts import rules as tuned
from kulla.centre.folder import Centre
from kulla.centre.people import door
from kulla.centre.people.models import Constituent
from kulla.centre.people.zones import Zone
from kulla.centre.running import retention
from kulla.centre.running.pulse import Pulse, beat, beating
from kulla.centre.worker import rules, watching
from kulla.centre.worker.bench import Bench, Books, Job
from kulla.centre.worker.errands import REMEMBERED, Errand, Errands, of_apps, stopped
from kulla.centre.worker.inbox import Inbox
from kulla.centre.worker.insiders import receive
from kulla.centre.worker.intake import Intake
from kulla.centre.worker.models import AGAIN, Health, Kind
from kulla.centre.worker.quarantine import Scan, declared
from kulla.centre.worker.storing import Store
from kulla.centre.worker.ways import Ways
from kulla.events.sandbox import Pool
from kulla.lake import Lake
from kulla.settings import Settings

POLL: Final = 1.0
BEAT: Final = 5.0
REST: Final = 30.0
"""Seconds without a file after which the children that parse are let go."""


class Changed(Exception):
    """Rules or constituents are other ones now."""


@dataclass
class Work:
    """Enter nothing before `run`: it forks. `once`: read what may be taken, then return."""

    centre: Centre
    ways: Ways
    settings: Settings
    once: bool = False
    _beaten: float = 0.0
    _busy: float = field(default_factory=time.monotonic)

    def run(self) -> None:
        """Work until interrupted, until rules change (raises Changed), or `once`."""
        _before(self.centre)
        beat(self.centre.state, "starting")
        books = rules.of_places(self.centre.state, self.ways.level, self.settings)
        self._stamp = self._known()
        connections.close_all()
        with ExitStack() as stack:
            bench = Bench(books.options, self.settings)
            pool: Pool[Job | Scan] = stack.enter_context(Pool(bench, self.ways.jobs, self.settings, bench.load))
            lake = stack.enter_context(Lake(self.centre.lake))
            retention.mark(self.centre)
            intake = Intake(self.centre.inbox, self.centre.rejects, pool, books, Store(lake), self.ways,
                            self.settings, self._between)  # fmt: skip
            if not self.once:
                self._errands(lake, stack)
            try:
                self._loop(intake, pool, books)
            except KeyboardInterrupt:
                ended(self.centre)  # whatever is still under way may be cut short: we were told to stop
                raise

    def _errands(self, lake: Lake, stack: ExitStack) -> None:
        """What often runs, what seldom does, and what may take hours (the lake is read whole) have a thread each."""
        every = [*watching.own(lake, self.ways), Errand("insiders", 30.0, receive), *of_apps()]
        threads = [
            Errands(self.centre, [each for each in every if not each.long and each.seconds < REMEMBERED]),
            Errands(self.centre, [each for each in every if not each.long and each.seconds >= REMEMBERED]),
            Errands(self.centre, [each for each in every if each.long]),
        ]
        stack.callback(stopped, threads)
        for errands in threads:
            errands.start()

    def _loop(self, intake: Intake, pool: Pool[Job | Scan], books: Books) -> None:
        inbox = Inbox(self.centre.inbox, self.ways.quiet)
        self._between("waiting")
        intake.settle()
        with door.zones(door.ALL_ZONES):
            rules.told(books)
        while True:
            read = self._round(inbox, intake)
            if self.once and not read:
                return
            if not read:
                self._between("waiting")
                if time.monotonic() - self._busy > REST:
                    pool.rest()
                time.sleep(POLL)
            if self._known() != self._stamp:
                raise Changed

    def _round(self, inbox: Inbox, intake: Intake) -> bool:
        """A round of each constituent; whether any file was read or moved. What cannot be keeps nobody busy."""
        busy = False
        registers = declared(self.centre.registers)
        for place in Constituent.objects.filter(name__in=inbox.constituents()).order_by("name"):
            if intake.round(place, inbox.waiting(place.name), registers):
                busy, self._busy = True, time.monotonic()
        return busy

    def _known(self) -> object:
        return tuned.stamp(), sorted(Constituent.objects.values_list("zone", "name"))

    def _between(self, doing: str) -> None:
        """Give a sign of life, not too often."""
        now = time.monotonic()
        if now - self._beaten > BEAT or not self._beaten:
            self._beaten = now
            beat(self.centre.state, doing)


def _before(centre: Centre) -> None:
    """If the worker before this one died, say from when to when nobody worked; not of each when many did."""
    last = beating(centre.state)
    if last is None or last.pid == os.getpid():
        return
    now = timezone.now()
    text = f"the worker ended unexpectedly while {last.doing}; nothing was read for {last.age:.0f} s"
    since = datetime.fromtimestamp(last.at, UTC)
    with door.zones(door.ALL_ZONES):
        if Health.objects.filter(kind=Kind.STOPPED, key=AGAIN, until=None).exists():
            return
        for zone in Zone.values:
            Health.objects.create(zone=zone, kind=Kind.STOPPED, text=text, since=since, seen=now, until=now)


def again() -> None:
    """Replace this process by a fresh one with the same arguments."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, "-m", "kulla.centre.worker", *sys.argv[1:]])  # noqa: S606 - ourselves


def ended(centre: Centre) -> None:
    """It ends as it should: no sign of life is left to wonder at."""
    (centre.state / Pulse.NAME).unlink(missing_ok=True)
