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
from kulla.leaks.attribute.target import Target, dot

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

    def part(self, chosen: Ints) -> tuple[Ints, Ints, Floats]:
        """Of some components, ascending: (which of them, row, density), one component after the other."""
        which = np.repeat(np.arange(len(chosen)), self.bounds[chosen + 1] - self.bounds[chosen])
        # Mostly all but a few: copied by the stretch, not number by number.
        cuts = np.flatnonzero(np.diff(chosen) != 1) + 1
        first, last = chosen[np.append(0, cuts)], chosen[np.append(cuts - 1, len(chosen) - 1)]
        ends = list(zip(self.bounds[first].tolist(), self.bounds[last + 1].tolist(), strict=True))
        rows, density = (np.concatenate([each[a:b] for a, b in ends]) for each in (self.rows, self.density))
        return which, rows, density


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
        word[rows] += _mixed(np.atleast_1d(np.asarray(density, np.float64)).view(np.uint64), at)
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
    which, row, density = pool.part(picked)
    mass = pool.weight[row] * density

    def given(shares: Floats) -> Floats:
        return np.asarray(np.bincount(row, shares[which] * density, len(pool.weight)), np.float64)

    def step(shares: Floats, mixed: Floats) -> Floats:
        return _shares(shares * np.bincount(which, mass / mixed[row], len(picked)) / pool.total)

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
    """Each row to the component that gives it the greatest density, the last of equals; some of each all the same."""
    most, owner = np.zeros(len(pool.weight)), np.zeros(len(pool.weight), np.int64)
    ends = np.searchsorted(which, np.arange(count + 1))
    for component, (low, high) in enumerate(zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)):
        better = np.flatnonzero(density[low:high] >= most[row[low:high]])
        rows = row[low:high][better]
        most[rows], owner[rows] = density[low:high][better], component
    return np.bincount(owner, pool.weight, count) / pool.total + 1e-3


def _shares(shares: Floats) -> Floats:
    shares = shares / shares.sum()
    shares[0] = max(float(shares[0]), LEAST)
    return np.asarray(shares / shares.sum())


def gains(pool: Pool, density: Floats, chosen: Ints, least: float = -np.inf) -> Floats:
    """By how much each component, added alone, raises the value of a mixture: a lower bound, price taken off.

    chosen: ascending. Components that surely gain less than `least` get -inf: most fall by one look at the mean of
    their densities against the mixture's, which is a tenth of the work.
    """
    if not len(chosen):
        return np.zeros(0)
    which, row, given = pool.part(chosen)
    weight, ratio = pool.weight[row], given / density[row]
    inside, sums = (np.bincount(which, each, len(chosen)).astype(np.float64) for each in (weight, weight * ratio))
    found = np.full(len(chosen), -np.inf)
    hopeful = _most(inside, sums, pool.total) - pool.price[chosen] >= least
    if hopeful.all():
        return _gains(which, weight, ratio, inside, pool.total) - pool.price[chosen]
    kept = np.repeat(hopeful, pool.bounds[chosen + 1] - pool.bounds[chosen])
    which = (np.cumsum(hopeful) - 1)[which[kept]]
    found[hopeful] = _gains(which, weight[kept], ratio[kept], inside[hopeful], pool.total)
    return found - pool.price[chosen]


def _most(inside: Floats, sums: Floats, total: float) -> Floats:
    """A bound of what components can gain: as if all their rows had the mean of the ratios (Jensen's inequality).

    inside: their rows' weight; sums: of weight times ratio. A component with a share of s is worth, per unit of weight,
    log(1 - s + s · mean) inside and log(1 - s) outside; the best s has a closed form.
    """
    part, mean = inside / total, sums / np.maximum(inside, 1e-300)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.clip(np.where(mean > 1, (part * mean - 1) / (mean - 1), 0.0), 0.0, 1.0)
        value = inside * np.log1p(share * (mean - 1))
        value += np.where(total > inside, (total - inside) * np.log1p(-share), 0.0)
    return np.asarray(np.maximum(value, 0.0) * (1 + 1e-9) + 1e-9)


def _gains(which: Ints, weight: Floats, ratio: Floats, inside: Floats, total: float) -> Floats:
    """What each component gains at its best share, found by some steps of EM. which: ascending."""
    share = np.clip(0.9 * inside / total, 1e-9, 0.99)
    for _ in range(8):
        mixed = share[which] * ratio
        share = np.bincount(which, weight * mixed / (1 - share[which] + mixed), len(inside)) / total
        share = np.clip(share, 1e-9, 1 - LEAST)
    value = np.bincount(which, weight * np.log(1 - share[which] + share[which] * ratio), len(inside))
    return np.asarray(value + (total - inside) * np.log1p(-share))


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
    gain = gains(pool, fit.density, rest, TOLERANCE)
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
    which, row, density = pool.part(chosen)
    part = np.minimum(fit.shares[which] * density / fit.density[row], 1 - 1e-12)
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
        wanted = (found or fit).value + TOLERANCE
        gain = gains(pool, less.density, rest, wanted - less.value)
        if less.value + float(gain.max()) > wanted:
            other = fitted(pool, (*less.chosen, int(rest[int(np.argmax(gain))])))
            if other.value > (found or fit).value + TOLERANCE:
                found = other
    return found
