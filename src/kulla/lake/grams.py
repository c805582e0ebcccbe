"""Which blocks of a file may hold a literal: hashed sets of four-byte runs of their folded raw records.

A block of 4,096 ordinary records holds 17 % of the 2^17 hashes (28 % at most; 30 and 49 % with 2^16), so a literal of
eight bytes that is not there is ruled out in all but one of some thousand blocks, unless it is made of common pieces.
The sets of a file lie side by side, bit by bit: one literal touches a few bytes of each file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kulla.events.text import fold, fold_array

BITS: Final = 17
_FACTOR = np.uint32(2654435761)


def hashes(data: bytes | pa.Buffer) -> npt.NDArray[np.uint32]:
    """The hash of each run of four bytes, in order."""
    count = len(data) - 3
    if count <= 0:
        return np.empty(0, np.uint32)
    runs = np.ndarray(shape=(count,), dtype="<u4", buffer=data, strides=(1,))
    return (runs * _FACTOR) >> np.uint32(32 - BITS)


def of_block(raw: pa.Array) -> npt.NDArray[np.bool_]:
    """The set of a block's raw records. Runs across two records get in, too: they only rule out less."""
    found = np.zeros(1 << BITS, bool)
    folded = fold_array(raw).cast(pa.large_string())
    offsets = np.frombuffer(folded.buffers()[1], np.int64)[folded.offset : folded.offset + len(folded) + 1]
    if folded.buffers()[2] is not None and offsets[-1] > offsets[0]:
        found[hashes(folded.buffers()[2].slice(int(offsets[0]), int(offsets[-1] - offsets[0])))] = True
    return found


def pack(sets: list[npt.NDArray[np.bool_]]) -> bytes:
    """The sets of a file's blocks as its file of sets holds them."""
    return np.packbits(np.array(sets).T, axis=1, bitorder="little").tobytes()


def size_of(blocks: int) -> int:
    """Bytes of the file of sets for so many blocks."""
    return ((blocks + 7) // 8) << BITS


def may_hold(path: Path, blocks: int, literal: str) -> npt.NDArray[np.bool_]:
    """Which of a file's blocks may hold the literal in a raw record; all when it is shorter than four bytes."""
    wanted = np.unique(hashes(fold(literal).encode()))
    if not len(wanted):
        return np.ones(blocks, bool)
    width = (blocks + 7) // 8
    sets = np.memmap(path, np.uint8, "r", shape=(1 << BITS, width))
    met = np.bitwise_and.reduce(sets[wanted], axis=0)
    return np.unpackbits(met, bitorder="little", count=blocks).astype(bool)
