"""Values of a leak to the hashes that an imprint holds: tokens, cells, block keys, and the centre's step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kulla.leaks.recognise.register import Mask
from kulla.registers.imprint import NAME
from kulla.registers.imprintformat import ImprintInfo
from kulla.registers.keys import CentreKey, OwnerKeys
from kulla.registers.normalise import SEPARATOR
from kulla.registers.tokens import Blocks, Domain, blocks, cells, outer, tokens


@dataclass(frozen=True, slots=True)
class Hasher:
    """The keys of one run, and the imprint whose hashes are to be met. centre: None for an imprint of the owner's."""

    info: ImprintInfo
    owner: OwnerKeys
    centre: CentreKey | None

    def tokens(self, column: str, values: pa.Array) -> tuple[Blocks, Mask]:
        """Tokens of normal forms in a column of the register, zeros where null, and which are null."""
        missing = pc.is_null(values).to_numpy(zero_copy_only=False)
        made = tokens(self.owner, self._domain(column), pc.fill_null(values, ""))
        if missing.any():
            made[missing] = 0
        return made, missing

    def name_tokens(self, values: pa.Array) -> tuple[Blocks, Mask]:
        """Tokens of whole names (`name` form), as blocks take them."""
        return self.tokens(SEPARATOR + NAME, values)

    def record_tokens(self, parts: Sequence[pa.Array]) -> tuple[Blocks, Mask]:
        """Tokens of record keys from the normal forms of the record's columns, in their order."""
        record = self.info.record
        if len(record) == 1:
            return self.tokens(record[0], parts[0])
        joined = pc.binary_join_element_wise(*parts, SEPARATOR, null_handling="emit_null")
        return self.tokens(SEPARATOR.join(record), joined)

    def cells(self, column: str, records: Blocks, values: Blocks) -> Blocks:
        """Cells as the imprint holds them, row by row."""
        return self._stepped(cells(self.owner, self._domain(column), records, values))

    def blocks(self, block: int, names: Blocks, values: Blocks) -> Blocks:
        """Keys of a block as the imprint holds them, row by row."""
        pair = self._domain(SEPARATOR.join(self.info.blocks[block]))
        return self._stepped(blocks(self.owner, pair, names, values))

    def _domain(self, column: str) -> Domain:
        return Domain(self.info.register, self.info.epoch, column)

    def _stepped(self, inner: Blocks) -> Blocks:
        return inner if self.centre is None else outer(inner, self.centre)


def same(left: Blocks, right: Blocks) -> Mask:
    """Which rows are equal in all 16 bytes."""
    a, b = (np.ascontiguousarray(each).view(np.uint64).reshape(-1, 2) for each in (left, right))
    return np.asarray((a[:, 0] == b[:, 0]) & (a[:, 1] == b[:, 1]))
