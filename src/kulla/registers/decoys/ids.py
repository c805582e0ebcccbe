"""Ids of decoys: single unissued serial numbers, scattered among those issued on ordinary days.

An unissued id must look issued to somebody who holds every other id. What he can see of an id is the neighbourhood of
its serial on its day: how many are issued, how far the next lower and the next higher one are, and whether there is
any. So we look at what a real id of about that day and sex shows, and take an unissued one that shows the same.

Only the issuer knows which serials are unissued: an id that no register holds may be that of someone dead, abroad or
erased. So the ids are listed for the issuer to reserve, and those he refuses are replaced (`kulla extract reserve`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt

from kulla.registers.decoys.crowd import unlike
from kulla.registers.decoys.draw import Draw
from kulla.registers.nationalid import made, well_formed

Ids = npt.NDArray[np.bytes_]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

_WINDOW: Final = 12
"""Days on either side of the wanted day of birth that are looked at."""
_SERIALS: Final = 1000
_RULE: Final = 2
"""Serials of a day from which a constant step can be guessed."""
_FEW: Final = 3
_CROWD: Final = 2.0
"""What being one of twice as many on the day costs."""
_NOBODY: Final = 30.0
"""Distance, in doublings, between having a neighbour and having none."""


def known_ids(columns: Iterable[Iterable[str | None]]) -> Ids:
    """All ids of some columns, sorted, each once; what is no well-formed length is left out."""
    found = {text.encode("ascii", "replace") for column in columns for text in column if text and len(text) == 10}
    return np.array(sorted(found), "S10")


def signs(ids: Sequence[str | None]) -> tuple[npt.NDArray[np.int64], Bools]:
    """What ids tell: day of birth, as days since 1970, and whether a woman's. Of what is no citizen's id: 1800, a man.

    >>> signs(["J00101001C", "J05115999K"])[0].tolist()
    [3653, 3666]
    """
    plain = ["0000101000" if text is None or len(text) != 10 or not text.isascii() else text for text in ids]
    letters = np.array(plain, "U10").view(np.uint32).reshape(-1, 10).astype(np.int64) - 48
    decade = np.where(letters[:, 0] >= 17, letters[:, 0] - 7, letters[:, 0])
    month, day = 10 * letters[:, 2] + letters[:, 3], 10 * letters[:, 4] + letters[:, 5]
    woman = month > 50
    months = 120 * decade + 12 * letters[:, 1] + (month - 1) % 50 - 170 * 12
    days = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) + day - 1
    return days, woman


def unissued(draw: Draw, known: Ids, taken: set[str], born: date, woman: bool, by_step: bool = False) -> str:
    """A well-formed id that is neither in `known` nor in `taken`, of a day near `born` and of that sex.

    by_step: whether a day's serials follow a constant step (`stepped`).

    Raises ValueError when every serial of all those days is issued.
    """
    days = [day for shift in range(-_WINDOW, _WINDOW + 1) if (day := born + timedelta(shift)).year >= 1900]
    issued = _issued(known, days, woman)
    below, above = around(issued)
    row, serial = _reference(draw, issued)
    distance = _distance(below, below[row, serial]) + _distance(above, above[row, serial])
    distance += 0.1 * np.abs(np.log2(np.arange(_SERIALS) + 1.0) - np.log2(serial + 1.0))
    others = issued.sum(axis=1)
    distance += _CROWD * unlike(others, max(int(others[row]) - 1, 0))[:, None]
    distance += _jitter(draw, distance.shape)
    if by_step:
        _prefer_steps(distance, issued)
    distance[issued] = np.inf
    while np.isfinite(distance.flat[place := int(np.argmin(distance))]):
        distance.flat[place] = np.inf
        candidate = made(days[place // _SERIALS], woman, place % _SERIALS)
        if candidate not in taken:
            assert well_formed(candidate)
            return candidate
    raise ValueError("every serial of these days is issued")


def _issued(known: Ids, days: list[date], woman: bool) -> Bools:
    """(days, serials): whether some id has that serial."""
    issued = np.zeros((len(days), _SERIALS), bool)
    for row, day in enumerate(days):
        prefix = made(day, woman, 0)[:6].encode()
        low, high = np.searchsorted(known, [prefix, prefix + b"\x7f"])
        for each in known[low:high].tolist():
            digits = each[6:9]
            if digits.isdigit():
                issued[row, int(digits)] = True
    return issued


def stepped(known: Ids) -> bool:
    """Whether serials of one day follow one another by a constant step, which differs from day to day.

    So of most days with three ids or more, 500 of which are looked at. A step of 1 does not count: there, gaps are as
    natural as the end.
    """
    _, starts, counts = np.unique(known.astype("S6"), return_index=True, return_counts=True)
    some = np.flatnonzero(counts >= 3)
    some = some[:: max(len(some) // 500, 1)]
    days = [[int(each[6:9]) for each in known[starts[at] : starts[at] + counts[at]].tolist() if each[6:9].isdigit()]
            for at in some]  # fmt: skip
    return bool(days) and sum(bool(_ends(day)) for day in days) > len(days) / 2


def _ends(serials: list[int]) -> set[int]:
    """The serials that continue a day's constant step (round 1,000) at either end; none when there is no such step."""
    held = set(serials)
    found = set()
    for step in {(b - a) % _SERIALS for a in serials[:_FEW] for b in serials if a != b} - {1, _SERIALS - 1}:
        first = [a for a in serials if (a - step) % _SERIALS not in held]
        if len(first) == 1:
            found.add((first[0] + step * len(serials)) % _SERIALS)
    return found


def _prefer_steps(distance: Floats, issued: Bools) -> None:
    """Where days have a constant step, only what continues it looks issued."""
    for row in np.flatnonzero(issued.sum(axis=1) >= _RULE):
        others = np.ones(_SERIALS, bool)
        others[sorted(_ends(np.flatnonzero(issued[row]).tolist()))] = False
        distance[row, others] += _NOBODY
        distance[row, ~others] -= np.minimum(distance[row, ~others], _NOBODY) / 2


def around(issued: Bools) -> tuple[Floats, Floats]:
    """How far the next lower and next higher issued number are from each, itself aside; 0: there is none.

    issued: (rows, numbers), whether a number of the row is issued.
    """
    width = issued.shape[1]
    places = np.arange(width)
    last = np.maximum.accumulate(np.where(issued, places, -width * 2), axis=1)
    following = np.minimum.accumulate(np.where(issued, places, width * 3)[:, ::-1], axis=1)[:, ::-1]
    below = places - np.concatenate([np.full((len(issued), 1), -width * 2), last[:, :-1]], axis=1)
    above = np.concatenate([following[:, 1:], np.full((len(issued), 1), width * 3)], axis=1) - places
    return np.where(below < width, below, 0).astype(float), np.where(above < width, above, 0).astype(float)


def _reference(draw: Draw, issued: Bools) -> tuple[int, int]:
    """Day and serial of a real id of these days; any serial of the middle day when nobody was born on them."""
    real = np.argwhere(issued)
    if not len(real):
        return len(issued) // 2, draw.below(_SERIALS)
    row, serial = real[draw.below(len(real))]
    return int(row), int(serial)


def _distance(gaps: Floats, wanted: float) -> Floats:
    """How unlike a gap is to the wanted one, in doublings."""
    none = (gaps == 0) != (wanted == 0)
    ratio = np.abs(np.log2(np.maximum(gaps, 1)) - np.log2(max(wanted, 1.0)))
    return np.where(none, _NOBODY, np.where(wanted == 0, 0.0, ratio))


def _jitter(draw: Draw, shape: tuple[int, ...]) -> Floats:
    """Up to half a doubling, so that the choice among the alike does not follow the calendar."""
    # Not the key's stream: 41,000 numbers for each id, and what they break ties between is no secret.
    return np.random.default_rng(draw.word()).random(shape) * 0.5
