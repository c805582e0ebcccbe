"""Numbers that people say on the telephone: each zone counts its own, so that a gap tells nothing of another zone.

A case of the civil zone is C-2026-00001, a report to it R-C-2026-00001; M is the military zone, J the joint one. The
count is kept, not made of the rows that are there: a number that was given stays given, wherever its row goes.
"""

from __future__ import annotations

from typing import Final

from kulla.centre.people.models import Count
from kulla.centre.people.zones import LETTERS, Zone

CASE: Final = rf"[{''.join(LETTERS.values())}]-\d{{4}}-\d{{5,7}}"
"""The form of a case's number, as a regular expression; a report's has R- before it."""


def following(zone: str, year: int, before: str = "") -> str:
    """The next number of a zone's year: `before`, the zone's letter, the year, and a count of five digits or more.

    Call it on the audit's turn (`audit.chain.turn`), so that nobody else counts meanwhile, and with the zone open: no
    other needs to be, and rows that the actor does not see count.
    """
    start = f"{before}{LETTERS[Zone(zone)]}-{year}-"
    count, _new = Count.objects.get_or_create(start=start, defaults={"zone": zone})
    count.last += 1
    count.save(update_fields=["last"])
    return f"{start}{count.last:05d}"
