"""Sets of record numbers as roaring bitmaps in the portable serialisation, as RoaringFormatSpec has it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from pyroaring import BitMap

Numbers = npt.NDArray[np.uint32]


def pack(numbers: Iterable[int]) -> bytes:
    """The bitmap of record numbers, in any order, duplicates allowed.

    >>> unpack(pack([7, 3, 3])).tolist()
    [3, 7]
    """
    bitmap = BitMap(numbers)
    bitmap.run_optimize()
    return bitmap.serialize()


def pack_range(first: int, stop: int) -> bytes:
    """The bitmap of all numbers from `first` up to, not including, `stop`."""
    bitmap = BitMap(range(first, stop))
    bitmap.run_optimize()
    return bitmap.serialize()


def unpack(data: bytes) -> Numbers:
    """The record numbers of a bitmap, ascending. Raises ValueError when `data` is none."""
    return np.array(BitMap.deserialize(data).to_array(), np.uint32)


def count(data: bytes) -> int:
    """How many record numbers a bitmap holds."""
    return len(BitMap.deserialize(data))


def union(parts: Iterable[bytes]) -> bytes:
    """The bitmap of all numbers that any of `parts` holds."""
    return BitMap.union(BitMap(), *(BitMap.deserialize(part) for part in parts)).serialize()
