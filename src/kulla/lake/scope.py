"""What a question may reach: the scope of its user, and the span of time it asks about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from kulla.lake.layout import UNDATED, File, micros

Scope = frozenset[tuple[str, str]]
"""The (zone, constituent) pairs whose events a user may see."""

_FIRST, _LAST = int(np.iinfo(np.int64).min) + 1, int(np.iinfo(np.int64).max)


@dataclass(frozen=True, slots=True)
class Span:
    """A time from `since` (included) to `until` (not), µs. `timeless`: events without a time belong to it."""

    since: int = _FIRST
    until: int = _LAST
    timeless: bool = True

    @classmethod
    def of(cls, since: datetime | None, until: datetime | None) -> Span:
        """The span between two moments, UTC where they bear no zone; None leaves an end open."""
        return cls(
            _FIRST if since is None else micros(since),
            _LAST if until is None else micros(until),
            since is None and until is None,
        )

    def touches(self, first: int | None, last: int | None) -> bool:
        """Whether events between these times may be in it; None: nothing is known of them."""
        return first is None or last is None or (first < self.until and last >= self.since)


def visible(files: Iterable[File], scope: Scope, span: Span) -> list[File]:
    """The files that may hold events of the scope in the span, newest day first, undated last.

    This is the only place where files are chosen for a user."""
    chosen = [
        each
        for each in files
        if (each.partition.zone, each.partition.constituent) in scope and span.touches(each.first, each.last)
    ]
    dated = sorted((each for each in chosen if each.partition.day != UNDATED), key=_newest, reverse=True)
    return dated + sorted((each for each in chosen if each.partition.day == UNDATED), key=_newest)


def _newest(file: File) -> tuple[str, int, str]:
    return file.partition.day, file.last or 0, file.path
