"""Plates for decoys' vehicles: numbers that no vehicle has, amid those that vehicles have. Pure.

Plates are issued in series: AA 001 AA, AA 002 AA, … What shows of a plate is how far the next lower and the next higher
one in its series are, and, since they are issued in order, that no vehicle was first registered after the plates beyond
it were issued. So a free number is taken near a real vehicle's (the donor's) that has such neighbours, and the date of
first registration keeps its distance from the latest one among the plates before.

A number that never was a plate is preferred. Where plates are issued without gaps there is none but those of vehicles
that are no longer registered; these are taken then, and like all values of decoys are listed to be reserved. A decoy
for which none is left has no vehicle: a number beyond the last one issued would tell what it is.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kulla.registers.decoys.draw import Draw
from kulla.registers.decoys.ids import around

Ints = npt.NDArray[np.int64]

_NUMBER: Final = re.compile(r"(?P<before>.*?)(?P<digits>\d+)(?P<after>\D*)", re.DOTALL)
_WIDEST: Final = 4
_NEAR: Final = 0.3
"""What being twice as far from the donor's number costs, beside a doubling of a gap."""
_HELD: Final = 2.0
"""What having been somebody's plate costs."""
_BEFORE: Final = 20
"""So many plates before one tell when it was issued."""
_ORDERED: Final = 0.9
_FRESH: Final = 30
"""Days after the issue of the plates around it, at most, within which a vehicle's date tells the plate's own."""
_EPOCH: Final = date(1970, 1, 1)


class _Plate(NamedTuple):
    series: tuple[str, str, int]
    number: int

    def text(self) -> str:
        """As it is written."""
        before, after, width = self.series
        return f"{before}{self.number:0{width}}{after}"


def _parsed(text: str) -> _Plate | None:
    found = _NUMBER.fullmatch(text)
    if not found or len(found["digits"]) > _WIDEST:
        return None
    return _Plate((found["before"], found["after"], len(found["digits"])), int(found["digits"]))


@dataclass(frozen=True)
class Plates:
    """The plates of a register's rows with the dates of first registration (null: unknown), and all that ever were."""

    plates: Sequence[str | None]
    dates: pa.Array | None
    held: frozenset[str]

    def near(self, draw: Draw, donor: str, taken: set[str]) -> str | None:
        """A free plate like the donor's, not in `taken`; empty when none is left; None when plates have no series."""
        own = _parsed(donor)
        if own is None or own.series not in self._series:
            return None
        free, (low, high) = self._free, self._gaps(own.series)
        cost = _doublings(free.below, float(low[own.number])) + _doublings(free.above, float(high[own.number]))
        cost += _NEAR * np.log2(1.0 + np.abs(free.place - self._rank(own)))
        cost += _HELD * free.held + np.random.default_rng(draw.word()).random(len(cost))
        return next((free.plates[at] for at in np.argsort(cost).tolist() if free.plates[at] not in taken), "")

    def dated(self, draw: Draw, plate: str, donor: str, day: date, shift: int) -> date:
        """The date of first registration that goes with a plate, for one like the donor's with its date."""
        ours, theirs, own = self._issued(plate), self._issued(donor), (day - _EPOCH).days
        if ours is None or theirs is None:
            return day + timedelta(shift)
        lag = theirs[0] - own
        if lag > _FRESH:
            return _EPOCH + timedelta(min(ours[0] - lag + shift, ours[0] - 1))
        return _EPOCH + timedelta(ours[0] - lag if lag > 0 else draw.between(*ours))

    def _issued(self, plate: str) -> tuple[int, int] | None:
        """The latest first registration among the plates just before one, and the next not earlier one after it.

        None where dates do not follow plates.
        """
        own = _parsed(plate)
        if own is None or not self._follow:
            return None
        ranks, days = self._dated
        at, rank = int(np.searchsorted(ranks, self._rank(own))), self._rank(own)
        latest = int(days[max(at - _BEFORE, 0) : max(at, 1)].max())
        after = days[at + int(at < len(ranks) and ranks[at] == rank) :][:_BEFORE]
        later = after[after >= latest]
        return latest, int(later[0]) if len(later) else latest

    @cached_property
    def _follow(self) -> bool:
        """Whether the latest dates rise with the plates."""
        ranks, days = self._dated
        if len(ranks) < 10 * _BEFORE:
            return False
        latest = days[: len(days) // _BEFORE * _BEFORE].reshape(-1, _BEFORE).max(axis=1)
        return bool(latest.std() > 0) and float(np.corrcoef(np.arange(len(latest)), latest)[0, 1]) > _ORDERED

    @cached_property
    def _dated(self) -> tuple[Ints, Ints]:
        """Place of each dated plate, ascending, and its date in days since 1970."""
        if self.dates is None:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        pairs = sorted(
            (self._rank(own), (day - _EPOCH).days)
            for text, day in zip(self.plates, self.dates.cast(pa.date32()).to_pylist(), strict=True)
            if text and day and (own := _parsed(text))
        )
        return np.array([rank for rank, _ in pairs], np.int64), np.array([day for _, day in pairs], np.int64)

    def _rank(self, plate: _Plate) -> int:
        return self._places.get(plate.series, 0) * 10**_WIDEST + plate.number

    @cached_property
    def _series(self) -> dict[tuple[str, str, int], list[int]]:
        found: dict[tuple[str, str, int], list[int]] = defaultdict(list)
        for text in self.plates:
            if text and (own := _parsed(text)):
                found[own.series].append(own.number)
        return dict(found)

    @cached_property
    def _order(self) -> list[tuple[str, str, int]]:
        return sorted(self._series)

    @cached_property
    def _places(self) -> dict[tuple[str, str, int], int]:
        return {series: place for place, series in enumerate(self._order)}

    def _gaps(self, series: tuple[str, str, int]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """How far the next lower and the next higher plate of the series are, number by number; 0: there is none."""
        taken = np.zeros((1, 10 ** series[2]), bool)
        taken[0, self._series[series]] = True
        below, above = around(taken)
        return below[0], above[0]

    @cached_property
    def _free(self) -> _Free:
        """The numbers that no vehicle has, between the first and last plates of each series."""
        parts: list[tuple[_Plate, float, float]] = []
        for series, taken in self._series.items():
            below, above = self._gaps(series)
            numbers = np.setdiff1d(np.arange(min(taken), max(taken) + 1), taken).tolist()
            parts += [(_Plate(series, number), float(below[number]), float(above[number])) for number in numbers]
        plates = [plate.text() for plate, _, _ in parts]
        return _Free(
            plates, np.array([self._rank(plate) for plate, _, _ in parts], np.int64),
            np.array([below for _, below, _ in parts]), np.array([above for _, _, above in parts]),
            np.array([text in self.held for text in plates], bool),
        )  # fmt: skip


class _Free(NamedTuple):
    """Free plates, their places, how far the next ones are, and whether they were somebody's."""

    plates: list[str]
    place: Ints
    below: npt.NDArray[np.float64]
    above: npt.NDArray[np.float64]
    held: npt.NDArray[np.bool_]


def _doublings(gaps: npt.NDArray[np.float64], wanted: float) -> npt.NDArray[np.float64]:
    return np.asarray(np.abs(np.log2(np.maximum(gaps, 0.5)) - np.log2(max(wanted, 0.5))), np.float64)
