"""JSON objects of one shape in a stretch of lines, read as columns without decoding each.

PostgreSQL writes the same keys in the same order without a blank, so what stands between two values is the same in all
lines of a shape: it is compared, eight bytes at once, and what is left are the values. A line is beyond doubt when
every byte outside its values is as in its shape's first line, its texts hold no control character, no bytes that are
not UTF-8 and only two-letter escapes, and its other values are whole numbers: then every reader of JSON (RFC 8259)
finds these members. All others are left to the caller.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from kulla.registers.audit.lines import TEXT, Offsets
from kulla.registers.audit.texts import Bytes, Mask, flat

_QUOTE, _BACKSLASH, _LF, _BLANK = 34, 92, 10, 32
_SHAPES: Final = 12
"""Shapes looked for in a stretch: a server's log has fewer, and each look costs a pass."""
_LONGEST: Final = 18
_UNUSED: Final = 20
"""Digits of a number that is wanted, and of any other. Readers take longer ones for floats, whose text is another."""
_WIDEST: Final = 4_000
"""Bytes between two values up to which a shape is looked for."""
_ESCAPES: Final = {'"': '"', "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_LETTERS: Final = np.isin(np.arange(256), [_BACKSLASH, *map(ord, _ESCAPES)])


@dataclass(frozen=True, slots=True)
class Objects:
    """Lines of one shape.

    Attributes:
        rows: which lines, ascending.
        keys: of each object, in order; all different.
        texts: the values of the keys asked for, as text: of strings what they say, of numbers their digits.
    """

    rows: Offsets
    keys: tuple[str, ...]
    texts: dict[str, pa.Array]


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Bytes that all lines of a shape have between two places, each told as (which quote, how far from it); a quote
    of -1 is the line's start, one of -2 its end."""

    text: bytes
    begin: tuple[int, int]
    end: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Member:
    key: str
    quoted: bool
    begin: tuple[int, int]
    end: tuple[int, int]


def objects(data: bytes, starts: Offsets, stops: Offsets, wanted: Collection[str]) -> list[Objects]:
    """The lines [start, stop) of `data` that are beyond doubt, by shape.

    >>> data = b'{"a":"x","n":1}\\n{"a":"\\\\"y\\\\"","n":20}\\n{"a":1 }\\n'
    >>> (found,) = objects(data, np.array([0, 16, 37]), np.array([16, 37, 46]), ("a", "n"))
    >>> found.rows.tolist(), found.texts["a"].to_pylist(), found.texts["n"].to_pylist()
    ([0, 1], ['x', '"y"'], ['1', '20'])
    """
    try:
        data.isascii() or data.decode()
    except UnicodeDecodeError:
        return []
    found = np.frombuffer(data, np.uint8)
    stops = stops - ((stops > starts) & (found[np.maximum(stops - 1, 0)] == _LF))
    quotes, doubtful, letters = _quotes(found)
    left = np.ones(len(starts), np.bool_)
    at = np.searchsorted(stops, doubtful)
    left[at[at < len(left)]] = False
    first = np.searchsorted(quotes, starts)
    counts = np.searchsorted(quotes, stops) - first
    left &= (counts > 3) & (counts % 2 == 0)
    padded = np.concatenate((found, np.zeros(_WIDEST + 16, np.uint8)))
    words = np.ndarray((len(found) + _WIDEST + 8,), np.uint64, padded, strides=(1,))
    made: list[Objects] = []
    for _ in range(_SHAPES):
        if not left.any():
            break
        one = int(np.argmax(left))
        left[one] = False
        rows = np.concatenate((np.array([one]), np.flatnonzero(left & (counts == counts[one]))))
        lines = _Lines(data, words, quotes, letters, first[rows], starts[rows], stops[rows])
        shape = _shape(data[starts[one] : stops[one]], quotes[first[one] : first[one] + counts[one]] - starts[one])
        if shape is None:
            continue
        fits = lines.fit(*shape, wanted)
        left[rows[fits]] = False
        if fits.any():
            made.append(lines.read(rows, fits, shape[1], wanted))
    return made


def _quotes(found: Bytes) -> tuple[Offsets, Offsets, str]:
    """The quotes that no backslash escapes, places that make their line doubtful, and all that is escaped."""
    quotes = np.flatnonzero(found == _QUOTE)
    control = np.flatnonzero((found < _BLANK) & (found != _LF))
    slashes = np.flatnonzero(found == _BACKSLASH)
    if not len(slashes):
        return quotes, control, ""
    number = np.arange(len(slashes))
    leads = np.ones(len(slashes), np.bool_)
    leads[1:] = np.diff(slashes) != 1
    escaping = slashes[((number - np.maximum.accumulate(np.where(leads, number, 0))) & 1) == 0]
    escaped = np.minimum(escaping + 1, len(found) - 1)
    marked = np.zeros(len(found), np.bool_)
    marked[escaped] = True
    letters = found[escaped]
    doubtful = np.concatenate((control, escaping[~_LETTERS[letters]]))
    return quotes[~marked[quotes]], doubtful, "".join(map(chr, np.flatnonzero(np.bincount(letters)).tolist()))


def _shape(line: bytes, quotes: Offsets) -> tuple[list[_Chunk], list[_Member]] | None:
    """What a line is made of, by its quotes; None when it is not as PostgreSQL writes it."""
    chunks: list[_Chunk] = []
    members: list[_Member] = []
    begin, number, count = (-1, 0), 0, len(quotes)
    while number + 1 < count:
        key = line[quotes[number] + 1 : quotes[number + 1]]
        close = int(quotes[number + 1])
        if line[close + 1 : close + 2] != b":" or _BACKSLASH in key:
            return None
        quoted = line[close + 2 : close + 3] == b'"'
        if quoted and number + 3 >= count:
            return None
        value = ((number + 2, 1), (number + 3, 0)) if quoted else ((number + 1, 2), _after(number, count))
        chunks.append(_between(line, quotes, begin, value[0]))
        members.append(_Member(key.decode(), quoted, *value))
        begin = value[1]
        number += 4 if quoted else 2
    chunks.append(_between(line, quotes, begin, (-2, 0)))
    if number != count or not _as_written(chunks, members):
        return None
    return (chunks, members) if len({each.key for each in members}) == len(members) else None


def _after(number: int, count: int) -> tuple[int, int]:
    """Where a number ends, whose key begins at this quote: before the comma before the next key, or before `}`."""
    return (number + 2, -1) if number + 2 < count else (-2, -1)


def _between(line: bytes, quotes: Offsets, begin: tuple[int, int], end: tuple[int, int]) -> _Chunk:
    ends = {-1: 0, -2: len(line)}
    first, last = (ends[quote] + shift if quote < 0 else int(quotes[quote]) + shift for quote, shift in (begin, end))
    return _Chunk(line[first:last], begin, end)


def _as_written(chunks: list[_Chunk], members: list[_Member]) -> bool:
    """Whether the chunks are what stands between members with these keys."""
    expected: list[bytes] = []
    lead = b"{"
    for each in members:
        expected.append(lead + b'"' + each.key.encode() + (b'":"' if each.quoted else b'":'))
        lead = b'",' if each.quoted else b","
    expected.append(lead[:-1] + b"}")
    return [each.text for each in chunks] == expected and max(map(len, expected)) <= _WIDEST


class _Lines:
    """Lines with as many quotes each."""

    def __init__(
        self, data: bytes, words: npt.NDArray[np.uint64], quotes: Offsets, letters: str, first: Offsets,
        starts: Offsets, stops: Offsets,
    ) -> None:  # fmt: skip
        self._data, self._words, self._quotes, self._letters, self._first = data, words, quotes, letters, first
        self._ends = {-1: starts, -2: stops}
        self._found = np.frombuffer(data, np.uint8)

    def _at(self, place: tuple[int, int], rows: Mask | slice = slice(None)) -> Offsets:
        quote, shift = place
        if quote < 0:
            return self._ends[quote][rows] + shift
        return np.asarray(self._quotes[self._first[rows] + quote] + shift)

    def fit(self, chunks: list[_Chunk], members: list[_Member], wanted: Collection[str]) -> Mask:
        """Which lines are of the shape."""
        fits = np.ones(len(self._first), np.bool_)
        for chunk in chunks:
            begin = self._at(chunk.begin)
            fits &= self._at(chunk.end) - begin == len(chunk.text)
            fits &= self._holds(begin, chunk.text)
        for member in members:
            if not member.quoted:
                most = _LONGEST if member.key in wanted else _UNUSED
                fits &= self._number(self._at(member.begin), self._at(member.end), most)
        return fits

    def _holds(self, begin: Offsets, text: bytes) -> Mask:
        """Where `text` stands. Reads beyond the data see zeros."""
        held = np.ones(len(begin), np.bool_)
        for shift in range(0, len(text), 8):
            part = text[shift : shift + 8]
            word = self._words[begin + shift]
            if len(part) < 8:
                word = word & np.uint64((1 << (8 * len(part))) - 1)
            held &= word == np.frombuffer(part.ljust(8, b"\0"), np.uint64)[0]
        return held

    def _number(self, begin: Offsets, end: Offsets, most: int) -> Mask:
        """Which spans are a whole number as JSON has it, of at most so many digits."""
        width = end - begin
        limit = len(self._found) - 1
        first = self._found[np.clip(begin, 0, limit)]
        negative = first == 45
        lead = self._found[np.clip(begin + negative, 0, limit)]
        digits = width - negative
        fine = (digits >= 1) & (digits <= most) & ((lead != 48) | ((digits == 1) & ~negative))
        for place in range(min(int(width.max(initial=0)), most + 1)):
            byte = self._found[np.clip(begin + place, 0, limit)]
            fine &= ((byte >= 48) & (byte <= 57)) | (place >= width) | (negative & (place == 0))
        return np.asarray(fine, np.bool_)

    def read(self, rows: Offsets, fits: Mask, members: list[_Member], wanted: Collection[str]) -> Objects:
        """The lines that fit."""
        chosen = slice(None) if fits.all() else fits
        texts = {each.key: self._texts(each, chosen) for each in members if each.key in wanted}
        return Objects(rows[fits], tuple(each.key for each in members), texts)

    def _texts(self, member: _Member, chosen: Mask | slice) -> pa.Array:
        """A member's values: the stretch as texts, by turns values and what lies between, of which values are taken."""
        begin, end = self._at(member.begin, chosen), self._at(member.end, chosen)
        places = np.empty(2 * len(begin), np.int64)
        places[0::2], places[1::2] = begin, end
        buffers = [None, pa.py_buffer(places), pa.py_buffer(self._data)]
        both = pa.Array.from_buffers(TEXT, len(places) - 1, buffers)
        values = both.take(pa.array(np.arange(0, len(places), 2)))
        return unescaped(values, self._letters) if member.quoted else values


def unescaped(texts: pa.Array, letters: str) -> pa.Array:
    """What JSON strings with two-letter escapes say. letters: those that are escaped anywhere in them.

    >>> unescaped(pa.array(['a\\\\nb', 'c\\\\\\\\n'], pa.large_string()), "n\\\\").to_pylist()
    ['a\\nb', 'c\\\\n']
    """
    if not letters or not (flat(texts)[0] == _BACKSLASH).any():
        return texts
    made = texts
    for letter, character in _ESCAPES.items():
        if letter in letters:
            made = pc.replace_substring(made, f"\\{letter}", character)
    if "\\" in letters:  # an escape behind an escaped backslash is none
        twice = pc.match_substring(texts, "\\\\")
        told = [orjson.loads(f'"{text}"') for text in texts.filter(twice).to_pylist()]
        made = pc.replace_with_mask(made, twice, pa.array(told, TEXT))
    return made
