"""When a piece of a leak was taken: values that dating gives and that attribution, report and calibration use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Span = tuple[int, int]
"""[first, last) in microseconds, UTC; last may be `intervals.FOREVER`."""


@dataclass(frozen=True, slots=True)
class Window:
    """The window of extraction: where the likelihood is within `drop` of its greatest.

    Attributes:
        spans: the region, ascending and disjoint; possibly several.
        best: the plateau of the greatest likelihood.
        level: the stated coverage, 0.95; drop: by how many nats below the greatest the region reaches.
        calibrated: whether `drop` comes from this register's own history, else from the table shipped with Kulla.
        epsilon: the share of exact rows that did not stand so at the best time (stale, or of another time).
        rows: exact rows that the likelihood rests on; contradicted: those not standing at the best time.
        open_end: nothing in the file bounds it upwards ("not before").
        curve: (moment, nats below the greatest) at most a few hundred points, for the plot.
    """

    spans: tuple[Span, ...]
    best: Span
    level: float
    drop: float
    calibrated: bool
    epsilon: float
    rows: int
    contradicted: int
    open_end: bool
    curve: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a leak taken at one time from one register, or over one crawl.

    Attributes:
        register: whose rows it has; table: place of the table among the leak's.
        rows: places of its rows in the table, ascending.
        columns: the register's columns that it holds.
        kind: `instant`, `crawl` (times rise along the file), `frozen` (a source that stopped following the register).
        window: when; of a crawl: of its beginning and end together.
        trajectory: of a crawl: (place in the file, moment) along it.
        reference: the periods the data is about (first, last), as the register writes them; None when it has none.
    """

    register: str
    table: int
    rows: npt.NDArray[np.int64]
    columns: tuple[str, ...]
    kind: Literal["instant", "crawl", "frozen"]
    window: Window
    trajectory: tuple[tuple[int, int], ...] = ()
    reference: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Mixture:
    """How many pieces, and why. bic: of each number of pieces that was tried, from 1; the least was taken."""

    pieces: tuple[Piece, ...]
    bic: tuple[float, ...]
