"""The collusion tier: Tardos' code, for copies that several recipients may join.

Each slot has a bias p, drawn from the owner's key by Tardos' arcsine law cut off at t = 1/(300 c), and a recipient's
bit is set with probability p (G. Tardos, Optimal probabilistic fingerprint codes, J. ACM 55, 2008). The score is the
symmetric one of Škorić, Katzenbeisser and Celik (2008). We do not use their asymptotic threshold: what a stranger could
score in *this* file is bounded by Chernoff's inequality over its seen slots, which holds for every length and loss.

Slots for colluders at a fifth of the decoys lost: 512 for two, 1,024 for three, 2,048 for five.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kulla.registers.decoys.draw import words

Bits = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

LENGTHS: Final = {2: 512, 3: 1024, 5: 2048}
"""Colluders → slots."""
_GRID: Final = np.geomspace(1e-3, 20.0, 120)


@dataclass(frozen=True, slots=True)
class Tardos:
    """The code against `colluders` that join their copies; `pool` names the slots."""

    key: bytes
    pool: str
    colluders: int

    def bias(self, slots: int) -> Floats:
        """How likely a recipient's bit is set, slot by slot."""
        cut = 1 / (300 * self.colluders)
        low = np.arcsin(np.sqrt(cut))
        drawn = words(self.key, slots, "bias", self.pool) / 2.0**64
        return np.asarray(np.sin(low + drawn * (np.pi / 2 - 2 * low)) ** 2, np.float64)

    def word(self, number: int, slots: int) -> Bits:
        """The code word of a recipient's number: True where the copy holds person B."""
        return np.asarray(words(self.key, slots, "tardos", self.pool, number) / 2.0**64 < self.bias(slots), np.bool_)


def values(seen: Bits, bias: Floats) -> tuple[Floats, Floats]:
    """What a set and what an unset bit are worth against the bits seen, slot by slot."""
    match_set, match_unset = np.sqrt((1 - bias) / bias), np.sqrt(bias / (1 - bias))
    return np.where(seen, match_set, -match_set), np.where(seen, -match_unset, match_unset)


def scores(held: Bits, seen: Bits, bias: Floats) -> Floats:
    """Symmetric scores: (recipients, slots) held bits against the bits seen, one for each slot. Higher: more alike."""
    gain, loss = values(seen, bias)
    return np.asarray(np.where(held, gain, loss).sum(axis=1), np.float64)


def log_tail(score: float, seen: Bits, bias: Floats) -> float:
    """An upper bound of ln P(a stranger scores at least `score` against the bits seen): Chernoff's, least over a grid.

    >>> fair = np.full(100, 0.5)
    >>> log_tail(100.0, np.ones(100, bool), fair) < -60
    True
    """
    up = np.where(seen, 1, -1) * np.sqrt((1 - bias) / bias)
    down = np.where(seen, -1, 1) * np.sqrt(bias / (1 - bias))
    grid = _GRID[:, None]
    moments = np.logaddexp(np.log(bias) + grid * up, np.log1p(-bias) + grid * down).sum(axis=1)
    return float(min(0.0, (moments - _GRID * score).min()))
