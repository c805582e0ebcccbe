"""The child side of the sandbox: the helper process that forks workers, and a worker's loop."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any, Final

from kulla.errors import KullaError, UnsafeInput
from kulla.events import confine, wire
from kulla.events.confine import Limits


class Helper:
    """The process that forks workers. It answers one request at a time: `F` forks (answer: pid, with the worker's
    socket), `R pid` kills a worker, should it still run, and waits for it (answer: exit status; that of a worker
    that was ending already is its own)."""

    def __init__(
        self, function: Callable[[Any], Any], worker: Limits, initializer: Callable[[], None] | None, folder: str
    ) -> None:
        self._control, theirs = socket.socketpair()
        sys.stdout.flush()
        sys.stderr.flush()
        parent = os.getpid()
        self._pid = os.fork()
        if self._pid == 0:
            _never_return(lambda: _helper_main(theirs, parent, function, worker, initializer, folder))
        theirs.close()

    def fork(self) -> tuple[int, socket.socket]:
        """A new worker. Raises KullaError when `initializer` failed or the helper is gone."""
        self._ask(b"F")
        data, handles, _, _ = socket.recv_fds(self._control, 4096, 1)
        if handles:
            return int(data), socket.socket(fileno=handles[0])
        raise KullaError(data.decode("utf-8", "replace") or _GONE)

    def reap(self, pid: int) -> int:
        self._ask(b"R%d" % pid)
        if not (data := self._control.recv(64)):
            raise KullaError(_GONE)
        return int(data)

    def _ask(self, request: bytes) -> None:
        try:
            self._control.send(request)
        except OSError as error:
            raise KullaError(_GONE) from error

    def close(self) -> None:
        if self._pid:
            self._control.close()
            pid, self._pid = self._pid, 0
            _wait(pid)


def _wait(pid: int) -> None:
    """Reap the helper. It ends by itself unless it is at work on `initializer`; then it is killed."""
    for _ in range(100):
        if os.waitpid(pid, os.WNOHANG)[0]:
            return
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)  # its workers, if any, die with it
    os.waitpid(pid, 0)


_TAKEN: Final = 128
"""Below this number a descriptor of the parent's is not closed in a worker but replaced by the empty device."""
_GONE: Final = "the worker processes were ended from outside; run again with fewer --jobs or more memory"


def _helper_main(
    control: socket.socket,
    parent: int,
    function: Callable[[Any], Any],
    worker: Limits,
    initializer: Callable[[], None] | None,
    folder: str,
) -> None:
    confine.die_with_parent()
    if os.getppid() != parent:
        return
    _detach(control)
    tempfile.tempdir = folder or tempfile.gettempdir()  # found by writing there, which a worker cannot
    error = _prepare(initializer)
    gc.collect()
    gc.freeze()  # keeps the collector from touching, and so copying, shared pages
    alive: set[int] = set()
    while request := control.recv(64):
        if request == b"F":
            if error:
                control.send(error)
                continue
            alive.add(_fork_worker(control, function, worker))
            continue
        pid = int(request[1:])
        os.kill(pid, signal.SIGKILL)
        alive.discard(pid)
        control.send(b"%d" % os.waitpid(pid, 0)[1])
    for pid in alive:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _fork_worker(control: socket.socket, function: Callable[[Any], Any], worker: Limits) -> int:
    ours, theirs = socket.socketpair()
    if not (pid := os.fork()):
        ours.close()
        control.close()
        _never_return(lambda: _worker_main(theirs, function, worker))
    theirs.close()
    socket.send_fds(control, [b"%d" % pid], [ours.fileno()])
    ours.close()
    return pid


def _prepare(initializer: Callable[[], None] | None) -> bytes:
    """Run it; what went wrong, in words, or nothing."""
    try:
        if initializer:
            initializer()
    except KullaError as error:
        return str(error).encode("utf-8", "replace")[:4000]
    except Exception as error:  # noqa: BLE001 - the process boundary: an error crosses it as text
        traceback.print_exc()
        return f"workers cannot start: {_place(error)}".encode()[:4000]
    return b""


def _detach(control: socket.socket) -> None:
    """Let go of the terminal's signals and of every descriptor but the control socket and standard error."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    kept = control.fileno()
    # A library may have a handler of forks that closes descriptors of its own by number (Arrow, once it has read CSV):
    # were they free here, a worker's socket would get such a number, and be closed at its birth. So they stay taken,
    # as far as that leaves a worker room for its own.
    for number in sorted(int(name) for name in os.listdir("/dev/fd") if 2 < int(name) < _TAKEN):
        if number != kept:
            with contextlib.suppress(OSError):  # the listing's own descriptor is closed by now
                os.fstat(number)
                os.dup2(null, number)
    first = max(_TAKEN, kept + 1)
    os.closerange(_TAKEN, kept)
    os.closerange(first, os.sysconf("SC_OPEN_MAX"))


def _never_return(main: Callable[[], None]) -> None:
    """Run a child's main and end, without the parent's exit handlers and buffers."""
    status = 1
    try:
        main()
        status = 0
    except (BrokenPipeError, ConnectionResetError):
        status = 0
    except BaseException:  # noqa: BLE001 - nothing may unwind into the parent's frames
        traceback.print_exc()
    finally:
        os._exit(status)


def _worker_main(connection: socket.socket, function: Callable[[Any], Any], worker: Limits) -> None:
    confine.die_with_parent()
    if missing := confine.confine(worker):
        wire.send(connection, ("warning", missing))
    inbox = wire.Inbox()
    while (frame := inbox.receive(connection)) is not None:
        if frame:
            task, size = wire.load(frame, trusted=True)
            confine.arm_clock(worker.time_for(size))
            for kind, value in attempt(function, task):
                wire.send(connection, (kind, value))


def attempt(function: Callable[[Any], Any], task: Any) -> Iterator[tuple[str, Any]]:
    """What the task gives, as messages: `value` any number of times, then `done`, or `died` with the reason."""
    try:
        value = function(task)
        for each in value if isinstance(value, Iterator) else (value,):
            yield "value", each
    except KullaError as error:
        yield "died", (str(error), isinstance(error, UnsafeInput), "")
    except MemoryError:
        yield "died", ("needs more memory than a worker may have (worker_memory)", True, "")
    except Exception as error:  # noqa: BLE001 - the process boundary: an error crosses it as text
        # The message may hold a value of an event; class and place do not.
        yield (
            "died",
            (f"error in the program: {_place(error)}", False, "".join(traceback.format_tb(error.__traceback__))),
        )
    else:
        yield "done", None


def _place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""
    return type(error).__name__ + where
