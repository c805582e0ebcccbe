"""A register's versions in memory, and each of its columns as sorted codes: what the fast path answers from.

A column's values become codes in their order: 0 for null, 1 … m for the m distinct values, texts bytewise (as
collation "C" sorts), dates and numbers by size. A condition on a column is then one or several intervals of codes, and
the rows that meet it one or several slices of `ColumnIndex.order`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kulla.registers.manifest import Manifest, Meaning
from kulla.registers.schema import KNOWN_FROM, KNOWN_TO, VALID_FROM, VALID_TO, VERSION_TIMES

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]

FOREVER = np.iinfo(np.int64).max
NEVER = np.iinfo(np.int64).min
_LARGEST = 1 << 29
"""Bytes of a column's distinct texts, laid out at one width, up to which it is indexed."""
_WIDEST = 512
_CHAR = ("character", "char", "bpchar")
_PROVEN = (
    *_CHAR,
    "text",
    "character varying",
    "varchar",
    "date",
    "numeric",
    "decimal",
    "integer",
    "bigint",
    "smallint",
)

ORDERED: tuple[str, ...] = (r"^(?:[A-X]?[0-9]+)+[A-X]?$", r"^[0-9]{4}-[0-9]{2}(?:-[0-9]{2})?$")
"""Texts that collations sort as their bytes: ASCII digits and capitals up to X of which no two touch (Albanian sorts
`dh` as one letter, Estonian Z before T, Lithuanian Y beside I), and ISO dates. A column's texts must all be of one
kind. Held by a test for C and ICU's Albanian, English, Estonian and Swedish."""
ANY = r"(?s)^.*$"

Kind = Literal["text", "date", "number"]


@dataclass(frozen=True, slots=True)
class ColumnIndex:
    """One column.

    Attributes:
        kind: how literals are compared with it. `number`: scaled by 10 ** scale.
        meaning: as the manifest has it.
        values: the distinct values, ascending: bytes (without trailing blanks) or int64.
        codes: of each version, 0 for null.
        order: versions sorted by code; starts: where each code begins in it, shape m + 2.
        padded: some text has trailing blanks, and nothing tells whether it is CHAR(n), which ignores them.
        char: it is CHAR(n).
        ordered: texts that match it sort as their bytes, and all of the column's do; empty: the order is not proven.
    """

    kind: Kind
    meaning: Meaning
    values: npt.NDArray[Any]
    codes: Codes
    order: npt.NDArray[np.int64]
    starts: Ints
    scale: int = 0
    padded: bool = False
    char: bool = False
    ordered: str = ANY

    @property
    def top(self) -> int:
        """One past the last code."""
        return len(self.values) + 1


class History:
    """The versions of one register, and what of them is known when.

    Args:
        table: the register's columns and VERSION_TIMES.
        numbers: the record number of each version, 0 where the map knows none.
        manifest: the register.
        bytewise: columns whose database collation is C or POSIX; `*` for all.
        types: the columns' types as PostgreSQL names them, where known; a column of a type whose comparison is not
            proven (citext, an array, an enumeration) gets no index.
    """

    def __init__(
        self,
        table: pa.Table,
        numbers: npt.NDArray[np.uint32],
        manifest: Manifest,
        bytewise: frozenset[str] = frozenset(),
        types: Mapping[str, str] | None = None,
    ) -> None:
        self.manifest = manifest
        self.table = table.select([c.name for c in manifest.columns if c.name in table.column_names])
        self.records = numbers
        self.start = _times(table, VALID_FROM, NEVER)
        self.end = _times(table, VALID_TO, FOREVER)
        known_from, known_to = _known(table, KNOWN_FROM, self.start), _known(table, KNOWN_TO, self.end)
        self.known_start = np.maximum(known_from, self.start)
        self.known_end = np.minimum(known_to, self.end)
        self.dated = (self.known_start == self.start) & (self.known_end == self.end)
        self._bytewise, self._types = bytewise, types or {}
        self._indexes: dict[str, ColumnIndex | None] = {}

    def __len__(self) -> int:
        return len(self.records)

    @cached_property
    def begins(self) -> int:
        """The first moment of which anything is known; FOREVER when nothing is."""
        return int(self.start.min()) if len(self) else FOREVER

    @cached_property
    def by_record(self) -> Ints:
        """All versions, by record number."""
        return np.argsort(self.records, kind="stable")

    def index(self, column: str) -> ColumnIndex | None:
        """The index of a column, made at first use; None for one that is absent, of a type whose comparison with
        literals is not proven, or too large."""
        if column not in self._indexes:
            self._indexes[column] = self._made(column) if column in self.table.column_names else None
        return self._indexes[column]

    def _made(self, column: str) -> ColumnIndex | None:
        meaning = self.manifest.column(column).meaning
        data = self.table.column(column).combine_chunks()
        if pa.types.is_dictionary(data.type):
            data = data.cast(data.type.value_type)
        kind, named = data.type, self._types.get(column, "").split("(")[0].strip().lower()
        if named and named not in _PROVEN:
            return None
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            return _text_index(data, meaning, bool(self._bytewise & {column, "*"}), named in _CHAR)
        if pa.types.is_date(kind):
            return _number_index(data.cast(pa.date32()).cast(pa.int32()), "date", meaning, 0)
        if pa.types.is_integer(kind):
            return _number_index(data, "number", meaning, 0)
        if pa.types.is_decimal(kind) and kind.precision <= 18:
            return _number_index(_scaled(data), "number", meaning, kind.scale)
        return None


def _times(table: pa.Table, name: str, missing: int) -> Ints:
    if name not in table.column_names:
        return np.full(table.num_rows, missing, np.int64)
    cast = table.column(name).cast(VERSION_TIMES.field(name).type).cast(pa.int64())
    return np.asarray(cast.fill_null(missing).combine_chunks(), np.int64)


def _known(table: pa.Table, name: str, valid: Ints) -> Ints:
    """A bound of certain knowledge. Both null: as valid; one null is an unbounded certainty, capped by the caller."""
    if KNOWN_FROM not in table.column_names or KNOWN_TO not in table.column_names:
        return valid
    one = np.asarray(table.column(KNOWN_FROM).is_null().combine_chunks())
    other = np.asarray(table.column(KNOWN_TO).is_null().combine_chunks())
    told = _times(table, name, FOREVER if name == KNOWN_TO else NEVER)
    return np.where(one & other, valid, told)


def _scaled(data: pa.Array) -> pa.Array:
    """Decimals of at most 18 digits as whole numbers of their last place."""
    wide = data.cast(pa.decimal128(data.type.precision, data.type.scale))
    low = np.frombuffer(wide.buffers()[1], "<i8")[2 * wide.offset :: 2][: len(wide)]
    return pa.array(low, mask=np.asarray(wide.is_null()))


def _text_index(data: pa.Array, meaning: Meaning, bytewise: bool, char: bool) -> ColumnIndex | None:
    encoded = data.dictionary_encode()
    texts = encoded.dictionary
    padded = bool(pc.any(pc.ends_with(texts, " ")).as_py())
    if padded:
        encoded = pc.ascii_rtrim(data, " ").dictionary_encode()
        texts = encoded.dictionary
    wide = fixed(texts)
    if wide is None:
        return None
    order = np.argsort(wide, kind="stable")
    alike = [kind for kind in ORDERED if pc.all(pc.match_substring_regex(texts, kind)).as_py() is not False]
    ordered = ANY if bytewise else next(iter(alike), "")
    codes = _recoded(encoded.indices, order)
    return _grouped(
        ColumnIndex("text", meaning, wide[order], codes, _NONE, _NONE, 0, padded and not char, char, ordered)
    )


def _number_index(data: pa.Array, kind: Kind, meaning: Meaning, scale: int) -> ColumnIndex:
    missing = np.asarray(data.is_null())
    numbers = np.asarray(data.cast(pa.int64()).fill_null(0), np.int64)
    values, found = np.unique(numbers[~missing], return_inverse=True)
    codes = np.zeros(len(numbers), np.int32)
    codes[~missing] = found.astype(np.int32) + 1
    return _grouped(ColumnIndex(kind, meaning, values, codes, _NONE, _NONE, scale))


_NONE: Ints = np.empty(0, np.int64)


def _grouped(index: ColumnIndex) -> ColumnIndex:
    order = np.argsort(index.codes, kind="stable")
    counts = np.bincount(index.codes, minlength=index.top)
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return replace(index, order=order, starts=starts)


def _recoded(indices: pa.Array, order: npt.NDArray[np.int64]) -> Codes:
    place = np.empty(len(order) + 1, np.int32)
    place[order] = np.arange(1, len(order) + 1, dtype=np.int32)
    place[-1] = 0
    return place[np.asarray(indices.fill_null(len(order)), np.int64)]


def fixed(texts: pa.Array, width: int = 0) -> npt.NDArray[np.bytes_] | None:
    """Texts as bytes of one width, so that numpy compares them bytewise; None when they would take too much.

    `width`: at least so many bytes. Texts of PostgreSQL hold no zero byte.
    """
    texts = texts.cast(pa.large_binary())
    offsets = np.frombuffer(texts.buffers()[1], np.int64, len(texts) + 1, texts.offset * 8) if len(texts) else _NONE
    if not len(texts):
        return np.empty(0, "S1")
    lengths = np.diff(offsets)
    widest = max(int(lengths.max()), width, 1)
    if widest > _WIDEST or widest * len(texts) > _LARGEST:
        return None
    body = np.frombuffer(texts.buffers()[2] or b"", np.uint8)
    out = np.zeros((len(texts), widest), np.uint8)
    for place in range(int(lengths.max())):  # one byte of every text at a time: bounded memory, no index matrix
        having = np.flatnonzero(lengths > place)
        out[having, place] = body[offsets[having] + place]
    return out.view(f"S{widest}").ravel()
