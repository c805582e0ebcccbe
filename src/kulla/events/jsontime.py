"""ISO 8601 times of a whole column at once; what is written otherwise goes to `events.times`, once a distinct text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kulla.events.schema import EXACT, MISSING, YEAR_ASSUMED, ZONE_ASSUMED
from kulla.events.times import Times

QUALITIES = (MISSING, EXACT, ZONE_ASSUMED, YEAR_ASSUMED)
Instants: TypeAlias = tuple[npt.NDArray[np.int64], npt.NDArray[np.int8]]
"""Microseconds since 1970 in UTC, and the number of the quality in QUALITIES (0: the time means nothing)."""

_WIDTH = 35
_FRACTION = slice(20, 29)
_PUNCTUATION = ((4, b"-"), (7, b"-"), (13, b":"), (16, b":"))
_DIGITS = (0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18)
_QUARTER = 900_000_000


def read_times(text: pa.Array, zone: tzinfo | None, clock: datetime | None = None) -> Instants:
    """One instant for each non-null text; naive ones are in `zone` (UTC when None), `clock` as in `Times`."""
    values = text.cast(pa.large_string())
    time, quality, done = _iso(values, zone)
    rest = np.flatnonzero(~done)
    if len(rest):
        reader = Times(zone, clock)
        coded = values.take(pa.array(rest)).dictionary_encode()
        read = [reader.any(one) for one in coded.dictionary.to_pylist()]
        known = [0 if when is None else QUALITIES.index(word) for when, word in read]
        index = coded.indices.to_numpy()
        time[rest] = np.array([when or 0 for when, _ in read], np.int64)[index]
        quality[rest] = np.array(known, np.int8)[index]
    return time, quality


def _bytes(values: pa.LargeStringArray) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """The first 35 bytes of each value, zeros after its end, and the lengths."""
    _, offsets, data = values.buffers()
    bounds = np.frombuffer(offsets, np.int64)[values.offset : values.offset + len(values) + 1]
    content = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(1, np.uint8)
    places = bounds[:-1, None] + np.arange(_WIDTH)
    matrix = content[np.minimum(places, len(content) - 1)]
    matrix[places >= bounds[1:, None]] = 0
    return matrix, np.diff(bounds)


def _number(matrix: npt.NDArray[np.uint8], *columns: int) -> npt.NDArray[np.int64]:
    total = np.zeros(len(matrix), np.int64)
    for column in columns:
        total = total * 10 + (matrix[:, column].astype(np.int64) - 48)
    return total


def _iso(values: pa.LargeStringArray, zone: tzinfo | None) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int8],
                                                                    npt.NDArray[np.bool_]]:  # fmt: skip
    """Times of the form `YYYY-MM-DD?hh:mm:ss[.f…][Z|±hh:mm]`; the last array tells which had it."""
    matrix, length = _bytes(values)
    digit = (matrix >= 48) & (matrix <= 57)
    fine = digit[:, _DIGITS].all(axis=1) & ((matrix[:, 10] == ord("T")) | (matrix[:, 10] == ord(" ")))
    for place, letter in _PUNCTUATION:
        fine &= matrix[:, place] == letter[0]
    year, month, day = _number(matrix, 0, 1, 2, 3), _number(matrix, 5, 6), _number(matrix, 8, 9)
    hour, minute, second = _number(matrix, 11, 12), _number(matrix, 14, 15), _number(matrix, 17, 18)
    fine &= (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1) & (hour < 24) & (minute < 60) & (second < 60)
    days, exists = _days(np.where(fine, year, 1970), np.where(fine, month, 1), np.where(fine, day, 1))
    fine &= exists
    micros, after = _fraction(matrix, digit)
    zulu, offset, ends = _suffix(matrix, digit, after, length)
    fine &= ends
    time = ((days * 24 + hour) * 60 + minute) * 60_000_000 + second * 1_000_000 + micros - offset * 60_000_000
    time[~fine] = 0
    quality = np.where(zulu, 1, 2).astype(np.int8)
    quality[~fine] = 0
    naive = fine & ~zulu
    if zone is not None and zone is not UTC and naive.any():
        time[naive] -= _offsets(time[naive], zone)
    return time, quality, fine


def _days(
    year: npt.NDArray[np.int64], month: npt.NDArray[np.int64], day: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Days since 1970, and whether the month has that day."""
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    first = months.astype("datetime64[D]").astype(np.int64)
    following = (months + 1).astype("datetime64[D]").astype(np.int64)
    return first + day - 1, day <= following - first


def _fraction(matrix: npt.NDArray[np.uint8], digit: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int64],
                                                                                   npt.NDArray[np.intp]]:  # fmt: skip
    """Microseconds after the point, finer digits cut off, and where the fraction ends; 19 when there is none."""
    point = (matrix[:, 19] == ord(".")) & digit[:, 20]
    run = np.logical_and.accumulate(digit[:, _FRACTION], axis=1) & point[:, None]
    micros = np.zeros(len(matrix), np.int64)
    for place in range(6):
        micros = micros * 10 + np.where(run[:, place], matrix[:, 20 + place].astype(np.int64) - 48, 0)
    return micros, np.where(point, 20 + run.sum(axis=1), 19)


def _suffix(
    matrix: npt.NDArray[np.uint8],
    digit: npt.NDArray[np.bool_],
    after: npt.NDArray[np.intp],
    length: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Whether a zone is written, its offset in minutes, and whether the text ends after it."""
    rows = np.arange(len(matrix))

    def at(number: int) -> npt.NDArray[np.intp]:
        return np.minimum(after + number, _WIDTH - 1)

    letter = matrix[rows, at(0)]
    signed = ((letter == ord("+")) | (letter == ord("-"))) & (matrix[rows, at(3)] == ord(":"))
    for number in (1, 2, 4, 5):
        signed &= digit[rows, at(number)]
    parts = [matrix[rows, at(number)].astype(np.int64) - 48 for number in (1, 2, 4, 5)]
    hours, minutes = parts[0] * 10 + parts[1], parts[2] * 10 + parts[3]
    signed &= (hours < 24) & (minutes < 60) & (length == after + 6)
    zulu = (letter == ord("Z")) & (length == after + 1)
    offset = np.where(signed, (hours * 60 + minutes) * np.where(letter == ord("-"), -1, 1), 0)
    return zulu | signed, offset, zulu | signed | (length == after)


def _offsets(local: npt.NDArray[np.int64], zone: tzinfo) -> npt.NDArray[np.int64]:
    """The zone's offset at each local time in microseconds; zones change at quarters of an hour."""
    quarters, which = np.unique(local // _QUARTER, return_inverse=True)
    found = [_offset(int(quarter) * _QUARTER, zone) for quarter in quarters]
    return np.array(found, np.int64)[which]


def _offset(local: int, zone: tzinfo) -> int:
    moment = datetime(1970, 1, 1) + timedelta(microseconds=local)
    offset = zone.utcoffset(moment)
    return 0 if offset is None else offset // timedelta(microseconds=1)
