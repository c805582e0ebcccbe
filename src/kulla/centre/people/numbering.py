"""Running numbers: a year's count that is one over all zones."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Length

from kulla.centre.people import door


def following(rows: QuerySet[Any], start: str) -> str:
    """The number after the greatest of `rows` that begins with `start`: `start` and a count from 1, of five digits or
    more. rows: all of a model whose `number` is unique.

    All zones are opened for it: a count over those that the actor sees would meet a number that another zone has. Call
    it on the audit's turn (`audit.chain.turn`), so that nobody else counts meanwhile.
    """
    with door.zones(door.ALL_ZONES):
        known = rows.filter(number__startswith=start).order_by(Length("number").desc(), "-number")
        last = known.values_list("number", flat=True).first()
    return f"{start}{int(last[len(start) :]) + 1 if last else 1:05d}"
