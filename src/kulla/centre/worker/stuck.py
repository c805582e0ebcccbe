"""Files of the inbox that cannot be read or moved: each is told by its name, and left alone until it changes or a while
has passed, so that it keeps nothing else waiting and is not hashed again every second."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from django.utils import timezone

from kulla.centre.people.models import Constituent
from kulla.centre.worker import health
from kulla.centre.worker.inbox import Waiting
from kulla.centre.worker.models import Health, Kind

AGAIN: Final = 60.0
"""Seconds after which such a file is tried again."""


@dataclass
class Stuck:
    """Remembers, by constituent and name, as which state of the file and when it failed. All zones must be open."""

    _failed: dict[int, dict[str, tuple[tuple[int, int, int], float]]] = field(default_factory=dict)

    def begin(self) -> None:
        """What a worker before this one told may be over; what is not is told again."""
        Health.objects.filter(kind=Kind.STUCK, until=None).update(until=timezone.now())

    def tell(self, place: Constituent, each: Waiting, text: str) -> None:
        """It failed."""
        self._failed.setdefault(place.pk, {})[each.name] = each.state, time.monotonic()
        health.wrong(Kind.STUCK, text, place, each.name)

    def others(self, place: Constituent, waiting: Sequence[Waiting]) -> list[Waiting]:
        """The files that may be tried now. Those that are gone are no longer wrong."""
        failed = self._failed.get(place.pk)
        if not failed:
            return list(waiting)
        for name in failed.keys() - {each.name for each in waiting}:
            self.over(place, name)
        return [each for each in waiting if not self._rests(failed.get(each.name), each)]

    def over(self, place: Constituent, name: str) -> None:
        """It went well, or went away."""
        if self._failed.get(place.pk, {}).pop(name, None) is not None:
            health.right(Kind.STUCK, place, name)

    def _rests(self, failed: tuple[tuple[int, int, int], float] | None, each: Waiting) -> bool:
        return failed is not None and failed[0] == each.state and time.monotonic() - failed[1] < AGAIN
