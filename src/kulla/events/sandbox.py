"""A pool of confined child processes, in which untrusted input is parsed.

The pool forks one helper at once, before threads are started; the helper runs `initializer`, and forks every worker
and every replacement. So workers share the compiled rules copy-on-write and start in milliseconds (forkserver and spawn
import Arrow and load the rules again in each: about half a second), and none is forked from a process that has
threads, which could leave a lock held for ever. Make the pool before the first use of DuckDB or of an Arrow
thread pool, from a thread that outlives it; `initializer` must start no thread.

A worker is confined (see `confine`) before it sees its first task. Its results come back in the order of the tasks,
at most `worker_buffer` bytes for each worker waiting; a worker ahead of that is simply not read, and blocks.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import socket
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from types import FrameType, TracebackType
from typing import Any, Final, Generic, Self, TypeVar

from kulla.errors import UnsafeInput
from kulla.events import wire
from kulla.events.confine import Limits
from kulla.events.workers import Helper, attempt
from kulla.settings import Settings

log = logging.getLogger(__name__)

Task = TypeVar("Task")

_WAIT: Final = 0.25
_PATIENCE: Final = 5
"""A worker without a sign of life for so many times its processor time (it sleeps, or waits for a disk) is ended."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Progress. A task's callable yields it between results; it goes to `tick` at once, out of order."""

    bytes: int = 0
    events: int = 0
    hits: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """A value that the task `index` (from 0) gave; a generator gives several."""

    index: int
    value: Any


@dataclass(frozen=True, slots=True)
class Done:
    """The task gave everything it had."""

    index: int


@dataclass(frozen=True, slots=True)
class Died:
    """The task ended early; results before this stand. `reason` holds no value of an event. `unsafe`: it met a limit.
    `trace` lists the lines of code when it was an error of ours."""

    index: int
    reason: str
    unsafe: bool = False
    trace: str = ""


Outcome = Result | Done | Died


def limits(settings: Settings) -> Limits:
    """The limits of a worker, as set."""
    return Limits(
        memory=settings.worker_memory,
        seconds=settings.worker_seconds,
        rate=settings.worker_rate,
        files=settings.worker_files,
        file_bytes=settings.spool_bytes,
    )


@dataclass(slots=True)
class _Worker:
    pid: int
    connection: socket.socket
    inbox: wire.Inbox = field(default_factory=wire.Inbox)
    index: int = -1
    size: int = 0
    heard: float = 0.0

    @property
    def busy(self) -> bool:
        return self.index >= 0


class Pool(Generic[Task]):
    """`jobs` confined processes that run `function` on tasks. `function` takes one task (anything that pickles) and
    returns a value or a generator of values (of classes that `wire` allows). With `jobs` 0 it runs here, unconfined.

    Raises what `initializer` raised, as KullaError, from `run`. Use as a context manager: leaving it, also by
    Ctrl-C, ends every process.
    """

    def __init__(
        self,
        function: Callable[[Task], Any],
        jobs: int,
        settings: Settings,
        initializer: Callable[[], None] | None = None,
    ) -> None:
        self._function = function
        self._jobs = jobs
        self._ahead = settings.worker_ahead * max(jobs, 1)
        self._buffer = settings.worker_buffer * max(jobs, 1)
        self._limits = limits(settings)
        self._workers: list[_Worker] = []
        self._warned = False
        if jobs:
            self._helper: Helper | None = Helper(function, self._limits, initializer, settings.spool_folder)
        else:
            self._helper = None
            if initializer:
                initializer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End every process. May be called twice."""
        for worker in self._workers:
            worker.connection.close()
        self._workers = []
        if self._helper:
            self._helper.close()

    def rest(self) -> None:
        """End the idle workers: they hold memory, and new ones start in milliseconds."""
        for worker in [worker for worker in self._workers if not worker.busy]:
            self._end(worker)

    def run(
        self,
        tasks: Iterable[Task],
        size: Callable[[Task], int] = lambda _: 0,
        tick: Callable[[Tick], None] = lambda _: None,
    ) -> Generator[Outcome]:
        """Results and ends of all tasks, in the tasks' order. `size` gives a task's bytes, for its time limit.
        `tasks` is taken from only as far as workers need."""
        if self._helper is None:
            for index, task in enumerate(tasks):
                yield from _here(self._function, index, task, tick)
            return
        run = _Run(self._ahead, self._buffer, iter(tasks), size, tick)
        try:
            while True:
                self._dispatch(run)
                yield from run.ready()
                if not any(worker.busy for worker in self._workers) and run.exhausted and not run.queues:
                    return
                self._read(run)
        finally:
            for worker in [worker for worker in self._workers if worker.busy]:
                self._end(worker)

    def _dispatch(self, run: _Run[Task]) -> None:
        while run.may_start and (worker := self._idle()):
            try:
                task = next(run.tasks)
            except StopIteration:
                run.exhausted = True
                return
            worker.index, worker.size, worker.heard = run.begin(), run.size(task), time.monotonic()
            # A broken pipe shows as the end of the stream, when the worker is read.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                wire.send(worker.connection, (task, worker.size))

    def _idle(self) -> _Worker | None:
        for worker in self._workers:
            if not worker.busy:
                return worker
        if len(self._workers) >= self._jobs or self._helper is None:
            return None
        worker = _Worker(*self._helper.fork())
        self._workers.append(worker)
        return worker

    def _read(self, run: _Run[Task]) -> None:
        now = time.monotonic()
        readable = [worker for worker in self._workers if worker.busy and run.wants(worker.index)]
        for worker in self._workers:
            if worker not in readable:
                worker.heard = now
        poll = select.poll()
        for worker in readable:
            poll.register(worker.connection, select.POLLIN)
        awake = {number for number, _ in poll.poll(_WAIT * 1000)}
        for worker in readable:
            if worker.connection.fileno() in awake:
                self._receive(worker, run)
            elif time.monotonic() - worker.heard > _PATIENCE * self._limits.time_for(worker.size):
                self._lost(worker, run, f"no progress for {_PATIENCE * self._limits.time_for(worker.size)} s")

    def _receive(self, worker: _Worker, run: _Run[Task]) -> None:
        try:
            frame = worker.inbox.receive(worker.connection)
            message = _message(frame) if frame else None
        except ConnectionResetError:
            frame = message = None
        except ValueError:
            self._lost(worker, run, "sent a malformed result")
            return
        if frame is None:
            self._lost(worker, run, "")
            return
        worker.heard = time.monotonic()
        if message:
            self._take(worker, run, *message, sum(map(len, frame)))

    def _take(self, worker: _Worker, run: _Run[Task], kind: str, value: Any, size: int) -> None:
        index = worker.index
        if kind == "value":
            if isinstance(value, Tick):
                run.tick(value)
            else:
                run.add(index, Result(index, value), size)
        elif kind == "done":
            worker.index = -1
            run.finish(index, Done(index))
        elif kind == "died":
            worker.index = -1
            run.finish(index, Died(index, *value))
        elif not self._warned:
            self._warned = True
            log.warning("%s", value)

    def _lost(self, worker: _Worker, run: _Run[Task], reason: str) -> None:
        index, seconds = worker.index, self._limits.time_for(worker.size)
        status = self._end(worker)
        why, unsafe = _cause(status, seconds)
        run.finish(index, Died(index, reason or why, unsafe=bool(reason) or unsafe))

    def _end(self, worker: _Worker) -> int:
        """Take the worker out; its exit status. The helper reaps it, so its number cannot have been given away."""
        self._workers.remove(worker)
        worker.connection.close()
        return self._helper.reap(worker.pid) if self._helper else 0


class _Run(Generic[Task]):
    """The state of one `Pool.run`: what waits for its turn. Outcomes of `head` are handed on at once."""

    def __init__(
        self,
        ahead: int,
        buffer: int,
        tasks: Iterator[Task],
        size: Callable[[Task], int],
        tick: Callable[[Tick], None],
    ) -> None:
        self.tasks, self.size, self.tick = tasks, size, tick
        self.exhausted = False
        self.queues: dict[int, deque[tuple[Outcome, int]]] = {}
        self._ahead, self._buffer = ahead, buffer
        self._head = 0
        self._next = 0
        self._waiting = 0

    @property
    def may_start(self) -> bool:
        room = self._next == self._head or self._waiting < self._buffer
        return not self.exhausted and room and self._next < self._head + self._ahead

    def begin(self) -> int:
        self.queues[self._next] = deque()
        self._next += 1
        return self._next - 1

    def wants(self, index: int) -> bool:
        return index == self._head or self._waiting < self._buffer

    def add(self, index: int, outcome: Outcome, size: int) -> None:
        self.queues[index].append((outcome, size))
        self._waiting += size

    def finish(self, index: int, outcome: Done | Died) -> None:
        self.add(index, outcome, 0)

    def ready(self) -> Iterator[Outcome]:
        while queue := self.queues.get(self._head):
            outcome, size = queue.popleft()
            self._waiting -= size
            if not isinstance(outcome, Result):
                del self.queues[self._head]
                self._head += 1
            yield outcome


def _message(frame: Sequence[bytearray]) -> tuple[str, Any]:
    """Kind and value of a worker's message. Raises ValueError when it is not of the agreed form."""
    match wire.load(frame):
        case ("value" | "done" | "warning") as kind, value:
            return kind, value
        case "died", (str(), bool(), str()) as value:
            return "died", value
    raise ValueError("malformed message")


def _cause(status: int, seconds: int) -> tuple[str, bool]:
    """What a wait status means, in words, and whether a limit was met."""
    if not os.WIFSIGNALED(status):
        return f"the worker ended by itself with status {os.waitstatus_to_exitcode(status)}", False
    number = os.WTERMSIG(status)
    if number == signal.SIGXCPU:
        return f"took more than {seconds} s of processor time (worker_seconds)", True
    if number == signal.SIGKILL:
        return "the worker was killed, most likely for want of memory", True
    return f"the worker crashed ({signal.strsignal(number) or number})", False


def _here(function: Callable[[Any], Any], index: int, task: Any, tick: Callable[[Tick], None]) -> Iterator[Outcome]:
    for kind, value in attempt(function, task):
        if isinstance(value, Tick):
            tick(value)
        elif kind == "value":
            yield Result(index, value)
        else:
            yield Done(index) if kind == "done" else Died(index, *value)


def run_confined(function: Callable[..., Any], arguments: tuple[Any, ...], settings: Settings) -> Any:
    """The value of `function(*arguments)`, run once in a confined process of its own.

    Raises UnsafeInput when it dies, meets a limit or fails, saying which."""

    def call(task: tuple[Any, ...]) -> Any:
        return function(*task)

    with Pool(call, 1, settings) as pool:
        value: Any = None
        for outcome in pool.run([arguments]):
            if isinstance(outcome, Died):
                raise UnsafeInput(outcome.reason)
            if isinstance(outcome, Result):
                value = outcome.value
        return value


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """Within, SIGTERM interrupts like Ctrl-C (KeyboardInterrupt), so that pools are left and files completed.
    Only from the main thread."""

    def interrupt(_: int, __: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
