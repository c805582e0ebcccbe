"""Block keys of leaked rows: the name with one other value each, by which rows without the record key are linked."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from kulla.leaks.recognise.assign import Mapped
from kulla.leaks.recognise.hashing import Hasher
from kulla.leaks.recognise.register import Ints, Mask
from kulla.leaks.recognise.sheet import Columns, Sheet, Tokens, column_tokens, tokened
from kulla.registers.imprintformat import BLOCK
from kulla.registers.manifest import Manifest
from kulla.registers.tokens import Blocks, gather


@dataclass(frozen=True, slots=True)
class BlockMap:
    """Leaked columns as the two halves of blocks.

    name: the columns that together are the person's name, in a reading; others: block number and the column that is its
    other half.
    """

    name: Columns
    others: tuple[tuple[int, Mapped], ...]
    reading: str = ""


@dataclass(frozen=True, slots=True)
class Values:
    """Rows' names and other values as tokens, from which block keys are made."""

    hasher: Hasher
    name: Tokens
    others: tuple[tuple[int, Tokens], ...]

    @property
    def rows(self) -> int:
        """How many rows."""
        return len(self.name.codes)

    def hashed(self, place: int) -> str:
        """The imprint's column of the block at this place."""
        return f"{BLOCK}{self.others[place][0]}"

    def some(self, place: int) -> Mask:
        """Which rows have both halves."""
        return ~(self.name.missing | self.others[place][1].missing)

    def keys(self, place: int, rows: Ints) -> Blocks:
        """The block keys of some rows."""
        block, other = self.others[place]
        return self.hasher.blocks(block, self.name.rows(rows), other.rows(rows))

    def take(self, names: Ints, others: tuple[Ints, ...]) -> Values:
        """Other rows: whose name, and for each block whose other value."""
        taken = tuple((block, _taken(of, rows)) for (block, of), rows in zip(self.others, others, strict=True))
        return replace(self, name=_taken(self.name, names), others=taken)


def block_values(sheet: Sheet, columns: BlockMap, hasher: Hasher, manifest: Manifest) -> Values:
    """The values of a table's rows in the columns of a map."""
    others = []
    for block, mapped in columns.others:
        name = hasher.info.blocks[block][1]
        texts = sheet.texts(mapped.columns)
        others.append((block, column_tokens(hasher, texts, name, manifest.column(name).meaning, mapped.reading)))
    return Values(hasher, name_tokens(sheet, columns.name, hasher, columns.reading), tuple(others))


def name_tokens(sheet: Sheet, columns: Columns, hasher: Hasher, reading: str = "") -> Tokens:
    """The tokens of rows' names, whatever the order of their words."""
    return tokened(sheet.texts(columns), hasher.name_tokens, "name", reading)


def frequency(tokens: Tokens) -> Ints:
    """For each row how many rows have its token."""
    kinds = gather(tokens.distinct, tokens.codes).view("V16")[:, 0]
    _, place, count = np.unique(kinds.view(np.uint64).reshape(-1, 2)[:, 0], return_inverse=True, return_counts=True)
    return np.asarray(count[place], np.int64)


def _taken(tokens: Tokens, rows: Ints) -> Tokens:
    return replace(tokens, codes=tokens.codes[rows])
