"""Episodes scored exactly, one by one, and as components beside the null's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kulla.leaks.attribute.episodes import Considered, Episode
from kulla.leaks.attribute.mixture import Pool, pool
from kulla.leaks.attribute.null import Null
from kulla.leaks.attribute.pairs import Explained
from kulla.leaks.attribute.score import scored
from kulla.leaks.attribute.target import distinct

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scored:
    """An episode with the rows it explains and the log-likelihood of the piece under it (against 1/N a row).

    account: place among the log's accounts; component: its place in the pool; equal episodes (same rows, same size)
    share one.
    """

    episode: Episode
    account: int
    rows: Ints
    nats: float
    component: int


@dataclass(frozen=True, slots=True)
class Ranking:
    """Episodes by score, best first, and the pool of all components: `nulls` of them are the null's, then episodes'.

    weight: of each row of the piece.
    """

    scored: tuple[Scored, ...]
    pool: Pool
    nulls: int
    count: int
    weight: Floats

    def explained(self, each: Scored) -> float:
        """The share of the leaked records that an episode explains."""
        return float(self.weight[each.rows].sum()) / self.pool.total

    def of(self, component: int) -> tuple[int, ...]:
        """The places in `scored` of the episodes that a component stands for."""
        return tuple(at for at, each in enumerate(self.scored) if each.component == component)

    def accounts(self, component: int) -> frozenset[int]:
        """The accounts whose episodes a component stands for."""
        return frozenset(self.scored[at].account for at in self.of(component))


def ranking(found: Explained, considered: Considered, null: Null) -> Ranking:
    """The considered episodes, scored."""
    target = found.target
    places: dict[tuple[int, bytes], int] = {}
    parts = list(null.components)
    made = []
    for each in considered.episodes:
        rows = _rows(found, each)
        size = float(_whole(found, each) if each.size is None else each.size)
        key = int(size), rows.tobytes()
        if key not in places:
            places[key] = len(parts)
            # The first of equal episodes sets the price; they come best bound first.
            price = float(np.log(considered.count)) + each.price
            parts.append((rows, target.population / max(size, 1.0), price))
        account = found.index.actors[each.actor][0]
        made.append(Scored(each, account, rows, scored(rows, size, target)[0], places[key]))
    made.sort(key=lambda each: -each.nats)
    return Ranking(tuple(made), pool(target, parts), len(null.components), considered.count, target.weight)


def _whole(found: Explained, episode: Episode) -> float:
    """Nobody knows what it returned: everything that there was."""
    return float(found.target.register.at(found.index.log.stop[episode.reads[-1:]])[0])


def _rows(found: Explained, episode: Episode) -> Ints:
    """The rows that an episode explains, ascending."""
    if episode.kind == "statement":
        return found.rows(int(episode.reads[0]))
    sets = found.sets.of[episode.reads]
    return found.sets.union(distinct(sets[sets >= 0]))
