"""Values brought to the one form in which they are compared, by meaning. Vectorised over distinct values.

A register's value and the same value in a leaked file must come out equal although the leak went through a spreadsheet,
another export, or a human hand. So each rule undoes what those do: leading zeros lost, `.0` gained, `'` or `="…"`
put before a number, dates turned round, diacritics dropped, given and family name swapped.

A value that is not of its column's form (a phone column holding `unknown`) is compared as plain text; an empty value,
or one without any letter or digit, is null. `NORMALISER_VERSION` is part of every imprint: any change of a result here
must raise it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kulla.registers.fold import folded
from kulla.registers.manifest import Meaning
from kulla.registers.normaldates import iso_date, iso_period
from kulla.registers.normalmoney import minor_units

NORMALISER_VERSION: Final = 1

SEPARATOR: Final = "\x1f"
"""U+001F, between the parts of a key of several columns; no normalised value holds it."""


def as_text(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    """A column as the text that `normalise` takes. Numbers, dates and times are written as Arrow writes them."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks() if values.num_chunks != 1 else values.chunk(0)
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    return values if values.type == pa.string() else pc.cast(values, pa.string())


def normalise(values: pa.Array, meaning: Meaning) -> pa.Array:
    """Texts in the form in which values of that meaning are compared; null for null and for what holds no value.

    >>> normalise(pa.array(["Krasniqi, Agron", "agron KRASNIQI"]), "name").to_pylist()
    ['agron krasniqi', 'agron krasniqi']
    >>> normalise(pa.array(["+355 69 123 4567", "0691234567", "691234567.0"]), "phone").to_pylist()
    ['91234567', '91234567', '91234567']
    """
    bare = _unwrapped(values)
    formed = _no_blank(_FORMS[meaning](bare))
    return formed if formed.null_count == values.null_count else pc.coalesce(formed, _no_blank(plain_text(bare)))


def _no_blank(values: pa.Array) -> pa.Array:
    blank = pc.equal(values, "")
    return pc.if_else(blank, pa.scalar(None, pa.string()), values) if pc.any(blank).as_py() else values


def plain_text(values: pa.Array) -> pa.Array:
    """Letters and digits, folded, single blanks between words, order kept; a number without leading zeros and `.0`."""
    words = folded(_whole_numbers(values))
    if not only_bytes(words, _WORDS):
        words = pc.replace_substring_regex(words, r"[^\p{L}\p{N}]+", " ")
    return _without_zeros(_single_blanks(words))


def name_set(values: pa.Array) -> pa.Array:
    """The words of names as a sorted set: order, repetition and punctuation do not matter."""
    lists = pc.split_pattern(plain_text(values), " ")
    words = pc.dictionary_encode(lists.flatten())
    count = len(words.dictionary)
    if not count:
        return plain_text(values)
    rank = np.empty(count, np.int64)
    order = pc.sort_indices(words.dictionary).to_numpy()
    rank[order] = np.arange(count)
    places = np.repeat(np.arange(len(lists)), pc.fill_null(pc.list_value_length(lists), 0).to_numpy())
    # (list, rank of the word) as one number: a single sort orders the words of all names at once.
    pairs = np.unique(places * count + rank[words.indices.to_numpy()])
    offsets = np.searchsorted(pairs, np.arange(len(lists) + 1) * count)
    sets = pa.ListArray.from_arrays(
        pa.array(offsets, pa.int32()), words.dictionary.take(pa.array(order[pairs % count]))
    )
    joined = pc.binary_join(sets, " ")
    return pc.if_else(pc.is_valid(values), joined, pa.scalar(None, pa.string())) if values.null_count else joined


# Regular expressions take 50 to 100 ns a value; a look at all bytes of a column takes 1 ns each, and mostly shows that
# there is nothing to do.


def only_bytes(values: pa.Array, allowed: npt.NDArray[np.bool_]) -> bool:
    """Whether all bytes of all texts are `allowed` (a table of 256)."""
    _, offsets, data = values.buffers()
    if data is None or not len(values):
        return True
    ends = np.frombuffer(offsets, np.int32)[values.offset : values.offset + len(values) + 1]
    return bool(allowed[np.frombuffer(data, np.uint8)[ends[0] : ends[-1]]].all())


def _table(characters: bytes) -> npt.NDArray[np.bool_]:
    table = np.zeros(256, bool)
    table[np.frombuffer(characters, np.uint8)] = True
    return table


_DIGITS, _SMALL, _CAPITALS = b"0123456789", bytes(range(97, 123)), bytes(range(65, 91))
_WORDS = _table(_DIGITS + _SMALL + b" ")
_IDENTIFIER = _table(_DIGITS + _CAPITALS)
_UNWRAPPED = _table(_DIGITS + _SMALL + _CAPITALS + b"+-./,:;@_()&")
_NO_POINT = ~_table(b".")
_BLANKS = r"[\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}]"


def _unwrapped(values: pa.Array) -> pa.Array:
    """Without what spreadsheets put round a value: `="0691"`, `'0691`, blanks of every kind."""
    if only_bytes(values, _UNWRAPPED):
        return values
    wrapped = pc.fill_null(pc.match_substring_regex(values, rf"^[\s'=]|\s$|{_BLANKS}"), False)
    if not pc.any(wrapped).as_py():
        return values
    stripped = pc.replace_substring_regex(values.filter(wrapped), _BLANKS, " ")
    stripped = pc.replace_substring_regex(stripped, r"""^\s*=\s*"(.*)"\s*$""", r"\1")
    return pc.replace_with_mask(values, wrapped, pc.utf8_trim(stripped, " \t\r\n'"))


def _whole_numbers(values: pa.Array) -> pa.Array:
    if only_bytes(values, _NO_POINT):
        return values
    return pc.replace_substring_regex(values, r"^(\d+)\.0+$", r"\1")


def _without_zeros(values: pa.Array) -> pa.Array:
    if not pc.any(pc.starts_with(values, "0")).as_py():
        return values
    return pc.replace_substring_regex(values, r"^0+(\d+)$", r"\1")


def _single_blanks(values: pa.Array) -> pa.Array:
    if pc.any(pc.match_substring(values, "  ")).as_py():
        values = pc.replace_substring_regex(values, " +", " ")
    return pc.ascii_trim(values, " ")


def _identifier(values: pa.Array) -> pa.Array:
    """Capitals and digits only; a number without leading zeros, which spreadsheets drop."""
    if not only_bytes(values, _IDENTIFIER):
        plain = pc.fill_null(pc.string_is_ascii(values), True)
        if pc.all(plain).as_py() is False:
            values = folded(values)
        values = pc.replace_substring_regex(pc.ascii_upper(_whole_numbers(values)), r"[^0-9A-Z]+", "")
    return _without_zeros(values)


def _phone(values: pa.Array) -> pa.Array:
    """The last 8 digits: what national and international writings, with or without a leading 0, have in common."""
    last = pc.utf8_slice_codeunits(values, start=-8)
    quick = pc.fill_null(pc.and_(pc.ascii_is_decimal(last), pc.equal(pc.binary_length(last), 8)), True)
    slow = pc.invert(quick)
    return pc.replace_with_mask(last, slow, _phone_slowly(values.filter(slow))) if pc.any(slow).as_py() else last


def _phone_slowly(values: pa.Array) -> pa.Array:
    exponent = pc.match_substring_regex(values, r"[0-9][eE]\+?[0-9]{1,2}$")
    digits = pc.replace_substring_regex(_whole_numbers(values), r"[^0-9]+", "")
    fits = pc.and_(pc.greater_equal(pc.binary_length(digits), 6), pc.invert(exponent))
    return pc.if_else(fits, pc.utf8_slice_codeunits(digits, start=-8), pa.scalar(None, pa.string()))


def _email(values: pa.Array) -> pa.Array:
    return _or_null(pc.replace_substring_regex(folded(values), r"\s+|^mailto:", ""), "^[^@]+@[^@]+$")


def _or_null(values: pa.Array, form: str) -> pa.Array:
    return pc.if_else(pc.match_substring_regex(values, form), values, pa.scalar(None, pa.string()))


def _each(form: Callable[[str], str | None]) -> Callable[[pa.Array], pa.Array]:
    """A rule for one value, over an array. For meanings with few distinct values (dates: 40,000 in a century)."""

    def over(values: pa.Array) -> pa.Array:
        return pa.array([None if text is None else form(text) for text in values.to_pylist()], pa.string())

    return over


_FORMS: Mapping[Meaning, Callable[[pa.Array], pa.Array]] = {
    "national_id": _identifier,
    "name": name_set,
    "given_name": name_set,
    "family_name": name_set,
    "phone": _phone,
    "email": _email,
    "plate": _identifier,
    "iban": _identifier,
    "money": minor_units,
    "employer_id": _identifier,
    "employer": plain_text,
    "birth_date": _each(iso_date),
    "date": _each(iso_date),
    "period": _each(iso_period),
    "address": plain_text,
    "municipality": plain_text,
    "office": plain_text,
    "special": plain_text,
    "code": plain_text,
    "other": plain_text,
}
