"""Files of one constituent, from the inbox to lake and alerts, several at a time through the pool.

    claimed (known by SHA-256) → looked at for register logs → parsed and matched in confined children
    → chunk by chunk into lake, alerts and correlations (storing) → moved away, last

A file in the inbox whose row says that it is read was met by a crash just before it was moved.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from django.db import transaction

from kulla.centre.people import door
from kulla.centre.people.models import Constituent
from kulla.centre.worker import health, leaving
from kulla.centre.worker.alerting import Where
from kulla.centre.worker.bench import Books, Job
from kulla.centre.worker.faults import place
from kulla.centre.worker.file import Reading, hashed
from kulla.centre.worker.inbox import DONE, Waiting
from kulla.centre.worker.models import Kind, SourceFile, State
from kulla.centre.worker.quarantine import Declared, Scan
from kulla.centre.worker.storing import Store
from kulla.centre.worker.stuck import Stuck
from kulla.centre.worker.ways import Ways
from kulla.errors import InputError, OutputError
from kulla.events.formats import FORMATS
from kulla.events.sandbox import Died, Pool, Result
from kulla.hunt.gathering import Came, Gathering, Lost, Passed
from kulla.hunt.pieces import Task, bundled, tasks
from kulla.hunt.reader import Note
from kulla.hunt.run import BUNDLING
from kulla.settings import Settings

ROUND = 64
"""Files of a constituent that are read together; then others have their turn."""


@dataclass
class Intake:
    """Reads rounds of files. `between` is called after each chunk: the worker's sign of life, and its end."""

    inbox: Path
    rejects: Path
    pool: Pool[Job | Scan]
    books: Books
    store: Store
    ways: Ways
    settings: Settings
    between: Callable[[str], None]
    _stuck: Stuck = field(default_factory=Stuck)
    _taken: int = 0

    def settle(self) -> None:
        """Set right the rows of files that had just left the inbox when a worker before this one was killed."""
        with door.zones(door.ALL_ZONES):
            self._stuck.begin()
            for row in (
                SourceFile.objects.filter(moved=False).exclude(state=State.READING).select_related("constituent")
            ):
                if row.constituent and not os.path.lexists(self.inbox / row.constituent.name / row.name):
                    row.moved = True
                    row.save(update_fields=["moved"])

    def round(self, constituent: Constituent, waiting: Sequence[Waiting], declared: Sequence[Declared]) -> int:
        """Take these files of a constituent, as far as nothing stands against it; how many were read or moved. Raises
        OutputError when the centre's own disk is full; the files stay in the inbox then."""
        where = Where(constituent.zone, constituent.name, self.ways.tlp_of(constituent.name))
        book = self.books.of.get((constituent.zone, constituent.name))
        claimed: list[Reading] = []
        seen: set[str] = set()
        self._taken = 0
        with door.zones(door.ALL_ZONES):
            waiting = self._stuck.others(constituent, waiting)
        if book is None or not waiting:
            return 0  # without a book it is a new constituent, and the worker is about to be replaced
        for each in waiting[:ROUND]:
            row = self._claim(constituent, each, seen)
            if row is not None:
                claimed.append(Reading(each, row, where, self.books.indexes[book]))
        self._read(self._allowed(claimed, declared), book)
        return self._taken

    def _claim(self, constituent: Constituent, each: Waiting, seen: set[str]) -> SourceFile | None:
        """The file's row; None when it need not, or can not now, be read. Of equal files one is read."""
        self.between("claiming files")
        try:
            sha256 = hashed(each, lambda: self.between("claiming files"))
        except InputError as error:
            if each.same():
                text = f"{error}; let the centre's user read it, or take it away"
                with door.zones(door.ALL_ZONES):
                    self._stuck.tell(constituent, each, text)
            return None
        # Two names that are no UTF-8 may be shown alike, and a file is known by what is shown.
        if not {sha256, each.name}.isdisjoint(seen) or not each.same():
            return None
        seen.update((sha256, each.name))
        with door.zones(door.ALL_ZONES):
            row, new = SourceFile.objects.get_or_create(
                constituent=constituent, sha256=sha256,
                defaults={"zone": constituent.zone, "name": each.name[:500], "size": each.size},
            )  # fmt: skip
            place("claimed")
            if new or row.state == State.READING:
                return row
            if row.moved and row.state in (State.REJECTED, State.QUARANTINED):
                return self._again(row)
            if row.moved:
                row.deliveries += 1
                row.moved = False
                row.save()
            self._leave(row, each)
        return None

    def _again(self, row: SourceFile) -> SourceFile:
        """Another try at a file that was kept out: a newer Kulla may read it, or a register be another one now."""
        row.state, row.reason, row.moved, row.problems, row.rejects = State.READING, "", False, [], 0
        row.deliveries += 1
        row.save()
        return row

    def _allowed(self, claimed: Sequence[Reading], declared: Sequence[Declared]) -> list[Reading]:
        """Those that are no database log of a declared register. What cannot be looked at is not read either."""
        if not declared:
            return list(claimed)
        kept: dict[int, str] = {}
        reasons = {each.register: each.reason() for each in declared}
        jobs = [Scan(each.source, tuple(declared)) for each in claimed]
        for outcome in self.pool.run(jobs, lambda job: job.size, lambda _: self.between("searching files")):
            self.between("searching files")
            if isinstance(outcome, Result):
                kept[outcome.index] = reasons[outcome.value]
            elif isinstance(outcome, Died):
                kept[outcome.index] = f"could not be searched for personal data ({outcome.reason})"
        place("scanned")
        for index, reason in kept.items():
            self._refuse(claimed[index], State.QUARANTINED, reason)
        return [each for index, each in enumerate(claimed) if index not in kept]

    def _read(self, files: Sequence[Reading], book: int) -> None:
        by_path = {each.source.path: each for each in files}
        gathering = Gathering()
        bundles = (each for each in bundled(self._pieces(files), BUNDLING) if isinstance(each, Task))
        self._work(bundles, gathering, by_path, book)
        self._work(gathering.retried(), gathering, by_path, book)
        for each in by_path.values():
            # Nothing was to be read of these: empty, no log, or gone.
            self._end(each)

    def _pieces(self, files: Iterable[Reading]) -> Iterator[Task]:
        for each in files:
            found = list(tasks([each.source], FORMATS, None, self.settings))
            pieces = [one for one in found if isinstance(one, Task)]
            each.pieces = len(pieces)
            for one in found:
                if not isinstance(one, Task):
                    each.note(one)
            yield from pieces

    def _work(self, pieces: Iterable[Task], gathering: Gathering, by_path: dict[str, Reading], book: int) -> None:
        jobs = (Job(book, task) for task in gathering.numbered(pieces))
        for outcome in self.pool.run(jobs, lambda job: job.size, lambda _: self.between("reading files")):
            for came in gathering.take(outcome):
                self._take(came, by_path)

    def _take(self, came: Came | Note | Lost | Passed, by_path: dict[str, Reading]) -> None:
        if isinstance(came, Came):
            file = by_path[came.source.path]
            file.take(came)
            if file.chunk.full:
                self.store.put(file.row, file.next(), file.where, last=False)
                self.between("reading files")
        elif isinstance(came, Note):
            by_path[came.found.source.path].note(came.found)
        elif isinstance(came, Lost):
            by_path[came.source.path].lose(came)
        else:
            file = by_path[came.task.source.path]
            file.passed(came.task)
            if file.ended:
                self._end(by_path.pop(file.source.path))

    def _end(self, file: Reading) -> None:
        """Everything of a file was read: store the rest, and let it leave."""
        self.between("reading files")
        reason = file.useless()
        if reason:
            self._refuse(file, State.REJECTED, reason)
            return
        self.store.put(file.row, file.next(), file.where, last=True)
        with door.zones(door.ALL_ZONES):
            if file.waiting.same():
                self._leave(file.row, file.waiting)
                return
            # What was stored stands; the file stays, as it is another one now.
            self._changed(file)

    def _refuse(self, file: Reading, state: State, reason: str) -> None:
        row = file.row
        row.state, row.reason, row.ended = state, reason[:500], datetime.now(UTC)
        row.rejects, row.problems = file.broken, file.chunk.problems
        whole = file.waiting.same()
        kind = Kind.QUARANTINED if state == State.QUARANTINED else Kind.REJECTED
        with door.zones(door.ALL_ZONES):
            place("before-reject")
            if not whole:
                # What was there when it was claimed is gone: nothing of it will leave the inbox.
                row.moved = True
                row.save()
                self._changed(file)
                return
            with transaction.atomic():
                row.save()
                health.wrong(kind, f"{file.waiting.name}: {reason}", row.constituent, row.sha256)
            self._leave(row, file.waiting)

    def _changed(self, file: Reading) -> None:
        """Somebody still writes to it."""
        self._taken += 1
        text = f"{file.waiting.name}: changed while it was read, and is read again; move files in when they are whole"
        health.wrong(Kind.CHANGED, text, file.row.constituent, file.row.sha256)

    def _leave(self, row: SourceFile, waiting: Waiting) -> None:
        """Let the file leave the inbox as its row says. The row remembers that it left. One that cannot be moved is
        told and stays; of a full disk OutputError is raised."""
        assert row.constituent is not None
        try:
            self._put_away(row, waiting, row.constituent.name)
        except OutputError as error:
            if leaving.full(error):
                raise
            self._stuck.tell(row.constituent, waiting, f"{error}; read, but it stays: move it away by hand")
            return
        place("after-move")
        self._taken += 1
        self._stuck.over(row.constituent, waiting.name)
        row.moved = True
        row.save(update_fields=["moved"])

    def _put_away(self, row: SourceFile, waiting: Waiting, name: str) -> None:
        today = f"{datetime.now(UTC):%Y-%m-%d}"
        within = os.path.relpath(waiting.path, self.inbox / name)
        if row.rejects and row.state == State.DONE:
            text = f"{row.name}: {row.rejects} records or parts could not be read, the first: {row.problems[0]}"
            health.wrong(Kind.PARTLY, text, row.constituent, row.sha256)
        if row.state == State.QUARANTINED:
            folder = self.rejects / "quarantine" / name / today
            leaving.aside(waiting.path, folder, within, waiting.name, row.sha256, row.reason)
            place("after-reject")
        elif row.state == State.REJECTED:
            leaving.aside(waiting.path, self.rejects / name / today, within, waiting.name, row.sha256, row.reason)
            place("after-reject")
        elif self.ways.done == "delete" and not row.rejects:
            leaving.deleted(waiting.path)
        else:
            leaving.moved(waiting.path, self.inbox / DONE / today / name, within, row.sha256)
