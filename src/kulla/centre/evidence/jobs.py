"""What the worker does for evidence by itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from kulla.centre.evidence import upkeep
from kulla.centre.folder import Centre


def _heads(centre: Centre) -> None:
    upkeep.anchor([centre.state, *map(Path, centre.told.anchors)])


def _disposals(centre: Centre) -> None:
    upkeep.finish_disposals()
    upkeep.sweep_exports()


JOBS: Final[tuple[tuple[str, float, Callable[[Centre], None]], ...]] = (
    ("heads of custody", 3600.0, _heads),
    ("disposals", 900.0, _disposals),
)
"""Name, seconds between two runs, what is run with all zones open."""
