"""What can be said of a read log before any leak is known: who acted, which sessions, what each bitmap holds.

Made once for a log and used for every piece, and by calibration for thousands of null leaks.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kulla.leaks.attribute.readlog import EXACT, UNKNOWN, ReadLog
from kulla.registers import bitmap

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]

GAP: Final = 3_600_000_000
"""Microseconds without a read after which a session counts as another episode."""
SMALL: Final = 4096
"""Records up to which a bitmap is kept open; wider ones are opened when a leak asks for them."""
_TOLD: Final = 100
"""Exact reads of one statement template from which the most records that it ever gave is believed."""


@dataclass(frozen=True, slots=True)
class Index:
    """A log with what is derived from it.

    Attributes:
        actor: of each read, whose it is: a place in `actors`. Behind a pool each hinted end user is an actor.
        pool: the actor that is the pool as a whole, whoever is hinted at; -1 for reads not through a pool.
        actors: (code of the account, code of the end user or -1).
        run: session of each read, cut at gaps; equal numbers are one episode.
        size: records of each read; -1 unknown.
        reach: the most records that a read of unknown extent can have given, from its template; -1 nobody knows.
        bounds, members: the records of each bitmap up to SMALL, ascending: members[bounds[i] : bounds[i + 1]].
        sizes: of each bitmap, wide ones included.
        sets: how many distinct bitmaps of two records or more there are.
        spans: what the log covers, [first, last] without its holes.
    """

    log: ReadLog
    actor: Codes
    pool: Codes
    actors: tuple[tuple[int, int], ...]
    run: Codes
    size: Ints
    reach: Ints
    bounds: Ints
    members: npt.NDArray[np.uint32]
    sizes: Ints
    sets: int
    spans: tuple[tuple[int, int], ...]
    pooled: frozenset[str]

    def records(self, code: int) -> npt.NDArray[np.uint32]:
        """The records of a bitmap."""
        if self.sizes[code] <= SMALL:
            return self.members[self.bounds[code] : self.bounds[code + 1]]
        return bitmap.unpack(self.log.bitmaps[code])


def index(log: ReadLog, pooled: Collection[str] = (), base: Index | None = None) -> Index:
    """The index of a log. `base`: of a log that this one continues (`readlog.joined`), to open no bitmap twice."""
    actor, pool, actors = _actors(log, frozenset(pooled))
    bounds, members, sizes = _opened(log, base)
    size = np.where(log.record > 0, 1, np.where(log.bitmap >= 0, np.append(sizes, 0)[log.bitmap], 0))
    size = np.where((log.extent == UNKNOWN) & (size == 0), -1, size).astype(np.int64)
    return Index(
        log, actor, pool, actors, _runs(log, actor), size, _reach(log, size), bounds, members, sizes,
        int((sizes > 1).sum()), covered(log), frozenset(pooled),
    )  # fmt: skip


def _actors(log: ReadLog, pooled: frozenset[str]) -> tuple[Codes, Codes, tuple[tuple[int, int], ...]]:
    is_pool = np.array([name in pooled for name in log.accounts] + [False])[log.account]
    key = (log.account.astype(np.int64) + 1) << 32 | np.where(is_pool, log.end_user.astype(np.int64) + 1, 0)
    whole = np.unique((log.account[is_pool].astype(np.int64) + 1) << 32 | 0xFFFFFFFF)
    known, actor = np.unique(key, return_inverse=True)
    pool = np.full(len(log), -1, np.int32)
    pool[is_pool] = len(known) + np.searchsorted(whole >> 32, log.account[is_pool].astype(np.int64) + 1)
    hints = [(int(k >> 32) - 1, int(k & 0xFFFFFFFF) - 1) for k in known]
    return actor.astype(np.int32), pool, (*hints, *((int(k >> 32) - 1, -1) for k in whole))


def _opened(log: ReadLog, base: Index | None) -> tuple[Ints, npt.NDArray[np.uint32], Ints]:
    start, bounds, members, sizes = 0, [np.zeros(1, np.int64)], [np.zeros(0, np.uint32)], [np.zeros(0, np.int64)]
    if base is not None and log.bitmaps[: len(base.sizes)] == base.log.bitmaps:
        start, bounds, members, sizes = len(base.sizes), [base.bounds], [base.members], [base.sizes]
    fresh = log.bitmaps[start:]
    counts = np.array([bitmap.count(each) for each in fresh], np.int64)
    members += [bitmap.unpack(each) for each, count in zip(fresh, counts.tolist(), strict=True) if count <= SMALL]
    bounds.append(bounds[-1][-1] + np.cumsum(np.where(counts <= SMALL, counts, 0)))
    return np.concatenate(bounds), np.concatenate(members), np.concatenate([*sizes, counts])


def _runs(log: ReadLog, actor: Codes) -> Codes:
    """Sessions: same actor, session and application, cut where nothing was read for GAP."""
    order = np.lexsort((log.start, log.application, log.session, actor))
    run = np.zeros(len(log), np.int32)
    if len(log):
        fresh = np.zeros(len(log), bool)
        for each in (actor, log.session, log.application):
            fresh[1:] |= np.diff(each[order]) != 0
        fresh[1:] |= np.diff(log.start[order]) > GAP
        run[order] = np.cumsum(fresh)
    return run


def _reach(log: ReadLog, size: Ints) -> Ints:
    """A template whose answers were many and never more than k records is taken to give no more than k elsewhere.

    Without this every look-up that was cancelled could have returned the whole register.
    """
    count = int(log.template.max(initial=-1)) + 1
    exact = (log.extent == EXACT) & (log.template >= 0)
    most = np.zeros(count + 1, np.int64)
    np.maximum.at(most, log.template[exact], size[exact])
    many = np.bincount(log.template[exact], minlength=count + 1)
    return np.where(size >= 0, size, np.where((many >= _TOLD) & (np.arange(count + 1) < count), most, -1)[log.template])


def covered(log: ReadLog) -> tuple[tuple[int, int], ...]:
    """The stretches of time that the log covers: from its first read to its last, without holes.

    A hole is a stretch without any read, more than twice as long as the longest one of an ordinary week and than six
    hours. Whether single lines are missing, seals and counters tell (see registers.health), not this.
    """
    if not len(log):
        return ()
    start = np.sort(log.start)
    last = int(log.stop.max())
    gaps = np.diff(start)
    week = (start[1:] - start[0]) // (7 * 24 * GAP)
    longest = np.zeros(int(week.max(initial=0)) + 1, np.int64)
    np.maximum.at(longest, week, gaps)
    limit = max(6 * GAP, 2 * int(np.median(longest)))
    cuts = np.flatnonzero(gaps > limit)
    return tuple(zip(start[np.append(0, cuts + 1)].tolist(), [*start[cuts].tolist(), last], strict=True))
