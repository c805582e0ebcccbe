from __future__ import annotations

import ctypes
import fcntl
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from kulla.errors import InputError, KullaError, UnsafeInput
from kulla.events.sandbox import Died, Done, Outcome, Pool, Result, Tick, run_confined, terminable
from kulla.settings import MIB, Settings

SMALL = replace(Settings(), worker_memory=256 * MIB, worker_seconds=1)

_loaded: list[str] = []


def allocate() -> None:
    held = []
    while True:
        held.append(bytearray(16 * MIB))


def allocate_in_arrow() -> None:
    held = [pa.allocate_buffer(16 * MIB)]
    while True:
        held.append(pa.allocate_buffer(16 * MIB))


def spin() -> None:
    while True:
        pass


def crash() -> None:
    ctypes.string_at(0)


def leave() -> None:
    os._exit(7)


def fail() -> None:
    raise ValueError("".join(("Ag", "im")))


def refuse() -> None:
    raise InputError("line 3: not a log")


def clone_process() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.fork() < 0:
        raise OSError(ctypes.get_errno(), "fork")


def write_file() -> None:
    with open("/tmp/kulla-must-not-be", "w"):
        pass


FORBIDDEN: dict[str, Callable[[], object]] = {
    "inet": lambda: socket.socket(socket.AF_INET),
    "inet6": lambda: socket.socket(socket.AF_INET6),
    "unix": lambda: socket.socket(socket.AF_UNIX),
    "pair": socket.socketpair,
    "terminal": lambda: fcntl.ioctl(2, termios.TIOCSTI, b"x"),
    "limits": lambda: resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (9, 9)),
    "program": lambda: subprocess.run(["/bin/true"], check=False),
    "exec": lambda: os.execv("/bin/true", ["true"]),
    "fork": os.fork,
    "libc fork": clone_process,
    "write": write_file,
    "append": lambda: os.open(__file__, os.O_WRONLY | os.O_APPEND),
    "remove": lambda: os.unlink("/tmp/kulla-is-not-there"),
    "kill": lambda: os.kill(os.getppid(), signal.SIGKILL),
}
DEATHS: dict[Callable[[], None], str] = {
    allocate: "memory",
    allocate_in_arrow: "memory",
    spin: "processor time",
    crash: "crashed",
    leave: "status 7",
    fail: "ValueError at test_sandbox.py",
    refuse: "line 3: not a log",
}


def attempt(name: str) -> str:
    try:
        FORBIDDEN[name]()
    except PermissionError:
        return "refused"
    return "done"


def work(task: str) -> Iterator[Any]:
    yield f"{task} starts"
    if task in BY_NAME:
        BY_NAME[task]()
    yield f"{task} ends"


BY_NAME = {function.__name__: function for function in DEATHS}


def outcomes(function: Any, tasks: list[Any], jobs: int = 2, settings: Settings = SMALL) -> list[Outcome]:
    with Pool(function, jobs, settings) as pool:
        return list(pool.run(tasks))


def test_deaths_are_contained_and_others_go_on() -> None:
    tasks = ["one", *BY_NAME, "two"]
    found = outcomes(work, tasks)
    for index, task in enumerate(tasks):
        mine = [outcome for outcome in found if outcome.index == index]
        assert mine[0] == Result(index, f"{task} starts")
        if task in BY_NAME:
            end = mine[1]
            assert isinstance(end, Died)
            # On a starved machine the bound on waiting may come before that on processor time.
            assert DEATHS[BY_NAME[task]] in end.reason or (BY_NAME[task] is spin and "no progress" in end.reason)
            assert "Agim" not in end.reason + end.trace
            assert end.unsafe == (BY_NAME[task] in (allocate, allocate_in_arrow, spin))
        else:
            assert mine[1:] == [Result(index, f"{task} ends"), Done(index)]
    assert [outcome.index for outcome in found] == sorted(outcome.index for outcome in found)


@pytest.mark.skipif(sys.platform != "linux", reason="seccomp is Linux's")
def test_forbidden_calls_are_refused() -> None:
    tasks = list(FORBIDDEN)
    found = [outcome.value for outcome in outcomes(attempt, tasks) if isinstance(outcome, Result)]
    assert dict(zip(tasks, found, strict=True)) == dict.fromkeys(tasks, "refused")


def allowed(_: int) -> list[Any]:
    seen: list[int] = []
    thread = threading.Thread(target=lambda: seen.append(1))
    thread.start()
    thread.join()
    with tempfile.TemporaryFile() as file:
        file.write(b"x" * 1000)
        seen.append(file.tell())
    seen.append(len(Path(__file__).read_bytes()) > 1000)
    seen.append(duckdb.connect().sql("select sum(i) from range(100000) t(i)").fetchall()[0][0])
    return seen


def test_what_parsers_need_still_works() -> None:
    assert outcomes(allowed, [0], 1)[0] == Result(0, [1, 1000, True, 4999950000])


def table(rows: int) -> Iterator[pa.Table]:
    yield pa.table({"n": range(rows), "t": pa.array(["x"] * rows).dictionary_encode()})


def test_tables_cross() -> None:
    found = outcomes(table, [10, 100_000])
    assert [o.value.num_rows for o in found if isinstance(o, Result)] == [10, 100_000]
    assert isinstance(found[0], Result)
    assert found[0].value.equals(next(table(10)))


def uneven(task: int) -> Iterator[Any]:
    time.sleep(0.2 if task == 0 else 0)
    for part in range(3):
        yield Tick(bytes=task)
        yield (task, part)


@pytest.mark.parametrize("jobs", [0, 1, 3])
def test_order_does_not_depend_on_jobs(jobs: int) -> None:
    ticks: list[Tick] = []
    with Pool(uneven, jobs, SMALL) as pool:
        found = list(pool.run(range(12), tick=ticks.append))
    expected: list[Outcome] = []
    for task in range(12):
        expected += [Result(task, (task, part)) for part in range(3)] + [Done(task)]
    assert found == expected
    assert sorted(tick.bytes for tick in ticks) == sorted(list(range(12)) * 3)


def flood(task: int) -> Iterator[bytes]:
    if task == 0:
        time.sleep(0.3)
    for _ in range(40):
        yield bytes(MIB)


def test_workers_ahead_are_held_back() -> None:
    taken: list[int] = []

    def tasks() -> Iterator[int]:
        for task in range(40):
            taken.append(task)
            yield task

    settings = replace(SMALL, worker_buffer=2 * MIB)
    with Pool(flood, 2, settings) as pool:
        run = pool.run(tasks())
        assert next(run).index == 0
        assert len(taken) <= 3
        held = [worker for worker in pool._workers if worker.busy]
        assert len(held) == 2
        run.close()


def sleep(_: int) -> None:
    time.sleep(60)


def test_a_sleeper_is_ended() -> None:
    start = time.monotonic()
    (end,) = outcomes(sleep, [0], 1)
    assert isinstance(end, Died)
    assert "no progress" in end.reason
    assert time.monotonic() - start < 30


class Evil:
    def __reduce__(self) -> Any:
        return os.system, ("true",)


class EvilFile:
    def __reduce__(self) -> Any:
        return pa.OSFile, ("/tmp/kulla-must-not-be", "w")


def evil(task: int) -> object:
    return Evil() if task else EvilFile()


def test_a_worker_cannot_make_its_parent_call() -> None:
    for end in outcomes(evil, [0, 1]):
        assert isinstance(end, Died)
        assert "malformed" in end.reason


def loaded(task: int) -> str:
    if task == 1:
        crash()
    return _loaded[0]


def test_the_initializer_serves_every_worker_also_later_ones() -> None:
    def load() -> None:
        _loaded.append(f"rules {os.getpid()}")

    with Pool(loaded, 2, SMALL, load) as pool:
        found = [o.value for o in pool.run(range(6)) if isinstance(o, Result)]
    assert len(found) == 5
    assert len(set(found)) == 1
    assert not _loaded


def test_an_initializer_that_fails_is_told() -> None:
    def load() -> None:
        raise KullaError("rules.yml:3: no such thing")

    with Pool(loaded, 1, SMALL, load) as pool, pytest.raises(KullaError, match=r"rules\.yml:3"):
        list(pool.run([1]))


def test_run_confined() -> None:
    assert run_confined(max, (3, 4), SMALL) == 4
    with pytest.raises(UnsafeInput, match="crashed"):
        run_confined(crash, (), SMALL)


def group_members(group: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[2]) == group and fields[0] != "Z":
                found.append(int(entry.name))
    return found


PROGRAM = """
import sys, time
from kulla.events.sandbox import Pool, Result, terminable
from kulla.settings import Settings
def work(task):
    yield task
    if task: time.sleep(60)
try:
    with terminable(), Pool(work, 2, Settings()) as pool:
        for outcome in pool.run(range(9)):
            print(outcome, flush=True)
except KeyboardInterrupt:
    print("stopped", flush=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_signals_leave_nothing_behind(number: int) -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=pipe, stderr=pipe, text=True, start_new_session=True
    ) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == "Result(index=0, value=0)\n"
        if number == signal.SIGINT:  # as a terminal sends it: to the whole group
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
        rest, errors = process.communicate(timeout=10)
    assert errors == ""
    assert number == signal.SIGKILL or rest.endswith("stopped\n")
    end = time.monotonic() + 5
    while group_members(process.pid) and time.monotonic() < end:
        time.sleep(0.02)
    assert group_members(process.pid) == []


def wait_to_be_ended() -> None:
    with terminable():
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(1)


def test_terminable_gives_the_signal_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        wait_to_be_ended()
    assert signal.getsignal(signal.SIGTERM) == before


def test_idle_workers_can_be_let_go() -> None:
    pool: Pool[int] = Pool(lambda _: os.getpid(), 2, SMALL)
    with pool:
        before = {each.value for each in pool.run([0, 0, 0]) if isinstance(each, Result)}
        pool.rest()
        assert not [pid for pid in before if os.path.exists(f"/proc/{pid}")]
        after = {each.value for each in pool.run([0, 0, 0]) if isinstance(each, Result)}
        assert after
        assert not after & before
