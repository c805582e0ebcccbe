"""Which leaked column, or columns, are the register's record key: ids or plates that the register has.

A list of ids of valid form hits a dense register by chance: 3 million issued ids among 73 million possible ones are
4 %. So chance is measured on neighbours of the leaked values, which are as valid and of the same days of birth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, permutations
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kulla.leaks.recognise.evidence import beyond_chance, log_excess
from kulla.leaks.recognise.hashing import Hasher
from kulla.leaks.recognise.register import Register
from kulla.leaks.recognise.sheet import Columns, Sheet, Texts, Tokens, normal
from kulla.registers.manifest import Manifest
from kulla.registers.nationalid import check_letter, well_formed
from kulla.registers.normalise import SEPARATOR
from kulla.registers.records import Numbers

NEIGHBOURS: Final = 4
LOOKED_AROUND: Final = 1000
"""Values whose neighbours are made."""
MOST_TRIED: Final = 4096
FEWEST_HITS: Final = 3
SURE: Final = 0.5
"""Share of hits from which values of a form that we do not know are clearly the register's keys."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The record keys in a table: tokens of each row's, and its record, 0 where the register has none."""

    tokens: Tokens
    record: Numbers


@dataclass(frozen=True, slots=True)
class Link:
    """Leaked columns as the record key. clear: the hits are more than what neighbours of the values have."""

    columns: Columns
    hits: float
    chance: float
    margin: float
    compared: int
    clear: bool


def links(sheet: Sheet, register: Register, hasher: Hasher, manifest: Manifest, seed: int) -> tuple[Link, ...]:
    """Columns that may be the record key, the best first. sheet: a sample of rows."""
    record = hasher.info.record
    tries = list(islice(permutations(range(sheet.width), len(record)), MOST_TRIED))
    random = np.random.default_rng(seed)
    found = []
    for columns in tries:
        texts = key_texts(sheet, columns, record, manifest)
        values = texts.distinct.filter(pc.is_valid(texts.distinct)).unique()
        hits = int(np.count_nonzero(_numbers(register, hasher, values)))
        if hits < FEWEST_HITS:
            continue
        near = neighbours(values[:LOOKED_AROUND].to_pylist(), random)
        by_chance = int(np.count_nonzero(_numbers(register, hasher, near)))
        clear = beyond_chance(log_excess(hits, len(values), by_chance, len(near)), len(tries))
        # Changing a digit breaks check digits that we do not know: such neighbours are seldomer ids than strangers are.
        clear &= hits >= SURE * len(values) or _mostly_well_formed(values)
        found.append((hits / len(values), by_chance / max(len(near), 1), columns, len(values), clear))
    found.sort(key=lambda each: (-each[4], each[1] - each[0], each[2]))
    return tuple(
        Link(columns, hits, chance, hits - max((f[0] for f in found if f[2] != columns), default=0.0), compared, clear)
        for hits, chance, columns, compared, clear in found
    )


def keys(sheet: Sheet, columns: Columns, register: Register, hasher: Hasher, manifest: Manifest) -> Keys:
    """The record keys of all rows in these columns."""
    texts = key_texts(sheet, columns, hasher.info.record, manifest)
    made, blank = _tokens(hasher, texts.distinct)
    number = np.append(_numbers(register, hasher, texts.distinct), np.uint32(0))
    tokens = Tokens(np.concatenate([made, np.zeros((1, 16), np.uint8)]), np.append(blank, True), texts.codes)
    return Keys(tokens, number[texts.codes])


def key_texts(sheet: Sheet, columns: Columns, record: Sequence[str], manifest: Manifest) -> Texts:
    """Record keys in normal form; those of several columns joined, and none where one is missing."""
    parts = []
    for place, name in zip(columns, record, strict=True):
        texts = sheet.texts((place,))
        parts.append((normal(texts.distinct, manifest.column(name).meaning), texts.codes))
    if len(parts) == 1:
        return Texts(*parts[0])
    rows = [pa.concat_arrays([values, pa.nulls(1, pa.string())]).take(pa.array(codes)) for values, codes in parts]
    whole = pc.binary_join_element_wise(*rows, SEPARATOR, null_handling="emit_null").dictionary_encode()
    codes = pc.fill_null(whole.indices.cast(pa.int64()), len(whole.dictionary)).to_numpy(zero_copy_only=False)
    return Texts(whole.dictionary, codes)


def neighbours(values: Sequence[str], random: np.random.Generator) -> pa.Array:
    """Values near the given ones, of a form as valid: another serial number of that day with its check letter, or
    another of the last two digits; letters change places where there is no digit. The given ones are not among them."""
    made = {_near(value, random) for value in values for _ in range(NEIGHBOURS)}
    return pa.array(sorted(made - set(values)), pa.string())


def _mostly_well_formed(values: pa.Array) -> bool:
    some = values[:LOOKED_AROUND].to_pylist()
    return 2 * sum(well_formed(value) for value in some) > len(some)


def _near(value: str, random: np.random.Generator) -> str:
    if well_formed(value):
        nine = f"{value[:6]}{int(random.integers(1000)):03}"
        return nine + check_letter(nine)
    digits = [place for place, character in enumerate(value) if character in "0123456789"][-2:]
    if not digits:
        return "".join(random.permutation(list(value)))
    place = digits[int(random.integers(len(digits)))]
    other = (int(value[place]) + int(random.integers(1, 10))) % 10
    return f"{value[:place]}{other}{value[place + 1 :]}"


def _tokens(hasher: Hasher, values: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    parts = _apart(values, len(hasher.info.record))
    return hasher.record_tokens(parts)


def _apart(values: pa.Array, count: int) -> list[pa.Array]:
    if count == 1:
        return [values]
    apart = pc.split_pattern(values, SEPARATOR)
    return [pc.list_element(apart, place) for place in range(count)]


def _numbers(register: Register, hasher: Hasher, values: pa.Array) -> Numbers:
    """The record of each key in normal form, 0 where there is none."""
    first = hasher.info.record[0]
    parts = _apart(values, len(hasher.info.record))
    records, missing = hasher.record_tokens(parts)
    value, _ = hasher.tokens(first, parts[0])
    found = register.find(hasher.cells(first, records, value))
    found[missing] = 0
    return found
