"""What else could have made a piece: rows pasted from anywhere, an unlogged copy of one state, an unlogged crawl.

Whoever holds an unlogged copy may give away a part of it that makes sense: a municipality, some employers. Such a
part is also what honest people read, and at about any time somebody did. So the null may filter its copy by the record
set of any one statement in the log, or several, at the price of saying which. Without this, the reader of the same
municipality would be named for a thief's choice of it.

A copy gives the records that stood at its moment, not those that ever were, and a crawl those of its days. Without the
one, whoever reads the whole register every day was named for crawls that no line tells of, by 0.01 nats a row; without
the other, for the rows that changed during such a crawl.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kulla.leaks.attribute.pairs import Explained, Held
from kulla.leaks.attribute.score import closed
from kulla.leaks.attribute.target import Target, distinct
from kulla.leaks.attribute.windows import DAY, WINDOWS

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Component = tuple[Ints, Floats | float, float]

FILTERS: Final = 400
"""Record sets that are kept as filters: those that could gain most."""
PASTED, COPY = 0, 1
"""Places of the two first components of every pool."""


@dataclass(frozen=True, slots=True)
class Null:
    """Components without a logged read: PASTED, COPY, a crawl, then copies filtered at one state, in the crawl's days,
    and at any time.

    moment: the state that explains most, microseconds UTC; held: which rows stood so then.
    """

    moment: int
    held: npt.NDArray[np.bool_]
    components: tuple[Component, ...]


def state(target: Target, spans: tuple[tuple[int, int], ...] = ()) -> int:
    """The moment at which an unlogged copy of the register explains the piece best, within spans if any are given."""
    held = Held(target, np.arange(len(target)))
    moments = distinct(np.clip(held.moments, target.horizon[0], target.horizon[1] - 1))
    if spans:
        ends = np.array([max(first, target.horizon[0]) for first, _ in spans])
        inside = np.any([(moments >= first) & (moments < last) for first, last in spans], axis=0)
        moments = np.concatenate([moments[inside], ends])
    explained, stood = held.sums(moments, moments)
    return int(moments[int(np.argmax(closed(explained, stood, target.register.at(moments), target)))])


def days(target: Target) -> tuple[int, int]:
    """The days, [first, last], of an unlogged crawl that explains the piece best, each window half over the next."""
    held = Held(target, np.arange(len(target)))
    first, last = [], []
    for length in WINDOWS:
        step = max(length * DAY // 2, 1)
        many = int(min((target.horizon[1] - target.horizon[0]) // step + 1, 1 << 20))
        begin = target.horizon[0] + step * np.arange(many, dtype=np.int64)
        first.append(begin)
        last.append(np.minimum(begin + 2 * step, target.horizon[1]) - 1)
    begun, ended = np.concatenate(first), np.concatenate(last)
    explained, stood = held.sums(begun, ended)
    # A row that stood twice within a window counts twice in the sums: bounded here, exact in `null`.
    explained = np.minimum(explained, target.total)
    best = int(np.argmax(closed(explained, stood, target.register.within(begun, ended), target)))
    return int(begun[best]), int(ended[best])


def null(found: Explained, moment: int, prior_unlogged: float, *, crawl: bool = True) -> Null:
    """The null's components for a copy of the state at a moment.

    prior_unlogged: how probable an unlogged copy is held to be before anything is seen, against a logged read.
    crawl: whether rows may also have been taken over days, which a copy frozen at the moment cannot have given.
    """
    target = found.target
    held = target.meets_all(moment, moment)
    standing, everything = np.flatnonzero(held), np.arange(len(target))
    stood = np.exp(target.log_stood)
    price = -float(np.log(prior_unlogged / (1 - prior_unlogged)))
    at = np.array([moment])
    given = target.population / float(target.register.at(at)[0])
    components: list[Component] = [(everything, stood, 0.0), (standing, given, price)]
    long = np.zeros(len(target), bool)
    if crawl:
        first, last = days(target)
        long = target.meets_all(first, last)
        whole = float(target.register.within(np.array([first]), np.array([last]))[0])
        components.append((np.flatnonzero(long), target.population / whole, price))
    cost = float(np.log(max(found.index.sets, 1)))
    for code in _filters(found, held | long, cost):
        rows = _rows(found, code)
        given = target.population / float(found.index.sizes[code])
        components.append((rows[held[rows]], given, cost))
        if crawl:
            components.append((rows[long[rows]], given, cost))
        components.append((rows, given * stood[rows], cost))
    return Null(moment, held, tuple(components))


def _rows(found: Explained, code: int) -> Ints:
    """The rows whose record a bitmap holds."""
    target = found.target
    if code not in found.beyond:
        return target.rows_of(found.places[found.bounds[code] : found.bounds[code + 1]])[1]
    kept = np.ones(len(target), bool)
    kept[target.rows_of(found.beyond[code])[1]] = False
    return np.flatnonzero(kept)


def _filters(found: Explained, held: npt.NDArray[np.bool_], cost: float) -> list[int]:
    """The bitmaps that as filters could pay their price."""
    index, target = found.index, found.target
    total, population = target.total, float(target.population)
    standing = np.bincount(target.owner, target.weight * held, len(target.records))
    sums = np.concatenate([[0.0], np.cumsum(standing[found.places])])
    explained = sums[found.bounds[1:]] - sums[found.bounds[:-1]]
    for code, places in found.beyond.items():
        explained[code] = standing.sum() - standing[places].sum()
    size = index.sizes.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = explained * np.log(explained * population / (total * size))
    gain[(index.sizes < 2) | ~(explained > 0)] = -np.inf
    order = np.argsort(-gain, kind="stable")[:FILTERS]
    return [int(code) for code in order if gain[code] > cost]
