"""A leaked table against one register: which columns, which rows about whom, and when each row stood so.

No header is believed. With the record key among the columns, every mapped cell is compared with every version of the
record. A row without it can be compared only by blocks (the name with one other value), since cells are bound to the
record's token, which is not known then; so of columns that are in no block nothing can be said for such rows. In a file
of several registers, each judges for itself: rows of the other are no such persons to it, or linked to both.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import pyarrow as pa

from kulla.errors import ConfigError
from kulla.leaks.intervals import from_rows
from kulla.leaks.leaktable import LeakTable
from kulla.leaks.matched import NOBODY, UNCOMPARED, Matched
from kulla.leaks.recognise.assign import Mapped
from kulla.leaks.recognise.blockcolumns import block_columns
from kulla.leaks.recognise.columns import SAMPLE, mapped_columns
from kulla.leaks.recognise.hashing import Hasher
from kulla.leaks.recognise.identify import Keys, Link, keys, links
from kulla.leaks.recognise.register import Register
from kulla.leaks.recognise.sheet import Sheet
from kulla.leaks.recognise.told import Run, by_blocks, by_record
from kulla.registers.keys import CentreKey, OwnerKeys
from kulla.registers.manifest import Manifest

MOST_COLUMNS: Final = 64
"""Columns of a leaked table that are looked at, the fullest: pairs of them are tried, and a sheet may have 16,384."""

_MOST_LINKS: Final = 3


def recognise(
    table: LeakTable, register: Register, manifest: Manifest, owner_keys: OwnerKeys, centre_key: CentreKey | None,
    seed: int,
) -> Matched:  # fmt: skip
    """What of a leaked table is from this register.

    owner_keys: of the imprint's epoch; centre_key: used where the imprint had the centre's step; seed: of the samples
    and permutations. A table that is not from this register has no `columns`, and its rows are UNCOMPARED.
    Raises ConfigError when the centre's key is needed and missing.
    """
    outer = register.info.side == "outer"
    if outer and centre_key is None:
        raise ConfigError(f"register {register.info.register}: the centre's key is needed for the centre's imprint")
    hasher = Hasher(register.info, owner_keys, centre_key if outer else None)
    places = _fullest(table.data)
    sheet = Sheet(table.data.select(places))
    run = Run(sheet, register, hasher, manifest, seed)
    linked = _linked(sheet, register, hasher, manifest, seed)
    if linked is not None:
        return _replaced(by_record(run, *linked), places)
    columns = block_columns(sheet, register, hasher, manifest, seed)
    return nothing(table.rows, register) if columns is None else _replaced(by_blocks(run, columns), places)


def nothing(rows: int, register: Register) -> Matched:
    """A table that is not from this register."""
    return Matched(
        register.info.register, (), "none", np.zeros(rows, np.uint32), np.full(rows, UNCOMPARED, np.uint8),
        np.full(rows, NOBODY, np.uint8), from_rows(*(np.empty(0, np.int64),) * 3, rows), np.full(rows, -1, np.int16),
        register.records, register.horizon,
    )  # fmt: skip


def _fullest(data: pa.Table) -> list[int]:
    held = [data.num_rows - column.null_count for column in data.columns]
    return sorted(sorted(range(len(held)), key=lambda place: -held[place])[:MOST_COLUMNS])


def _replaced(matched: Matched, places: list[int]) -> Matched:
    """With the columns' places in the whole table."""
    columns = (
        replace(each, column=places[each.column], joined=tuple(places[place] for place in each.joined))
        for each in matched.columns
    )
    return replace(matched, columns=tuple(columns))


def _linked(
    sheet: Sheet, register: Register, hasher: Hasher, manifest: Manifest, seed: int
) -> tuple[Link, Keys, tuple[Mapped, ...]] | None:
    """The record key's columns, the records, and the other columns; None without a key that is clearly one.

    Where neighbours of ids are in the register as often (numbers given one after the other), the other columns must
    agree instead.
    """
    if not sheet.rows:
        return None
    random = np.random.default_rng(seed)
    some = np.sort(random.choice(sheet.rows, min(SAMPLE, sheet.rows), replace=False))
    for link in links(sheet.take(some), register, hasher, manifest, seed)[:_MOST_LINKS]:
        found = keys(sheet, link.columns, register, hasher, manifest)
        mapped = mapped_columns(sheet, found, link.columns, register, hasher, manifest, seed)
        if link.clear or any(each.clear for each in mapped):
            return link, found, mapped
    return None
