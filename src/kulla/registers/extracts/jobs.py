"""Employers and positions for decoys: real ones, in which a decoy has as many like colleagues as persons have. Pure.

At its model's employer a decoy would always have a colleague of the same position, its model, where one person in six
has none. So a real person of the decoy's town is drawn by lot. Of him the size of the employer and how many colleagues
come from that town are counted: an employer is taken of which the same is true, most often his own. The position is
drawn as those there have theirs, or as all persons have. What the decoy earns and since when is taken, moved, from a
third person of that position and age (the *donor*), so nobody is alike in everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kulla.registers.decoys.crowd import unlike
from kulla.registers.decoys.draw import Draw
from kulla.registers.decoys.ids import signs
from kulla.registers.decoys.roll import Roll, large_enough
from kulla.registers.normalise import SEPARATOR, as_text

Row = Mapping[str, Any]
Ints = npt.NDArray[np.int64]

_POSITIONS: Final = 500
"""A code with more values than so many is no position."""
_EVEN: Final = 0.1
_MIXINGS: Final = np.geomspace(0.5, 50_000, 41)
_YEARS: Final = (3, 8)
"""How far apart in age a decoy and the donor of its pay may be, at first and at most."""


class Job(NamedTuple):
    """A place of work: the employer's and the position's columns, as text, and the person whose pay it is."""

    columns: dict[str, str]
    donor: str


class _Codes(NamedTuple):
    """Values by numbers: of each person, and the values."""

    of: Ints
    values: pa.Array

    def sizes(self) -> Ints:
        """Persons for each value."""
        return np.bincount(self.of, minlength=len(self.values))


@dataclass(frozen=True)
class Jobs:
    """Who works where as what: of each person the last row.

    Attributes:
        roll: the register's rows, or those of them that were asked for.
        whole: all of the register's rows: which employers are large enough.
    """

    roll: Roll
    whole: Roll

    @cached_property
    def columns(self) -> list[str]:
        """The columns that name the employer."""
        return self.roll.having("employer_id", "employer")

    @cached_property
    def codes(self) -> list[str]:
        """The columns that tell the position."""
        return [name for name in self.roll.having("code")
                if pc.count_distinct(self.roll.rows.column(name)).as_py() <= _POSITIONS]  # fmt: skip

    def job(self, draw: Draw, town: str | None, born: int, but: str) -> Job | None:
        """A job for a decoy of that town, born so many days after 1970; None where the register has no employers.

        but: a person who is not to be the donor.
        """
        if not self.columns or not len(self._last) or not self._fit.any():
            return None
        place = pc.index(self._town.values, town or "").as_py()
        here = self._in_town(place)
        at = int(here[draw.below(len(here))])
        chance = np.random.default_rng(draw.word())
        employer = self._employer(at, place, here, chance)
        position = self._position(employer, chance)
        donor = self._donor(draw, position, born, but)
        columns = self.columns, self._employers.values[employer].as_py().split(SEPARATOR)
        codes = self.codes, self._positions.values[position].as_py().split(SEPARATOR)
        return Job({**dict(zip(*columns, strict=True)), **dict(zip(*codes, strict=True))}, donor)

    @cached_property
    def large(self) -> frozenset[str]:
        """The employers large enough to hide in, as the first of their columns tells them."""
        mask = large_enough(self.whole)
        first = self.whole.texts(self.columns[0])
        return frozenset(pc.unique(first if mask is None else first.filter(mask)).drop_null().to_pylist())

    def _in_town(self, place: int) -> Ints:
        """The persons of a town; all for a town where nobody is."""
        if place not in self._towns:
            found = np.flatnonzero(self._town.of == place)
            self._towns[place] = found if len(found) else np.arange(len(self._last))
        return self._towns[place]

    @cached_property
    def _towns(self) -> dict[int, Ints]:
        return {}

    def _employer(self, at: int, place: int, here: Ints, chance: np.random.Generator) -> int:
        own, sizes = self._employers.of[at], self._sizes
        from_here = np.bincount(self._employers.of[here], minlength=len(sizes))
        cost = unlike(sizes, int(sizes[own]) - 1) + unlike(from_here, int(from_here[own]) - 1)
        cost = np.where(self._fit, cost + _EVEN * chance.random(len(cost)), np.inf)
        return int(np.argmin(cost))

    def _position(self, employer: int, chance: np.random.Generator) -> int:
        """A position, as the next one hired there would have it: those that are many there, and those that are at all.

        Pólya's urn: with the weight of all persons' positions (`_mixing`) right, nobody can tell who came last.
        """
        odds = self._cell(employer) + self._mixing * self._often
        return int(np.searchsorted(np.cumsum(odds), chance.random() * odds.sum(), side="right"))

    @cached_property
    def _often(self) -> npt.NDArray[np.float64]:
        """The share of each position."""
        return self._positions.sizes() / max(len(self._last), 1)

    @cached_property
    def _mixing(self) -> float:
        """How many persons' weight all positions have beside an employer's own.

        The best guess of each person's position from his colleagues': small where employers differ much (schools,
        hospitals), great where all employ alike.
        """
        cells, counts = np.unique(self._employers.of * len(self._often) + self._positions.of, return_counts=True)
        sizes, often = self._sizes[cells // len(self._often)], self._often[cells % len(self._often)]
        guesses = [(counts * np.log((counts - 1 + weight * often) / (sizes - 1 + weight))).sum() for weight in _MIXINGS]
        return float(_MIXINGS[int(np.argmax(guesses))])

    def _cell(self, employer: int) -> Ints:
        """Persons at an employer for each position."""
        low, high = np.searchsorted(self._by_employer[1], [employer, employer + 1])
        there = self._by_employer[0][low:high]
        return np.bincount(self._positions.of[there], minlength=len(self._positions.values))

    def _donor(self, draw: Draw, position: int, born: int, but: str) -> str:
        """Somebody of that position and about that age."""
        alike = np.flatnonzero(self._positions.of == position)
        days = np.abs(self._born[alike] - born)
        for years in _YEARS:
            near = alike[days <= 365 * years]
            if len(near) > 3:
                alike = near
                break
        for _ in range(8):
            found = str(self._people[int(alike[draw.below(len(alike))])].as_py())
            if found != but:
                break
        return found

    @cached_property
    def _last(self) -> Ints:
        """The place of each person's last row."""
        persons = self.roll.persons.dictionary_encode().indices.to_numpy(zero_copy_only=False)
        period = self.roll.first("period")
        times = pc.rank(self.roll.rows.column(period), tiebreaker="min") if period else None
        return _last_of(np.asarray(persons), times)

    @cached_property
    def _people(self) -> pa.Array:
        return self.roll.persons.take(pa.array(self._last))

    @cached_property
    def _born(self) -> Ints:
        return signs(self._people.to_pylist())[0]

    @cached_property
    def _employers(self) -> _Codes:
        return self._coded(self.columns)

    @cached_property
    def _positions(self) -> _Codes:
        return self._coded(self.codes)

    @cached_property
    def _town(self) -> _Codes:
        return self._coded([self.roll.first("municipality")] if self.roll.first("municipality") else [])

    def _coded(self, names: list[str]) -> _Codes:
        places = pa.array(self._last)
        texts = [pc.fill_null(as_text(self.roll.rows.column(name)).take(places), "") for name in names]
        joined = pc.binary_join_element_wise(*texts, SEPARATOR) if texts else pa.array([""] * len(places))
        encoded = joined.dictionary_encode()
        return _Codes(np.asarray(encoded.indices.to_numpy(zero_copy_only=False), np.int64), encoded.dictionary)

    @cached_property
    def _sizes(self) -> Ints:
        return self._employers.sizes()

    @cached_property
    def _by_employer(self) -> tuple[Ints, Ints]:
        """Persons in the order of their employers, and these."""
        order = np.argsort(self._employers.of, kind="stable")
        return order, self._employers.of[order]

    @cached_property
    def _fit(self) -> npt.NDArray[np.bool_]:
        """Which employers are large enough to hide in; all, when none of these rows' is."""
        names = pc.list_element(pc.split_pattern(self._employers.values, SEPARATOR), 0)
        large = pa.array(sorted(self.large), pa.string())
        fit = np.asarray(pc.is_in(names, value_set=large).to_numpy(zero_copy_only=False), bool)
        return fit if fit.any() else np.ones_like(fit)


def _last_of(persons: Ints, times: pa.Array | None) -> Ints:
    """For each person the place of the row of the latest time, of equal ones the last, ascending by person.

    >>> _last_of(np.array([0, 0, 1, 0]), pa.array([2, 3, 1, 3])).tolist()
    [3, 2]
    """
    when = np.zeros(len(persons), np.int64) if times is None else np.asarray(times.to_numpy(zero_copy_only=False))
    order = np.lexsort((np.arange(len(persons)), when, persons))
    ends = np.flatnonzero(np.r_[np.diff(persons[order]) != 0, True]) if len(order) else np.zeros(0, np.int64)
    return np.asarray(order[ends], np.int64)
