"""Calibration of a register: made from its imprint and its reads, kept as calibration.json, looked up by each trace.

One file holds a calibration of naming and of dating for each set of columns that was asked for: leaks with other
columns have other intervals, so a piece needs one of its own columns.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

import numpy as np
import orjson

from kulla.errors import InputError, UsageError
from kulla.leaks.attribute import index
from kulla.leaks.attribute.judge import FLOOR
from kulla.leaks.calibrate import Calibration, calibrate, margin_for, read_calibration
from kulla.leaks.candidate import Margin
from kulla.leaks.date import Drops, calibrate_drops, read_drops, shipped_drops, stock
from kulla.leaks.dated import Piece
from kulla.leaks.desk.centrefolder import CentreRegister
from kulla.leaks.desk.imprintindex import RegisterIndex, open_index
from kulla.leaks.desk.readlog import readlog, reads_sha256
from kulla.leaks.desk.site import Site, imprint_sha256
from kulla.leaks.desk.spreading import spread
from kulla.leaks.world import World
from kulla.registers.desk.recordmap import replaced
from kulla.registers.imprintformat import CELL

Cells = Collection[tuple[str, int]] | None
FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Kept:
    """A calibration file: naming and dating by set of columns."""

    naming: tuple[Calibration, ...] = ()
    dating: tuple[tuple[tuple[str, ...], str, Drops], ...] = ()

    def margin(self, piece: Piece, inputs: str, now: datetime) -> Margin:
        """What it says of naming for a piece."""
        for each in self.naming:
            if set(each.columns) == set(piece.columns):
                return margin_for(each, len(piece.rows), piece.kind, inputs, now)
        if not self.naming:
            return Margin(False, 0.0, 0, "", "no_calibration")
        return Margin(False, 0.0, 0, "", "other_columns")

    def drops(self, columns: Sequence[str], inputs: str) -> Drops:
        """How far windows reach for these columns: this register's own, if it was measured, else the shipped ones."""
        for names, made_from, drops in self.dating:
            if set(names) == set(columns) and made_from == inputs:
                return drops
        return shipped_drops()


@dataclass(frozen=True, slots=True)
class Raised(Kept):
    """The same, for a trace away from the register's own site: what must be ahead must be so by more.

    more: nats, by piece (`Discretion.stake`). Every margin is valid, so that no few rows decide an outcome that names
    nobody either; `desk.tracing` puts back the true one.
    """

    more: Callable[[Piece], float] = field(kw_only=True)

    def margin(self, piece: Piece, inputs: str, now: datetime) -> Margin:
        """What it says of naming for a piece, with what is put upon it."""
        found = Kept.margin(self, piece, inputs, now)
        return replace(found, valid=True, nats=max(found.nats, FLOOR) + self.more(piece))


def inputs_sha256(register: CentreRegister) -> str:
    """What a calibration is made from: one hash over imprint and reads."""
    text = f"{imprint_sha256(register)}\n{reads_sha256(register.reads)}\n"
    return hashlib.sha256(text.encode()).hexdigest()


def read_kept(register: CentreRegister) -> Kept:
    """A register's calibration file; empty when there is none. Raises InputError, ConfigError when it is damaged."""
    path = register.calibration
    if not path.exists():
        return Kept()
    try:
        told: dict[str, Any] = orjson.loads(path.read_bytes())
        if told["format"] != FORMAT:
            raise InputError(f"{path}: of format {told['format']}; run kulla leak calibrate again")
        naming = tuple(read_calibration(each, str(path)) for each in told["naming"])
        dating = tuple(
            (tuple(each["columns"]), str(each["inputs"]), read_drops(orjson.dumps(each["drops"]), str(path)))
            for each in told["dating"]
        )
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise InputError(f"{path}: damaged ({type(error).__name__}); run kulla leak calibrate again") from None
    return Kept(naming, dating)


def calibrated(
    site: Site, name: str, wanted: Mapping[tuple[str, ...], Cells], runs: int, seed: int, now: datetime, prior: float,
    stage: Callable[[str], None], workers: int = 1,
) -> Kept:  # fmt: skip
    """Calibrate a register for these sets of columns, and keep what was found.

    wanted: for each set of columns the cells, (kind, least rows), that are needed; None: all. workers: cores.
    Other columns' calibrations, and other cells of the same columns, are kept while they were made from the same reads
    and imprint (cells: with the same seed and parameters too).
    Raises InputError when there are no reads, UsageError for a column that is not in the imprint.
    """
    register = site.register(name)
    stage("imprint")
    imprint = open_index(register.imprint, site.centre_key())
    for column in {column for columns in wanted for column in columns} - set(imprint.info.columns):
        raise UsageError(f"register {name}: column {column} is not in its imprint")
    stage("reads")
    log = readlog(register.reads)
    if not len(log):
        raise InputError(f"register {name}: no reads here; without a read log there is nothing to calibrate naming on")
    known, inputs = index(log, register.pooled()), inputs_sha256(register)
    clock = site.manifest(name).clock_uncertainty
    world = world_of(imprint, sorted({column for columns in wanted for column in columns}))
    naming, dating = [], []
    before = read_kept(register)
    for columns, cells in wanted.items():
        stage(f"naming {', '.join(columns)}")
        made = calibrate(
            known, world, columns, runs=runs, seed=seed, inputs_sha256=inputs, made=now.isoformat(), register=name,
            clock=clock, prior_unlogged=prior, cells=cells, spread=spread(workers),
        )  # fmt: skip
        naming.append(_with_cells_of(before, made))
        stage(f"dating {', '.join(columns)}")
        dating.append((columns, inputs, calibrate_drops(stock(world, columns), seed=seed)))
    sets = {frozenset(columns) for columns in wanted}
    naming += [c for c in before.naming if c.inputs_sha256 == inputs and frozenset(c.columns) not in sets]
    dating += [d for d in before.dating if d[1] == inputs and frozenset(d[0]) not in sets]
    kept = Kept(tuple(naming), tuple(dating))
    _write(register, kept)
    return kept


def world_of(imprint: RegisterIndex, columns: Sequence[str]) -> World:
    """An imprint's versions as arrays: equal cells of a record are equal words."""
    versions = np.arange(imprint.versions)
    first, last = imprint.times(versions)
    start, stop = imprint.stretch(np.arange(1, imprint.highest + 1, dtype=np.uint32))
    record = np.repeat(np.arange(1, imprint.highest + 1, dtype=np.uint32), stop - start)
    cells = {}
    for name in columns:
        hashes, missing = imprint.hashes(CELL + name, versions)
        cells[name] = np.where(missing, 0, np.ascontiguousarray(hashes).view(np.uint64).reshape(-1, 2)[:, 0])
    return World(record, first, last, cells, imprint.records, imprint.horizon)


def _with_cells_of(before: Kept, made: Calibration) -> Calibration:
    """A calibration with the cells that an earlier one of the same inputs and parameters has besides."""
    for each in before.naming:
        if replace(each, cells=(), made=made.made, columns=made.columns) == replace(made, cells=()) and set(
            each.columns
        ) == set(made.columns):
            fresh = {(cell.kind, cell.least) for cell in made.cells}
            both = [*made.cells, *(cell for cell in each.cells if (cell.kind, cell.least) not in fresh)]
            order = sorted(both, key=lambda cell: (cell.kind != "instant", cell.least))
            return replace(made, cells=tuple(order), made=min(made.made, each.made))
    return made


def _write(register: CentreRegister, kept: Kept) -> None:
    plain = {
        "format": FORMAT,
        "naming": [each.plain() for each in kept.naming],
        "dating": [{"columns": c, "inputs": inputs, "drops": drops.plain()} for c, inputs, drops in kept.dating],
    }
    with replaced(register.calibration) as waiting:
        waiting.write_bytes(
            orjson.dumps(plain, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY)
        )
