"""What the worker does across zones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kulla.centre.crossing import actions
from kulla.centre.folder import Centre


def _compare(_centre: Centre) -> None:
    actions.compare()


JOBS: Final[tuple[tuple[str, float, Callable[[Centre], None]], ...]] = (("hits across zones", 900.0, _compare),)
"""Name, seconds between two runs, what is run with all zones open."""
