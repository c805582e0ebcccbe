"""Choices drawn from a key: the same key and label always give the same choices, and nobody without it foresees one.

A stream of SHAKE-256 over HMAC-SHA256(key, label). A general-purpose random generator seeded with a recipient's number
would do for statistics but could be run backwards from a few decoys; this cannot.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

T = TypeVar("T")

_BLOCK: Final = 64


def seed(key: bytes, *label: str | int) -> bytes:
    """32 bytes that belong to the label. Parts are joined with their lengths: ("a", "bc") is not ("ab", "c")."""
    parts = [str(part).encode() for part in label]
    return hmac.digest(key, b"".join(len(part).to_bytes(4, "big") + part for part in parts), "sha256")


def words(key: bytes, count: int, *label: str | int) -> npt.NDArray[np.uint64]:
    """`count` uniform 64-bit numbers that belong to the label."""
    return np.frombuffer(hashlib.shake_256(seed(key, *label)).digest(8 * count), "<u8")


class Draw:
    """A stream of choices that belongs to a key and a label.

    >>> Draw(b"k", "a").below(1000) == Draw(b"k", "a").below(1000)
    True
    """

    def __init__(self, key: bytes, *label: str | int) -> None:
        self._seed = seed(key, *label)
        self._block: list[int] = []
        self._blocks = 0

    def word(self) -> int:
        """The next 64 bits."""
        if not self._block:
            data = hashlib.shake_256(self._seed + self._blocks.to_bytes(8, "big")).digest(8 * _BLOCK)
            self._block = np.frombuffer(data, "<u8").tolist()
            self._blocks += 1
        return self._block.pop()

    def below(self, limit: int) -> int:
        """A number from 0 up to `limit`, exclusive; uneven by less than limit / 2^64."""
        return self.word() % limit

    def between(self, low: int, high: int) -> int:
        """A number from `low` to `high`, both inclusive."""
        return low + self.below(high - low + 1)

    def unit(self) -> float:
        """A number in [0, 1)."""
        return self.word() / 2.0**64

    def pick(self, values: Sequence[T]) -> T:
        """One of the values."""
        return values[self.below(len(values))]
