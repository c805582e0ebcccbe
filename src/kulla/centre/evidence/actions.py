"""What can be done with evidence. Each act adds to the custody chain and to the audit, in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final, get_args

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kulla import __version__
from kulla.centre.alerts.models import Alert
from kulla.centre.audit.chain import record, turn
from kulla.centre.cases.models import Case, Entry, Source
from kulla.centre.evidence.chain import append
from kulla.centre.evidence.models import Item
from kulla.centre.people import door
from kulla.centre.people.models import User
from kulla.centre.site.errors import told
from kulla.centre.site.place import centre
from kulla.centre.vault.custody import Kind
from kulla.centre.vault.stamp import item_stamp, stamp_request
from kulla.centre.vault.store import Store
from kulla.centre.vault.stores import evidence_store
from kulla.errors import InputError, OutputError, UsageError

log = logging.getLogger(__name__)

FIELDS: Final = ("source", "officer", "legal_basis", "device", "tool")
TOOL: Final = f"Kulla {__version__}"


def store() -> Store:
    """The centre's evidence store."""
    return evidence_store(centre())


def take_in(
    actor: User, case: Case, name: str, blocks: Iterable[bytes], fields: Mapping[str, str], note: str = "", *,
    alert: Alert | None = None, more: Mapping[str, str] | None = None,
) -> tuple[Item, bool]:  # fmt: skip
    """Take an item in: hashed and encrypted as it streams, its custody begun, its time-stamp request made.

    `fields` are FIELDS; all must be told; `more` is what the custody record tells besides. With whether it is new: the
    same content in the same case is the item that is there. An item made of an `alert` bears the strictest of both
    marks. Raises ValidationError.
    """
    door.need(actor, "evidence.take", case)
    told = {key: fields.get(key, "").strip() for key in FIELDS}
    missing = [key for key, value in told.items() if not value]
    if missing:
        raise ValidationError(_("An intake must tell: %(fields)s.") % {"fields": ", ".join(missing)})
    kept = store().put(blocks, scope=case.number)
    with transaction.atomic():
        turn()
        known = Item.objects.filter(case=case, address=kept.address, disposed=None).first()
        if known:
            return known, False
        item = Item(
            case=case, name=_plain_name(name), note=note.strip(), address=kept.address, sha256=kept.sha256,
            size=kept.size, taken_by=actor, alert=alert, **told,
            number=f"{case.number}-E{Item.objects.filter(case=case).count() + 1:03d}",
        )  # fmt: skip
        item.marks = case.marks.merge(alert.marks) if alert else case.marks
        item.request = stamp_request(item.number, item.sha256)
        item.save(force_insert=True)
        whole = {**told, "sha256": kept.sha256, "size": str(kept.size), **(more or {})}
        append(actor, item, "intake", note.strip() or _("Taken in"), whole)
        said = _("Evidence taken in: %(number)s, SHA-256 %(hash)s") % {"number": item.number, "hash": item.sha256}
        Entry.objects.create(case=case, at=timezone.now(), author=actor, source=Source.EVIDENCE, text=said,
                             ref=f"evidence:{item.pk}", tlp=item.tlp, pap=item.pap)  # fmt: skip
        record(actor, "evidence.intake", item, case=case.number, sha256=kept.sha256, size=kept.size, **(more or {}))
    return item, True


def _plain_name(name: str) -> str:
    """A file's own name, without folders and control characters."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(ch for ch in last if ch.isprintable())[:255] or "unnamed"


def content(actor: User, item: Item, reason: str) -> Iterator[bytes]:
    """The content, for a person: kept in the custody chain before the first byte. Raises ValidationError."""
    door.need(actor, "evidence.see", item)
    if not reason.strip():
        raise ValidationError(_("Say why it is opened: the custody record keeps it."))
    if item.disposed:
        raise ValidationError(_("This item was disposed of."))
    with transaction.atomic():
        append(actor, item, "viewed", reason.strip(), {})
        record(actor, "evidence.view", item, case=item.case.number)
    return store().get(item.address)


def hand_on(actor: User, item: Item, kind: str, reason: str, details: Mapping[str, str]) -> None:
    """Record that an item was handed on, sealed, released or disposed of. What a legal hold covers is not disposed of.

    Raises ValidationError when something that must be told is not.
    """
    door.need(actor, "evidence.export", item)
    if kind not in get_args(Kind) or kind in {"intake", "viewed", "exported"}:
        raise ValidationError(_("Choose an event from the list."))
    if kind == "disposed" and details.get("witness", "").strip() in {"", actor.username}:
        raise ValidationError(_("Disposal needs a second person as witness."))
    try:
        with transaction.atomic():
            turn()  # a hold that is placed now is seen, or comes after
            if kind == "disposed" and item.case.holds.filter(lifted=None).exists():
                raise ValidationError(_("A legal hold covers this case: nothing of it is disposed of."))
            append(actor, item, kind, reason, {key: value for key, value in details.items() if value})  # type: ignore[arg-type]
            if kind == "disposed":
                item.disposed = timezone.now()
                item.save(update_fields=["disposed"])
            record(actor, f"evidence.{kind}", item, case=item.case.number)
    except UsageError as error:
        raise ValidationError(told(error)) from None
    if kind == "disposed" and not Item.objects.filter(address=item.address, disposed=None).exists():
        try:
            store().remove(item.address)
        except OutputError:
            # A backup is at work: the worker removes it afterwards (`upkeep.finish_disposals`).
            log.info("the content of %s is removed when the backup has ended", item.number)


def add_stamp(actor: User, item: Item, response: bytes, certificates: bytes) -> Item:
    """Add the authority's answer to the intake's request. Raises InputError or ConfigError when it does not hold."""
    door.need(actor, "evidence.take", item)
    stamp = item_stamp(item.number, item.sha256, bytes(item.request), response, certificates)
    if stamp.state != "verified":
        raise InputError(stamp.problem or "the authority's certificates are needed to check its answer")
    with transaction.atomic():
        item.response, item.certificates = response, certificates
        item.stamped, item.authority = datetime.fromisoformat(stamp.time), stamp.authority[:500]
        item.save(update_fields=["response", "certificates", "stamped", "authority"])
        record(actor, "evidence.stamp", item, authority=stamp.authority[:100], at=stamp.time)
    return item
