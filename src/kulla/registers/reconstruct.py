"""A history put together afterwards, from full copies of a register of known times and dates within its rows. Pure.

Each copy proves what could be read at its moment and nothing else. A version therefore lies within the last copy before
it that lacks the row and the first after it that lacks it again, and is known at the moments of the copies between
them. It began after the one and had ended by the other: at a copy's own moment nothing is in doubt. Between two copies
a row may have changed and changed back: that time is unknown, not "unchanged", unless the copies lie so close that the
owner takes them for continuous, or the row itself says when it was last written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kulla.registers.history import BEGINNING, Hashes, with_times

MOST_COPIES = 63
"""Copies that one reconstruction takes: their presence is one bit each of an int64."""

_BEGINNING = 0  # of BEGINNING, in microseconds
assert BEGINNING.timestamp() == 0

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive copies that hold a row, microseconds.

    Attributes:
        after: the last copy before them, which lacks the row; BEGINNING when they are the first.
        before: the first copy after them, which lacks it; None when they are the last.
        sights: (first, last) moments of sights that count as continuous; in order.
    """

    after: int
    before: int | None
    sights: tuple[tuple[int, int], ...]

    @property
    def least(self) -> int:
        """The earliest moment at which the row can have been there; at the moment of `after` it was not."""
        return self.after if self.after == _BEGINNING else self.after + 1


def presence(copies: Sequence[Hashes]) -> list[Ints]:
    """For each row of each copy, which copies hold an equal row (bit i: copy i); 0 where an earlier row told so."""
    whole = np.concatenate(list(copies)) if copies else np.zeros((0, 2), np.uint64)
    sizes = [len(each) for each in copies]
    bits = np.repeat(np.left_shift(np.int64(1), np.arange(len(copies), dtype=np.int64)), sizes)
    masks = np.zeros(len(whole), np.int64)
    if len(whole):
        order = np.lexsort((whole[:, 1], whole[:, 0]))  # stable: of equal rows the earliest comes first
        ordered = whole[order]
        starts = np.flatnonzero(np.r_[True, (ordered[1:] != ordered[:-1]).any(axis=1)])
        masks[order[starts]] = np.bitwise_or.reduceat(bits[order], starts)
    return np.split(masks, np.cumsum(sizes)[:-1]) if copies else []


def runs(mask: int, times: Sequence[int], continuous: int) -> tuple[Run, ...]:
    """The runs of a row that the copies in `mask` hold, copies being of these ascending times.

    >>> runs(0b1011, (10, 20, 30, 40), 0)
    (Run(after=0, before=30, sights=((10, 10), (20, 20))), Run(after=30, before=None, sights=((40, 40),)))
    """
    found: list[Run] = []
    place = 0
    while place < len(times):
        if not mask >> place & 1:
            place += 1
            continue
        end = place
        while end + 1 < len(times) and mask >> (end + 1) & 1:
            end += 1
        sights: list[tuple[int, int]] = []
        for moment in times[place : end + 1]:
            near = bool(sights) and moment - sights[-1][1] <= continuous
            sights = [*sights[:-1], (sights[-1][0], moment)] if near else [*sights, (moment, moment)]
        after = times[place - 1] if place else _BEGINNING
        found.append(Run(after, times[end + 1] if end + 1 < len(times) else None, tuple(sights)))
        place = end + 1
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Dates:
    """What the rows themselves say of their times, microseconds; `none` (int64's least) where they say nothing.

    Attributes:
        written_from: the row was last written at or after this,
        written_to: and before this.
        not_before: the row cannot have been there before this.
    """

    written_from: Ints
    written_to: Ints
    not_before: Ints


NONE = int(np.iinfo(np.int64).min)


def no_dates(rows: int) -> Dates:
    """Rows that say nothing."""
    nothing = np.full(rows, NONE, np.int64)
    return Dates(nothing, nothing, nothing)


def versions(
    rows: pa.Table, masks: Ints, dates: Dates, times: Sequence[int], continuous: int
) -> tuple[pa.Table, int]:  # fmt: skip
    """The versions of rows with these presences, and how many rows' dates contradict the copies (and are ignored).

    Rows of mask 0 are left out. Of a version known at several moments that are not continuous there are several rows,
    of equal valid_ times: one for each stretch that is known. The last one of a version that lasts has the last sight.
    """
    parts = []
    contradictions = np.zeros(len(masks), bool)
    for mask in np.unique(masks[masks != 0]).tolist():
        chosen = np.flatnonzero(masks == mask)
        for run in runs(int(mask), times, continuous):
            made, wrong = _of_run(rows.take(pa.array(chosen)), _at(dates, chosen), run)
            parts += made
            contradictions[chosen] |= wrong
    whole = pa.concat_tables(parts) if parts else with_times(rows.slice(0, 0), pa.array([], pa.int64()))
    return whole, int(contradictions.sum())


def _at(dates: Dates, chosen: npt.NDArray[np.int64]) -> Dates:
    return Dates(dates.written_from[chosen], dates.written_to[chosen], dates.not_before[chosen])


def _of_run(rows: pa.Table, dates: Dates, run: Run) -> tuple[list[pa.Table], Mask]:
    first, last = run.sights[0][0], run.sights[-1][1]
    said = dates.written_from != NONE
    fits = said & (dates.written_to > run.after) & (dates.written_from <= first)
    least = np.full(len(said), run.least, np.int64)
    least = np.where(fits, np.maximum(least, dates.written_from), least)
    barred = (dates.not_before != NONE) & (dates.not_before <= first)
    least = np.where(barred, np.maximum(least, dates.not_before), least)
    wrong = (said & ~fits) | ((dates.not_before != NONE) & ~barred)
    # Written once and never since: it was there from the end of that day on until the last sight.
    since = np.minimum(np.maximum(dates.written_to, least), first)
    parts = [_part(rows, fits, least, run.before, since, last)]
    parts += [_part(rows, ~fits, least, run.before, start, end) for start, end in run.sights]
    return [each for each in parts if each.num_rows], wrong


def _part(rows: pa.Table, mask: Mask, valid_from: Ints, valid_to: int | None, known_from: Any, last: int) -> pa.Table:
    chosen = rows.filter(pa.array(mask))
    count = chosen.num_rows
    known = known_from[mask] if isinstance(known_from, np.ndarray) else np.full(count, known_from, np.int64)
    ends = pa.nulls(count, pa.int64()) if valid_to is None else np.full(count, valid_to, np.int64)
    # One microsecond: what a look at one moment proves.
    return with_times(chosen, pa.array(valid_from[mask]), _array(ends), pa.array(known), pa.array([last + 1] * count))


def _array(values: Any) -> pa.Array:
    return values if isinstance(values, pa.Array) else pa.array(values)


def day_bounds(days: pa.Array, zone: str) -> tuple[Ints, Ints]:
    """First moment and the one after the last of days (dates in `zone`), microseconds; NONE for null."""
    begun, ended = (_local(pc.add(days.cast(pa.int32()), pa.scalar(shift, pa.int32())), zone) for shift in (0, 1))
    return begun, ended


def _local(days: pa.Array, zone: str) -> Ints:
    local = days.cast(pa.date32()).cast(pa.timestamp("us"))
    moments = pc.assume_timezone(local, zone, ambiguous="earliest", nonexistent="latest")
    return np.asarray(pc.fill_null(moments.cast(pa.int64()), NONE).to_numpy(zero_copy_only=False), np.int64)
