"""Episodes: reads of one account that belong together, and which of them are worth an exact score.

    statement  one read of several records, or of nobody knows how many
    session    the reads of one session and application, without a long pause
    crawl      an account's reads of one template, of one kind (single records, or sets), or of both, within one of
               several overlapping windows of a day to the whole log

Sums over windows give a bound of each episode's score (`score.closed`); only the best are scored exactly. Wide reads
are statements alone: whoever may read everything every week would otherwise explain any leak.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from kulla.leaks.attribute.pairs import Explained
from kulla.leaks.attribute.score import closed
from kulla.leaks.attribute.target import distinct
from kulla.leaks.attribute.windows import Cells, Touched, crawls, sessions, touched

Ints = npt.NDArray[np.int64]
Kind = Literal["statement", "session", "crawl"]

ACTORS: Final = 64
"""Actors whose windows are looked at: those who can explain most."""
FIRST: Final = 8
EACH, FEW = 8, 2
"""Windows of an actor whose size is counted exactly: of the first actors, and of the others."""
LEAST: Final = 0.02
"""Share of the leaked records that a session or window must explain to be looked at."""
KEPT: Final = 64
"""Episodes that are scored exactly."""


@dataclass(frozen=True, slots=True)
class Episode:
    """One episode that was scored.

    Attributes:
        actor: place in the index's actors; reads: places in the log, by time.
        size: records returned; None when unknown (then it counts as the whole register).
        trimmed: whether its bounds were laid on reads that explain something, which is charged for.
    """

    actor: int
    kind: Kind
    reads: Ints
    size: int | None
    trimmed: bool = False


@dataclass(frozen=True, slots=True)
class Considered:
    """Episodes: the best of them, and how many there were in all."""

    episodes: tuple[Episode, ...]
    count: int


def episodes(found: Explained) -> Considered:
    """The episodes of a log that could explain the target best, and how many were considered."""
    best, count = _statements(found)
    reads = touched(found, _actors(found))
    for cells, kind in ((crawls(reads), "crawl"), (sessions(reads), "session")):
        best += _picked(reads, cells, "crawl" if kind == "crawl" else "session")
        count += len(cells)
    bound = np.array([each[0] for each in best])
    kept = [best[at][1] for at in np.argsort(-bound, kind="stable").tolist()]
    return Considered(_distinct(kept)[:KEPT], max(count, 1))


def _picked(reads: Touched, cells: Cells, kind: Kind) -> list[tuple[float, Episode]]:
    """The best cells of each actor, with the bound of their scores by exact sizes.

    The best by their rows alone, and the best were no record read twice: sizes lie between the two.
    """
    target = reads.found.target
    most = np.maximum(np.minimum(cells.touches, target.population), cells.explained)
    enough = cells.explained >= LEAST * target.total
    bounds = [closed(cells.explained, cells.stood, size, target) for size in (cells.explained, most)]
    made = []
    for actor in range(len(reads.actors)):
        here = np.flatnonzero((cells.actor == actor) & enough)
        many = EACH if actor < FIRST else FEW
        best = [here[np.argsort(-bound[here], kind="stable")[:many]] for bound in bounds]
        for at in distinct(np.concatenate(best)).tolist():
            for chosen, trimmed in reads.chosen(cells, at):
                size = reads.size(chosen)
                whole, stood, held = (np.array([float(v)]) for v in (cells.explained[at], cells.stood[at], size))
                bound = closed(whole, stood, held, target)
                made.append((float(bound[0]), Episode(int(reads.actors[actor]), kind, chosen, size, trimmed)))
    return made


def _distinct(found: list[Episode]) -> tuple[Episode, ...]:
    """Those of different reads; of equal ones the simplest kind."""
    order = {"statement": 0, "session": 1, "crawl": 2}
    known: dict[tuple[int, bytes], Episode] = {}
    for each in found:
        key = each.actor, each.reads.tobytes()
        if key not in known or order[each.kind] < order[known[key].kind]:
            known[key] = each
    return tuple(known.values())


def _statements(found: Explained) -> tuple[list[tuple[float, Episode]], int]:
    """The best single statements, wide ones and others, and how many statements explain anything."""
    index, target = found.index, found.target
    weight = target.weight[found.row]
    explained = np.bincount(found.read, weight, len(index.log)).astype(np.float64)
    stood = np.bincount(found.read, weight * target.log_stood[found.row], len(index.log)).astype(np.float64)
    explained[found.wide], stood[found.wide] = found.explained, found.stood
    size = np.where(index.size < 0, target.population, index.size)
    some = np.flatnonzero((explained > 0) & (index.size != 1))
    # A bound of which fewer rows came than it explains cannot have given them.
    rows = index.log.rows[some]
    some = some[(rows < 0) | (index.size[some] <= rows) | (explained[some] <= rows)]
    bound = closed(explained[some], stood[some], size[some].astype(np.float64), target)
    best = np.argsort(-bound, kind="stable")[:KEPT]
    made = []
    for at in best.tolist():
        read = int(some[at])
        known = None if index.size[read] < 0 else int(index.size[read])
        made.append((float(bound[at]), Episode(int(index.actor[read]), "statement", np.array([read]), known)))
    return made, len(some)


def _actors(found: Explained) -> Ints:
    """The actors that could explain most with narrow reads, were their own only those of leaked records."""
    index, target = found.index, found.target
    if not len(found.read):
        return np.zeros(0, np.int64)
    parts = [index.actor[found.read].astype(np.int64)]
    rows = [found.row]
    pooled = index.pool[found.read] >= 0
    parts.append(index.pool[found.read][pooled].astype(np.int64))
    rows.append(found.row[pooled])
    key = np.unique(np.concatenate(parts) * len(target) + np.concatenate(rows))
    actor, row = key // len(target), key % len(target)
    explained = np.bincount(actor, target.weight[row], len(index.actors)).astype(np.float64)
    stood = np.bincount(actor, target.weight[row] * target.log_stood[row], len(index.actors)).astype(np.float64)
    some = np.flatnonzero(explained)
    bound = closed(explained[some], stood[some], explained[some], target)
    return some[np.argsort(-bound, kind="stable")[:ACTORS]]
