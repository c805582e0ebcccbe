"""Which register column each leaked column is, once rows are linked by their record key: cells are compared."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from kulla.leaks.recognise.assign import Mapped, Tried, assigned, permutations_for
from kulla.leaks.recognise.hashing import Hasher, same
from kulla.leaks.recognise.identify import Keys
from kulla.leaks.recognise.register import Ints, Mask, Register
from kulla.leaks.recognise.sheet import READINGS, Columns, Sheet, Tokens, column_tokens
from kulla.leaks.recognise.versions import Pairs, paired
from kulla.registers.imprint import NAME
from kulla.registers.imprintformat import BLOCK, CELL
from kulla.registers.manifest import Manifest
from kulla.registers.tokens import Blocks, gather

SAMPLE: Final = 3000
_WINDOWS: Final = 4
_LETTERS: Final = 0.8

Name = tuple[Columns, str]
"""Leaked columns that may be the name, and the reading of them."""


def mapped_columns(
    sheet: Sheet, found: Keys, key_columns: Columns, register: Register, hasher: Hasher, manifest: Manifest, seed: int
) -> tuple[Mapped, ...]:  # fmt: skip
    """The columns beside the record key, best first. sheet: the whole table, with the keys found in it."""
    random = np.random.default_rng(seed)
    rows = near_rows(found.record, random)
    sample = sheet.take(rows)
    other = [name for name in hasher.info.columns if name not in hasher.info.record]
    single = [(place,) for place in range(sheet.width) if place not in key_columns]
    joined = name_columns(sample, [place for (place,) in single])
    bench = Bench(register, hasher, rows, found, random)
    tried: list[Tried] = []
    pairs = 0
    for name in other:
        meaning = manifest.column(name).meaning
        units = [*single, *(joined if meaning == "name" else [])]
        for columns in units:
            for reading in READINGS.get(meaning, ("",)):
                pairs += 1
                tokens = column_tokens(hasher, sample.texts(columns), name, meaning, reading)
                tried.append(bench.tried(columns, reading, name, tokens))
    return assigned([t for t in tried if t.compared], pairs)


def near_rows(record: npt.NDArray[np.uint32], random: np.random.Generator) -> Ints:
    """Linked rows for a sample, of records near each other in a few places, so that little of the imprint is read.

    Record numbers are allotted in random order: near records are no more alike than others.
    """
    linked = np.flatnonzero(record)
    if len(linked) <= SAMPLE:
        return linked
    ordered = linked[np.argsort(record[linked], kind="stable")]
    size = SAMPLE // _WINDOWS
    starts = random.integers(0, len(ordered) - size + 1, _WINDOWS)
    return np.unique(np.concatenate([ordered[start : start + size] for start in starts]))


def name_columns(sample: Sheet, places: list[int]) -> list[Columns]:
    """Pairs and triples of neighbouring columns of words, which together may be a name."""
    words = [place for place in places if _is_words(sample, place)]
    pairs = [(a, b) for a in words for b in words if 0 < b - a <= 2]
    triples = [(a, a + 1, a + 2) for a in words if {a + 1, a + 2} <= set(words)]
    return [*pairs, *triples]


def _is_words(sample: Sheet, place: int) -> bool:
    distinct = sample.texts((place,)).distinct
    if not len(distinct):
        return False
    words = pc.match_substring_regex(distinct, r"^[^0-9@]*\p{L}[^0-9@]*$")
    return bool(pc.mean(words.cast("int8")).as_py() > _LETTERS)


class Bench:
    """The sampled rows with the versions of their records, against which columns are tried."""

    def __init__(
        self, register: Register, hasher: Hasher, rows: Ints, found: Keys, random: np.random.Generator
    ) -> None:  # fmt: skip
        self._register, self._hasher, self._count = register, hasher, len(rows)
        self._record = found.tokens.rows(rows)
        self._chunks = list(paired(register, np.arange(len(rows)), found.record[rows]))
        self._cells: dict[str, list[tuple[Blocks, Mask]]] = {}
        self._shuffles = [random.permutation(len(rows)) for _ in range(permutations_for(len(rows)))]

    def tried(self, columns: Columns, reading: str, name: str, tokens: Tokens) -> Tried:
        """One leaked column against one register column."""
        some = ~tokens.missing
        agree = self._agree(CELL + name, self._hasher.cells(name, self._record, tokens.rows()), some)
        by_chance = permuted = 0
        for shuffle in self._shuffles if agree.any() else ():
            there = some[shuffle]
            expected = self._hasher.cells(name, self._record, tokens.rows(shuffle))
            by_chance += int(self._agree(CELL + name, expected, there).sum())
            permuted += int(there.sum())
        return Tried(columns, reading, name, agree, int(some.sum()), by_chance, permuted)

    def tried_name(self, name: Name, block: int, names: Tokens, others: Tokens) -> Tried:
        """Leaked columns as the name, by their block with another column that is known."""
        agree = np.zeros(self._count, bool)
        compared = by_chance = permuted = 0
        for number, shuffle in enumerate((np.arange(self._count), *self._shuffles)):
            some = ~(names.missing[shuffle] | others.missing)
            hit = self._agree(f"{BLOCK}{block}", self._hasher.blocks(block, names.rows(shuffle), others.rows()), some)
            if number:
                by_chance, permuted = by_chance + int(hit.sum()), permuted + int(some.sum())
            else:
                agree, compared = hit, int(some.sum())
        return Tried(*name, NAME, agree, compared, by_chance, permuted)

    def _agree(self, hashed: str, expected: Blocks, some: Mask) -> Mask:
        """Which rows have a value that was their record's at some time."""
        agree = np.zeros(self._count, bool)
        for pairs, (cells, missing) in zip(self._chunks, self._held(hashed), strict=True):
            hit = _equal(pairs, expected, cells, missing)
            agree[pairs.rows] = np.logical_or.reduceat(hit, pairs.starts)
        return agree & some

    def _held(self, hashed: str) -> list[tuple[Blocks, Mask]]:
        if hashed not in self._cells:
            self._cells[hashed] = [self._register.hashes(hashed, pairs.versions) for pairs in self._chunks]
        return self._cells[hashed]


def _equal(pairs: Pairs, expected: Blocks, cells: Blocks, missing: Mask) -> Mask:
    """Of each pair, whether the row's expected cell is the version's."""
    hit = same(gather(expected, pairs.rows[pairs.row]), gather(cells, pairs.version))
    return hit & ~missing[pairs.version]
