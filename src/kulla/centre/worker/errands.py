"""What the worker does besides reading: lists of errands, each with how often, run one after another in a thread each.

An app has errands of its own in `jobs.py`: JOBS, a tuple of `Errand`-like (name, seconds, function of the centre). An
errand that fails is told on the page of health, and tried again when its time comes.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from django.db import Error as DatabaseFault
from django.db import connection

from kulla.centre.folder import Centre
from kulla.centre.people import door
from kulla.centre.people.models import Constituent
from kulla.centre.people.zones import Zone
from kulla.centre.site.environment import APPS
from kulla.centre.vault.keyring import synced
from kulla.centre.worker import health
from kulla.centre.worker.models import Kind
from kulla.errors import KullaError, OutputError

log = logging.getLogger(__name__)

NIGHTLY: Final = 86_400.0
POLL: Final = 1.0
REMEMBERED: Final = 3600.0
"""Errands that are due no more often than this remember across restarts when they last ran."""
FILE: Final = "errands.json"
PATIENCE: Final = 7.0
"""Seconds that errands have to end: less than the supervisor has patience with us."""
_writing: Final = threading.Lock()


@dataclass(frozen=True, slots=True)
class Errand:
    """`run` is called with the centre, all zones open, every `seconds`. `long`: it may take hours, and holds up only
    others that do."""

    name: str
    seconds: float
    run: Callable[[Centre], None]
    long: bool = False


def of_apps() -> Iterator[Errand]:
    """The errands of the other apps."""
    for app in APPS:
        name = f"kulla.centre.{app}.jobs"
        if importlib.util.find_spec(name) is not None:
            for title, seconds, run in importlib.import_module(name).JOBS:
                yield Errand(title, seconds, run)


def stopped(every: Sequence[Errands], patience: float = PATIENCE) -> None:
    """Stop them all, and wait for all together."""
    end = time.monotonic() + patience
    for each in every:
        each.stop()
    for each in every:
        each.wait(max(0.0, end - time.monotonic()))


def _tell(errand: Errand, text: str) -> None:
    """Tell a fault in every zone; where its words name another zone or a constituent of one, only that there is one."""
    names = {(zone, zone) for zone in Zone.values} | set(Constituent.objects.values_list("zone", "name"))
    for zone in Zone.values:
        foreign = (name for place, name in names if place != zone)
        if any(re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text) for name in foreign):
            said = "failed, and why names what is not of this zone; see what kulla run says"
            health.wrong(Kind.JOB, f"{errand.name}: {said}", key=errand.name, zone=zone)
        else:
            health.wrong(Kind.JOB, f"{errand.name}: {text}", key=errand.name, zone=zone)


@dataclass
class Errands:
    """Runs errands from `start` to `stop`. An errand that is under way is waited for, a while: what may take hours can
    be cut short anywhere."""

    centre: Centre
    errands: Sequence[Errand]
    _last: dict[str, float] = field(default_factory=dict)
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin. Call it after every process has been forked."""
        self._last = self._read()
        self._thread = threading.Thread(target=self._loop, name="errands", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Begin nothing more."""
        self._over.set()

    def wait(self, seconds: float) -> None:
        """For what is under way, so long at most: a daemon thread, it cannot keep the process."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _loop(self) -> None:
        try:
            while not self._over.wait(POLL):
                for errand in self.errands:
                    if self._over.is_set():
                        break
                    if time.time() - self._last.get(errand.name, 0.0) >= errand.seconds:
                        self.once(errand)
        finally:
            connection.close()

    def once(self, errand: Errand) -> bool:
        """Run an errand now; whether it succeeded. Whatever happens, the next one has its turn."""
        self._last[errand.name] = time.time()
        try:
            with door.zones(door.ALL_ZONES):
                return self._told(errand)
        except DatabaseFault as error:
            log.warning("errand %s: the database does not answer (%s)", errand.name, type(error).__name__)
            connection.close()
            return False

    def _told(self, errand: Errand) -> bool:
        try:
            errand.run(self.centre)
            if errand.seconds >= REMEMBERED:
                self._remember(errand)
        except KullaError as error:
            if not self._over.is_set():
                log.warning("errand %s: %s", errand.name, error)
                _tell(errand, str(error))
            return False
        except DatabaseFault:
            raise
        except Exception as error:
            if self._over.is_set():  # its lake was closed under it: it was told to end, and nothing is wrong
                return False
            log.warning("errand %s failed", errand.name, exc_info=True)
            health.wrong(Kind.JOB, f"{errand.name}: failed ({type(error).__name__})", key=errand.name)
            return False
        health.right(Kind.JOB, key=errand.name)
        return True

    @property
    def _file(self) -> Path:
        return self.centre.state / FILE

    def _read(self) -> dict[str, float]:
        """When errands last ran. Of a file that cannot be read nothing is known: all run now, which harms nothing."""
        try:
            return {str(name): float(at) for name, at in json.loads(self._file.read_text("utf-8")).items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, AttributeError, TypeError) as error:
            log.warning("%s: cannot be read (%s); every errand runs now", self._file, type(error).__name__)
            return {}

    def _remember(self, errand: Errand) -> None:
        """Write that an errand has just succeeded, beside those of other threads. Raises OutputError."""
        waiting = self._file.with_suffix(".new")
        with _writing:
            every = {**self._read(), errand.name: self._last[errand.name]}
            try:
                with waiting.open("w", encoding="utf-8") as file:
                    json.dump(every, file)
                    file.flush()
                    os.fsync(file.fileno())
                waiting.replace(self._file)
                synced(self._file.parent)
            except OSError as error:
                raise OutputError(f"{self._file}: cannot be written: {error.strerror}; make room for it") from error
