"""Columns of one table that were taken at different times, as when phones of April are pasted beside pay of January."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from kulla.leaks.date.drops import LEAST
from kulla.leaks.date.profile import Floats, Ints, Profile
from kulla.leaks.date.window import bounds, dated
from kulla.leaks.intervals import Intervals


def column_sets(
    by_column: Mapping[str, Intervals], horizon: tuple[int, int], seen: int | None = None, earliest: int | None = None
) -> tuple[tuple[str, ...], ...]:  # fmt: skip
    """The columns in sets, each of which can have been taken at one time, in as few sets as that allows.

    Where they come out as several, a row's cells held together only if they did so at two times: each set must then be
    compared and dated by itself.

    Args:
        by_column: the register's column → when the cell of each row stood so; none for rows whose cell never did.
    Columns that tell nothing of the time are in the first set. The sets are joined pair by pair, the pair that loses
    least first, while it loses no more likelihood than two regions that reach each other would.
    """
    span = bounds(horizon, seen, earliest)
    if span[0] >= span[1]:
        return (tuple(by_column),)
    profiles = [dated(intervals, horizon, span).profile for intervals in by_column.values()]
    times = np.unique(np.concatenate([profile.edges[:-1] for profile in profiles]))
    sets: list[tuple[tuple[str, ...], Floats]] = [
        ((name,), _at(profile, times)) for name, profile in zip(by_column, profiles, strict=True)
    ]
    while len(sets) > 1:
        pairs = [(_loss(sets[a][1], sets[b][1]), a, b) for b in range(len(sets)) for a in range(b)]
        lost, a, b = min(pairs)
        if lost > 2 * LEAST:
            break
        sets[a] = (sets[a][0] + sets[b][0], sets[a][1] + sets[b][1])
        del sets[b]
    place = {name: at for at, name in enumerate(by_column)}
    return tuple(sorted((tuple(sorted(names, key=place.__getitem__)) for names, _ in sets), key=lambda s: place[s[0]]))


def _at(profile: Profile, times: Ints) -> Floats:
    """The heights at the given moments."""
    return np.asarray(profile.heights[np.searchsorted(profile.edges[:-1], times, "right") - 1])


def _loss(one: Floats, other: Floats) -> float:
    """How much less likely both are at their best common moment than each at its own."""
    return float(one.max() + other.max() - (one + other).max())
