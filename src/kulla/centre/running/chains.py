"""Every chain of a centre followed once more: the audit's, and each item's custody, against what the stores hold."""

from __future__ import annotations

from collections.abc import Iterator

from kulla.centre.folder import Centre
from kulla.centre.running import serving
from kulla.centre.vault.store import Store
from kulla.centre.vault.stores import evidence_store, reports_store
from kulla.errors import KullaError


def broken(centre: Centre) -> Iterator[str]:
    """What does not hold, in words; nothing when all does. Once in a process: it becomes one of the centre's.

    The stores' items are asked for, not read through: `Store.verify` does that.
    """
    if centre.told.database == "sqlite" and not centre.database.exists():
        return  # made and never started
    serving.set_up(centre)
    waiting = serving.pending()
    if waiting:
        yield (
            f"{centre.path}: its database is older than this Kulla, so that its chains were not followed;"
            f" run kulla upgrade {centre.path}, then kulla audit verify"
        )
        return
    from kulla.centre.audit.chain import faults
    from kulla.centre.people import door

    yield from serving.unwalled()
    if not serving.pending():
        yield from serving.opened(centre)

    with door.zones(door.ALL_ZONES):
        yield from (f"audit entry {fault.seq}: {fault.what}" for fault in faults())
        yield from _custody(evidence_store(centre))
        yield from _attachments(reports_store(centre))


def unspoken(centre: Centre, addresses: frozenset[str]) -> set[str]:
    """Of these addresses of evidence those of which the database does not speak: none while it is older than this
    Kulla. Once in a process, as `broken`."""
    serving.set_up(centre)
    if serving.pending():
        return set()
    from kulla.centre.evidence.models import Item
    from kulla.centre.people import door

    with door.zones(door.ALL_ZONES):
        return set(addresses) - set(Item.objects.filter(address__in=addresses).values_list("address", flat=True))


def _custody(store: Store) -> Iterator[str]:
    from kulla.centre.evidence.chain import problems
    from kulla.centre.evidence.models import Item

    told = set()
    for item in Item.objects.order_by("number").iterator(chunk_size=500):
        try:
            yield from (f"custody of {each.item}, event {each.seq}: {each.text}" for each in problems(item))
        except KullaError as error:
            yield f"custody of {item.number}: {error}"
        if item.disposed is None:
            told.add(item.address)
            if not store.holds(item.address):
                yield f"evidence {item.number}: its content is missing ({item.address})"
    for address in store.addresses():
        if address not in told:
            yield f"evidence {address}: is here, and no custody record speaks of it"


def _attachments(store: Store) -> Iterator[str]:
    """What is missing of reports. An item of no report is no fault: an intake that ended before its row leaves one."""
    from kulla.centre.notices.models import Attachment

    for row in Attachment.objects.select_related("report").order_by("pk").iterator(chunk_size=500):
        if not store.holds(row.address):
            yield f"report {row.report.number}: the content of an attachment is missing ({row.address})"
