"""Episodes: reads of one account that belong together, and which of them are worth an exact score.

    statement  one read of several records, or of nobody knows how many
    session    the reads of one session and application, without a long pause
    crawl      an account's reads of one template, or of all, within one of several overlapping windows of a day to the
               whole log

Sums over windows give a bound of each episode's score (`score.closed`); only the best are scored exactly. Wide reads
are statements alone: whoever may read everything every week would otherwise explain any leak.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from kulla.leaks.attribute.pairs import Explained
from kulla.leaks.attribute.score import closed, partial
from kulla.leaks.attribute.target import distinct
from kulla.leaks.attribute.windows import DAY, Cells, Touched, crawls, sessions, touched

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Kind = Literal["statement", "session", "crawl"]

ACTORS: Final = 64
"""Actors whose windows are looked at: those who can explain most."""
DENSE: Final = 32
SPELLS: Final = (3, 30)
"""More actors whose windows are looked at: those who in some stretch of so many days read little else."""
FIRST: Final = 8
EACH, FEW = 8, 2
"""Windows of an actor whose size is counted exactly: of the first actors, and of the others."""
LEAST: Final = 0.02
"""Share of the leaked records that a session or window must explain to be looked at."""
KEPT: Final = 64
"""Episodes that are scored exactly: the best as the whole source, and as many of the best beside others."""
_DIGITS: Final = 6
"""Of nats by which episodes are told apart. Windows that hold the same reads are worth the same, whatever the order in
which their rows were added up."""


@dataclass(frozen=True, slots=True)
class Episode:
    """One episode that was scored.

    Attributes:
        actor: place in the index's actors; reads: places in the log, by time.
        size: records returned; None when unknown (then it counts as the whole register).
        price: nats it takes to say which of an account's reads it is made of, beyond which window or session.
    """

    actor: int
    kind: Kind
    reads: Ints
    size: int | None
    price: float = 0.0


@dataclass(frozen=True, slots=True)
class _Found:
    """An episode with bounds of its score: as the whole source, and of what it adds beside others."""

    alone: float
    beside: float
    episode: Episode


@dataclass(frozen=True, slots=True)
class Considered:
    """Episodes: the best of them, and how many there were in all."""

    episodes: tuple[Episode, ...]
    count: int


def episodes(found: Explained) -> Considered:
    """The episodes of a log that could explain the target best, and how many were considered."""
    best, count = _statements(found)
    reads = touched(found, _actors(found))
    cells = crawls(reads)
    best += _picked(reads, cells, "crawl")
    best += _picked(reads, sessions(reads, LEAST * found.target.total), "session")
    count += len(cells) + reads.sessions
    kept = _distinct([best[at].episode for at in _order(np.array([each.alone for each in best])).tolist()])[:KEPT]
    parts = _few([best[at].episode for at in _order(np.array([each.beside for each in best])).tolist()])[:KEPT]
    return Considered(_distinct([*kept, *parts]), max(count, 1))


def _few(ordered: list[Episode]) -> list[Episode]:
    """The first of each actor, so that one with many windows does not crowd out the others."""
    seen: dict[int, int] = {}
    kept = []
    for each in ordered:
        seen[each.actor] = seen.get(each.actor, 0) + 1
        if seen[each.actor] <= FEW:
            kept.append(each)
    return kept


def _order(values: Floats) -> Ints:
    """Places by value, greatest first, of equal ones the first; of sums of the same rows in another order too."""
    return np.argsort(-np.round(values, _DIGITS), kind="stable")


def _both(alone: Floats, beside: Floats, many: int) -> Ints:
    """The places of the best by either."""
    return distinct(np.concatenate([_order(alone)[:many], _order(beside)[:many]]))


def _picked(reads: Touched, cells: Cells, kind: Kind) -> list[_Found]:
    """The best cells of each actor, with the bound of their scores by exact sizes.

    The best by their rows alone, and the best were no record read twice: sizes lie between the two. The best as the
    whole source, and as one beside others: a second account's share of a crawl explains the whole leak badly.
    """
    target = reads.found.target
    cells = cells.take(np.flatnonzero(cells.explained >= LEAST * target.total))
    most = np.maximum(np.minimum(cells.touches, target.population), cells.explained)
    bounds = [closed(cells.explained, cells.stood, size, target) for size in (cells.explained, most)]
    bounds.append(partial(cells.explained, most, target))
    made: list[Episode] = []
    sums: list[tuple[float, float, float]] = []
    for actor in range(len(reads.actors)):
        here = np.flatnonzero(cells.actor == actor)
        many = EACH if actor < FIRST else FEW
        best = [here[_order(bound[here])[:many]] for bound in bounds]
        for at in distinct(np.concatenate(best)).tolist():
            for places, price in reads.chosen(cells, at):
                chosen = reads.read[places]
                size = reads.size(chosen)
                made.append(Episode(int(reads.actors[actor]), kind, chosen, size, price))
                sums.append((*reads.explains(places), float(size)))
    whole, stood, held = np.array(sums, np.float64).reshape(-1, 3).T
    price_of = np.array([each.price for each in made], np.float64)
    alone, beside = closed(whole, stood, held, target) - price_of, partial(whole, held, target) - price_of
    return [_Found(*each) for each in zip(alone.tolist(), beside.tolist(), made, strict=True)]


def _distinct(found: list[Episode]) -> tuple[Episode, ...]:
    """Those of different reads; of equal ones the simplest kind."""
    order = {"statement": 0, "session": 1, "crawl": 2}
    known: dict[tuple[int, bytes], Episode] = {}
    for each in found:
        key = each.actor, each.reads.tobytes()
        if key not in known or order[each.kind] < order[known[key].kind]:
            known[key] = each
    return tuple(known.values())


def _statements(found: Explained) -> tuple[list[_Found], int]:
    """The best single statements, wide ones and others, and how many statements explain anything."""
    index, target = found.index, found.target
    explained, stood = _by_read(found, found.weight), _by_read(found, found.log_stood)
    explained[found.wide], stood[found.wide] = found.explained, found.stood
    size = np.where(index.size < 0, target.register.at(index.log.stop), index.size)
    some = np.flatnonzero((explained > 0) & (index.size != 1))
    # A bound of which fewer rows came than it explains cannot have given them.
    rows = index.log.rows[some]
    some = some[(rows < 0) | (index.size[some] <= rows) | (explained[some] <= rows)]
    bound = closed(explained[some], stood[some], size[some], target)
    made = []
    beside = partial(explained[some], size[some], target)
    for at in _both(bound, beside, KEPT).tolist():
        read = int(some[at])
        known = None if index.size[read] < 0 else int(index.size[read])
        episode = Episode(int(index.actor[read]), "statement", np.array([read]), known)
        made.append(_Found(float(bound[at]), float(beside[at]), episode))
    return made, len(some)


def _actors(found: Explained) -> Ints:
    """The actors that could explain most with narrow reads, were their own only those of leaked records; and those who
    in some days read little else. The second account of a crawl is seldom among the first, where all read much."""
    target = found.target
    if not len(found.sets):
        return np.zeros(0, np.int64)
    explained, stood = _sums(found)
    some = np.flatnonzero(explained)
    bound = closed(explained[some], stood[some], explained[some], target)
    return distinct(np.concatenate([some[_order(bound)[:ACTORS]], _intent(found)[:DENSE]]))


def _by_read(found: Explained, sums: Floats) -> Floats:
    """Sums of sets as those of the log's reads, 0 for reads without one."""
    return np.append(sums, 0.0)[found.sets.of]


def _sums(found: Explained) -> tuple[Floats, Floats]:
    """Summed weight, and weighted `log_stood`, of the distinct rows of each actor."""
    index, target, sets = found.index, found.target, found.sets
    read = np.flatnonzero(sets.of >= 0)
    pooled = read[index.pool[read] >= 0]
    actor = np.concatenate([index.actor[read], index.pool[pooled]]).astype(np.int64)
    # Each set once for an actor, sets ascending.
    kinds = distinct(actor * len(sets) + np.concatenate([sets.of[read], sets.of[pooled]]))
    bounds = np.searchsorted(kinds, np.arange(len(index.actors) + 1) * len(sets))
    explained, stood = np.zeros(len(index.actors)), np.zeros(len(index.actors))
    values = target.weight * target.log_stood
    for each in np.flatnonzero(np.diff(bounds)).tolist():
        rows = sets.union(kinds[bounds[each] : bounds[each + 1]] - each * len(sets))
        explained[each], stood[each] = target.weight[rows].sum(), values[rows].sum()
    return explained, stood


def _intent(found: Explained) -> Ints:
    """Actors by how well the reads of their best days fit the leaked records, best first; pools by each hinted user."""
    index, target = found.index, found.target
    best = np.full(len(index.actors), -np.inf)
    narrow = found.usable & (index.size > 0)
    narrow[found.wide] = False
    reads = np.flatnonzero(narrow)
    explaining = np.flatnonzero(found.sets.of >= 0)
    weight = found.weight[found.sets.of[explaining]]
    begin = int(index.log.start.min(initial=0))
    for days in SPELLS:
        place = (index.log.start - begin) // (days * DAY)
        many = int(place.max(initial=0)) + 1
        cell = index.actor.astype(np.int64) * many + place
        count = len(index.actors) * many
        explained = np.bincount(cell[explaining], weight, count)
        touches = np.asarray(np.bincount(cell[reads], index.size[reads], count), np.float64)
        gain = partial(np.minimum(explained, touches), touches, target).reshape(-1, many)
        best = np.maximum(best, gain.max(axis=1))
    order = _order(best)
    return order[best[order] > 0]
