"""Changes of rows, in the order in which they were made, turned into versions in commit time. Pure.

What a transaction changed becomes readable at its commit, all at once: what it wrote and overwrote itself was never
readable and is no version. Per key the order of changes is the order of their numbers, since a row's lock is held
until the commit; commit times agree with it unless the server's clock stepped back, which is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

Row = int
"""The number of a row in a table of the caller's."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one row, or of all.

    Attributes:
        transaction: of the change; equal for all changes of one transaction.
        low: the commit lies at or after this, microseconds.
        high: and at or before this; equal to `low` when the commit's time is known.
        before: the key of the row that was taken away or replaced; None for an insert.
        after: the key of the row that came; None for a delete.
        row: that row; -1 for a delete.
        everything: all rows were taken away (TRUNCATE).
    """

    transaction: int
    low: int
    high: int
    before: str | None = None
    after: str | None = None
    row: Row = -1
    everything: bool = False


@dataclass(slots=True)
class Span:
    """When a row's values could be read; microseconds, None as in VERSION_TIMES.

    Attributes:
        begun_by: the transaction that wrote it; -1 for one that was there before.
        ended_by: the transaction that ended it; -1 while it lasts.
    """

    row: Row
    valid_from: int
    known_from: int | None = None
    valid_to: int | None = None
    known_to: int | None = None
    begun_by: int = -1
    ended_by: int = -1


@dataclass(slots=True)
class Applied:
    """What changes make of the versions.

    Attributes:
        closed: versions that ended.
        lasting: versions of the touched keys that last.
        cleared: all versions of untouched keys ended then (low, high); None when none did.
        unmatched: changes of rows that no version told of, or inserts where one lasted.
        clock_steps: commits whose time lay before that of an earlier commit of the same row.
    """

    closed: list[Span] = field(default_factory=list)
    lasting: list[Span] = field(default_factory=list)
    cleared: tuple[int, int] | None = None
    unmatched: int = 0
    clock_steps: int = 0


def applied(lasting: dict[str, Span], changes: Iterable[Change], same: Sequence[object] = ()) -> Applied:
    """Apply changes, in order, to the lasting versions of the keys that they touch.

    Args:
        lasting: key → its lasting version. Changed.
        same: for each row something equal exactly for equal values: a transaction that writes a row and puts it back
            leaves the version as it was. Empty: values are not compared.
    """
    return _Applier(lasting, same).all(changes)


class _Applier:
    def __init__(self, lasting: dict[str, Span], same: Sequence[object]) -> None:
        self._now, self._same, self._out = lasting, same, Applied()
        self._last: dict[str, Span] = {}
        self._closed: dict[int, Span] = {}

    def all(self, changes: Iterable[Change]) -> Applied:
        for change in changes:
            if change.everything:
                self._clear(change)
            if change.before is not None:
                self._end(change.before, change)
            if change.after is not None:
                self._begin(change.after, change)
        self._out.lasting = list(self._now.values())
        self._out.closed = list(self._closed.values())
        return self._out

    def _clear(self, change: Change) -> None:
        self._out.cleared = self._out.cleared or (change.low, change.high)
        for key in list(self._now):
            self._end(key, change)

    def _end(self, key: str, change: Change) -> None:
        span = self._now.pop(key, None)
        if span is None:
            # After all was cleared an untouched key's version is gone without an entry of its own.
            self._out.unmatched += self._out.cleared is None
            return
        if span.begun_by == change.transaction:
            return
        low, high = self._later(span, change)
        # Where the bounds of both ends overlap, nothing is known for sure: an empty interval.
        span.valid_to, span.known_to = high, None if low == high else max(low, span.known_from or low)
        span.ended_by = change.transaction
        self._closed[id(span)] = span
        self._last[key] = span

    def _later(self, span: Span, change: Change) -> tuple[int, int]:
        """The bounds of an end, after the beginning whatever the clock says."""
        least = span.valid_from + 1
        if change.high < least:
            self._out.clock_steps += change.high + 1 < least
        return max(change.low, least), max(change.high, least)

    def _begin(self, key: str, change: Change) -> None:
        if key in self._now:
            self._out.unmatched += 1
            self._end(key, change)
        last = self._last.get(key)
        if last is not None and last.ended_by == change.transaction and self._equal(last.row, change.row):
            last.valid_to = last.known_to = None
            last.ended_by = -1
            del self._closed[id(last)]
            self._now[key] = last
            return
        at = change.low if last is None or last.ended_by == -1 else max(change.low, last.known_to or last.valid_to or 0)
        high = max(change.high, at)
        self._now[key] = Span(change.row, at, None if high == at else high, begun_by=change.transaction)

    def _equal(self, one: Row, other: Row) -> bool:
        return bool(self._same) and self._same[one] == self._same[other]
