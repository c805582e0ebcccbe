"""Names written whole in a leak with ids, of a register that has given and family names apart.

No cell holds a whole name, but blocks do: with another column that is known to be right, the block tells whether the
name was the record's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from kulla.leaks.matched import ColumnMatch
from kulla.leaks.recognise.assign import LEAST, Mapped, Tried
from kulla.leaks.recognise.blocks import BlockMap, block_values, name_tokens
from kulla.leaks.recognise.columns import Bench, name_columns, near_rows
from kulla.leaks.recognise.evidence import beyond_chance
from kulla.leaks.recognise.hashing import Hasher
from kulla.leaks.recognise.identify import Keys
from kulla.leaks.recognise.register import Register
from kulla.leaks.recognise.rows import Cells
from kulla.leaks.recognise.sheet import READINGS, Columns, Sheet, column_tokens
from kulla.registers.manifest import Manifest


@dataclass(frozen=True, slots=True)
class FullName:
    """Leaked columns that are the name, and the block by which they are compared."""

    columns: BlockMap
    found: Tried

    def matches(self, names: tuple[str, ...]) -> tuple[ColumnMatch, ...]:
        """One for each of the register's columns that the name is of."""
        first, *rest = self.columns.name
        hits, chance, compared = self.found.hits, self.found.chance, self.found.compared
        return tuple(ColumnMatch(first, name, hits, chance, hits, compared, tuple(rest)) for name in names)

    def cells(self, sheet: Sheet, hasher: Hasher, manifest: Manifest) -> Cells:
        """The block keys that versions must have to agree; a row whose other value is wrong agrees in neither."""
        values = block_values(sheet, self.columns, hasher, manifest)
        return Cells(values.hashed(0), values.keys(0, np.arange(sheet.rows)), values.some(0), self.found.chance)


def full_name(
    sheet: Sheet, found: Keys, used: Columns, mapped: tuple[Mapped, ...], register: Register, hasher: Hasher,
    manifest: Manifest, seed: int,
) -> FullName | None:  # fmt: skip
    """The name's columns among those that are nothing else yet. None when there is no such column.

    used: the columns of the record key; mapped: what else is known.
    """
    of = {each.match.register_column: each for each in mapped if each.clear}
    halves = [(n, of[pair[1]]) for n, pair in enumerate(hasher.info.blocks) if pair[1] in of]
    if not halves:
        return None
    # The other column must be right for the name to be found right: the one that agrees most often.
    block, other = max(halves, key=lambda half: half[1].match.hits)
    rows = near_rows(found.record, np.random.default_rng(seed))
    sample = sheet.take(rows)
    bench = Bench(register, hasher, rows, found, np.random.default_rng(seed))
    meaning = manifest.column(other.match.register_column).meaning
    others = column_tokens(hasher, sample.texts(other.columns), other.match.register_column, meaning, other.reading)
    taken = {*used, *(place for each in mapped for place in each.columns)}
    tried = [
        bench.tried_name((columns, reading), block, name_tokens(sample, columns, hasher, reading), others)
        for columns in _free(sample, [place for place in range(sheet.width) if place not in taken])
        for reading in READINGS["name"]
    ]
    best = max(tried, key=lambda each: each.hits, default=None)
    if best is None or best.hits < LEAST or not beyond_chance(best.log_chance, len(tried)):
        return None
    return FullName(BlockMap(best.columns, ((block, other),), best.reading), best)


def _free(sample: Sheet, places: list[int]) -> list[Columns]:
    single: list[Columns] = [(place,) for place in places if _has_words(sample, place)]
    return [*single, *name_columns(sample, places)]


def _has_words(sample: Sheet, place: int) -> bool:
    distinct = sample.texts((place,)).distinct
    return (
        bool(len(distinct))
        and pc.mean(pc.match_substring_regex(distinct, r"\p{L} +\S*\p{L}").cast("int8")).as_py() > 0.5
    )
