"""Columns of text, money and time built from numbers, millions at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kulla.exercise.changes import OPEN, History
from kulla.exercise.draw import Ints
from kulla.registers.schema import KNOWN_FROM, KNOWN_TO, TIME, VALID_FROM, VALID_TO

_CHECKS = np.frombuffer(b"WABCDEFGHIJKLMNOPQRSTUV", dtype=np.uint8)
_DECADES = np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRST", dtype=np.uint8)
_WEIGHTS = np.array([1, 1, 2, 3, 4, 5, 6, 7, 8])


def digits(number: Ints, width: int) -> NDArray[np.uint8]:
    """Decimal digits as ASCII, one row for each number, with leading zeros."""
    return (number[:, None] // 10 ** np.arange(width)[::-1] % 10 + 48).astype(np.uint8)


def fixed(characters: NDArray[np.uint8]) -> pa.Array:
    """Text of one width: a row of ASCII characters for each item."""
    n, width = characters.shape
    offsets = np.arange(0, (n + 1) * width, width, dtype=np.int32) if width else np.zeros(n + 1, np.int32)
    data = np.ascontiguousarray(characters)
    return pa.Array.from_buffers(pa.string(), n, [None, pa.py_buffer(offsets), pa.py_buffer(data)])


def ids(born: NDArray[np.datetime64], is_woman: NDArray[np.bool_], serial: NDArray[np.int16]) -> pa.Array:
    """National ids of citizens: `kulla.registers.nationalid.made`, vectorised."""
    day = born.astype("datetime64[D]")
    month = day.astype("datetime64[M]")
    year = month.astype("datetime64[Y]").astype(np.int64) + 1970 - 1800
    decade = year // 10
    rest = (
        (year % 10, 1), (month.astype(np.int64) % 12 + 1 + 50 * is_woman, 2),
        ((day - month).astype(np.int64) + 1, 2), (serial.astype(np.int64), 3),
    )  # fmt: skip
    tail = np.hstack([digits(number, width) for number, width in rest])
    values = np.hstack([np.where(decade < 10, decade, decade - 9)[:, None], tail.astype(np.int64) - 48])
    check = _CHECKS[(values * _WEIGHTS).sum(axis=1) % 23]
    return fixed(np.hstack([_DECADES[decade][:, None], tail, check[:, None]]))


def phones(number: Ints, international: NDArray[np.bool_] | None = None) -> pa.Array:
    """Albanian mobile numbers by numbers below 3·10⁷: 06P NNN NNNN without blanks, or +355 6P … if told.

    Null for a number below 0.
    """
    prefix = np.frombuffer(b"067068069", dtype=np.uint8).reshape(3, 3)
    known = np.maximum(number, 0)
    text = fixed(np.hstack([prefix[known // 10**7 % 3], digits(known % 10**7, 7)]))
    if international is not None:
        abroad = pc.binary_join_element_wise(pa.scalar("+355"), pc.utf8_slice_codeunits(text, 1), "")
        text = pc.if_else(pa.array(international), abroad, text)
    return pc.if_else(pa.array(number >= 0), text, pa.scalar(None, pa.string()))


def plates(number: Ints) -> pa.Array:
    """Plates AA 001 AA, AA 002 AA … in the order in which they are issued."""
    letters = np.frombuffer(b"ABCDEFGHIJKLMNPRSTUVXYZ", dtype=np.uint8)
    series, digit = number // 999, number % 999 + 1
    codes = [letters[series // letters.size**power % letters.size] for power in (3, 2, 1, 0)]
    blank = np.full(number.size, 32, dtype=np.uint8)
    return fixed(np.column_stack([codes[0], codes[1], blank, digits(digit, 3), blank, codes[2], codes[3]]))


def money(whole: Ints) -> pa.Array:
    """numeric(12,2) of whole units, ≥ 0."""
    halves = np.zeros((whole.size, 2), dtype="<i8")
    halves[:, 0] = whole * 100
    return pa.Array.from_buffers(pa.decimal128(12, 2), whole.size, [None, pa.py_buffer(halves)])


def times(micros: Ints) -> pa.Array:
    """Times, null for `OPEN`."""
    return pa.array(micros, mask=micros == OPEN).cast(TIME)


def intervals(story: History) -> dict[str, pa.Array]:
    """The columns VERSION_TIMES of an exact history."""
    unknown = pa.nulls(story.since.size, TIME)
    return {VALID_FROM: times(story.since), VALID_TO: times(story.until), KNOWN_FROM: unknown, KNOWN_TO: unknown}


def days(day: NDArray[np.datetime64]) -> pa.Array:
    """Dates."""
    return pa.array(day.astype("datetime64[D]").astype(np.int32), pa.date32())


def labels(index: Ints, words: Sequence[str] | pa.Array) -> pa.DictionaryArray:
    """Words by index, as a dictionary of those alone that occur; null for an index below 0."""
    known = words if isinstance(words, pa.Array) else pa.array(words, pa.string())
    used = np.zeros(len(known), dtype=bool)
    used[index[index >= 0]] = True
    place = np.cumsum(used, dtype=np.int32) - 1
    indices = pa.array(place[index].astype(np.int32), mask=index < 0)
    return pa.DictionaryArray.from_arrays(indices, known.take(pa.array(np.flatnonzero(used))))


def joined(*parts: pa.Array | str, by: str = " ") -> pa.Array:
    """Texts joined element by element."""
    plain = [part.cast(pa.string()) if isinstance(part, pa.Array) else pa.scalar(part) for part in parts]
    return pc.binary_join_element_wise(*plain, by)
