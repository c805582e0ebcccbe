"""A leaked table's columns as distinct texts, with what spreadsheets did to them undone where the values show it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kulla.leaks.recognise.hashing import Hasher
from kulla.leaks.recognise.register import Ints, Mask
from kulla.registers.manifest import Meaning
from kulla.registers.normalise import normalise
from kulla.registers.tokens import Blocks, gather

Columns = tuple[int, ...]
"""Places of the leaked columns that together are one value: mostly one; several when a name stands in parts."""

READINGS: Final[Mapping[Meaning, tuple[str, ...]]] = {
    "birth_date": ("", "month first", "two-digit year"),
    "date": ("", "month first", "two-digit year"),
    "name": ("", "outer words"),
}
"""Other ways to read a column of that meaning; "" as it stands. One is taken only for better agreement."""

_NUMBERS: Final[frozenset[Meaning]] = frozenset({"phone", "national_id", "plate", "iban", "employer_id"})
_DAMAGED = r"^\s*#(N/A|REF!|VALUE!|NAME\?|DIV/0!|NULL!|NUM!|#+)\s*$"
_ROUNDED = r"^\s*[+-]?[0-9]+([.,][0-9]+)?[eE]\+?[0-9]{1,2}\s*$"


@dataclass(frozen=True, slots=True)
class Texts:
    """Rows of text: the distinct texts, and for each row the place of its own; `len(distinct)` where it has none."""

    distinct: pa.Array
    codes: Ints

    def take(self, rows: Ints) -> Texts:
        """Some rows, with the distinct texts that these have."""
        used, codes = np.unique(self.codes[rows], return_inverse=True)
        some = used[used < len(self.distinct)]
        return Texts(self.distinct.take(pa.array(some)), codes.astype(np.int64))


@dataclass(frozen=True, slots=True)
class Sheet:
    """The columns of a leaked table, or of some of its rows. Each is encoded when first asked for."""

    data: pa.Table
    _held: dict[Columns, Texts] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many rows."""
        return int(self.data.num_rows)

    @property
    def width(self) -> int:
        """How many columns."""
        return int(self.data.num_columns)

    def texts(self, columns: Columns) -> Texts:
        """The texts of a column, or of several joined by blanks; none where all are missing."""
        if columns not in self._held:
            self._held[columns] = _encoded(self._joined(columns))
        return self._held[columns]

    def take(self, rows: Ints) -> Sheet:
        """Some rows."""
        return Sheet(self.data.take(pa.array(rows)))

    def _joined(self, columns: Columns) -> pa.Array:
        parts = [_whole(self.data.column(number)) for number in columns]
        if len(parts) == 1:
            return parts[0]
        # null_handling="skip" leaves rows out that have nothing but nulls.
        joined = pc.binary_join_element_wise(*parts, " ", null_handling="replace", null_replacement="")
        joined = pc.utf8_trim(joined, " ")
        return pc.if_else(pc.equal(joined, ""), pa.scalar(None, pa.string()), joined)


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of a column's rows: of the distinct texts with one more, zeros, for none; and each row's place."""

    distinct: Blocks
    blank: Mask
    codes: Ints

    @property
    def missing(self) -> Mask:
        """Which rows have no value."""
        return np.asarray(self.blank[self.codes])

    def rows(self, rows: Ints | None = None) -> Blocks:
        """The token of each row, or of some."""
        return gather(self.distinct, self.codes if rows is None else self.codes[rows])


def normal(texts: pa.Array, meaning: Meaning, reading: str = "") -> pa.Array:
    """Normal forms of leaked texts; null for what a spreadsheet destroyed (`#REF!`, a number kept to few digits)."""
    damaged = pc.match_substring_regex(texts, _DAMAGED)
    if meaning in _NUMBERS:
        damaged = pc.or_(damaged, pc.match_substring_regex(texts, _ROUNDED))
    if pc.any(damaged).as_py():
        texts = pc.if_else(damaged, pa.scalar(None, pa.string()), texts)
    return normalise(_READ[reading](texts), meaning)


def tokened(texts: Texts, make: Callable[[pa.Array], tuple[Blocks, Mask]], meaning: Meaning, reading: str) -> Tokens:
    """Tokens of rows of text, made once for each distinct one."""
    made, blank = make(normal(texts.distinct, meaning, reading))
    return Tokens(np.concatenate([made, np.zeros((1, 16), np.uint8)]), np.append(blank, True), texts.codes)


def column_tokens(hasher: Hasher, texts: Texts, column: str, meaning: Meaning, reading: str = "") -> Tokens:
    """Tokens of rows of text as values of a register's column."""
    return tokened(texts, lambda values: hasher.tokens(column, values), meaning, reading)


def _month_first(texts: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(texts, r"^\s*(\d{1,2})[-./](\d{1,2})[-./](\d{4})", r"\2.\1.\3")


def _outer_words(texts: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(texts, r"^\s*(\S+)\s+(?:\S+\s+)+(\S+)\s*$", r"\1 \2")  # without the father's name


def _two_digits(texts: pa.Array) -> pa.Array:
    # Of those alive: 00 to 29 is taken as this century, 30 to 99 as the last.
    later = pc.replace_substring_regex(texts, r"^\s*(\d{1,2})[-./](\d{1,2})[-./]([012]\d)\s*$", r"\1.\2.20\3")
    return pc.replace_substring_regex(later, r"^\s*(\d{1,2})[-./](\d{1,2})[-./](\d{2})\s*$", r"\1.\2.19\3")


_READ: Mapping[str, Callable[[pa.Array], pa.Array]] = {
    "": lambda texts: texts, "month first": _month_first, "two-digit year": _two_digits, "outer words": _outer_words,
}  # fmt: skip


def _encoded(values: pa.Array) -> Texts:
    encoded = values.dictionary_encode()
    codes = pc.fill_null(encoded.indices.cast(pa.int64()), len(encoded.dictionary)).to_numpy(zero_copy_only=False)
    return Texts(encoded.dictionary, codes.astype(np.int64))


def _whole(column: pa.ChunkedArray) -> pa.Array:
    whole = column.combine_chunks()
    whole = whole if isinstance(whole, pa.Array) else pa.concat_arrays(whole.chunks)
    return whole if whole.type == pa.string() else pc.cast(whole, pa.string())
