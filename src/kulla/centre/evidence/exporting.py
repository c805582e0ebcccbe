"""Sealed exports of a case's evidence, and the verification of the whole store."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kulla.centre.audit.chain import record
from kulla.centre.cases.models import Case
from kulla.centre.evidence.actions import store
from kulla.centre.evidence.chain import append, events, problems
from kulla.centre.evidence.models import Item
from kulla.centre.evidence.upkeep import LEFT
from kulla.centre.people import door
from kulla.centre.people.models import User
from kulla.centre.site.place import centre
from kulla.centre.vault.seal import Exhibit, Export, seal_case
from kulla.centre.vault.sealbox import key_fingerprint, recipient_key
from kulla.centre.vault.stamp import item_stamp
from kulla.errors import KullaError


@dataclass(frozen=True, slots=True)
class Made:
    """An export as one open file, whose name is gone from the disk already."""

    file: BinaryIO
    name: str
    manifest_sha256: str


def export(actor: User, case: Case, items: list[Item], recipient: str, reason: str, pem: bytes = b"") -> Made:
    """Export items of a case for a recipient, sealed to their key when there is one. Each item's custody tells of it.

    An exercise exports nothing, so that nothing invented is taken for evidence. Raises ValidationError,
    PermissionDenied, ConfigError for a key that is none, InputError for an item that was altered.
    """
    door.need(actor, "evidence.export", case)
    if case.exercise:
        raise ValidationError(_("This case is an exercise: nothing of it leaves."))
    if not items or any(item.case_id != case.pk or item.disposed for item in items):
        raise ValidationError(_("Choose items of this case."))
    if not recipient.strip() or not reason.strip():
        raise ValidationError(_("An export needs its recipient and its reason."))
    key = recipient_key(pem) if pem else b""
    here = centre()
    told = Export(case.number, here.told.name, actor.username, recipient.strip(), reason.strip(), timezone.now(),
                  [_exhibit(item) for item in items])  # fmt: skip
    with tempfile.TemporaryDirectory(prefix=LEFT, dir=here.state) as folder:
        packed = seal_case(Path(folder) / case.number, told, store(), here.keys.signing(), recipient=key)
        with transaction.atomic():
            details = {"recipient": recipient.strip(), "package": packed.manifest_sha256}
            if key:
                details["sealed_to"] = key_fingerprint(key)
            for item in items:
                append(actor, item, "exported", reason.strip(), details)
            record(actor, "evidence.export", case, items=[item.number for item in items], recipient=recipient.strip(),
                   package=packed.manifest_sha256, sealed=bool(key))  # fmt: skip
        return Made(packed.tar.open("rb"), f"{case.number}.tar", packed.manifest_sha256)


def _exhibit(item: Item) -> Exhibit:
    stamp = item_stamp(item.number, item.sha256, bytes(item.request), bytes(item.response), bytes(item.certificates))
    return Exhibit(item.number, item.address, item.name, events(item), stamp, item.marks.label)


def flaws(items: Iterable[Item]) -> list[tuple[str, str]]:
    """(item's number, what does not hold), over contents and custody; empty when all is whole."""
    rows = list(items)
    kept = [item for item in rows if not item.disposed]
    found = []
    numbers: dict[str, list[str]] = {}
    for item in kept:
        numbers.setdefault(item.address, []).append(item.number)
    mine = {flaw.address: flaw.text for flaw in store().verify(list(numbers)) if flaw.address in numbers}
    found += [(number, text) for address, text in sorted(mine.items()) for number in numbers[address]]
    for item in rows:
        try:
            found += [(item.number, f"custody {each.seq}: {each.text}") for each in problems(item)]
        except KullaError as error:
            found.append((item.number, f"custody: {error}"))
    return found
