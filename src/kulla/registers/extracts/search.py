"""Finding decoys in a file of unknown make: a row is a decoy's when two of id, name and phone agree. Pure.

Nothing is asked of the columns' names, order, number or writing: every cell is compared as an id and as a phone, in the
forms of `normalise`, and where one agrees the row's words are compared with the decoy's names. So a file may have lost
rows and columns, been sorted, joined with others, had its names split or turned round, its diacritics dropped, its
phones and ids written anyhow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kulla.registers.manifest import Meaning
from kulla.registers.normalise import normalise

Mark = tuple[str, int, int]
"""Pool, slot, side."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Decoys by what they are recognised by, in normalised form; equally long. A missing phone is empty."""

    marks: tuple[Mark, ...]
    ids: tuple[str, ...]
    names: tuple[str, ...]
    phones: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found: distinct decoys, and over how many rows it went."""

    marks: frozenset[Mark]
    rows: int


def wanted(marks: Sequence[Mark], ids: Sequence[str], names: Sequence[str], phones: Sequence[str]) -> Wanted:
    """Decoys to look for, from their values as written."""
    return Wanted(tuple(marks), _forms(ids, "national_id"), _forms(names, "name"), _forms(phones, "phone"))


def search(tables: Iterable[pa.Table], decoys: Wanted) -> Found:
    """The decoys in tables of text columns."""
    marks: set[Mark] = set()
    rows = 0
    by_id = {text: at for at, text in enumerate(decoys.ids) if text}
    by_phone: dict[str, list[int]] = {}
    for at, text in enumerate(decoys.phones):
        if text:
            by_phone.setdefault(text, []).append(at)
    for table in tables:
        rows += table.num_rows
        marks |= _in_table(table, decoys, by_id, by_phone)
    return Found(frozenset(marks), rows)


def _in_table(table: pa.Table, decoys: Wanted, by_id: dict[str, int], by_phone: dict[str, list[int]]) -> set[Mark]:
    ids, phones = _hits(table, "national_id", by_id), _hits(table, "phone", by_phone)
    marks: set[Mark] = set()
    rows = sorted(ids.keys() | phones.keys())
    words = dict(zip(rows, _words(table, rows), strict=True))
    for row in rows:
        of_id = {by_id[text] for text in ids.get(row, ())}
        of_phone = {at for text in phones.get(row, ()) for at in by_phone[text]}
        for at in of_id | of_phone:
            named = set(decoys.names[at].split())
            agree = (at in of_id) + (at in of_phone) + (len(named) > 1 and named <= words[row])
            if agree >= 2:
                marks.add(decoys.marks[at])
    return marks


def _hits(table: pa.Table, meaning: Meaning, known: Iterable[str]) -> dict[int, set[str]]:
    """Rows in which some cell is one of the known values, with those values."""
    values = pa.array(list(known), pa.string())
    found: dict[int, set[str]] = {}
    for column in table.columns:
        encoded = column.combine_chunks().dictionary_encode()
        forms = normalise(encoded.dictionary, meaning)
        hit = np.asarray(pc.is_in(forms, value_set=values).to_numpy(zero_copy_only=False), bool)
        if not hit.any():
            continue
        codes = pc.fill_null(encoded.indices, -1).to_numpy()
        rows = np.flatnonzero((codes >= 0) & hit[codes])
        for row in rows.tolist():
            found.setdefault(row, set()).add(forms[int(codes[row])].as_py())
    return found


def _words(table: pa.Table, rows: Sequence[int]) -> list[set[str]]:
    """The words of some rows, over all their cells."""
    chosen = table.take(pa.array(rows, pa.int64()))
    found: list[set[str]] = [set() for _ in rows]
    for column in chosen.columns:
        for at, text in enumerate(_texts(normalise(column.combine_chunks(), "name"))):
            found[at].update(text.split())
    return found


def _forms(values: Sequence[str], meaning: Meaning) -> tuple[str, ...]:
    return _texts(normalise(pa.array(list(values), pa.string()), meaning))


def _texts(values: pa.Array) -> tuple[str, ...]:
    return tuple(pc.fill_null(values, "").to_pylist())
