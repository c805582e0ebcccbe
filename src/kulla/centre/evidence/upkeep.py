"""What the worker does for evidence by itself: heads of custody signed, what was disposed of removed for good."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from django.db.models import Max
from django.utils import timezone

from kulla.centre.evidence.actions import store
from kulla.centre.evidence.models import Custody, Item
from kulla.centre.site.place import centre
from kulla.centre.vault.custody import anchored, read_event
from kulla.errors import OutputError

LEFT: Final = "kulla-export-"
"""What folders of exports begin with while they are made, in the centre's state."""
_OLD: Final = timedelta(days=1)
HEADS: Final = "custody-heads.jsonl"


def anchor(places: Iterable[Path]) -> int:
    """Sign the newest custody event of every item and append that to a file in each of `places`; how many items. Needs
    all zones open. Raises OutputError naming the places that cannot be written, after the others were."""
    newest = Custody.objects.order_by().values("item").annotate(last=Max("pk")).values("last")
    heads = {event.item: event for event in map(read_event, _lines(newest))}
    if not heads:
        return 0
    line = anchored(heads, timezone.now(), centre().keys.audit()).line() + b"\n"
    failed: list[str] = []
    for place in places:
        try:
            with (place / HEADS).open("ab") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            failed.append(f"{place}: {error.strerror}")
    if failed:
        raise OutputError(f"the heads of custody could not be copied to {'; '.join(failed)}")
    return len(heads)


def _lines(newest: Any) -> Iterable[str]:
    return Custody.objects.filter(pk__in=newest).values_list("line", flat=True).iterator()


def finish_disposals() -> int:
    """Remove the content of items that were disposed of while the store could not (a backup was at work); how many.
    Needs all zones open."""
    kept = store()
    live = set(Item.objects.filter(disposed=None).values_list("address", flat=True))
    gone = 0
    for address in Item.objects.exclude(disposed=None).values_list("address", flat=True).distinct():
        if address not in live and kept.holds(address):
            kept.remove(address)
            gone += 1
    return gone


def sweep_exports() -> int:
    """Remove what exports that were cut off left behind: evidence lies in it, in the clear when it was not sealed. How
    many. No export takes a day."""
    limit = (timezone.now() - _OLD).timestamp()
    left = [path for path in centre().state.glob(f"{LEFT}*") if path.is_dir() and path.stat().st_mtime < limit]
    for path in left:
        shutil.rmtree(path, ignore_errors=True)
    return len(left)
