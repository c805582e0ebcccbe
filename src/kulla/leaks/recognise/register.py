"""What recognising needs of a register: keyed hashes by record and by block, and when versions held. No values."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from kulla.registers.imprintformat import ImprintInfo
from kulla.registers.records import Numbers
from kulla.registers.tokens import Blocks

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Words = npt.NDArray[np.uint64]


class Register(Protocol):
    """An imprint that can be asked. Versions are numbered from 0, those of a record one after the other.

    info: what the imprint says of itself. records, versions: how many. horizon: [first beginning, last change) in
    microseconds.
    """

    @property
    def info(self) -> ImprintInfo: ...
    @property
    def records(self) -> int: ...
    @property
    def versions(self) -> int: ...
    @property
    def horizon(self) -> tuple[int, int]: ...

    def find(self, cells: Blocks) -> Numbers:
        """The record of each cell of the first record column, 0 where none has it."""
        ...

    def stretch(self, records: Numbers) -> tuple[Ints, Ints]:
        """The first version of each record and the one after its last."""
        ...

    def times(self, versions: Ints) -> tuple[Ints, Ints]:
        """[from, to) of versions; `intervals.FOREVER` where they have not ended."""
        ...

    def hashes(self, column: str, versions: Ints) -> tuple[Blocks, Mask]:
        """Cells or block keys of ascending versions, and which are missing; columns as `ImprintInfo.hashed` names."""
        ...

    def holders(self, block: int, keys: Blocks, most: int) -> tuple[Ints, Ints, Numbers]:
        """Who ever had block keys: how many records for each key, then pairs (place of the key, record).

        Keys with more than `most` records have no pairs. Pairs are in the order of keys.
        """
        ...
