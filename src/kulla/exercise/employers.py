"""The employers of the exercise country: a few large public ones, then those of each municipality, heavy-tailed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kulla.exercise import draw
from kulla.exercise.names import Places, places

_PER_PERSON = 0.015
"""Employers for each person: 45,000 at three million."""


@dataclass(frozen=True, slots=True, eq=False)
class Employers:
    """Employers ordered by place: first those of the whole country, then municipality by municipality.

    Attributes:
        names, ids: of each employer; an id has the form of a tax number (letter, eight digits, letter).
        municipality: index of its municipality; -1 for the whole country.
        start: where the employers of place p (0: the whole country, m + 1: municipality m) begin; one more at the end.
        total: weights by size, summed up from 0; one longer than there are employers.
    """

    names: tuple[str, ...]
    ids: tuple[str, ...]
    municipality: NDArray[np.int16]
    start: NDArray[np.int64]
    total: NDArray[np.float64]


def made_employers(persons: int, seed: int) -> Employers:
    """The employers of a country of that many persons."""
    words = places()
    people = np.array(list(words.municipalities.values()), dtype=np.float64)
    private = np.ceil(persons * _PER_PERSON * people / people.sum()).astype(np.int64)
    counts = np.concatenate([[len(words.public)], private + len(words.local)])
    place, rank = draw.runs(counts)
    # The public employers of a municipality come first in it and are its largest; sizes fall as 1/rank^0.9.
    weights = (rank + 1.5) ** -0.9 * np.exp(0.6 * draw.normal(seed, "employer/size", np.arange(place.size)))
    names = _names(words, place, rank, seed)
    return Employers(
        names, _ids(len(names), seed), (place - 1).astype(np.int16),
        np.concatenate([[0], np.cumsum(counts)]), np.concatenate([[0.0], np.cumsum(weights)]),
    )  # fmt: skip


def _names(words: Places, place: NDArray[np.int64], rank: NDArray[np.int64], seed: int) -> tuple[str, ...]:
    towns = tuple(words.municipalities)
    number = np.arange(place.size)
    brand, second, trade, form = (
        draw.below(seed, f"employer/{what}", number, size).tolist()
        for what, size in (("brand", len(words.brands)), ("second", 3 * len(words.brands)),
                           ("trade", len(words.trades)), ("form", len(words.forms)))
    )  # fmt: skip
    taken: set[str] = set()
    names = []
    for e, (where, position) in enumerate(zip(place.tolist(), rank.tolist(), strict=True)):
        if where == 0:
            name = words.public[position]
        elif position < len(words.local):
            name = words.local[position].format(towns[where - 1])
        else:
            also = f"-{words.brands[second[e]]}" if second[e] < len(words.brands) else ""
            name = f"{words.brands[brand[e]]}{also} {words.trades[trade[e]]} {words.forms[form[e]]}"
        if name in taken:
            name = f"{name}, {towns[where - 1]} {position}"
        taken.add(name)
        names.append(name)
    return tuple(names)


def _ids(count: int, seed: int) -> tuple[str, ...]:
    number = np.arange(count)
    # An affine map modulo 10^8 with a factor coprime to it never gives the same digits twice.
    digits = (number * 73_939_133 + int(draw.below(seed, "employer/id", 0, 10**8))) % 10**8
    first, last = draw.below(seed, "employer/first", number, 3), draw.below(seed, "employer/last", number, 23)
    return tuple(
        f"{'KLM'[a]}{d:08}{'ABCDEFGHIJKLMNOPQRSTUVW'[b]}"
        for a, d, b in zip(first.tolist(), digits.tolist(), last.tolist(), strict=True)
    )
