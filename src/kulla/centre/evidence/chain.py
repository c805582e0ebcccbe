"""The custody chain of an item, in the database."""

from __future__ import annotations

import socket
from collections.abc import Mapping

from django.utils import timezone

from kulla.centre.audit.chain import turn
from kulla.centre.evidence.models import Custody, Item
from kulla.centre.people.models import User
from kulla.centre.site.place import centre
from kulla.centre.vault.custody import CustodyEvent, Kind, Problem, follow, read_event, verify


def events(item: Item) -> list[CustodyEvent]:
    """The chain, oldest first. Raises InputError for a line that is no event any more."""
    return [read_event(row.line) for row in item.custody.order_by("seq")]


def append(actor: User, item: Item, kind: Kind, reason: str, details: Mapping[str, str], place: str = "") -> Custody:
    """The next event of the chain, signed with the centre's key. Call it within the transaction of what it tells of;
    it takes the audit's turn, so that of two events at once the second follows the first.

    Raises UsageError when something that must be told is not.
    """
    turn()
    last = item.custody.order_by("-seq").first()
    before = read_event(last.line) if last else None
    event = follow(
        before, item.number, kind, timezone.now(), actor.username, reason, place or socket.gethostname(), details,
        centre().keys.signing(),
    )  # fmt: skip
    row = Custody(case=item.case, item=item, seq=event.seq, kind=kind, at=event.time, line=event.line().decode(),
                  tlp=item.tlp, pap=item.pap)  # fmt: skip
    row.save(force_insert=True)
    return row


def problems(item: Item) -> tuple[Problem, ...]:
    """What does not hold in the chain; nothing when it does."""
    return verify(item.number, events(item), [centre().keys.signing().public_key()])
