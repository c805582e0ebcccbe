"""How many persons rows are about, those included that no record was found for. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kulla.leaks.leaktable import LeakTable
from kulla.leaks.matched import Matched
from kulla.registers.manifest import Manifest, Meaning
from kulla.registers.normalise import normalise

Mask = npt.NDArray[np.bool_]

_NAME: tuple[Meaning, ...] = ("name", "given_name", "family_name")
_IDENTITY: tuple[Meaning, ...] = ("national_id", *_NAME, "birth_date", "phone", "email", "address", "plate")


def distinct(record: npt.NDArray[np.uint32], mask: Mask | None = None) -> int:
    """How many records these rows are about; a record counts once however often it occurs, none does not count."""
    some = record if mask is None else record[mask]
    return len(np.unique(some[some > 0]))


def nameless(table: LeakTable, matched: Matched, manifest: Manifest, mask: Mask) -> int | None:
    """Of the rows of the mask without a record: how many different persons they speak of, by the record's key or name.

    What a row is linked by: without a key no row is linked to a person but by the name and something else. So however
    many rows are made about one person, they count once. None when the table has neither.
    """
    wanted = manifest.record if matched.linked_by == "record" else ()
    keys = [m.column for m in matched.columns if m.register_column in wanted]
    places = keys or _columns(matched, manifest, _NAME)
    rows = np.flatnonzero(mask & (matched.record == 0))
    if not len(rows):
        return 0
    meaning: Meaning = manifest.column(manifest.record[0]).meaning if keys else "name"
    return len(_together(table, rows, places, meaning)) if places else None


def spoken_of(table: LeakTable, matched: Matched, manifest: Manifest) -> list[str | None]:
    """Of each row without a record whom it speaks of, as `nameless` tells persons apart; None where nothing tells it.

    Texts never leave the caller.
    """
    wanted = manifest.record if matched.linked_by == "record" else ()
    keys = [m.column for m in matched.columns if m.register_column in wanted]
    places = keys or _columns(matched, manifest, _NAME)
    found: list[str | None] = [None] * table.rows
    rows = np.flatnonzero(matched.record == 0)
    if places and len(rows):
        meaning: Meaning = manifest.column(manifest.record[0]).meaning if keys else "name"
        for row, text in zip(rows.tolist(), _each(table, rows, places, meaning), strict=True):
            found[row] = text or None
    return found


def unsure_persons(table: LeakTable, matched: Matched, manifest: Manifest, mask: Mask) -> frozenset[str]:
    """The different persons, as the file tells them, that rows are about which fit several records.

    By what tells of a person in it; a person with a row for each month is one. Texts never leave the caller.
    """
    rows = np.flatnonzero(mask)
    places = _columns(matched, manifest, _IDENTITY) or [m.column for m in matched.columns]
    return frozenset(_together(table, rows, places, "other")) if len(rows) else frozenset()


def _columns(matched: Matched, manifest: Manifest, meanings: Sequence[Meaning]) -> list[int]:
    found: list[int] = []
    for match in matched.columns:
        if manifest.column(match.register_column).meaning in meanings:
            found += [match.column, *match.joined]
    return sorted(set(found))


def _together(table: LeakTable, rows: npt.NDArray[np.int64], places: Sequence[int], meaning: Meaning) -> set[str]:
    """The different values of some columns together, as they are compared."""
    return {text or "" for text in normalise(_whole(table, rows, places).unique(), meaning).to_pylist()}


def _each(
    table: LeakTable, rows: npt.NDArray[np.int64], places: Sequence[int], meaning: Meaning
) -> list[str | None]:  # fmt: skip
    """Of each row its values of some columns together, as they are compared."""
    coded = _whole(table, rows, places).dictionary_encode()
    found: list[str | None] = normalise(coded.dictionary, meaning).take(coded.indices).to_pylist()
    return found


def _whole(table: LeakTable, rows: npt.NDArray[np.int64], places: Sequence[int]) -> pa.Array:
    taken = [table.data.column(place).take(pa.array(rows)).fill_null("") for place in places]
    return pc.binary_join_element_wise(*taken, " ").combine_chunks()
