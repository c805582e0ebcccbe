"""Ages for the households of decoys: like real ones, and like no single one. Pure.

A decoy household with the ages of the household it is modelled on, moved by weeks, would have a twin in its town, and
whoever looks for twins would find it. So the ages are those of another household of the country with the same sexes by
age and the same members in the same registers (the *donor*), each member's distance from the oldest moved about as far
as that in one of some households like it is away: so none is nearer than real households are to each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kulla.registers.decoys.draw import Draw
from kulla.registers.decoys.ids import signs
from kulla.registers.decoys.roll import Roll

Ints = npt.NDArray[np.int64]

LARGEST_HOME: Final = 12
"""More persons at one address are no household (barracks, homes, an address entered for want of one)."""
_EPOCH: Final = date(1970, 1, 1)
_NEAR: Final = 32
"""Of so many nearest households one tells how far ages are moved: with 4 the donor would be too near (AUC 0.70)."""
_TRIES: Final = 20
_FEWEST: Final = 4
_BEYOND: Final = 1.4
"""How far, of the way to that household, a member's age moves at most, to its side or away from it."""
_ALONE: Final = 365
"""Days by which ages are moved where no other household has these sexes."""
_INFANT: Final = 500
_MOST: Final = 5000
_RARE: Final = 0.001


@dataclass(frozen=True)
class _Homes:
    """Households of one size: members' days of birth and registers, oldest first; sexes as bits; the home's number."""

    born: Ints
    bits: Ints
    sexes: Ints
    home: Ints


@dataclass(frozen=True)
class Ages:
    """The ages in the households of an owner's registers."""

    rolls: tuple[Roll, ...]

    def of(self, draw: Draw, household: Sequence[str]) -> dict[str, date]:
        """Days of birth for persons modelled on each member, by model."""
        places = pc.index_in(pa.array(household, pa.string()), value_set=self._people).to_pylist()
        rows = sorted((at for at in places if at is not None), key=lambda at: (int(self._born[at]), at))
        days = self._drawn(draw, np.array(rows, np.int64)) if rows else []
        own = {each: _EPOCH + timedelta(int(day)) for each, day in zip(household, signs(household)[0], strict=True)}
        found = zip(self._people.take(pa.array(rows, pa.int64())).to_pylist(), days, strict=True)
        return own | {each: _EPOCH + timedelta(day) for each, day in found}

    def _drawn(self, draw: Draw, rows: Ints) -> list[int]:
        own, homes = self._born[rows], self._sizes.get(len(rows))
        if homes is None:
            return [int(day) for day in own]
        sexes = int((self._woman[rows] << np.arange(len(rows))).sum())
        others = homes.home != self._home[rows[0]]
        others &= self._fit(self._bits[rows], homes.born)
        fit = np.flatnonzero(others & (homes.sexes == sexes))
        if len(fit) < _NEAR:  # large households: those of other sexes too
            fit = np.flatnonzero(others)
        if len(fit) < _FEWEST:
            return [int(day) + draw.between(-_ALONE, _ALONE) for day in own]
        unlike = (homes.bits[fit] != self._bits[rows]).sum(axis=1)
        least = np.sort(unlike)[_FEWEST - 1]
        nearest = fit[unlike <= least]
        donor = homes.born[int(nearest[draw.below(len(nearest))])]
        near = self._near(draw, homes.born[fit], donor)
        newest = int(self._born.max()) - _INFANT  # the newborn are many, of a sharp edge, and stay so
        for _ in range(_TRIES):
            by = _BEYOND * (2 * np.array([draw.unit() for _ in rows]) - 1)
            made = donor + np.rint(by * near).astype(np.int64)
            made = np.where(donor > newest, donor, made)
            if self._fit(self._bits[rows], made[None, :])[0]:
                return [int(day) for day in made]
        return [int(day) for day in donor]

    def _near(self, draw: Draw, others: Ints, donor: Ints) -> Ints:
        """How one of the households nearest to the donor differs from it, in the distances to the oldest."""
        others = others[:: max(len(others) // _MOST, 1)]
        apart = (others - others[:, :1]) - (donor - donor[0])
        order = np.argsort(np.abs(apart).max(axis=1), kind="stable")
        order = order[(np.abs(apart[order]).max(axis=1) > 0)][:_NEAR]
        return np.asarray(apart[int(order[draw.below(len(order))])] if len(order) else np.zeros_like(donor), np.int64)

    def _fit(self, bits: Ints, born: Ints) -> npt.NDArray[np.bool_]:
        """Of (households, members), where persons of those ages stand in the registers in which these members stand."""
        fit = np.ones(len(born), bool)
        for bit, (low, high) in enumerate(self._spans):
            members = (bits >> bit & 1) == 1
            fit &= ((born[:, members] >= low) & (born[:, members] <= high)).all(axis=1)
        return fit

    @cached_property
    def youngest(self) -> date:
        """The latest day of birth."""
        return _EPOCH + timedelta(int(self._born.max(initial=0)))

    @cached_property
    def _spans(self) -> list[tuple[float, float]]:
        found = []
        for bit in range(len(self.rolls)):
            born = self._born[(self._bits >> bit & 1) == 1]
            found.append(tuple(np.quantile(born, (_RARE, 1 - _RARE))) if len(born) else (0.0, 0.0))
        return found

    @cached_property
    def _sizes(self) -> dict[int, _Homes]:
        """The households by size."""
        order = np.lexsort((self._born, self._home))
        home = self._home[order]
        first = np.flatnonzero(np.r_[True, home[1:] != home[:-1]]) if len(home) else np.zeros(0, np.int64)
        sizes = np.diff(np.r_[first, len(home)])
        found = {}
        for size in range(1, LARGEST_HOME + 1):
            members = order[first[sizes == size][:, None] + np.arange(size)]
            sexes = (self._woman[members].astype(np.int64) << np.arange(size)).sum(axis=1)
            found[size] = _Homes(self._born[members], self._bits[members], sexes, self._home[members[:, 0]])
        return found

    @cached_property
    def _people(self) -> pa.Array:
        return pc.unique(pa.concat_arrays([roll.persons for roll in self.rolls])).drop_null()

    @cached_property
    def _signs(self) -> tuple[Ints, npt.NDArray[np.bool_]]:
        return signs(self._people.to_pylist())

    @property
    def _born(self) -> Ints:
        return self._signs[0]

    @property
    def _woman(self) -> npt.NDArray[np.bool_]:
        return self._signs[1]

    @cached_property
    def _bits(self) -> Ints:
        """Which registers each stands in, as bits."""
        bits = np.zeros(len(self._people), np.int64)
        for bit, roll in enumerate(self.rolls):
            there = pc.is_in(self._people, value_set=pc.unique(roll.persons))
            bits |= np.asarray(there.to_numpy(zero_copy_only=False), np.int64) << bit
        return bits

    @cached_property
    def _home(self) -> Ints:
        """A number for each one's household; of their own for those without."""
        alone = np.arange(len(self._people)) + (1 << 40)
        roll = next((each for each in self.rolls if each.first("address")), None)
        if roll is None:
            return alone
        codes = roll.home.dictionary_encode().indices
        at = pc.index_in(self._people, value_set=roll.persons)
        found = pc.fill_null(codes.take(at).cast(pa.int64()), -1)
        numbers = np.asarray(found.to_numpy(zero_copy_only=False), np.int64)
        return np.where(numbers < 0, alone, numbers)
