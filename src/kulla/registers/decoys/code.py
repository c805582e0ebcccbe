"""The recipient's code: 64 bits that belong to a recipient, spread by a random linear code over the slots of a pool.

A slot is two decoy persons, A and B; a copy holds the one that the code's bit names. The code word is number · G over
GF(2), where G = [I | P] and P is drawn from the owner's key: any 64 slots that are independent give the whole number
back, and two numbers differ in about half of the slots. A code with structure (BCH, Reed-Solomon) promises a distance
for all 2^64 numbers; we need it among the recipients that exist, so `issue` draws numbers until the new one is far
from every issued one, and identification is maximum likelihood over the issued ones.

Slots beyond 128 belong to the collusion tier (`collusion`), which has a code of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from kulla.registers.decoys.draw import seed, words

Bits = npt.NDArray[np.bool_]

BITS: Final = 64
FEWEST, MOST = 64, 128
DISTANCES: Final = ((64, 16), (96, 28), (128, 40))
"""(slots, least distance of any two issued words on so many first slots of the pool they are issued for)."""
_TRIES: Final = 10_000


@dataclass(frozen=True, slots=True)
class Plain:
    """The code of ordinary copies. `pool` names the slots it is for: each pool has its own G."""

    key: bytes
    pool: str

    def word(self, number: int, slots: int) -> Bits:
        """The code word of a 64-bit number: True where the copy holds person B."""
        found = coded(np.array([number], np.uint64), generator(self.key, self.pool, slots)[:, :slots])
        return np.asarray(found[0], np.bool_)

    def bias(self, slots: int) -> npt.NDArray[np.float64]:
        """How likely a stranger's bit is set: one half."""
        return np.full(slots, 0.5)


@lru_cache(maxsize=64)
def generator(key: bytes, pool: str, slots: int = MOST) -> Bits:
    """G of a pool: 64 × at least `slots`, the first 64 columns the identity. A wider one begins like a narrower."""
    drawn = words(key, max(slots, MOST) - BITS, "generator", pool)
    return np.hstack([np.eye(BITS, dtype=bool), _bits(drawn).T])


def coded(numbers: npt.NDArray[np.uint64], matrix: Bits) -> Bits:
    """Code words of many numbers: (numbers, slots).

    >>> coded(np.array([5], np.uint64), np.eye(64, dtype=bool))[0, :4].tolist()
    [True, False, True, False]
    """
    sums = _bits(numbers).astype(np.float32) @ matrix.astype(np.float32)
    return np.asarray(sums.astype(np.int64) % 2 == 1, np.bool_)


def issue(key: bytes, recipient: str, issued: Sequence[int], pool: str) -> int:
    """The number of a new recipient: the first drawn for its name whose word is far from every issued one's.

    The distance falls, one step after each thousand draws, when the owner has so many recipients that none is left.
    """
    matrix = generator(key, pool)
    others = coded(np.array(issued, np.uint64), matrix)
    for attempt in range(_TRIES):
        number = int.from_bytes(seed(key, "recipient", recipient, attempt)[:8], "little")
        differs = others ^ coded(np.array([number], np.uint64), matrix)
        if all((differs[:, :n].sum(axis=1) >= least - attempt // 1000).all() for n, least in DISTANCES):
            return number
    return number


def _bits(numbers: npt.NDArray[np.uint64]) -> Bits:
    return np.asarray((numbers[:, None] >> np.arange(BITS, dtype=np.uint64)) & np.uint64(1) == 1, np.bool_)
