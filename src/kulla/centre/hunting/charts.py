"""Bars as SVG: where each stands, and where it leads. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

WIDTH: Final = 900
HEIGHT: Final = 110
_LEAST: Final = 1.5
"""A bar of few events stays visible."""
_WIDEST: Final = 60
"""A chart of one day is a bar, not a wall."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar in a chart of `WIDTH` by `HEIGHT`; `since` and `until` are its time."""

    x: float
    y: float
    width: float
    height: float
    count: int
    since: datetime
    until: datetime
    address: str = ""


def bars(edges: Sequence[datetime], counts: Sequence[int], addresses: Sequence[str] = ()) -> list[Bar]:
    """The bars of a histogram that are not empty, the highest as high as the chart.

    >>> from datetime import UTC
    >>> day = [datetime(2026, 3, each, tzinfo=UTC) for each in (1, 2, 3)]
    >>> [(bar.x, bar.height) for bar in bars(day, [2, 4])]
    [(0.0, 55.0), (450.0, 110.0)]
    """
    most = max(counts, default=0)
    step = WIDTH / max(1, len(counts))
    found = []
    for number, count in enumerate(counts):
        if count:
            height = max(_LEAST, HEIGHT * count / most)
            address = addresses[number] if addresses else ""
            width = min(_WIDEST, max(1.0, step - 1))
            place = (round(number * step, 2), round(HEIGHT - height, 2), round(width, 2), round(height, 2))
            found.append(Bar(*place, count, edges[number], edges[number + 1], address))
    return found
