"""Which leaked columns are a name and what goes with it, where no column is the record key: block keys are compared.

Every column of words, and neighbouring ones together, is tried as the name with every other column as each block's
other half. Chance: the same values with the names of other rows. First on few rows, then what is promising on more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow.compute as pc

from kulla.leaks.recognise.assign import Mapped, Tried, assigned, permutations_for
from kulla.leaks.recognise.blocks import BlockMap, name_tokens
from kulla.leaks.recognise.columns import SAMPLE, Name, name_columns
from kulla.leaks.recognise.hashing import Hasher
from kulla.leaks.recognise.register import Ints, Mask, Register
from kulla.leaks.recognise.sheet import READINGS, Columns, Sheet, Tokens, column_tokens
from kulla.registers.manifest import Manifest, Meaning

LOOK: Final = 400
"""Rows of the first look."""
FEWEST: Final = 3
LEAST: Final = 0.1
"""A key of a name and its value is in a register by chance far more seldom than one cell is right."""
ALONE: Final = (0.5, 0.01)
"""A single block shows that a table is from the register only with at least these hits and at most that chance: names
with municipalities would also be those of a neighbour's phone book, since families live together."""

_FORMS: Final[dict[Meaning, str]] = {
    "birth_date": r"[0-9]{4}", "date": r"[0-9]{4}", "phone": r"[0-9]{5}", "email": "@", "money": r"[0-9]",
    "plate": r"[0-9]", "employer_id": r"[0-9]",
}  # fmt: skip

Half = tuple[int, str, Columns, str]
"""A block, its register column, and the leaked column in a reading that may be it."""


def block_columns(sheet: Sheet, register: Register, hasher: Hasher, manifest: Manifest, seed: int) -> BlockMap | None:
    """The name's columns and the other halves, or None when the table is not from this register."""
    if not hasher.info.blocks or not sheet.rows:
        return None
    random = np.random.default_rng(seed)
    sample = _sampled(sheet, SAMPLE, random)
    few = _sampled(sample, LOOK, random)
    single: list[Columns] = [(place,) for place in range(sheet.width)]
    names = list(_names(few, single))
    halves = list(_halves(few, single, hasher, manifest))
    promising = _Bench(few, register, hasher, manifest, random).promising(names, halves)
    bench = _Bench(sample, register, hasher, manifest, random)
    best: tuple[float, BlockMap] | None = None
    for name, its in promising.items():
        found = bench.assigned(name, its, len(names) * len(halves))
        score = sum(mapped.match.hits - mapped.match.chance for _, mapped in found)
        if _enough(found) and (best is None or score > best[0]):
            best = score, BlockMap(name[0], tuple(found), name[1])
    return None if best is None else best[1]


def _names(few: Sheet, single: list[Columns]) -> Iterator[Name]:
    for columns in (*(each for each in single if _may_be_name(few, each)), *name_columns(few, [n for (n,) in single])):
        yield columns, ""
        if _fits(few, columns, r"\S\s+\S+\s+\S"):
            yield columns, "outer words"


def _enough(found: list[tuple[int, Mapped]]) -> bool:
    if not found:
        return False
    hits, chance = ALONE
    first = found[0][1].match
    return len(found) >= 2 or (first.hits >= hits and first.chance <= chance)


def _halves(few: Sheet, single: list[Columns], hasher: Hasher, manifest: Manifest) -> Iterator[Half]:
    for block, (_, name) in enumerate(hasher.info.blocks):
        meaning = manifest.column(name).meaning
        for columns in single:
            if _fits(few, columns, _FORMS.get(meaning, r"\p{L}")):
                for reading in READINGS.get(meaning, ("",)):
                    yield block, name, columns, reading


def _sampled(sheet: Sheet, rows: int, random: np.random.Generator) -> Sheet:
    return sheet.take(np.sort(random.choice(sheet.rows, min(rows, sheet.rows), replace=False)))


def _may_be_name(sheet: Sheet, columns: Columns) -> bool:
    return _fits(sheet, columns, r"^[^0-9@]*\p{L}[^0-9@]* [^0-9@]*\p{L}[^0-9@]*$")


def _fits(sheet: Sheet, columns: Columns, form: str) -> bool:
    distinct = sheet.texts(columns).distinct
    return bool(len(distinct)) and pc.mean(pc.match_substring_regex(distinct, form).cast("int8")).as_py() > 0.5


class _Bench:
    """Sampled rows, on which names and other halves are tried."""

    def __init__(
        self, sample: Sheet, register: Register, hasher: Hasher, manifest: Manifest, random: np.random.Generator
    ) -> None:  # fmt: skip
        self._sample, self._register, self._hasher, self._manifest = sample, register, hasher, manifest
        self._shuffles = [random.permutation(sample.rows) for _ in range(permutations_for(sample.rows))]
        self._tokens: dict[tuple[str, Columns, str], Tokens] = {}
        self._names: dict[Name, Tokens] = {}

    def promising(self, names: list[Name], halves: list[Half]) -> dict[Name, list[Half]]:
        """Names with the halves that agree at all, and more than when permuted."""
        found: dict[Name, list[Half]] = {}
        for name in names:
            for half in halves:
                if not set(name[0]) & set(half[2]):
                    tried = self.tried(name, half)
                    if int(tried.agree.sum()) >= FEWEST and tried.hits >= tried.chance:
                        found.setdefault(name, []).append(half)
        return found

    def assigned(self, name: Name, halves: list[Half], pairs: int) -> list[tuple[int, Mapped]]:
        """The blocks that leaked columns are taken for, with this name."""
        tried = [self.tried(name, half) for half in halves]
        numbers = {half[1]: half[0] for half in halves}
        return [(numbers[m.match.register_column], m) for m in assigned(tried, pairs, LEAST)]

    def tried(self, name: Name, half: Half) -> Tried:
        """A name and another column as one block."""
        block, register_column, columns, reading = half
        if name not in self._names:
            self._names[name] = name_tokens(self._sample, name[0], self._hasher, name[1])
        names, others = self._names[name], self._other(register_column, columns, reading)
        rows = np.arange(self._sample.rows)
        agree, compared = self._there(block, names, others, rows)
        by_chance = permuted = 0
        for shuffle in self._shuffles if agree.any() else ():
            hit, count = self._there(block, names, others, shuffle)
            by_chance, permuted = by_chance + int(hit.sum()), permuted + count
        return Tried(columns, reading, register_column, agree, compared, by_chance, permuted)

    def _other(self, name: str, columns: Columns, reading: str) -> Tokens:
        key = (name, columns, reading)
        if key not in self._tokens:
            meaning = self._manifest.column(name).meaning
            self._tokens[key] = column_tokens(self._hasher, self._sample.texts(columns), name, meaning, reading)
        return self._tokens[key]

    def _there(self, block: int, names: Tokens, others: Tokens, rows: Ints) -> tuple[Mask, int]:
        """Which rows' name with the value of the row at its place in `rows` is a key that the register has."""
        some = ~(names.missing | others.missing[rows])
        keys = self._hasher.blocks(block, names.rows(), others.rows(rows))
        counts, _, _ = self._register.holders(block, keys, 0)
        return (counts > 0) & some, int(some.sum())
