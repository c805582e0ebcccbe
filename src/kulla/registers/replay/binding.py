"""The values of a shape's slots for many accesses, and its tests with them as conditions on indexes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from kulla.registers.replay.answers import Condition
from kulla.registers.replay.indexes import ColumnIndex, Flags, History, Ints
from kulla.registers.replay.ranges import Ranges, compared, everything, listed, nulls
from kulla.registers.replay.shape import Slot, Test
from kulla.registers.replay.skeleton import split, unquoted

TEXT = pa.large_string()
_SUPPRESSED = "<"
"""pgaudit writes `<long param suppressed, …>` and `<none>` where it tells no value."""
_ARRAY = re.compile(r'"((?:[^"\\]|\\.)*)"|([^,{}"\\]+)')


@dataclass(frozen=True, slots=True)
class Values:
    """The values of n accesses of one skeleton.

    literals: as written, one array for each literal or list of the skeleton; parameters: one array for each bound one,
    null where it is not known, empty where it is NULL or empty.
    """

    count: int
    literals: Sequence[pa.Array]
    parameters: Sequence[pa.Array]

    def one(self, slot: Slot) -> pa.Array:
        """A slot's value as text for each access; null: not known."""
        if slot.kind == "bound":
            found = self.parameters[slot.number - 1] if slot.number <= len(self.parameters) else None
            values = pa.nulls(self.count, TEXT) if found is None else found
        else:
            values = plain(self.literals[slot.number])
        return (
            pc.binary_join_element_wise(pa.scalar("-", TEXT), values, pa.scalar("", TEXT)) if slot.negative else values
        )

    def many(self, slots: Sequence[Slot]) -> tuple[pa.Array, Ints]:
        """All values of several slots, lists and arrays taken apart, with the access of each."""
        parts = [self._each(slot) for slot in slots]
        values = pa.concat_arrays([part[0] for part in parts])
        return values, np.concatenate([part[1] for part in parts])

    def _each(self, slot: Slot) -> tuple[pa.Array, Ints]:
        every = np.arange(self.count, dtype=np.int64)
        if slot.kind == "list":
            lists: list[list[str | None]] = _split(self.literals[slot.number])
        elif slot.array:
            lists = [elements(text) for text in self.one(slot).to_pylist()]
        else:
            return self.one(slot), every
        lengths = np.fromiter((len(each) for each in lists), np.int64, len(lists))
        return pa.array([value for each in lists for value in each], TEXT), np.repeat(every, lengths)


def plain(literals: pa.Array) -> pa.Array:
    """Literals as written → their values."""
    quoted = pc.starts_with(literals, "'")
    if not pc.any(quoted).as_py():
        return literals
    inner = pc.replace_substring(pc.utf8_slice_codeunits(literals, 1, -1), "''", "'")
    return pc.if_else(quoted, inner, literals)


def _split(texts: pa.Array) -> list[list[str | None]]:
    return [[unquoted(each) for each in split(text)] for text in texts.to_pylist()]


def elements(text: str | None) -> list[str | None]:
    """The elements of an array as PostgreSQL writes it; [None]: not known.

    >>> elements('{1,"a,b",NULL}'), elements("{}"), elements("x")
    (['1', 'a,b'], [], [None])
    """
    if text == "":
        return []  # NULL: equals nothing
    if text is None or not (text.startswith("{") and text.endswith("}")) or "{" in text[1:]:
        return [None]
    found: list[str | None] = []
    for quoted, bare in _ARRAY.findall(text[1:-1]):
        if bare.strip().upper() != "NULL" or quoted:
            found.append(re.sub(r"\\(.)", r"\1", quoted) if quoted or not bare else bare.strip())
    return found


def bound_parameters(texts: pa.Array) -> list[pa.Array]:
    """ACCESS's parameters (JSON arrays of texts) as one array for each place; null: not known."""
    if texts.null_count == len(texts):
        return []
    simple = pc.match_substring_regex(texts, r'^\["[^"\\\x00-\x1f]*"\]$')
    if simple.null_count == 0 and pc.all(simple).as_py():
        return [_told(pc.utf8_slice_codeunits(texts, 2, -2))]
    rows = [_loaded(text) for text in texts.to_pylist()]
    width = max(map(len, rows), default=0)
    return [_told(pa.array([row[n] if n < len(row) else None for row in rows], TEXT)) for n in range(min(width, 99))]


def _loaded(text: str | None) -> list[str | None]:
    try:
        found = orjson.loads(text) if text else []
    except orjson.JSONDecodeError:
        return []
    return ["" if each is None else str(each) for each in found] if isinstance(found, list) else []


def _told(values: pa.Array) -> pa.Array:
    hidden = pc.starts_with(values, _SUPPRESSED)
    return pc.if_else(hidden, pa.scalar(None, TEXT), values.cast(TEXT)) if pc.any(hidden).as_py() else values.cast(TEXT)


def conditions(history: History, tests: Sequence[Test], values: Values) -> tuple[tuple[Condition, ...], Flags]:
    """The tests as conditions on indexes, and for each access whether they say exactly what PostgreSQL would."""
    found: list[Condition] = []
    sure = np.ones(values.count, np.bool_)
    for test in tests:
        index = history.index(test.column)
        if index is None:
            sure[:] = False
            continue
        ranges = _ranges(index, test, values)
        sure &= ranges.sure
        if ranges.sure.any() or not ranges.single or (ranges.low > 0).any():
            found.append(Condition(test.column, index, ranges))
    return tuple(found), sure


def _ranges(index: ColumnIndex, test: Test, values: Values) -> Ranges:
    if test.op in ("null", "not_null"):
        return nulls(index, values.count, test.op == "null")
    casts = {slot.cast for slot in test.slots}
    if len(casts) > 1:
        return everything(index, values.count)
    cast = casts.pop()
    if test.op == "in":
        listed_values, who = values.many(test.slots)
        return listed(index, listed_values, who, values.count, cast)
    return compared(index, test.op, values.one(test.slots[0]), cast)


def whole_numbers(values: pa.Array) -> tuple[Ints, Flags]:
    """LIMIT and OFFSET: numbers, -1 for NULL, and whether each is known."""
    encoded = values.dictionary_encode()
    texts = encoded.dictionary.to_pylist()
    numbers, known = np.full(len(texts) + 1, -1, np.int64), np.zeros(len(texts) + 1, np.bool_)
    for place, text in enumerate(texts):
        if text == "":
            known[place] = True
        elif text is not None and re.fullmatch(r"\s*[0-9]{1,15}\s*", text, re.ASCII):
            numbers[place], known[place] = int(text), True
    code = np.asarray(encoded.indices.fill_null(len(texts)), np.int64)
    return numbers[code], known[code]
