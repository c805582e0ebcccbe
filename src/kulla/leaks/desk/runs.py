"""The log of runs: traces/runs.jsonl. Every run is noted before it reads a key, and again when it has ended.

Each line holds the hash of the line before it, so that a line changed, removed or put elsewhere shows. (Whoever can
write the file can write it all anew: copies of its last hash belong off this machine.)
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson

from kulla.errors import InputError, OutputError, UsageError
from kulla.registers.folder import made

START: Final = "0" * 64
DAY: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Run:
    """One line. `state`: begun or ended; `outcome`: of each piece, of a run that ended; `hash`: of this line.

    registers: those compared; actor, second: who ran it and who stood by; leak: the id of the set of files;
    envelopes: ids of the owners' envelopes that were opened, each good for one run.
    """

    seq: int
    time: datetime
    state: str
    case: str
    purpose: str
    actor: str
    second: str
    leak: str
    files: tuple[str, ...]
    registers: tuple[str, ...]
    site: str
    envelopes: tuple[str, ...] = ()
    outcome: tuple[str, ...] = ()
    previous: str = START
    hash: str = ""


def runs_in(path: Path) -> tuple[Run, ...]:
    """All lines. Raises InputError naming the first line that does not follow from the one before it."""
    if not path.exists():
        return ()
    found: list[Run] = []
    previous = START
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        run = _read(line)
        if run is None or run.previous != previous or run.seq != number or run.hash != _hash(line):
            raise InputError(
                f"{path}:{number}: the log of runs has been altered or damaged here; keep it, and find out why"
            )
        found.append(run)
        previous = run.hash
    return tuple(found)


def begin(path: Path, run: Run, most: int) -> Run:
    """Note that a run begins; the line as written.

    most: how many runs may begin within 24 hours for each register. Raises UsageError when one of the run's registers
    has had so many, InputError when the log is damaged, OutputError.
    """
    with _alone(path) as file:
        before = runs_in(path)
        for register in run.registers:
            recent = [r for r in before if r.state == "begun" and register in r.registers and run.time - r.time < DAY]
            if len(recent) >= most:
                free = recent[-most].time + DAY
                raise UsageError(
                    f"register {register}: {len(recent)} traces in 24 hours, and no more than {most} are allowed"
                    f" (KULLA_TRACE_RUNS); the next may begin at {free:%Y-%m-%d %H:%M} UTC"
                )
        return _append(file, path, run, before)


def end(path: Path, begun: Run, time: datetime, outcome: Sequence[str], envelopes: Sequence[str] = ()) -> Run:
    """Note how a run ended, and which envelopes it opened."""
    ended = replace(begun, state="ended", time=time, outcome=tuple(outcome), envelopes=tuple(envelopes))
    with _alone(path) as file:
        return _append(file, path, ended, runs_in(path))


def _append(file: BinaryIO, path: Path, run: Run, before: Sequence[Run]) -> Run:
    new = replace(run, seq=len(before) + 1, previous=before[-1].hash if before else START, hash="")
    line = orjson.dumps(_plain(new), option=orjson.OPT_SORT_KEYS)
    new = replace(new, hash=hashlib.sha256(line).hexdigest())
    try:
        file.write(line + b"\n")
        file.flush()
        os.fsync(file.fileno())
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
    return new


def _plain(run: Run) -> dict[str, Any]:
    plain = {name: getattr(run, name) for name in Run.__dataclass_fields__ if name != "hash"}
    return plain | {"time": run.time.isoformat()}


def _hash(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def _read(line: bytes) -> Run | None:
    try:
        plain: dict[str, Any] = orjson.loads(line)
        lists = {name: tuple(plain[name]) for name in ("files", "registers", "envelopes", "outcome")}
        return Run(**plain | lists | {"time": datetime.fromisoformat(plain["time"]), "hash": _hash(line)})
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return None


@contextmanager
def _alone(path: Path) -> Iterator[BinaryIO]:
    made(path.parent)
    try:
        with path.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
