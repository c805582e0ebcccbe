"""Cold starts for `bench.attribution`: nothing of ours was running, and the history is three monthly backups.

What a register held is known from the backups alone, as `kulla register reconstruct` puts it together: a version stood
at some time between the last backup before it that lacks it and the first after it that lacks it again; one that came
and went between two backups is in no history, and a leaked row of it counts as altered. The log is the database's own:
no line of it was ever sealed, and nothing is calibrated.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from bench.attribution_scenes import HOUR, Country, Scene, unlogged
from kulla.leaks.attribute import Population
from kulla.leaks.attribute.population import population
from kulla.leaks.attribute.readlog import NEVER
from kulla.leaks.calibrate.nulls import DAY
from kulla.leaks.intervals import FOREVER, Intervals, from_rows
from kulla.leaks.world import COPIED, STALE, World
from kulla.registers.manifest import Copy
from kulla.registers.reconstruct import runs

APART = 30 * DAY


def from_backup(home: Country, draw: np.random.Generator) -> Scene:
    """A leak of one of three backups, whole or a part that makes sense."""
    scene = unlogged("", home, draw, "backup")
    at = int(draw.integers(3)) if scene.taken[0] - 2 * APART > home.world.horizon[0] else 0
    times = tuple(scene.taken[0] + (step - at) * APART for step in range(3))
    return replace(cold(scene, home, "cold start, three backups: one of them", times), copy=f"backup-{at + 1}")


def from_reads_before(scene: Scene, home: Country, name: str, draw: np.random.Generator) -> Scene:
    """A scene of reads, begun after the first backup, at most a fortnight after the last, whose moments are drawn."""
    first = scene.taken[0] - int(draw.uniform(0, 2 * APART + 15 * DAY))
    first = max(first, home.world.horizon[0] + 2 * DAY) // DAY * DAY - HOUR
    return cold(scene, home, name, tuple(first + step * APART for step in range(3)))


def cold(scene: Scene, home: Country, name: str, times: tuple[int, ...]) -> Scene:
    """A scene with what a cold start knows of it: copies of these moments, microseconds, and lines never sealed."""
    standing, seen, horizon = reconstructed(home.world, home.grouped[0], times)
    leak, group = scene.leak, home.grouped[0]
    copied = np.flatnonzero((leak.how == COPIED) | (leak.how == STALE))
    own = standing.take(group[leak.version[copied]])
    intervals = from_rows(copied[own.row], own.first, own.last, len(leak.record))
    copies = tuple(
        Copy(f"backup-{place}", "backup", frozen_at=datetime.fromtimestamp(moment / 1e6, UTC))
        for place, moment in enumerate(times, 1)
    )
    log = scene.logged.log
    bare = replace(scene.logged, log=replace(log, sealed=np.full_like(log.sealed, NEVER)))
    return replace(
        scene, name=name, leak=replace(leak, intervals=intervals), logged=bare, copies=copies, population=seen,
        horizon=horizon, sights=times,
    )  # fmt: skip


def reconstructed(
    world: World, group: np.ndarray, times: tuple[int, ...]
) -> tuple[Intervals, Population, tuple[int, int]]:  # fmt: skip
    """When each group of `world.groups` stood as far as copies tell, then the population and the horizon known so.

    What is in no copy has no interval. The horizon is as an imprint's index has it: from the earliest beginning, 1970
    for what the first copy holds, to the last change that is known.
    """
    masks = np.zeros(int(group.max()) + 1, np.int64)
    owner = np.zeros(len(masks), np.uint32)
    owner[group] = world.record
    for place, moment in enumerate(times):
        masks[np.unique(group[world.rows_at(moment)])] |= 1 << place
    parts = []
    for mask in np.unique(masks[masks > 0]).tolist():
        chosen = np.flatnonzero(masks == mask)
        for run in runs(mask, times, 0):
            ends = FOREVER if run.before is None else run.before
            parts.append((chosen, np.full(len(chosen), run.least), np.full(len(chosen), ends)))
    rows, first, last = (np.concatenate(each).astype(np.int64) for each in zip(*parts, strict=True))
    order = np.lexsort((first, owner[rows]))
    known = population(owner[rows][order], first[order], last[order])
    horizon = (int(first.min()), int(max(first.max(), last[last < FOREVER].max(initial=0))) + 1)
    return from_rows(rows, first, last, len(masks)), known, horizon
