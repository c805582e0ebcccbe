"""The pieces of a table, dated with what the manifest tells of the register."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from kulla.leaks.attribute.copies import micros
from kulla.leaks.date import Bounds, Drops, mixture
from kulla.leaks.dated import Mixture
from kulla.leaks.desk.request import Compared
from kulla.registers.manifest import Manifest

SECOND: Final = 1_000_000

ONE_ROW: Final = 7.0
"""Nats by which a region is widened away from the owner's site: about what one row adds to the likelihood of a moment,
ln((1 − ε) / (ε·q)) with 5 % of rows stale and intervals of a fiftieth of the history. So one row more or less moves no
boundary by its own. For the same reason the drop does not depend on how many rows are contradicted there."""


def pieces_of(compared: Compared, manifest: Manifest, drops: Drops, seen: datetime | None, away: bool) -> Mixture:
    """Of how many pieces a table is, and when each was taken.

    away: whether this is not the register's own site, where one row may decide no boundary.
    """
    limits = Bounds(
        frozen=tuple(micros(copy.frozen_at) for copy in manifest.copies if copy.frozen_at),
        clock=round(manifest.clock_uncertainty * SECOND),
        period=next((c.name for c in manifest.columns if c.meaning == "period"), ""),
    )
    if away:
        drops = replace(drops, nats=tuple((max(row) + ONE_ROW,) * len(row) for row in drops.nats))
    return mixture(
        compared.matched, compared.table, drops, micros(seen) if seen else None, compared.file, limits=limits
    )
