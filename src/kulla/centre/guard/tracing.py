"""Running a trace: `kulla leak trace` in a process of its own, its stages told as they begin, its reports kept as
evidence. The leaked file and the owner's keys exist in the clear for its length alone, in a folder in memory."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from django.db import connection, transaction
from django.utils import timezone

from kulla import __version__
from kulla.centre.audit.chain import record
from kulla.centre.cases.models import Entry, Source
from kulla.centre.evidence import actions as evidence
from kulla.centre.evidence.chain import append
from kulla.centre.guard.models import State, Trace
from kulla.centre.people import door
from kulla.centre.site.place import centre

log = logging.getLogger(__name__)

MEMORY: Final = Path("/dev/shm")  # noqa: S108 a folder of our own is made in it, for us alone
FORMS: Final = (("json", "trace.json"), ("html", "trace.html"), ("pdf", "trace.pdf"))
_LINES: Final = 40


def begin(trace: Trace, keys: Mapping[str, bytes]) -> threading.Thread:
    """Run a trace that was agreed to, in the background; `keys` are register → key file or envelope of its owner."""
    thread = threading.Thread(target=_closing, args=(trace.pk, dict(keys)), name=f"trace-{trace.pk}", daemon=True)
    thread.start()
    return thread


def _closing(pk: int, keys: dict[str, bytes]) -> None:
    try:
        run(pk, keys)
    finally:
        connection.close()


def run(pk: int, keys: Mapping[str, bytes]) -> None:
    """The same, here and now. However it ends, the row says so."""
    with door.zones(door.ALL_ZONES):
        if not Trace.objects.filter(pk=pk, state=State.READY).update(state=State.RUNNING, started=timezone.now()):
            return
        trace = Trace.objects.select_related("case", "item", "asked_by", "second").get(pk=pk)
        try:
            code, said, outcome, made = _traced(trace, keys)
            _kept(trace, code, said, outcome, made)
        except Exception as error:
            # Also when the one who asked may not take evidence in any more: the row must not run for ever.
            log.exception("trace %d failed", pk)
            _kept(trace, 1, f"a fault of Kulla: {type(error).__name__}", "", {})


def interrupted() -> int:
    """Mark traces that a process which is gone was running, and remove the leak and the keys that it had in memory:
    call it when the console starts. How many."""
    for left in _rooms().glob(f"{_prefix()}*"):
        pid = left.name.removeprefix(_prefix()).partition("-")[0]
        if pid.isdecimal() and not Path(f"/proc/{pid}").exists():
            shutil.rmtree(left, ignore_errors=True)
    with door.zones(door.ALL_ZONES):
        rows = Trace.objects.filter(state__in=[State.RUNNING, State.READY])
        return rows.update(state=State.FAILED, ended=timezone.now(), said="the centre stopped meanwhile: ask again")


def _traced(trace: Trace, keys: Mapping[str, bytes]) -> tuple[int, str, str, dict[str, bytes]]:
    store = evidence.store()
    with transaction.atomic():
        assert trace.second is not None
        append(trace.second, trace.item, "viewed", f"trace {trace.pk}: {trace.purpose}", {})
    with _room() as room, store.lent(trace.item.address, trace.item.name, room) as leak:
        out = room / "out"
        out.mkdir(mode=0o700)
        command = [sys.executable, "-m", "kulla", "leak", "trace", *_options(trace, keys, room, out), "--", str(leak)]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("KULLA_C")}
        said: list[str] = []
        # The outcome goes to a file: a pipe that nobody reads yet would stop the run when it is full.
        with (
            (room / "outcome").open("w+", encoding="utf-8") as told,
            subprocess.Popen(  # noqa: S603 our own options
                command, stdout=told, stderr=subprocess.PIPE, text=True, env=environment
            ) as child,
        ):
            assert child.stderr is not None
            for line in child.stderr:
                said.append(line.strip().removeprefix("kulla: ").replace(str(room), ""))
                Trace.objects.filter(pk=trace.pk).update(stage=said[-1][:100])
            code = child.wait()
            told.seek(0)
            outcome = told.read()
        made = {name: (out / name).read_bytes() for _form, name in FORMS if (out / name).exists()}
        return code, "\n".join(said[-_LINES:]), outcome, made


def _options(trace: Trace, keys: Mapping[str, bytes], room: Path, out: Path) -> Iterator[str]:
    here = centre()
    assert trace.second is not None
    yield from ("--centre", str(here.path), "--centre-key", str(here.keys.folder / "centre.key"))
    yield from ("--case", trace.case.number, "--purpose", trace.purpose, "--language", trace.language)
    yield from ("--by", trace.asked_by.username, "--with", trace.second.username)
    item = trace.item
    yield from ("--source", item.source, "--handed-by", item.officer, "--legal-basis", item.legal_basis)
    yield from ("--received", item.taken.isoformat())
    for register in trace.registers:
        yield from ("--register", register)
    for at, (register, key) in enumerate(sorted(keys.items())):
        path = room / f"owner-{at}.key"
        path.touch(mode=0o600)
        path.write_bytes(key)
        yield from ("--owner-key", f"{register}={path}")
    for _form, name in FORMS:
        yield from ("--out", str(out / name))


def _rooms() -> Path:
    return MEMORY if MEMORY.is_dir() else Path(tempfile.gettempdir())


def _prefix() -> str:
    """What the folders of this centre's traces begin with; their process follows."""
    return f"kulla-trace-{hashlib.blake2b(bytes(centre().path), digest_size=4).hexdigest()}-"


@contextmanager
def _room() -> Iterator[Path]:
    """A folder for us alone, in memory where the system has such a place."""
    folder = Path(tempfile.mkdtemp(prefix=f"{_prefix()}{os.getpid()}-", dir=_rooms()))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


_ENDED: Final[Callable[[int], bool]] = {0, 3}.__contains__
"""Exit codes of a trace that was made: 3 says that some of the input could not be read."""


def _kept(trace: Trace, code: int, said: str, outcome: str, made: Mapping[str, bytes]) -> None:
    ended = _ENDED(code) and bool(made)
    fields = {
        "source": f"trace of {trace.item.number}", "officer": trace.asked_by.username, "device": "this centre",
        "legal_basis": trace.item.legal_basis, "tool": f"Kulla {__version__}",
    }  # fmt: skip
    items = [
        evidence.take_in(trace.asked_by, trace.case, f"{trace.item.number}-{name}", [body], fields)[0]
        for name, body in made.items()
        if ended
    ]
    with transaction.atomic():
        trace.state = State.DONE if ended else State.FAILED
        trace.ended, trace.said, trace.outcome = timezone.now(), said, outcome if ended else ""
        trace.save(update_fields=["state", "ended", "said", "outcome"])
        trace.reports.set(items)
        if ended:
            Entry.objects.create(
                case=trace.case, at=trace.ended, author=trace.asked_by, source=Source.EVIDENCE, key=True,
                text=f"{trace.item.number}\n{outcome}"[:4000], ref=f"trace:{trace.pk}", tlp=trace.tlp, pap=trace.pap,
            )  # fmt: skip
        record(None, "guard.trace-ended", trace, code=code, reports=[item.number for item in items])
