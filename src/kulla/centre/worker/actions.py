"""What a person can do about the centre's health: say that they know."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from kulla.centre.audit.chain import record
from kulla.centre.people import door
from kulla.centre.people.models import User
from kulla.centre.worker.models import Health, Kind

ONCE = frozenset({Kind.REJECTED, Kind.PARTLY, Kind.QUARANTINED, Kind.CHANGED})
"""What happens and does not last."""


def acknowledge(actor: User, row: Health) -> Health:
    """Somebody knows of it and sees to it; what happened once is over with that. Raises PermissionDenied."""
    door.need(actor, "health.see", row)
    with transaction.atomic():
        row.acknowledged_by, row.acknowledged_at = actor, timezone.now()
        if row.kind in ONCE:
            row.until = row.acknowledged_at
        row.save(update_fields=["acknowledged_by", "acknowledged_at", "until"])
        record(actor, "worker.acknowledge", row, kind=row.kind)
    return row
