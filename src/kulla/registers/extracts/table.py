"""The marked copy: a register's rows that were asked for, with the recipient's decoys among them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kulla.errors import UsageError
from kulla.registers.decoys.persons import Decoy
from kulla.registers.decoys.roll import Roll, where_mask
from kulla.registers.extracts.rows import Maker
from kulla.registers.manifest import Meaning

Where = Sequence[tuple[str, str]]

TELLING: frozenset[Meaning] = frozenset({
    "national_id", "name", "given_name", "family_name", "phone", "email", "plate", "iban", "money", "birth_date",
    "date", "address",
})  # fmt: skip
"""Meanings by which rows cannot be chosen: decoys differ from persons in them, so none could be among the chosen."""


def check(roll: Roll, columns: Sequence[str], where: Where) -> None:
    """Raise UsageError when a copy of these columns and rows could not be marked, or not be recognised by its marks."""
    known = {c.name: c.meaning for c in roll.manifest.columns}
    for name in [*columns, *(name for name, _ in where)]:
        if name not in known or name not in roll.rows.column_names:
            raise UsageError(f"register {roll.name} has no column {name}; it has {', '.join(roll.rows.column_names)}")
    for name, _ in where:
        if known[name] in TELLING:
            raise UsageError(f"--where {name}=…: rows chosen by a {known[name]} can hold no decoys; choose by another")
    chosen = {known[name] for name in columns if name != roll.person and known[name] != "national_id"}
    named = "name" in chosen or {"given_name", "family_name"} <= chosen
    if [roll.person in columns, named, "phone" in chosen].count(True) < 2:
        raise UsageError(
            f"register {roll.name}: keep at least two of the person's id, name and phone among the columns; decoys "
            "are recognised by two of them"
        )


def decoy_rows(key: bytes, roll: Roll, rolls: Sequence[Roll], decoys: Sequence[Decoy], where: Where) -> pa.Table:
    """The rows that decoys have in a register, all columns, of those that were asked for."""
    made = maker(key, roll, rolls, decoys).table(decoys)
    return made.filter(pa.array(where_mask(roll, made, where)))


def maker(key: bytes, roll: Roll, rolls: Sequence[Roll], decoys: Sequence[Decoy], where: Where = ()) -> Maker:
    """What makes the rows of decoys in a register; `where`: like those of the persons in these rows alone."""
    models = sorted({decoy.model for decoy in decoys})
    chosen = replace(roll, rows=roll.rows.filter(pa.array(where_mask(roll, roll.rows, where)))) if where else None
    return Maker(key, roll, roll.of(models), model_names(rolls, models), chosen)


def settled(
    key: bytes, rolls: Sequence[Roll], decoys: Sequence[Decoy], where: Mapping[str, Where], before: Sequence[Decoy]
) -> list[Decoy]:
    """The decoys with what the registers' state decides about them.

    where: register → the choice of rows that their pool is for. before: decoys made earlier.
    """
    made = [maker(key, roll, rolls, decoys, where.get(roll.name, ())) for roll in rolls]
    for one in made:
        one.taken.update(text for each in before for register, _, text in each.fixed if register == one.roll.name)
    return [
        replace(each, fixed=each.fixed + tuple(fact for one in made for fact in one.settled(each))) for each in decoys
    ]


def model_names(rolls: Sequence[Roll], persons: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Given and family names of persons, from the first register that has them in two columns."""
    wanted = pa.array(persons, pa.string())
    for roll in rolls:
        given, family = roll.first("given_name"), roll.first("family_name")
        if given and family:
            mask = pc.is_in(roll.persons, value_set=wanted)
            arrays = (roll.persons, roll.texts(given), roll.texts(family))
            columns = [array.filter(mask).to_pylist() for array in arrays]
            return {person: (first or "", last or "") for person, first, last in zip(*columns, strict=True)}
    return {}


def marked(roll: Roll, decoys: pa.Table, columns: Sequence[str], where: Where) -> pa.Table:
    """The copy: the rows asked for and the decoys', in one order by the record's and the entry's columns.

    With neither among the columns, in the order of the columns themselves; so where a row stands tells nothing.
    """
    real = roll.rows.filter(pa.array(where_mask(roll, roll.rows, where)))
    whole = pa.concat_tables([real, decoys])
    keys = [c for c in (*roll.manifest.record, *roll.manifest.entry) if c in columns] or list(columns)
    order = pc.sort_indices(whole, sort_keys=[(name, "ascending") for name in keys])
    return whole.select(list(columns)).take(order)


def present(decoys: Sequence[Decoy], rows: pa.Table, person: str) -> list[Decoy]:
    """The decoys that have a row in the copy."""
    ids = set(pc.unique(rows.column(person)).to_pylist())
    return [decoy for decoy in decoys if decoy.id in ids]


def bitmap(slots: Sequence[int]) -> str:
    """Slots as a number in hexadecimal whose bits they are.

    >>> bitmap([0, 1, 4]), slots_of("13")
    ('13', [0, 1, 4])
    """
    return f"{sum(1 << slot for slot in slots):x}"


def slots_of(text: str) -> list[int]:
    """The slots of a bitmap. Raises ValueError for what is none."""
    number = int(text, 16)
    return [at for at in range(number.bit_length()) if number >> at & 1]


def held_side(words: Mapping[str, np.ndarray], decoy: Decoy) -> bool:
    """Whether a recipient with these code words (pool → word) holds this person of the slot."""
    word = words[decoy.pool]
    return decoy.slot < len(word) and bool(word[decoy.slot]) == bool(decoy.side)
