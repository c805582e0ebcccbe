"""`kulla leak calibrate`: how far an innocent account's score can rise, by kind and size of a piece."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from kulla.leaks.attribute.attribute import UNLOGGED, strength
from kulla.leaks.attribute.index import Index
from kulla.leaks.attribute.judge import FLOOR
from kulla.leaks.calibrate.calibration import EDGES, Calibration, Cell
from kulla.leaks.calibrate.nulls import SHAPES, chosen, moments, orders, standing
from kulla.leaks.dated import Piece, Window
from kulla.leaks.world import Drawn, Noise, World, drawn

Floats = npt.NDArray[np.float64]

Spread = Callable[[Callable[[int], float], int], list[float]]
"""Calls a function with 0, 1, … many - 1; answers in that order."""
LEVEL: Final = 1e-3
"""Share of null runs in which an innocent account may be named."""
SURE: Final = 0.95
"""How sure the bound of the tail is, for the number of runs there were."""
DAYS: Final = {"instant": (0.0,), "crawl": (1.0, 3.0, 20.0, 60.0)}


def calibrate(
    known: Index, world: World, columns: Sequence[str], *, runs: int, seed: int, inputs_sha256: str, made: str,
    register: str = "", clock: float = 1.0, prior_unlogged: float = UNLOGGED, level: float = LEVEL,
    cells: Collection[tuple[str, int]] | None = None, spread: Spread | None = None,
) -> Calibration:  # fmt: skip
    """Run null leaks against a log and take the margin that an innocent account's score stays below.

    Args:
        known: the log's index. world: of the same register, from its imprint or history.
        columns: those that pieces have. runs: null leaks for each kind and size.
        inputs_sha256: of reads and imprint; made: ISO date. clock, prior_unlogged: as attribution will have them.
        cells: (kind, least rows) of those to make; None: all. Each is the same whichever others are made.
        spread: how turns are done, one after the other by default; each has its own draw, so it changes no result.

    A cell is left out when the register has not as many records.
    """
    nulls = _Nulls(known, world, tuple(columns), clock, prior_unlogged)
    made_of = []
    for place, kind in enumerate(DAYS):
        for least, most in zip(EDGES, (*EDGES[1:], 1 << 40), strict=True):
            if least <= nulls.records and (cells is None or (kind, least) in cells):
                turn = partial(nulls.turn, kind, (least, most), (seed, place, least))
                scores = (spread or _in_turn)(turn, runs)
                made_of.append(_cell(kind, least, most, np.array(scores), level))
    return Calibration(
        register, tuple(columns), inputs_sha256, made, seed, level, clock, prior_unlogged, tuple(made_of)
    )  # fmt: skip


def _in_turn(task: Callable[[int], float], many: int) -> list[float]:
    return [task(turn) for turn in range(many)]


class _Nulls:
    """Null leaks of one register and set of columns, and the scores they get."""

    def __init__(self, known: Index, world: World, columns: tuple[str, ...], clock: float, prior: float) -> None:
        self._known, self._world, self._columns, self._clock, self._prior = known, world, columns, clock, prior
        self._standing, self._grouped = standing(world), world.groups(columns)
        self._orders, self._register = orders(self._standing), self._standing.population()

    @property
    def records(self) -> int:
        """How many records the register ever had."""
        return len(self._standing.records)

    def turn(self, kind: str, sizes: tuple[int, int], seeds: tuple[int, ...], turn: int) -> float:
        """The strength with which some account would be named for a null leak of a kind, of [least, most) rows."""
        leak = self._leak(sizes, kind, np.random.default_rng([*seeds, turn]))
        nowhere = Window((), (0, 1), 0.95, 0.0, False, 0.0, len(leak.record), 0, False)
        told: Literal["crawl", "instant"] = "crawl" if kind == "crawl" else "instant"
        piece = Piece("", 0, np.arange(len(leak.record)), self._columns, told, nowhere)
        return strength(
            piece, leak.record, leak.intervals, self._known, register=self._register, horizon=self._world.horizon,
            clock=self._clock, prior_unlogged=self._prior, seed=turn,
        )  # fmt: skip

    def _leak(self, sizes: tuple[int, int], kind: str, draw: np.random.Generator) -> Drawn:
        """A null leak: half of them clean, half with rows altered, invented and of other times."""
        world, records, known = self._world, self._standing.records, self._known
        span = known.spans[0][0], min(known.spans[-1][1], world.horizon[1])
        most = min(sizes[1], len(records) + 1)
        size = int(np.exp(draw.uniform(np.log(sizes[0]), np.log(most))))
        part = chosen(known, records, SHAPES[int(draw.integers(len(SHAPES)))], size, draw, self._orders)
        times = moments(len(part), span, float(draw.choice(DAYS[kind])), draw)
        noise = Noise()
        if draw.random() < 0.5:
            old = tuple(int(each) for each in draw.integers(world.horizon[0], span[1], 3))
            noise = Noise(0.3 * draw.random(), 0.05 * draw.random(), 0.2 * draw.random(), old)
        return drawn(world, self._grouped, self._standing.at(part.astype(np.uint32), times), noise, draw)


def _cell(kind: str, least: int, most: int, scores: Floats, level: float) -> Cell:
    nats, tail = bounded(scores, level)
    named = scores > 0
    return Cell(
        kind, least, most, len(scores), int(named.sum()), float(scores.max(initial=0.0)), nats, tail
    )  # fmt: skip


def bounded(scores: Floats, level: float) -> tuple[float, str]:
    """A bound that scores of null runs exceed in at most `level` of runs, and how it came about.

    Scores are 0 where nobody would be named, else above FLOOR. Peaks over that threshold are taken to fall off
    exponentially, as Markov's inequality makes likelihood ratios do at least; both the share of runs above it and the
    mean excess are put at their upper 95 % bounds for the number of runs there were. Where nobody would have been
    named, the floor stands, for which Markov's inequality vouches alone.
    """
    excess = scores[scores > 0] - FLOOR
    if not len(excess):
        return FLOOR, "floor"
    count = len(excess)
    share = min(1.0, _upper(count, len(scores)))
    mean = float(excess.mean()) * (1 + 1.645 / np.sqrt(count)) + 1.0
    fitted = FLOOR + mean * float(np.log(max(share / level, 1.0)))
    return max(fitted, float(scores.max()) + 1.0), "exponential"


def _upper(hits: int, trials: int) -> float:
    """The upper 95 % bound of a share, by Wilson's score: Clopper and Pearson's needs a library we do without."""
    share, z = hits / trials, 1.645
    middle = share + z * z / (2 * trials)
    spread = z * float(np.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials)))
    return (middle + spread) / (1 + z * z / trials)
