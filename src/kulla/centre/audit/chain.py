"""Appending to the audit, and finding whether it was touched.

The chain alone proves nothing against whoever can write the database: they could write it anew. Its head is therefore
signed every hour and copied to a place off the host (`audit.anchors`). What is found is every alteration, removal and
re-ordering of entries up to the last anchor; entries after it could be cut off unseen.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Model
from django.utils import timezone

from kulla.centre.audit.models import Entry
from kulla.centre.people.models import User

GENESIS: Final = "0" * 64
_LOCK: Final = 0x6B756C6C61  # "kulla": the advisory lock of those who append


def record(actor: User | None, action: str, target: Model | str = "", zone: str = "", **detail: Any) -> Entry:
    """Append one act, in the transaction of what it tells of: both stand, or neither does.

    `target` is a row, kept as app.model:id, or a name. `zone` is the row's own when it has one.
    """
    name = target if isinstance(target, str) else f"{target._meta.label_lower}:{target.pk}"
    zone = zone or getattr(target, "zone", "")
    with transaction.atomic():
        turn()
        last = Entry.objects.order_by("-seq").values_list("seq", "hash").first()
        seq, previous = (last[0] + 1, last[1]) if last else (1, GENESIS)
        entry = Entry(
            seq=seq, at=timezone.now(), user=actor, actor=actor.username if actor else "", action=action,
            target=name, zone=zone, detail=json.loads(json.dumps(detail, default=str)), previous=previous,
        )  # fmt: skip
        entry.hash = digest(entry)
        entry.save(force_insert=True)
    return entry


def turn() -> None:
    """Wait until no other transaction is appending. For acts that must read before they write, such as the next number:
    call it first. So do acts that lock a row (`select_for_update(no_key=True)`) and record afterwards: two that take
    row and turn in different orders would wait for each other. SQLite's transactions take the write lock at once."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def digest(entry: Entry) -> str:
    """SHA-256 over an entry's columns, as JSON with sorted keys, and the hash before it."""
    columns = {
        "seq": entry.seq,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "user": entry.user_id,
        "actor": entry.actor,
        "action": entry.action,
        "target": entry.target,
        "zone": entry.zone,
        "detail": entry.detail,
        "previous": entry.previous,
    }
    text = json.dumps(columns, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Fault:
    """Where the chain is broken, and how."""

    seq: int
    what: str


@dataclass(frozen=True, slots=True)
class Anchor:
    """A signed head: entry `seq` had `hash` at `at`."""

    seq: int
    hash: str
    at: datetime


def faults(anchors: Iterable[Anchor] = ()) -> Iterator[Fault]:
    """Every place where the chain does not hold, or does not agree with `anchors`; nothing when it is whole."""
    wanted = {anchor.seq: anchor.hash for anchor in anchors}
    expected, previous = 1, GENESIS
    for entry in Entry.objects.order_by("seq").iterator(chunk_size=2000):
        if entry.seq != expected:
            yield Fault(expected, f"entries {expected} to {entry.seq - 1} are missing")
        elif entry.previous != previous:
            yield Fault(entry.seq, "does not follow from the entry before it")
        if digest(entry) != entry.hash:
            yield Fault(entry.seq, "was altered")
        known = wanted.pop(entry.seq, None)
        if known is not None and known != entry.hash:
            yield Fault(entry.seq, "is not what its anchor says: the chain was written anew")
        expected, previous = entry.seq + 1, entry.hash
    for seq in sorted(wanted):
        yield Fault(seq, "is in an anchor and no longer in the chain: it was cut off")
