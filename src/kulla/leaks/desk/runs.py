"""The log of runs: traces/runs.jsonl. Every run is noted before it reads a key, and again when it has ended.

Each line holds the hash of the line before it, so that a line changed, removed or put elsewhere shows. (Whoever can
write the file can write it all anew: copies of its last hash belong off this machine.) A line without its end was cut
short by a crash or a full disk, before anything was done that it would have told of: the next run takes it away.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson

from kulla.errors import ConfigError, InputError, OutputError, UsageError
from kulla.registers.folder import made

START: Final = "0" * 64
DAY: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Run:
    """One line.

    Attributes:
        seq: its number, from 1; time: when.
        state: `begun`; `opened`, when owners' envelopes were opened; `heard`, when counts were kept; `ended`.
        registers: those compared; actor, second: who ran it and who stood by; leak: the id of the set of files.
        envelopes: ids of the owners' envelopes that were opened, each good for one run.
        outcome: of each piece, of a run that ended. parameters: what it was run with that may change its statements.
        heard: the file that from here on holds who was heard in how many leaks; see `desk.hearing`.
        run: the number of the line by which it began; 0 for that line itself.
        hash: of this line.
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
    parameters: dict[str, Any] = field(default_factory=dict)
    heard: str = ""
    run: int = 0
    previous: str = START
    hash: str = ""


def runs_in(path: Path) -> tuple[Run, ...]:
    """All whole lines. Raises InputError naming the first line that does not follow from the one before it."""
    if not path.exists():
        return ()
    found: list[Run] = []
    previous = START
    for number, line in enumerate(_whole(path).splitlines(), 1):
        run = _read(line)
        if run is None or run.previous != previous or run.seq != number or run.hash != _hash(line):
            raise InputError(
                f"{path}:{number}: the log of runs has been altered or damaged here; keep it, and find out why"
            )
        found.append(run)
        previous = run.hash
    return tuple(found)


def earlier_runs(runs: Sequence[Run], leak: str, files: Sequence[str], case: str) -> tuple[tuple[Run, Run | None], ...]:
    """Runs that began on this leak, on a set of files that has one of its files, or for this case; each with its end.

    One that did not end (killed, or the machine went down) counts as any other: somebody may have seen what it said.
    """
    ends = {run.run: run for run in runs if run.state == "ended"}
    mine = set(files)
    return tuple(
        (run, ends.get(run.seq))
        for run in runs
        if run.state == "begun" and (run.leak == leak or mine & set(run.files) or run.case == case)
    )


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


def opened(path: Path, begun: Run, time: datetime, envelopes: Sequence[str]) -> Run:
    """Note which envelopes a run opened, before it uses what was in them.

    Raises ConfigError when one of them served a run before: two runs at once, or one that was killed.
    """
    with _alone(path) as file:
        before = runs_in(path)
        used = {envelope for run in before for envelope in run.envelopes}
        if used & set(envelopes):
            raise ConfigError("an owner's envelope has served a run already, and each is good for one; ask for another")
        noted = replace(begun, state="opened", time=time, envelopes=tuple(envelopes), run=begun.seq)
        return _append(file, path, noted, before)


def noted_heard(path: Path, begun: Run, time: datetime, heard: str) -> Run:
    """Note which file now holds who was heard in how many leaks."""
    with _alone(path) as file:
        return _append(file, path, replace(begun, state="heard", time=time, heard=heard, run=begun.seq), runs_in(path))


def heard_last(path: Path, stem: str) -> str:
    """The last file noted so whose name begins with that; empty when there is none yet."""
    return next((run.heard for run in reversed(runs_in(path)) if run.heard.startswith(stem) and stem), "")


def end(path: Path, begun: Run, time: datetime, outcome: Sequence[str]) -> Run:
    """Note how a run ended."""
    ended = replace(begun, state="ended", time=time, outcome=tuple(outcome), run=begun.seq)
    with _alone(path) as file:
        return _append(file, path, ended, runs_in(path))


def excerpt(path: Path, leak: str, files: Sequence[str], case: str) -> bytes:
    """The log as it may go into a case's evidence: whole lines of runs on this leak or case, of others their hashes.

    Other cases are nobody's business there; with `seq`, `hash` and `previous` of each line the chain can be followed.
    """
    runs = runs_in(path)
    begun = {run.seq for run, _ in earlier_runs(runs, leak, files, case)}
    lines = _whole(path).splitlines() if runs else []
    told = [
        line if run.seq in begun or run.run in begun
        else orjson.dumps({"seq": run.seq, "hash": run.hash, "previous": run.previous})
        for run, line in zip(runs, lines, strict=True)
    ]  # fmt: skip
    return b"".join(line + b"\n" for line in told)


def _append(file: BinaryIO, path: Path, run: Run, before: Sequence[Run]) -> Run:
    new = replace(run, seq=len(before) + 1, previous=before[-1].hash if before else START, hash="")
    line = orjson.dumps(_plain(new), option=orjson.OPT_SORT_KEYS)
    new = replace(new, hash=hashlib.sha256(line).hexdigest())
    whole = len(_whole(path))
    try:
        file.truncate(whole)
        file.write(line + b"\n")
        file.flush()
        os.fsync(file.fileno())
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
    return new


def _whole(path: Path) -> bytes:
    """All lines that have an end."""
    data = path.read_bytes()
    return data[: data.rfind(b"\n") + 1]


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
    try:
        made(path.parent)
        with path.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
