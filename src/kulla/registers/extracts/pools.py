"""Which decoys an owner has and which of them a recipient's copy gets. Pure.

An owner has one pool for all registers: whole households, whose members stand in those registers in which their models
stand. A recipient gets the same households in every copy, enough of them that each register holds the slots asked for;
so whoever joins his copies finds decoys related as persons are. Rows chosen by --where have a pool for that choice
besides, and so has the collusion tier.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kulla.errors import InputError
from kulla.registers.decoys.code import Plain
from kulla.registers.decoys.collusion import Tardos
from kulla.registers.decoys.draw import Draw, seed
from kulla.registers.decoys.identify import Issued
from kulla.registers.decoys.ids import unissued
from kulla.registers.decoys.names import namebook, phone_key
from kulla.registers.decoys.persons import Country, Decoy, households, recruit
from kulla.registers.decoys.roll import Roll, where_mask
from kulla.registers.extracts.ledger import Entry
from kulla.registers.extracts.sealed import Pools
from kulla.registers.extracts.search import Mark
from kulla.registers.extracts.table import Where, settled, slots_of
from kulla.registers.normalise import normalise

COMMON: Final = "all"
_CHOICE: Final = "?"
_TIER: Final = "+"
_PERSONS: Final = 10
"""Persons for each decoy, at least."""


def pool_name(key: bytes, register: str, where: Where, colluders: int) -> str:
    """The pool for a choice of rows and a tier; COMMON for neither. The choice's values are in it as a keyed hash."""
    if not where and not colluders:
        return COMMON
    choice = f"{register}{_CHOICE}{where_hash(key, where)[:16]}" if where else register
    return f"{choice}{_TIER}{colluders}" if colluders else choice


def where_hash(key: bytes, where: Where) -> str:
    """A keyed hash of the choice of rows; the order of its parts does not matter."""
    return seed(key, "where", *(part for pair in sorted(where) for part in pair)).hex() if where else ""


def code_of(key: bytes, pool: str) -> Plain | Tardos:
    """The code of a pool."""
    _, _, colluders = pool.partition(_TIER)
    return Tardos(key, pool, int(colluders)) if colluders else Plain(key, pool)


def country(rolls: Sequence[Roll], issued: Iterable[Iterable[str | None]], pools: Pools) -> Country:
    """What decoys are drawn from. issued: columns of ids that some person has or had."""
    from kulla.registers.decoys.ids import known_ids

    phones: set[str] = {phone_key(decoy.phone) for decoy in pools.all if decoy.phone}
    for roll in rolls:
        if roll.first("phone"):
            distinct = pc.unique(roll.texts(roll.first("phone")))
            phones.update(text for text in normalise(distinct, "phone").to_pylist() if text)
    people = [pc.unique(roll.persons).to_pylist() for roll in rolls]
    return Country(
        rolls=tuple(rolls),
        names=namebook(rolls),
        issued=known_ids([*people, *issued, pools.refused]),
        ids={decoy.id for decoy in pools.all},
        phones=phones,
    )


@dataclass(frozen=True)
class Need:
    """So many slots must be in the rows of a register that are chosen so."""

    roll: Roll
    where: Where
    slots: int

    def persons(self) -> pa.Array:
        """The persons of the rows chosen, each once."""
        mask = pa.array(where_mask(self.roll, self.roll.rows, self.where)) if self.where else None
        return pc.unique(self.roll.persons if mask is None else self.roll.persons.filter(mask)).drop_null()

    def check(self) -> None:
        """Raises InputError when there are too few persons to hide so many decoys among."""
        people = len(self.persons())
        if people < _PERSONS * self.slots:
            raise InputError(
                f"register {self.roll.name}: the rows wanted hold {people} persons; to hide {self.slots} decoys takes "
                f"{_PERSONS * self.slots}. Ask for fewer slots or more rows"
            )


def enough(pools: Pools, pool: str, needs: Sequence[Need]) -> list[int] | None:
    """The slots of the pool's first households that together meet every need; None when all do not.

    A household counts as far as its models are still in the register.
    """
    mine = [decoy for decoy in pools.decoys if decoy.pool == pool and decoy.side == 0]
    models = pa.array([decoy.model for decoy in mine], pa.string())
    there = [set(models.filter(pc.is_in(models, value_set=need.persons())).to_pylist()) for need in needs]
    left = [need.slots for need in needs]
    slots: list[int] = []
    for _, members in groupby(sorted(mine, key=lambda d: (d.home, d.slot)), key=lambda d: d.home):
        if all(number <= 0 for number in left):
            break
        for decoy in members:
            slots.append(decoy.slot)
            left = [number - (decoy.model in here) for number, here in zip(left, there, strict=True)]
    return slots if all(number <= 0 for number in left) else None


def grown(key: bytes, pools: Pools, pool: str, drawn_from: Country, needs: Sequence[Need]) -> Pools:
    """The pools with as many more households in this one as the needs take. Raises InputError when there are none."""
    for need in needs:
        need.check()
    if enough(pools, pool, needs) is not None:
        return pools
    among = needs[0].persons() if pool != COMMON else None
    mine = [decoy.slot for decoy in pools.decoys if decoy.pool == pool]
    first = max(mine, default=-1) + 1
    used = {decoy.model for decoy in pools.all}
    there = [set(need.persons().to_pylist()) for need in needs]
    had = {decoy.model for decoy in pools.decoys if decoy.pool == pool and decoy.side == 0}
    left = [need.slots - len(had & here) for need, here in zip(needs, there, strict=True)]
    new: list[Decoy] = []
    for household in households(key, f"{pool} {first}", drawn_from.rolls, among, used):
        if all(number <= 0 for number in left):
            break
        new += recruit(key, pool, drawn_from, household, first, moves=among is None)
        first += len(household)
        left = [number - len(here.intersection(household)) for number, here in zip(left, there, strict=True)]
    choices = {} if pool == COMMON else {need.roll.name: need.where for need in needs}
    made = replace(pools, decoys=(*pools.decoys, *settled(key, drawn_from.rolls, new, choices, pools.all)))
    if enough(made, pool, needs) is None:
        raise InputError(f"register {needs[0].roll.name}: too few households are fit to model decoys on")
    return made


def chosen(key: bytes, pools: Pools, number: int, slots: Mapping[str, Sequence[int]]) -> list[Decoy]:
    """The decoys that the recipient with that number gets, of the slots given for each pool."""
    found: list[Decoy] = []
    for pool, wanted in slots.items():
        word = code_of(key, pool).word(number, max(wanted, default=-1) + 1)
        here = set(wanted)
        found += [d for d in pools.decoys if d.pool == pool and d.slot in here and bool(word[d.slot]) == bool(d.side)]
    return found


def refuse(key: bytes, pools: Pools, ids: Iterable[str], drawn_from: Country) -> tuple[Pools, int]:
    """The pools with other ids in place of those the issuer refused, and how many decoys that changed."""
    refused = set(ids)
    kept, retired = [], list(pools.retired)
    for decoy in pools.decoys:
        if decoy.id not in refused:
            kept.append(decoy)
            continue
        retired.append(decoy)
        draw = Draw(key, decoy.pool, decoy.slot, decoy.side, "again", decoy.id)
        woman = int(decoy.id[2:4]) > 50
        taken = drawn_from.ids | refused
        number = unissued(draw, drawn_from.issued, taken, decoy.born, woman, drawn_from.by_step)
        drawn_from.ids.add(number)
        kept.append(replace(decoy, id=number))
    changed = len(retired) - len(pools.retired)
    return Pools(tuple(kept), tuple(retired), tuple(sorted({*pools.refused, *refused}))), changed


def issued(key: bytes, entries: Sequence[Entry]) -> tuple[Issued, dict[str, int]]:
    """What every recipient holds according to the ledger, and where each pool's slots begin in it."""
    lengths: dict[str, int] = {}
    for entry in entries:
        for pool, bits in entry.slots.items():
            lengths[pool] = max(lengths.get(pool, 0), int(bits, 16).bit_length())
    starts, total = {}, 0
    for pool in sorted(lengths):
        starts[pool], total = total, total + lengths[pool]
    numbers = {entry.recipient: entry.number for entry in entries}
    names = tuple(numbers)
    held, used = np.zeros((len(names), total), bool), np.zeros((len(names), total), bool)
    row = {name: at for at, name in enumerate(names)}
    for entry in entries:
        for pool, bits in entry.slots.items():
            used[row[entry.recipient], [starts[pool] + slot for slot in slots_of(bits)]] = True
    for pool, start in starts.items():
        code = code_of(key, pool)
        for name in names:
            held[row[name], start : start + lengths[pool]] = code.word(numbers[name], lengths[pool])
    bias = [code_of(key, pool).bias(length) for pool, length in sorted(lengths.items())]
    return Issued(names, held, used, np.concatenate(bias) if bias else np.zeros(0)), starts


def seen(marks: Iterable[Mark], starts: Mapping[str, int], total: int) -> tuple[np.ndarray, np.ndarray]:
    """Which slots' persons A and B are among the marks."""
    both = np.zeros((2, total), bool)
    for pool, slot, side in marks:
        if pool in starts and starts[pool] + slot < total:
            both[side, starts[pool] + slot] = True
    return both[0], both[1]
