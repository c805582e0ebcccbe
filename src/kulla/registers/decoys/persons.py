"""Decoy persons: believable because each is made like one real person, and harmless because it is none. Pure.

A decoy has a **model**: a real person whose place in life it copies (age to three weeks, sex, municipality, employer
and position, size of household, in which registers he stands, for how long) while all that tells who he is is new: id,
names, phone, address. So what a classifier knows of any one column, of several together, or of how registers join,
is as true of decoys as of persons. Persons A and B of a slot have the same model. Decoys modelled on one household
form a household, of their own and at an address of their own: none is put into the home of a real family.

Everything is drawn from PRF(key, pool, slot, person), given the register at the time; a pool is then kept (sealed with
the owner's key), so that the same persons stand in every later copy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kulla.errors import InputError
from kulla.registers.decoys.ages import LARGEST_HOME, Ages
from kulla.registers.decoys.draw import Draw, words
from kulla.registers.decoys.ids import Ids, stepped, unissued
from kulla.registers.decoys.names import Namebook, is_citizen, is_woman, new_phone
from kulla.registers.decoys.roll import Roll
from kulla.registers.nationalid import birth_date

TOWN: Final = "town"
_SHIFT: Final = 20
_TRIES: Final = 60
_AT_ONCE: Final = 2000


@dataclass(frozen=True, slots=True)
class Decoy:
    """One invented person.

    Attributes:
        pool, slot, side: its place; side 0 is person A, 1 is B.
        id, given, family, phone: by any two of id, name and phone it is recognised. phone may be empty.
        home: number of its household: the slot of the household's first member.
        model: the id of the real person whose place in life it has.
        fixed: what else was settled when it was made, as (register, what, text); see `extracts.rows`.
    """

    pool: str
    slot: int
    side: int
    id: str
    given: str
    family: str
    phone: str
    home: int
    model: str
    fixed: tuple[tuple[str, str, str], ...] = ()

    @property
    def town(self) -> str:
        """Where it lives; empty: where its model does."""
        return next((text for register, what, text in self.fixed if not register and what == TOWN), "")

    @property
    def born(self) -> date:
        """Day of birth, as its id tells."""
        day = birth_date(self.id)
        assert day is not None
        return day


@dataclass(frozen=True)
class Country:
    """What decoys are drawn from: the owner's registers, the names in them, and what is taken already.

    Attributes:
        issued: ids that some person has, had, or was refused by the issuer for decoys; sorted.
        ids, phones: taken by decoys made before; `phones` also holds those of persons, as `phone_key` has them.
    """

    rolls: tuple[Roll, ...]
    names: Namebook
    issued: Ids
    ids: set[str]
    phones: set[str]

    @cached_property
    def by_step(self) -> bool:
        """Whether a day's serials follow a constant step."""
        return stepped(self.issued)

    @cached_property
    def ages(self) -> Ages:
        """The ages in households."""
        return Ages(self.rolls)


def recruit(
    key: bytes, pool: str, country: Country, household: Sequence[str], first: int, moves: bool = True
) -> list[Decoy]:
    """Persons A and B modelled on each member of a household, in slots of the pool from `first` up.

    moves: whether they live in a town drawn by lot. In its model's town a household would never be the only one of its
    kind, as many are in a small town.
    """
    decoys: list[Decoy] = []
    town = country.names.any_town(Draw(key, pool, first, TOWN)) if moves else ""
    born = country.ages.of(Draw(key, pool, first, "ages"), household)
    for slot, model in enumerate(household, first):
        phone = _phone_of(country.rolls, model, Draw(key, pool, slot, "phone of whom"))
        given: set[str] = set()
        for side in (0, 1):
            place = (pool, slot, side, first, model, phone, town)
            decoy = _person(Draw(key, pool, slot, side), key, country, place, born[model], given)
            given.add(decoy.given)
            decoys.append(decoy)
    return decoys


def households(key: bytes, label: str, rolls: Sequence[Roll], among: pa.Array | None, used: set[str]
               ) -> Iterator[list[str]]:  # fmt: skip
    """Households to model on, in an order drawn from the key: who shares an address; alone who has none.

    Each household is as likely as any other and gives all its members, so each person is as likely too. Left out are
    those with a member in `used` or without a citizen's id.

    among: households of these persons only (their other members come along); None: all.
    """
    people = pc.unique(pa.concat_arrays([roll.persons for roll in rolls]) if among is None else among).drop_null()
    people = people.take(pc.sort_indices(people))
    order = np.argsort(words(key, len(people), "models", label), kind="stable")
    done: set[str] = set(used)
    for start in range(0, len(order), _AT_ONCE):
        part = people.take(pa.array(order[start : start + _AT_ONCE]))
        homes = _homes(rolls, part)
        # Every member leads to the household: one in as many is kept, else large ones would be drawn too often.
        for person in part.to_pylist():
            members = homes.get(person, [person])
            if person == members[0] or (among is not None and members[0] not in done):
                if not done.intersection(members) and all(map(is_citizen, members)):
                    yield members
                done.update(members)


def _homes(rolls: Sequence[Roll], persons: pa.Array) -> dict[str, list[str]]:
    """For some persons, who lives at their address, themselves included, in the order of their ids."""
    roll = next((r for r in rolls if r.first("address")), None)
    if roll is None:
        return {}
    place = roll.home
    here = place.filter(pc.is_in(roll.persons, value_set=persons))
    rows = pc.is_in(place, value_set=here.drop_null())
    at: dict[str, list[str]] = {}
    for person, where in zip(roll.persons.filter(rows).to_pylist(), place.filter(rows).to_pylist(), strict=True):
        at.setdefault(where, []).append(person)
    return {m: sorted(home) for home in at.values() if len(home) <= LARGEST_HOME for m in home}


def _person(draw: Draw, key: bytes, country: Country, place: tuple[str, int, int, int, str, str, str],
            born: date, given_before: set[str]) -> Decoy:  # fmt: skip
    pool, slot, side, home, model, phone, town = place
    woman = is_woman(model)
    try:
        wanted = min(born + timedelta(draw.between(-_SHIFT, _SHIFT)), country.ages.youngest - timedelta(_SHIFT))
        number = unissued(draw, country.issued, country.ids, wanted, woman, country.by_step)
    except ValueError as error:
        raise InputError("every serial of some days is issued: the country has too many persons for its ids") from error
    country.ids.add(number)
    day = birth_date(number)
    assert day is not None
    family = _family(key, pool, home, model, country.names, town)
    given = country.names.given_like(draw, day, woman)
    for _ in range(_TRIES):
        if given not in given_before and not country.names.is_real(given, family, day):
            break
        given = country.names.given_like(draw, day, woman)
    own = new_phone(draw, phone, country.phones) if phone else ""
    fixed = (("", TOWN, town),) if town else ()
    return Decoy(pool, slot, side, number, given, family, own, home, model, fixed)


def _family(key: bytes, pool: str, home: int, model: str, names: Namebook, town: str) -> str:
    """A family name for each that the modelled household has: who shared one still does."""
    at = pc.index(names.ids, model).as_py()
    own = names.family[at].as_py() if at >= 0 else ""
    return names.any_family(Draw(key, pool, home, "family", own or model), town)


def _phone_of(rolls: Sequence[Roll], model: str, draw: Draw) -> str:
    """The model's phone, else that of some person: what a decoy's is written like."""
    for roll in rolls:
        column = roll.first("phone")
        if column:
            phones = roll.texts(column)
            own = phones.filter(pc.equal(roll.persons, model)).drop_null()
            if len(own):
                return str(own[0].as_py())
            for _ in range(_TRIES):
                other = phones[draw.below(len(phones))].as_py() if len(phones) else None
                if other:
                    return str(other)
    return ""
