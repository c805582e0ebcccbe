"""One-to-one assignment of leaked columns to a register's, from how often each pair agrees and would by chance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from kulla.leaks.matched import ColumnMatch
from kulla.leaks.recognise.evidence import beyond_chance, log_excess, log_tail
from kulla.leaks.recognise.register import Mask
from kulla.leaks.recognise.sheet import Columns

LEAST: Final = 0.5
"""A column that agrees in fewer rows is not taken: most of its rows would be called altered."""
LEAST_PLAIN: Final = 0.9
"""A column of (nearly) one value (a month, one municipality) must agree so often as compared with the best other
column, since permuting it shows nothing."""
LEAST_READING: Final = 0.02
"""By how much a reading other than as it stands must agree better."""
FEWEST_PLAIN: Final = 20
_DISCORD: Final = math.log(1e-3)


@dataclass(frozen=True, slots=True)
class Tried:
    """A leaked column in one reading against one register column, on the sampled rows.

    agree: which rows do; compared: how many have a value; by_chance of permuted: agreements and rows after permuting.
    """

    columns: Columns
    reading: str
    register_column: str
    agree: Mask
    compared: int
    by_chance: int
    permuted: int

    @property
    def hits(self) -> float:
        """Share of compared rows that agree."""
        return int(self.agree.sum()) / max(self.compared, 1)

    @property
    def chance(self) -> float:
        """Share that agree when permuted."""
        return self.by_chance / max(self.permuted, 1)

    @property
    def log_chance(self) -> float:
        """ln of the probability of so many agreements, were they like those of permuted values."""
        return log_excess(int(self.agree.sum()), self.compared, self.by_chance, self.permuted)


@dataclass(frozen=True, slots=True)
class Mapped:
    """A leaked column taken as a register's, in a reading of its values. clear: it agrees more than by chance."""

    match: ColumnMatch
    columns: Columns
    reading: str
    clear: bool


def assigned(tried: list[Tried], pairs: int, least: float = LEAST) -> tuple[Mapped, ...]:
    """The pairs that are taken, best first. pairs: how many were looked at, those given up early included."""
    best = _best_readings(tried)
    clear = [t for t in best if t.hits >= least and beyond_chance(t.log_chance, pairs)]
    taken: list[Tried] = []
    for each in sorted(clear, key=lambda t: (t.chance - t.hits, len(t.columns), t.columns, t.register_column)):
        if _free(each, taken):
            taken.append(each)
    taken = [t for t in taken if not _doubtful(t, best, taken)]
    enough = LEAST_PLAIN * max((t.hits for t in taken), default=1.0)
    plain = [t for t in best if t not in clear and t.hits >= enough and t.compared >= FEWEST_PLAIN]
    made = [_mapped(t, best, True) for t in taken]
    if taken:
        for each in sorted(plain, key=lambda t: (-t.hits, t.chance, len(t.columns), t.columns)):
            if _free(each, taken) and not _doubtful(each, best, taken):
                taken.append(each)
                made.append(_mapped(each, best, False))
    return tuple(made)


def _best_readings(tried: list[Tried]) -> list[Tried]:
    best: dict[tuple[Columns, str], Tried] = {}
    for each in tried:
        key = (each.columns, each.register_column)
        needed = best[key].hits + LEAST_READING if key in best else -1.0
        if each.hits > needed:
            best[key] = each
    return list(best.values())


def _free(each: Tried, taken: list[Tried]) -> bool:
    used = {place for other in taken for place in other.columns}
    return not used & set(each.columns) and each.register_column not in {t.register_column for t in taken}


def _rivals(each: Tried, best: list[Tried], taken: list[Tried]) -> list[Tried]:
    """The same leaked column against other register columns that no other leaked column has better claim to."""
    claimed = {t.register_column for t in taken if t is not each}
    return [t for t in best if t.columns == each.columns and t is not each and t.register_column not in claimed]


def _doubtful(each: Tried, best: list[Tried], taken: list[Tried]) -> bool:
    """Whether another register column agrees as well, by the rows in which only one of both does."""
    for other in _rivals(each, best, taken):
        more, less = int((each.agree & ~other.agree).sum()), int((other.agree & ~each.agree).sum())
        if other.hits > LEAST and log_tail(more, more + less, 0.5) > _DISCORD:
            return True
    return False


def _mapped(each: Tried, best: list[Tried], clear: bool) -> Mapped:
    second = max((t.hits for t in _rivals(each, best, [])), default=0.0)
    first, *rest = each.columns
    match = ColumnMatch(
        first, each.register_column, each.hits, each.chance, each.hits - second, each.compared, tuple(rest)
    )
    return Mapped(match, each.columns, each.reading, clear)


def permutations_for(rows: int) -> int:
    """How many times the values of so many sampled rows are permuted: few rows need more, to show anything."""
    return int(np.clip(6000 // max(rows, 1), 2, 30))
