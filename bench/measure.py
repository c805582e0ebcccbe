"""Run a command on given processors and measure the whole of it: wall time, processor time, memory of the tree."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bench.peers._api import Call

_INTERVAL = 0.2  # reading the shared memory of 3 processes takes about 2 ms, so sampling costs 1 %
_QUIET = 0.3  # a busier processor before a run flags the run
_ACCEPTED = frozenset({0, 3, 4})  # hunt's codes for done, some input rejected, some rules bad


@dataclass(frozen=True, slots=True)
class Run:
    """One measured run.

    Attributes:
        wall: seconds from start to end of the process.
        cpu: user and system seconds of the process and all its children.
        largest: the highest resident set of any one process of the tree, bytes (VmHWM).
        tree: the highest sum of proportional set sizes over the tree, bytes, by samples.
        busy: share of the used processors that other work took in the second before the run, 0 to 1.
        load: the load average over one minute before the run, which includes the runs before it.
        code: the exit code; None when the run was stopped for taking too long.
    """

    wall: float
    cpu: float
    largest: int
    tree: int
    busy: float
    load: float
    code: int | None

    @property
    def flagged(self) -> bool:
        """Whether other work was running, so that the figure is not to be trusted."""
        return self.busy > _QUIET


class Failed(Exception):
    """A measured program ended with an error."""


def processors(cores: int) -> set[int]:
    """The processors a run with `cores` may use: the last ones, so that the sampler has the first when one is left."""
    return set(sorted(os.sched_getaffinity(0))[-cores:])


def run(call: Call, cores: int, limit: float) -> Run:
    """Measure `call` on `cores` processors, stopping it after `limit` seconds.

    Raises:
        Failed: when it ends with a code that is no result.
    """
    chosen = processors(cores)
    busy, load = _busy(chosen), os.getloadavg()[0]
    with open(call.stdout or os.devnull, "wb") as out:
        started = time.perf_counter()
        child = _started(call, chosen, out)
        with _Sampler(child.pid) as sampler, _stopped_after(child.pid, limit) as stopped:
            _, status, usage = os.wait4(child.pid, 0)
            wall = time.perf_counter() - started
    code = child.returncode = os.waitstatus_to_exitcode(status)
    if not stopped.is_set() and code not in _ACCEPTED:
        raise Failed(f"{Path(call.argv[0]).name} ended with code {code}; run it by hand: {' '.join(call.argv)}")
    largest = max(sampler.largest, usage.ru_maxrss * 1024)
    cpu = usage.ru_utime + usage.ru_stime
    return Run(wall, cpu, largest, sampler.tree, busy, load, None if stopped.is_set() else code)


def _started(call: Call, chosen: set[int], out: IO[bytes]) -> subprocess.Popen[bytes]:
    """The process, which inherits the processors it may use."""
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, chosen)
    try:
        return subprocess.Popen(
            call.argv,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=call.environment(),
        )
    finally:
        os.sched_setaffinity(0, own)


@contextmanager
def _stopped_after(pid: int, limit: float) -> Iterator[threading.Event]:
    """Kill the process group after `limit` seconds; the event tells whether that was done."""
    stopped = threading.Event()

    def stop() -> None:
        stopped.set()
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)

    timer = threading.Timer(limit, stop)
    timer.start()
    try:
        yield stopped
    except BaseException:
        stop()  # Ctrl-C reaches only this process: the other has a session of its own
        raise
    finally:
        timer.cancel()


class _Sampler(threading.Thread):
    """Looks at the memory of a process tree until it is left."""

    def __init__(self, root: int) -> None:
        super().__init__(daemon=True)
        self._root, self._done = root, threading.Event()
        self.largest = self.tree = 0

    def run(self) -> None:
        # Runs on one core have the last processor, so the sampler takes the first.
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        while not self._done.wait(_INTERVAL):
            one, whole = _memory(self._root)
            self.largest, self.tree = max(self.largest, one), max(self.tree, whole)

    def __enter__(self) -> _Sampler:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self.join()


def _busy(chosen: set[int]) -> float:
    before = _ticks(chosen)
    time.sleep(1)
    after = _ticks(chosen)
    used, whole = (b - a for a, b in zip(before, after, strict=True))
    return used / whole if whole else 0.0


def _ticks(chosen: set[int]) -> tuple[int, int]:
    """Ticks used and all ticks of these processors (proc(5), /proc/stat)."""
    used = whole = 0
    for line in Path("/proc/stat").read_text().splitlines():
        name, *counts = line.split()
        if name.startswith("cpu") and name[3:].isdigit() and int(name[3:]) in chosen:
            ticks = [int(count) for count in counts[:8]]
            whole += sum(ticks)
            used += sum(ticks) - ticks[3] - ticks[4]
    return used, whole


def _memory(root: int) -> tuple[int, int]:
    """Of a process tree: the highest resident set of one process so far, and the sum of proportional sets, bytes."""
    largest = total = 0
    for pid in _tree(root):
        with suppress(OSError):
            largest = max(largest, _field(Path(f"/proc/{pid}/status"), "VmHWM:"))
            total += _field(Path(f"/proc/{pid}/smaps_rollup"), "Pss:")
    return largest, total


def _tree(root: int) -> list[int]:
    found = [root]
    for pid in found:
        with suppress(OSError):
            for task in Path(f"/proc/{pid}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
    return found


def _field(path: Path, name: str) -> int:
    for line in path.read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    return 0
