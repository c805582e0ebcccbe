"""A case's timeline: what people write, what alerts bring, and what other tools' timelines say."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kulla.centre.audit.chain import record
from kulla.centre.cases.models import Case, Entry, Source
from kulla.centre.people import door
from kulla.centre.people.models import User
from kulla.hunt.visible import visible

MOST: Final = 20_000
"""Entries taken from one file: more is a log, and belongs into the inbox."""
_TEXTS: Final = ("message", "Message", "desc", "description", "short", "msg", "Details", "event", "summary")
_TIMES: Final = frozenset({"datetime", "timestamp", "time", "date", "Timestamp", "timestamp_desc"})


def tellable(at: datetime) -> bool:
    """Whether a time can be told in every time zone, and kept by every database."""
    return MINYEAR < at.year < MAXYEAR


def write_entry(
    actor: User, case: Case, text: str, at: datetime | None = None, *, key: bool = False,
    source: str = Source.NOTE, ref: str = "", host: str = "",
) -> Entry:  # fmt: skip
    """Write a line; `at` is when it happened, now when it is not given."""
    door.need(actor, "cases.work", case)
    if not text.strip():
        raise ValidationError(_("Write something."))
    if at and not tellable(at):
        raise ValidationError(_("This time is outside of what a case can hold."))
    with transaction.atomic():
        entry = Entry(case=case, at=at or timezone.now(), author=actor, text=text.strip(), key=key, source=source,
                      ref=ref, host=host, tlp=case.tlp, pap=case.pap)  # fmt: skip
        entry.save()
        record(actor, "cases.entry", case, entry=entry.pk)
    return entry


def withdraw_entry(actor: User, entry: Entry) -> None:
    """Strike a line through: it stays readable, since nothing of a case is deleted."""
    door.need(actor, "cases.work", entry)
    with transaction.atomic():
        entry.withdrawn = timezone.now()
        entry.save(update_fields=["withdrawn"])
        record(actor, "cases.entry-withdraw", entry.case, entry=entry.pk)


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a file. `untimed` are the positions of records without a time, which no timeline can hold;
    `problems` are what the reader said of the rest, without content; `left` is whether the file had more."""

    added: int
    known: int
    untimed: tuple[int, ...]
    problems: tuple[str, ...]
    left: bool


def import_timeline(actor: User, case: Case, path: Path, name: str) -> Imported:
    """Add the records of a timeline (CSV, JSON lines, EVTX, any log that Kulla reads) as entries.

    The file is read in a confined child. The same file again adds nothing. Raises ValidationError when no record of
    it bears a time.
    """
    door.need(actor, "cases.work", case)
    digest = _sha256(path)
    events, problems = _events(path)
    untimed: list[int] = []
    made: list[Entry] = []
    for event in islice(events, MOST):
        at = datetime.fromisoformat(event["time"]) if event["time"] else None
        if at is None or not tellable(at):
            untimed.append(int(event["position"]))
            continue
        made.append(
            Entry(
                case=case, zone=case.zone, constituent_id=case.constituent_id, tlp=case.tlp, pap=case.pap,
                originators=case.originators, caveats=case.caveats,
                at=at, author=actor, source=Source.IMPORT,
                text=text_of(event["fields"])[:2000], host=visible(event["host"] or "")[:255],
                ref=f"{digest[:16]}:{event['source_file'][len(str(path)):]}:{event['position']}"[:200],
            )
        )  # fmt: skip
    left = next(events, None) is not None
    events.close()
    if not made:
        raise ValidationError(_("No record with a time was found in %(name)s.") % {"name": name})
    with transaction.atomic():
        before = case.entrys.count()
        Entry.objects.bulk_create(made, batch_size=500, ignore_conflicts=True)
        added = case.entrys.count() - before
        record(actor, "cases.import", case, sha256=digest, entries=added, untimed=len(untimed))
    return Imported(added, len(made) - added, tuple(untimed[:100]), tuple(problems[:20]), left)


def text_of(fields: Mapping[str, str | None]) -> str:
    """One line that tells a record: its message when it has one, else its fields.

    >>> text_of({"datetime": "2026-01-01", "message": "logon", "user": "a"})
    'logon'
    >>> text_of({"timestamp": "1", "user": "a", "host": "b"})
    'user=a host=b'
    """
    for name in _TEXTS:
        if fields.get(name):
            return visible(str(fields[name]))
    return visible(" ".join(f"{name}={value}" for name, value in fields.items() if name not in _TIMES and value))


def _events(path: Path) -> tuple[Any, list[str]]:
    """The file's events from a process of their own, whose children are confined: a console that serves many at once
    must not fork itself."""
    problems: list[str] = []

    def read() -> Iterator[dict[str, Any]]:
        command = [sys.executable, "-m", "kulla", "events", "show", "--json", "--", str(path)]
        # What it says goes to a file: a pipe that nobody reads yet would stop it when it is full.
        with (
            tempfile.TemporaryFile("w+", encoding="utf-8") as told,
            subprocess.Popen(  # noqa: S603 our own interpreter
                command, stdout=subprocess.PIPE, stderr=told, text=True
            ) as child,
        ):
            try:
                assert child.stdout is not None
                for line in child.stdout:
                    yield json.loads(line)
                child.wait()
                told.seek(0)
                problems.extend(line.strip().replace(str(path), "") for line in islice(told, 100))
            finally:
                child.kill()

    return read(), problems


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
