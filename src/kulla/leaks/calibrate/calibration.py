"""Calibration as a plain value: margins by kind and size of a piece, what they were made from, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from kulla.errors import InputError
from kulla.leaks.attribute.judge import FLOOR
from kulla.leaks.candidate import Margin

FORMAT: Final = 1
EDGES: Final = (100, 400, 1_600, 6_400, 25_600, 102_400)
"""Sizes of pieces in exact rows at which another cell begins; the last cell has no upper bound in the register's."""
STALE: Final = timedelta(days=120)
"""Age after which a calibration no longer counts, whatever its inputs."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Null runs of one kind and size.

    kind: `instant` or `crawl`; least, most: exact rows, [least, most); runs: how many; named: in how many an innocent
    account would have been named without a margin above the floor; greatest: the highest score among them; nats: the
    margin; tail: how it came about (`floor`, `exponential`).
    """

    kind: str
    least: int
    most: int
    runs: int
    named: int
    greatest: float
    nats: float
    tail: str


@dataclass(frozen=True, slots=True)
class Calibration:
    """What calibrating a register's log gave.

    Attributes:
        register, columns: of what; a piece of other columns needs another.
        inputs_sha256: of the reads and the imprint it was made from; made: ISO date; seed: of the null runs.
        level: the share of null runs in which an innocent account may be named; clock, prior_unlogged: parameters.
    """

    register: str
    columns: tuple[str, ...]
    inputs_sha256: str
    made: str
    seed: int
    level: float
    clock: float
    prior_unlogged: float
    cells: tuple[Cell, ...]
    format: int = FORMAT

    def plain(self) -> dict[str, Any]:
        """The value as JSON has it."""
        return asdict(self)


def cells_near(kind: str, rows: int, slack: int) -> frozenset[tuple[str, int]]:
    """The cells, (kind, least rows), of pieces of a kind with about so many rows, give or take `slack`."""
    wanted = "crawl" if kind == "crawl" else "instant"
    ends = zip(EDGES, (*EDGES[1:], 1 << 40), strict=True)
    return frozenset((wanted, least) for least, most in ends if least <= rows + slack and rows - slack < most)


def read_calibration(plain: Mapping[str, Any], place: str) -> Calibration:
    """The calibration of a JSON object. Raises InputError naming `place` when it is none of this format."""
    if plain.get("format") != FORMAT:
        raise InputError(f"{place}: no calibration of format {FORMAT}; run kulla leak calibrate again")
    try:
        cells = tuple(Cell(**each) for each in plain["cells"])
        rest = {name: value for name, value in plain.items() if name not in ("cells", "columns")}
        return Calibration(**rest, columns=tuple(plain["columns"]), cells=cells)
    except (KeyError, TypeError) as error:
        raise InputError(f"{place}: the calibration is damaged; run kulla leak calibrate again") from error


def margin_for(
    calibration: Calibration | None, size: int, kind: str, inputs_sha256: str, now: datetime | None = None
) -> Margin:  # fmt: skip
    """The margin for a piece; invalid, with the reason, when the calibration does not speak of it.

    size: the piece's exact rows. kind: `instant`, `crawl` or `frozen`; frozen counts as instant. now: a date for the
    age to be judged by; None: it is not.
    """
    if calibration is None:
        return Margin(False, 0.0, 0, "", "the register was never calibrated: run kulla leak calibrate")
    known = calibration.inputs_sha256
    if known != inputs_sha256:
        return Margin(False, 0.0, 0, known, "reads or history have changed since: run kulla leak calibrate again")
    if now is not None and now - datetime.fromisoformat(calibration.made).replace(tzinfo=now.tzinfo) > STALE:
        return Margin(False, 0.0, 0, known, f"the calibration is older than {STALE.days} days")
    wanted = "crawl" if kind == "crawl" else "instant"
    for cell in calibration.cells:
        if cell.kind == wanted and cell.least <= size < cell.most:
            return Margin(True, max(cell.nats, FLOOR), cell.runs, known)
    return Margin(False, 0.0, 0, known, f"no calibration for a piece of {size} rows")
