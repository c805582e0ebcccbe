"""`kulla run`: the console and the worker of one centre, kept alive until they are told to stop.

The supervisor itself loads neither Django nor a rule, so that little can go wrong in it.
"""

from __future__ import annotations

import http.client
import signal
import ssl
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Final

from kulla.centre.folder import Centre
from kulla.centre.running import certificate, founding, serving
from kulla.centre.running.child import Child
from kulla.centre.running.pulse import beating

POLL: Final = 0.2
STUCK: Final = 600.0
"""Seconds without a sign of life after which the worker is ended and started again: no step of a file takes it."""
OFTEN: Final = 3
"""Falls of the worker in a row from which on they are told on the page of health."""


@dataclass
class Supervisor:
    """Use as a context manager around `run`; leaving it, however, ends every process. `say` shows a line."""

    centre: Centre
    listen: str
    say: Callable[[str], None]
    _children: list[Child] = field(default_factory=list)
    _teller: Child | None = None
    _ready: bool = False
    _stop: bool = False

    def run(self) -> int:
        """Serve until SIGINT or SIGTERM. The exit code: 0, or 2 when a process says that its configuration is wrong."""
        before = {number: signal.signal(number, self._asked) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            self._serve()
        except SystemExit as ended:
            return int(str(ended.code))
        finally:
            for child in (*self._children, *([self._teller] if self._teller else [])):
                child.stop()
            for number, handler in before.items():
                signal.signal(number, handler)
        return 0

    def _asked(self, _: int, __: FrameType | None) -> None:
        self._stop = True

    def _serve(self) -> None:
        started = time.monotonic()
        environ = serving.environ(self.centre)
        pair = self._certificate()
        module = [sys.executable, "-m"]
        self._children = [
            Child("console", [*module, "kulla.centre.running.console", self.listen, *pair], environ),
            Child("worker", [*module, "kulla.centre.worker"], environ),
        ]
        for child in self._children:
            child.start()
        while not self._stop:
            for child in self._children:
                self._tend(child)
            if not self._ready and self._lives() and self._answers():
                self._ready = True
                self.say(f"ready in {time.monotonic() - started:.1f} s: {self._address()}   (Ctrl-C ends it)")
            self._wake()
            time.sleep(POLL)

    def _lives(self) -> bool:
        """Whether the worker that was started has given a sign of life. One of an earlier worker may still lie there:
        it tells the new one since when nobody worked."""
        pulse, worker = beating(self.centre.state), self._children[1]
        return pulse is not None and pulse.pid == worker.pid

    def _told(self, text: str) -> None:
        if text:
            self.say(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}Z  {text}")

    def _tend(self, child: Child) -> None:
        """Start it again when it has ended. The console goes on whatever becomes of the worker, and says so."""
        falls = child.falls
        self._told(child.tend(first=not self._ready))
        if child is self._children[1] and child.falls != falls and child.falls >= OFTEN:
            self._tell(f"the worker ended {child.falls} times in a row: nothing is read; see what kulla run says")

    def _tell(self, text: str) -> None:
        """Have it told on the page of health: by a process of its own, as the worker cannot."""
        if self._teller is None or not self._teller.alive:
            self._teller = Child(
                "teller", [sys.executable, "-m", "kulla.centre.running.telling", text], self._children[1].environ
            )
            self._teller.start()

    def _wake(self) -> None:
        """End a worker that has not given a sign of life for too long; `tend` starts it again."""
        worker = self._children[1]
        pulse = beating(self.centre.state)
        mine = pulse if pulse and pulse.pid == worker.pid else None
        silent, doing = (mine.silence, mine.doing) if mine else (worker.age, "starting")
        if worker.alive and silent > STUCK:
            self._told(f"worker has been silent for {silent:.0f} s while {doing}; ended")
            worker.end()

    def _certificate(self) -> list[str]:
        told = self.centre.told
        if told.tls == "self-signed":
            founding.own(self.centre, datetime.now(UTC))
            found = [self.centre.keys.folder / certificate.CERTIFICATE, self.centre.keys.folder / certificate.KEY]
        elif told.tls == "files":
            found = [Path(told.tls_cert), Path(told.tls_key)]
        else:
            return []
        until = certificate.check(*found).until
        left = (until - datetime.now(UTC)).days
        if left < 30:
            self.say(f"{found[0]}: the certificate ends on {until:%Y-%m-%d}, in {left} days; renew it")
        return [str(each) for each in found]

    def _answers(self) -> bool:
        """Whether the console answers on its own address."""
        address, _, port = self.listen.rpartition(":")
        address = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(address, address).strip("[]")  # noqa: S104
        connection: http.client.HTTPConnection
        if self.centre.told.tls in ("files", "self-signed"):
            context = ssl._create_unverified_context()  # noqa: S323 - we ask whether our own child answers, no more
            connection = http.client.HTTPSConnection(address, int(port), timeout=5, context=context)
        else:
            connection = http.client.HTTPConnection(address, int(port), timeout=5)
        try:
            connection.request("GET", "/health", headers={"Host": "localhost"})
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _address(self) -> str:
        from dataclasses import replace

        return founding.address(replace(self.centre.told, listen=self.listen))
