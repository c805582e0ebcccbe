"""How far below the greatest likelihood a stated region reaches: by how many rows there are, and how many stray."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

import numpy as np
import orjson

from kulla.errors import ConfigError

FORMAT: Final = 1
LEVEL: Final = 0.95
LEAST: Final = 3.0
"""No region reaches less far: −ln 0.05, so that a run of stray rows is cut off only if it is less probable than 5 %."""


@dataclass(frozen=True, slots=True)
class Drops:
    """A calibration of dating.

    Attributes:
        sizes: numbers of exact rows, ascending.
        shares: upper bounds of the stray share (`Window.epsilon`) of each column of the table, ascending to 1.
            It is the share of rows that contradict among those that could, so registers of any churn compare.
        nats: for each size the drop by share.
        level: the coverage that was aimed at.
        own: whether it was measured on this register's own history; else it is the table shipped with Kulla.
        runs: how many leaks it rests on; seed: of their drawing.
    """

    sizes: tuple[int, ...]
    shares: tuple[float, ...]
    nats: tuple[tuple[float, ...], ...]
    level: float = LEVEL
    own: bool = False
    runs: int = 0
    seed: int = 0

    def of(self, rows: int, share: float) -> float:
        """The drop for a piece of so many rows, of which that share is stray: the larger of the neighbouring sizes'."""
        column = int(np.searchsorted(self.shares, share, "left"))
        column = min(column, len(self.shares) - 1)
        at = int(np.searchsorted(self.sizes, rows))
        near = {max(at - 1, 0), min(at, len(self.sizes) - 1)}
        return max(LEAST, *(self.nats[each][column] for each in near))

    def plain(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return {
            "format": FORMAT, "level": self.level, "own": self.own, "runs": self.runs, "seed": self.seed,
            "sizes": list(self.sizes), "shares": list(self.shares), "nats": [list(row) for row in self.nats],
        }  # fmt: skip


def read_drops(text: bytes, place: str) -> Drops:
    """The calibration in a JSON text. Raises ConfigError naming `place` for what is none of this format."""
    try:
        found = orjson.loads(text)
        if found["format"] != FORMAT:
            raise ConfigError(f"{place}: format {found['format']}; this Kulla knows {FORMAT}: calibrate again")
        drops = Drops(
            tuple(map(int, found["sizes"])), tuple(map(float, found["shares"])),
            tuple(tuple(map(float, row)) for row in found["nats"]),
            float(found["level"]), bool(found["own"]), int(found["runs"]), int(found["seed"]),
        )  # fmt: skip
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{place}: not a calibration of dating: {type(error).__name__}; calibrate again") from error
    fits = len(drops.nats) == len(drops.sizes) > 0 and all(len(row) == len(drops.shares) > 0 for row in drops.nats)
    if not fits or list(drops.sizes) != sorted(set(drops.sizes)) or list(drops.shares) != sorted(set(drops.shares)):
        raise ConfigError(f"{place}: the table of drops does not fit its sizes and shares; calibrate again")
    return drops


@cache
def shipped_drops() -> Drops:
    """The table shipped with Kulla, measured on exercise countries of the profiles `steady` and `overdispersed`."""
    return read_drops(resources.files("kulla.leaks.date").joinpath("drops.json").read_bytes(), "date/drops.json")
