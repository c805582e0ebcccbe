"""Sparse mixtures of explanations: shares by EM, members by add, delete and swap moves, each member at a price.

A component gives rows with a density in units of 1/N. Component 0 pastes rows from anywhere and always stays; the
price of any other (the nats it takes to say which one it is) keeps out what only fits by chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kulla.leaks.attribute.score import LEAST
from kulla.leaks.attribute.target import Target, dot, runs

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

STEPS: Final = 30
TOLERANCE: Final = 1e-2
"""Nats: a step or a move that gains less is the last."""
AT_ONCE: Final = 16
"""Components with no row in common that one move may add."""
MOVES: Final = 60
TRIED: Final = 4
"""Components whose deletion is tried in one move: those worth least."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Components: the rows of component j are rows[bounds[j] : bounds[j + 1]], with their densities; price in nats.

    A row here is a class of rows that no component tells apart; weight: of each class.
    """

    weight: Floats
    bounds: Ints
    rows: Ints
    density: Floats
    price: Floats

    def __len__(self) -> int:
        return len(self.price)

    @property
    def total(self) -> float:
        """The sum of all rows' weights."""
        return float(self.weight.sum())

    def part(self, chosen: Ints) -> tuple[Ints, Ints]:
        """Of some components: (which of them, place in `rows`)."""
        return runs(self.bounds[chosen], self.bounds[chosen + 1])


@dataclass(frozen=True, slots=True)
class Fit:
    """A mixture: chosen components with their shares, the density of each row, and the log-likelihood less prices."""

    chosen: tuple[int, ...]
    shares: Floats
    density: Floats
    value: float

    def share(self, component: int) -> float:
        """The share of a component, 0 when it is not chosen."""
        return float(self.shares[self.chosen.index(component)]) if component in self.chosen else 0.0


def pool(target: Target, components: Sequence[tuple[Ints, Floats | float, float]]) -> Pool:
    """A pool of (rows, density, price).

    Rows that the same components give with the same densities are one row with their summed weight: no mixture can
    tell them apart, and of half a million rows of an export a few thousand are left. `Pool.rows` are such classes.
    """
    word = np.zeros(len(target), np.uint64)
    for at, (rows, density, _) in enumerate(components):
        word[rows] += _mixed(np.broadcast_to(np.asarray(density, np.float64), len(rows)).view(np.uint64), at)
    _, first, kind = np.unique(word, return_index=True, return_inverse=True)
    stands = np.zeros(len(target), bool)
    stands[first] = True
    classes, densities = [], []
    for rows, density, _ in components:
        kept = stands[rows]
        classes.append(kind[rows[kept]])
        densities.append(np.broadcast_to(np.asarray(density, np.float64), len(rows))[kept])
    bounds = np.concatenate([[0], np.cumsum([len(each) for each in classes])]).astype(np.int64)
    weight = np.asarray(np.bincount(kind, target.weight, len(first)), np.float64)
    price = np.array([each[2] for each in components], np.float64)
    return Pool(weight, bounds, np.concatenate(classes).astype(np.int64), np.concatenate(densities), price)


def _mixed(bits: npt.NDArray[np.uint64], component: int) -> npt.NDArray[np.uint64]:
    """64 bits that look random for a density in a component (the finaliser of SplitMix64, Steele and others, 2014)."""
    word = bits + np.uint64((component + 1) * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF)
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(word ^ (word >> np.uint64(31)), np.uint64)


def fitted(pool: Pool, chosen: Sequence[int]) -> Fit:
    """The mixture of these components, 0 among them, with the shares of greatest likelihood.

    EM with squared extrapolation (Varadhan and Roland, 2008): plain EM needs hundreds of steps to empty a component
    whose density is close to another's, as rows pasted from anywhere are to a copy.
    """
    picked = np.array(sorted({0, *chosen}), np.int64)
    which, at = pool.part(picked)
    row, density, weight = pool.rows[at], pool.density[at], pool.weight[pool.rows[at]]

    def given(shares: Floats) -> Floats:
        return np.asarray(np.bincount(row, shares[which] * density, len(pool.weight)), np.float64)

    def step(shares: Floats, mixed: Floats) -> Floats:
        return _shares(shares * np.bincount(which, weight * density / mixed[row], len(picked)) / pool.total)

    shares = _shares(_start(pool, which, row, density, len(picked)))
    mixed = given(shares)
    value = dot(pool.weight, np.log(mixed))
    for _ in range(STEPS if len(picked) > 1 else 0):
        once = step(shares, mixed)
        twice = step(once, given(once))
        change, bend = once - shares, twice - 2 * once + shares
        length = -max(1.0, float(np.sqrt(dot(change, change) / max(dot(bend, bend), 1e-300))))
        tried = _shares(np.maximum(shares - 2 * length * change + length**2 * bend, 0.0))
        options = [(each, given(each)) for each in (tried, twice)]
        values = [dot(pool.weight, np.log(each)) for _, each in options]
        better = int(values[1] > values[0])
        gained = values[better] - value
        if gained > 0:
            (shares, mixed), value = options[better], values[better]
        if gained < TOLERANCE:
            break
    return Fit(tuple(picked.tolist()), shares, mixed, value - float(pool.price[picked].sum()))


def _start(pool: Pool, which: Ints, row: Ints, density: Floats, count: int) -> Floats:
    """Each row to the component that gives it the greatest density; some of each component all the same."""
    order = np.lexsort((density, row))
    last = np.append(np.flatnonzero(np.diff(row[order])), len(order) - 1)
    first = np.bincount(which[order[last]], pool.weight[row[order[last]]], count) / pool.total
    return first + 1e-3


def _shares(shares: Floats) -> Floats:
    shares = shares / shares.sum()
    shares[0] = max(float(shares[0]), LEAST)
    return np.asarray(shares / shares.sum())


def gains(pool: Pool, density: Floats, chosen: Ints) -> Floats:
    """By how much each component, added alone, raises the value of a mixture: a lower bound, price taken off."""
    if not len(chosen):
        return np.zeros(0)
    which, at = pool.part(chosen)
    weight = pool.weight[pool.rows[at]]
    ratio = pool.density[at] / density[pool.rows[at]]
    inside = np.bincount(which, weight, len(chosen))
    total = pool.total
    share = np.clip(0.9 * inside / total, 1e-9, 0.99)
    for _ in range(8):
        mixed = share[which] * ratio
        share = np.bincount(which, weight * mixed / (1 - share[which] + mixed), len(chosen)) / total
        share = np.clip(share, 1e-9, 1 - LEAST)
    value = np.bincount(which, weight * np.log(1 - share[which] + share[which] * ratio), len(chosen))
    return np.asarray(value + (total - inside) * np.log1p(-share) - pool.price[chosen])


def best(pool: Pool, allowed: Sequence[int], start: Sequence[int]) -> Fit:
    """The best mixture found from `start` with components of `allowed` alone (those of `start` included)."""
    usable = np.array(sorted({*allowed, *start} - {0}), np.int64)
    fit = fitted(pool, start)
    for _ in range(MOVES):
        for move in (_added, _deleted, _swapped):
            better = move(pool, usable, fit)
            if better is not None:
                fit = better
                break
        else:
            return fit
    return fit


def _added(pool: Pool, usable: Ints, fit: Fit) -> Fit | None:
    rest = usable[~np.isin(usable, fit.chosen)]
    gain = gains(pool, fit.density, rest)
    order = np.argsort(-gain, kind="stable")
    order = order[gain[order] > TOLERANCE]
    if not len(order):
        return None
    taken = np.zeros(len(pool.weight), bool)
    more: list[int] = []
    for component in rest[order[: 8 * AT_ONCE]].tolist():
        rows = pool.rows[pool.bounds[component] : pool.bounds[component + 1]]
        if len(more) < AT_ONCE and not taken[rows].any():
            taken[rows] = True
            more.append(component)
    several = fitted(pool, (*fit.chosen, *more))
    return several if several.value > fit.value + TOLERANCE else None


def _deleted(pool: Pool, usable: Ints, fit: Fit) -> Fit | None:
    """Without the components that are worth least: all that surely are not worth their price, else the best of a few.

    What a component is worth is at most what is lost when the others stay as they are.
    """
    chosen = np.array(fit.chosen, np.int64)
    which, at = pool.part(chosen)
    row = pool.rows[at]
    part = np.minimum(fit.shares[which] * pool.density[at] / fit.density[row], 1 - 1e-12)
    worth = -np.bincount(which, pool.weight[row] * np.log1p(-part), len(chosen)) + pool.total * np.log1p(
        -np.minimum(fit.shares, 1 - 1e-12)
    )
    free = np.isin(chosen, usable)
    useless = free & (worth < pool.price[chosen])
    if useless.any():
        less = fitted(pool, chosen[~useless].tolist())
        if less.value > fit.value + TOLERANCE:
            return less
    found = None
    for place in np.argsort(np.where(free, worth - pool.price[chosen], np.inf), kind="stable")[:TRIED].tolist():
        if free[place]:
            less = fitted(pool, [each for each in fit.chosen if each != chosen[place]])
            if less.value > (found or fit).value + TOLERANCE:
                found = less
    return found


def _swapped(pool: Pool, usable: Ints, fit: Fit) -> Fit | None:
    found = None
    rest = usable[~np.isin(usable, fit.chosen)]
    if not len(rest):
        return None
    heavy = sorted(fit.chosen, key=lambda each: -fit.share(each))[: TRIED + 1]
    for component in heavy:
        if component == 0 or component not in usable:
            continue
        less = fitted(pool, [each for each in fit.chosen if each != component])
        gain = gains(pool, less.density, rest)
        if less.value + float(gain.max()) > (found or fit).value + TOLERANCE:
            other = fitted(pool, (*less.chosen, int(rest[int(np.argmax(gain))])))
            if other.value > (found or fit).value + TOLERANCE:
                found = other
    return found
