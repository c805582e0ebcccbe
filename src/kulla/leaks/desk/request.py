"""What a trace is asked, and the answer with what else it makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from kulla.leaks.dated import Piece
from kulla.leaks.leads import Seen
from kulla.leaks.leaktable import LeakTable
from kulla.leaks.matched import Matched
from kulla.leaks.trace import Trace

Stage = Callable[[str], None]
"""Told the name of each stage as it begins."""


class Looked(Protocol):
    """How other logs are looked through for leads: hits of our rules, and kinds of leads for which there is any log."""

    def __call__(self) -> tuple[Sequence[Seen], frozenset[str]]:
        """Look."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked.

    Attributes:
        files: the leak; several files are one leak.
        case, purpose, actor, second: as they stand in the log of runs; second is not actor.
        source, handed_by, legal_basis, received: of the files, as the case officer states them (ISO/IEC 27037).
        seen: earliest sighting of the leak, if known: nothing was taken after it.
        registers: only these; empty: all that have a key.
        protected: names of the sealed lists that it is compared with.
        marks: what the owner's `kulla extract identify --json` said of the file, by register.
        prior_unlogged: the weight of an unlogged copy beside logged reads; see docs/trace.md.
        seed: of everything drawn at random.
        now: the time of the run. as_of: the time at which the age of a calibration is judged, for a re-run; None: now.
    """

    files: tuple[Path, ...]
    case: str
    purpose: str
    actor: str
    second: str
    now: datetime
    source: str = ""
    handed_by: str = ""
    legal_basis: str = ""
    received: datetime | None = None
    seen: datetime | None = None
    registers: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    marks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    prior_unlogged: float = 0.5
    seed: int = 1
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """A table as it was taken in, before rows were left out of it at a centre.

    Whether a row is left out may hang on one cell, so whatever goes by the place of a row goes by its place here: else
    it would move all rows after it.

    Attributes:
        place: for each row that is left its place among all, from 0; rows: how many there were.
        blocks: of all rows, see `LeakTable.blocks`; parts: places at which another part begins (see `date.seams`).
        highest: the register's highest record number.
    """

    place: npt.NDArray[np.int64]
    rows: int
    blocks: npt.NDArray[np.int32]
    parts: tuple[int, ...]
    highest: int

    def part(self, place: int) -> tuple[int, int]:
        """Where the part around a place begins and ends."""
        edges = [0, *self.parts, self.rows]
        at = int(np.searchsorted(edges, place, "right"))
        return edges[at - 1], edges[at]


@dataclass(frozen=True, slots=True)
class Compared:
    """A table against a register: places of file and table, and what was found.

    rows: of the table as it was taken in, where it was thinned (see `desk.thinning`); None where it was not. place: of
    the table by its file's hash, never by a name, which whoever hands it over may choose anew. taken: the table as it
    was taken in, at a centre.
    """

    file: int
    table: LeakTable
    matched: Matched
    rows: int | None = None
    place: str = ""
    taken: Taken | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """A trace and what it was made from, for what else is asked of it. Personal: never leaves the process.

    files: the leaked files in the trace's order; compared: tables that are from a register; pieces: place in `compared`
    of each piece of the trace, with the piece;
    commitments: register and epoch → commitment to the owner's key that was used (see `evidence.commitment`).
    """

    trace: Trace
    compared: tuple[Compared, ...]
    pieces: tuple[tuple[int, Piece], ...]
    files: tuple[Path, ...] = ()
    commitments: tuple[tuple[str, str], ...] = ()
