"""What the worker does besides reading: lists of errands, each with how often, run one after another in a thread.

An app has errands of its own in `jobs.py`: JOBS, a tuple of `Errand`-like (name, seconds, function of the centre). An
errand that fails is told on the page of health, and tried again when its time comes.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from django.db import DatabaseError, connection

from kulla.centre.folder import Centre
from kulla.centre.people import door
from kulla.centre.site.environment import APPS
from kulla.centre.worker import health
from kulla.centre.worker.models import Kind
from kulla.errors import KullaError

log = logging.getLogger(__name__)

NIGHTLY: Final = 86_400.0
POLL: Final = 1.0
REMEMBERED: Final = 3600.0
"""Errands that are due no more often than this remember across restarts when they last ran."""
FILE: Final = "errands.json"


@dataclass(frozen=True, slots=True)
class Errand:
    """`run` is called with the centre, all zones open, every `seconds`."""

    name: str
    seconds: float
    run: Callable[[Centre], None]


def of_apps() -> Iterator[Errand]:
    """The errands of the other apps."""
    for app in APPS:
        name = f"kulla.centre.{app}.jobs"
        if importlib.util.find_spec(name) is not None:
            for title, seconds, run in importlib.import_module(name).JOBS:
                yield Errand(title, seconds, run)


@dataclass
class Errands:
    """Runs errands from `start` to `stop`. An errand that is under way is waited for."""

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

    def stop(self, patience: float = 30.0) -> None:
        """Begin nothing more, and wait for what is under way; a daemon thread, it cannot keep the process."""
        self._over.set()
        if self._thread is not None:
            self._thread.join(patience)

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
        """Run an errand now; whether it succeeded."""
        self._last[errand.name] = time.time()
        try:
            with door.zones(door.ALL_ZONES):
                try:
                    errand.run(self.centre)
                except KullaError as error:
                    health.wrong(Kind.JOB, f"{errand.name}: {error}", key=errand.name)
                    return False
                except DatabaseError:
                    raise
                except Exception as error:
                    log.warning("errand %s failed", errand.name, exc_info=True)
                    health.wrong(Kind.JOB, f"{errand.name}: failed ({type(error).__name__})", key=errand.name)
                    return False
                health.right(Kind.JOB, key=errand.name)
        except DatabaseError as error:
            log.warning("errand %s: the database does not answer (%s)", errand.name, type(error).__name__)
            connection.close()
            return False
        if errand.seconds >= REMEMBERED:
            self._write()
        return True

    @property
    def _file(self) -> Path:
        return self.centre.state / FILE

    def _read(self) -> dict[str, float]:
        try:
            return {str(name): float(at) for name, at in json.loads(self._file.read_text("utf-8")).items()}
        except (OSError, ValueError, AttributeError, TypeError):
            return {}

    def _write(self) -> None:
        rare = {each.name for each in self.errands if each.seconds >= REMEMBERED}
        waiting = self._file.with_suffix(".new")
        waiting.write_text(json.dumps({name: at for name, at in self._last.items() if name in rare}), "utf-8")
        waiting.replace(self._file)
