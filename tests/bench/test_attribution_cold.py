"""What three backups tell of a register, against the reconstruction that ships."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from bench.attribution_cold import reconstructed
from kulla.leaks.intervals import FOREVER, from_rows
from kulla.leaks.world import World
from kulla.registers.reconstruct import no_dates, presence, versions
from kulla.registers.schema import VALID_FROM, VALID_TO


def world_of(draw: np.random.Generator) -> World:
    """Up to five versions of each of 60 records one after the other, some with a break, within times 0 to 100."""
    rows = []
    for record in range(1, 61):
        ends = np.sort(draw.choice(np.arange(1, 100), int(draw.integers(2, 7)), replace=False)).tolist()
        for first, last in pairwise(ends):
            if draw.random() < 0.85:
                rows.append((record, first, last if last < max(ends) or draw.random() < 0.5 else FOREVER))
    numbers, begun, ended = (np.array(each) for each in zip(*rows, strict=True))
    cells = {name: draw.integers(0, 3, len(rows)).astype(np.uint64) for name in ("leaked", "other")}
    return World(numbers.astype(np.uint32), begun, ended, cells, 60, (0, 100))


@pytest.mark.parametrize("seed", range(6))
def test_intervals_are_those_of_the_reconstruction_from_the_same_copies(seed: int) -> None:
    world, times = world_of(np.random.default_rng(seed)), (25, 50, 75)
    group, _ = world.groups(["leaked"])
    copies = [world.rows_at(moment) for moment in times]
    words = [np.stack([world.record[at].astype(np.uint64), world.cells["leaked"][at] * 8 + world.cells["other"][at]], 1)
             for at in copies]  # fmt: skip
    made = [versions(pa.table({"group": group[at]}), masks, no_dates(len(at)), times, 0)[0]
            for at, masks in zip(copies, presence(words), strict=True)]  # fmt: skip
    whole = pa.concat_tables(made)
    ended = whole[VALID_TO].cast(pa.int64()).fill_null(FOREVER).to_numpy()
    began = whole[VALID_FROM].cast(pa.int64()).to_numpy()
    wanted = from_rows(whole["group"].to_numpy(), began, ended, int(group.max()) + 1)
    found, register, horizon = reconstructed(world, group, times)
    assert found.offsets.tolist() == wanted.offsets.tolist()
    assert (found.first.tolist(), found.last.tolist()) == (wanted.first.tolist(), wanted.last.tolist())
    assert 0 < len(found.first) < len(group)
    assert horizon == (0, 76)
    assert register.ever == len(np.unique(np.concatenate([world.record[at] for at in copies])))
