"""Conditions with their values as intervals of a column's codes, for many accesses at once.

A value whose comparison is not proven to be PostgreSQL's (another type's notation, a text range under an unknown
collation, CHAR's blanks, LIKE in mid-word) makes the interval wider, never narrower, and is marked as not sure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kulla.registers.replay.indexes import ANY, ColumnIndex, Flags, Ints, fixed
from kulla.registers.replay.shape import Op

_DATES = ("date", "birth_date")
_ISO = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_CASTS = {
    "text": ("", "text", "varchar"),
    "date": ("", "date"),
    "number": ("", "int", "integer", "bigint", "smallint", "numeric", "decimal"),
}
_DAY_ZERO = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True, eq=False)
class Ranges:
    """Intervals [low, high) of codes that meet a condition. `who`: the access of each interval, ascending; `sure`: for
    each access, whether these are exactly the codes that PostgreSQL would find."""

    who: Ints
    low: Ints
    high: Ints
    sure: Flags

    @property
    def single(self) -> bool:
        """Whether each access has exactly one interval."""
        return len(self.who) == len(self.sure) and bool((self.who == np.arange(len(self.who))).all())


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where values stand among a column's: `left` the code of the first value ≥, `right` one past the last ≤.

    usable: the value can be compared; sure: its comparison is proven.
    """

    left: Ints
    right: Ints
    usable: Flags
    sure: Flags


def everything(index: ColumnIndex, count: int) -> Ranges:
    """No condition at all, and not sure: what stands for a condition that cannot be used."""
    every = np.arange(count, dtype=np.int64)
    return Ranges(every, np.zeros(count, np.int64), np.full(count, index.top, np.int64), np.zeros(count, np.bool_))


def nulls(index: ColumnIndex, count: int, wanted: bool) -> Ranges:
    """IS NULL, or IS NOT NULL."""
    every = np.arange(count, dtype=np.int64)
    low, high = (0, 1) if wanted else (1, index.top)
    full = np.full(count, 1, np.int64)
    return Ranges(every, full * low, full * high, np.ones(count, np.bool_))


def compared(index: ColumnIndex, op: Op, values: pa.Array, cast: str) -> Ranges:
    """The intervals of a comparison with one value (as text; null: not known) for each access."""
    count = len(values)
    every = np.arange(count, dtype=np.int64)
    if not castable(index, cast):
        return everything(index, count)
    if op == "prefix":
        return _prefix(index, values)
    bounds = _bounds(index, values, ranged=op not in ("eq", "ne"))
    usable, top = bounds.usable, np.full(count, index.top, np.int64)
    if op == "ne":
        low, high = np.where(usable, 1, 0), np.where(usable, bounds.left, 0)
        low2, high2 = np.where(usable, bounds.right, 0), top
        nothing = bounds.right < bounds.left  # compared with NULL
        high, high2 = np.where(nothing, low, high), np.where(nothing, low2, high2)
        who = np.repeat(every, 2)
        pair = np.stack([low, low2], 1).ravel(), np.stack([high, high2], 1).ravel()
        return Ranges(who, pair[0], pair[1], bounds.sure)
    one = np.ones(count, np.int64)
    low, high = {
        "eq": (bounds.left, bounds.right),
        "lt": (one, bounds.left),
        "le": (one, bounds.right),
        "gt": (bounds.right, top),
        "ge": (bounds.left, top),
    }[op]
    null = bounds.right < bounds.left
    low, high = np.where(null, 1, low), np.where(null, 1, high)
    return Ranges(every, np.where(usable, low, 0), np.where(usable, np.maximum(low, high), top), bounds.sure)


def listed(index: ColumnIndex, values: pa.Array, who: Ints, count: int, cast: str) -> Ranges:
    """The intervals of `IN`: values with the access of each. An access with a value of no use is not restricted."""
    if not castable(index, cast):
        return everything(index, count)
    bounds = _bounds(index, values, ranged=False)
    useless = np.zeros(count, np.bool_)
    useless[who[~bounds.usable]] = True
    sure = np.ones(count, np.bool_)
    sure[who[~bounds.sure]] = False
    found = (bounds.right > bounds.left) & ~useless[who]
    wide = np.flatnonzero(useless)
    owners = np.concatenate([who[found], wide])
    low = np.concatenate([bounds.left[found], np.zeros(len(wide), np.int64)])
    high = np.concatenate([bounds.right[found], np.full(len(wide), index.top, np.int64)])
    key = np.unique(owners * (index.top + 1) + low, return_index=True)[1]  # equal values once; sorted by access
    return Ranges(owners[key], low[key], high[key], sure & ~useless)


def castable(index: ColumnIndex, cast: str) -> bool:
    """Whether a value cast to that type is compared as a value of the column's."""
    return cast in _CASTS[index.kind] or (cast == "date" and index.meaning in _DATES)


def meets(ranges: Ranges, who: Ints, codes: npt.NDArray[np.int32], top: int) -> Flags:
    """Of (access, code) pairs, which meet the condition."""
    if ranges.single:
        inside: Flags = (codes >= ranges.low[who]) & (codes < ranges.high[who])
        return inside
    if not len(ranges.who):
        return np.zeros(len(who), np.bool_)
    keys = ranges.who * (top + 1) + ranges.low
    place = np.searchsorted(keys, who * (top + 1) + codes, "right") - 1
    safe = np.maximum(place, 0)
    found: Flags = (place >= 0) & (ranges.who[safe] == who) & (codes < ranges.high[safe])
    return found


def _bounds(index: ColumnIndex, values: pa.Array, ranged: bool) -> Bounds:
    if index.kind == "text":
        return _text_bounds(index, values, ranged)
    distinct = values.dictionary_encode()
    whole = _whole_days if index.kind == "date" else _whole_numbers
    low, high, usable, null = whole(distinct.dictionary, index.scale)
    left = np.searchsorted(index.values, low, "left") + 1
    right = np.searchsorted(index.values, high, "right") + 1
    right = np.where(null, left - 1, right)  # nothing equals NULL, and nothing is less or greater
    place = np.asarray(distinct.indices.fill_null(len(low)), np.int64)
    fit = np.append(usable, False)[place]
    return Bounds(np.append(left, 0)[place], np.append(right, 0)[place], fit, fit)


Whole = tuple[Ints, Ints, Flags, Flags]


def _whole_days(texts: pa.Array, _: int) -> Whole:
    days = np.zeros(len(texts), np.int64)
    usable, null = np.zeros(len(texts), np.bool_), np.zeros(len(texts), np.bool_)
    for place, text in enumerate(texts.to_pylist()):
        null[place] = usable[place] = text == ""
        if len(text) == 10 and text[4] == text[7] == "-":
            try:
                days[place] = date.fromisoformat(text).toordinal() - _DAY_ZERO
            except ValueError:
                continue
            usable[place] = True
    return days, days, usable, null


def _whole_numbers(texts: pa.Array, scale: int) -> Whole:
    """Numbers in units of the column's last place: rounded up and down where they fall between."""
    low, high = np.zeros(len(texts), np.int64), np.zeros(len(texts), np.int64)
    usable, null = np.zeros(len(texts), np.bool_), np.zeros(len(texts), np.bool_)
    for place, text in enumerate(texts.to_pylist()):
        null[place] = usable[place] = text == ""
        try:
            number = Decimal(text.strip())
        except InvalidOperation:
            continue
        if number.is_finite() and abs(number.adjusted()) < 17:
            scaled = number.scaleb(scale)
            low[place], high[place] = math.ceil(scaled), math.floor(scaled)
            usable[place] = -(2**62) < low[place] < 2**62
    return low, high, usable, null


def _text_bounds(index: ColumnIndex, values: pa.Array, ranged: bool) -> Bounds:
    known = np.asarray(values.is_valid())
    texts = values.fill_null("")
    blank = np.asarray(pc.ends_with(texts, " "))
    texts = pc.ascii_rtrim(texts, " ")
    left, right = _places(index, texts)
    usable = known.copy()
    if index.meaning == "money":
        usable &= False  # its notation is the database's; '1000' may equal '1000.00'
    if index.meaning in _DATES:
        usable &= np.asarray(pc.match_substring_regex(texts, _ISO))
    if ranged:
        fit = index.ordered != "" and index.ordered != ANY
        usable &= np.asarray(pc.match_substring_regex(texts, index.ordered)) if fit else index.ordered == ANY
    return Bounds(left, right, usable, usable & ~blank & (not index.padded))


def _places(index: ColumnIndex, texts: pa.Array) -> tuple[Ints, Ints]:
    """Where texts stand among the column's values, whatever their length: left and right codes."""
    width = index.values.dtype.itemsize
    raw = texts.cast(pa.large_binary())
    longer = np.asarray(pc.greater(pc.binary_length(raw), width))
    wide = fixed(pc.binary_slice(raw, 0, width))
    assert wide is not None or not len(texts)
    asked = np.empty(0, "S1") if wide is None else wide
    sorting = np.argsort(asked, kind="stable")  # sorted questions are answered 6 × faster
    left, right = np.empty(len(asked), np.int64), np.empty(len(asked), np.int64)
    left[sorting] = np.searchsorted(index.values, asked[sorting], "left")
    right[sorting] = np.searchsorted(index.values, asked[sorting], "right")
    return np.where(longer, right, left) + 1, right + 1


def _prefix(index: ColumnIndex, patterns: pa.Array) -> Ranges:
    """LIKE: sure for `word%` and for a word alone; else the part before the first wildcard bounds it."""
    count = len(patterns)
    every = np.arange(count, dtype=np.int64)
    if index.kind != "text":
        return everything(index, count)
    known = np.asarray(patterns.is_valid())
    texts = patterns.fill_null("")
    plain = np.asarray(pc.match_substring_regex(texts, r"(?s)^[^%_\\]*%?$"))
    open_end = np.asarray(pc.match_substring_regex(texts, r"[%_\\]"))
    heads = pc.replace_substring_regex(texts, r"(?s)[%_\\].*$", "")
    blank = np.asarray(pc.ends_with(heads, " "))
    heads = pc.ascii_rtrim(heads, " ")
    left, right = _places(index, heads)
    bytes_ = pa.array([head + b"\xff" for head in heads.cast(pa.large_binary()).to_pylist()], pa.large_binary())
    after = _places(index, bytes_)[0]
    usable = known & (index.meaning not in (*_DATES, "money"))
    low = np.where(usable, np.where(open_end & blank, 1, left), 0)
    high = np.where(usable, np.where(open_end, np.where(blank, index.top, after), right), index.top)
    return Ranges(
        every, low, np.maximum(low, high), usable & plain & ~blank & (not index.padded) & (open_end | (not index.char))
    )


def sequence(parts: Sequence[pa.Array]) -> tuple[pa.Array, Ints]:
    """Values of several slots, one array for each, as one list with the access of each value."""
    count = len(parts[0]) if parts else 0
    who = np.tile(np.arange(count, dtype=np.int64), len(parts))
    whole = pa.concat_arrays([part.cast(pa.large_string()) for part in parts])
    sorting = np.argsort(who, kind="stable")
    return pc.take(whole, pa.array(sorting)), who[sorting]
