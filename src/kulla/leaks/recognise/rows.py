"""Rows with a record key: what is true of each, from its cells against every version of its record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kulla.leaks.intervals import Intervals, from_rows
from kulla.leaks.matched import ALTERED, CERTAIN, EXACT, INVENTED, NOBODY, PROBABLE, UNCOMPARED
from kulla.leaks.recognise.hashing import Hasher, same
from kulla.leaks.recognise.register import Ints, Mask, Register
from kulla.leaks.recognise.sheet import Tokens
from kulla.leaks.recognise.versions import Pairs, paired
from kulla.registers.imprintformat import CELL
from kulla.registers.records import Numbers
from kulla.registers.tokens import Blocks, gather

TELLING: Final = 0.05
"""Cells tell that a row is about its record when a row of another's values would agree in them less often than this."""

_LOOK: Final = 20_000

Bits = npt.NDArray[np.uint64]
"""Which columns, one bit each."""


@dataclass(frozen=True, slots=True)
class Cells:
    """A mapped column, row by row: the hashes that a version must have to agree, where the leak has a value.

    hashed: the imprint's column. chance: how often another's value agrees.
    """

    hashed: str
    expected: Blocks
    some: Mask
    chance: float


@dataclass(slots=True)
class Judged:
    """What was found of rows; arrays as in `matched.Matched`. telling: chance that another's row agrees as well."""

    verdict: npt.NDArray[np.uint8]
    surety: npt.NDArray[np.uint8]
    altered: npt.NDArray[np.int16]
    telling: npt.NDArray[np.float64]
    intervals: Intervals


def cells_of(hasher: Hasher, records: Tokens, column: str, values: Tokens, chance: float) -> Cells:
    """The cells that rows' records would have in a column, had they the leaked values."""
    expected = hasher.cells(column, records.rows(), values.rows())
    return Cells(CELL + column, expected, ~values.missing, chance)


def judged(register: Register, record: Numbers, columns: Sequence[Cells]) -> Judged:
    """The verdict of each row whose record is known (not 0); others are UNCOMPARED, without surety.

    A version agrees wholly when it has all cells that the row has; then the row is EXACT, at the times of all such
    versions. Else the versions with most cells in common are looked at. When two or more cells differ there, and those
    that agree would do so by chance in more than `TELLING` of rows, the data is INVENTED; else the row is ALTERED, in
    the one cell that differs in all of them, or in several.
    """
    count = len(record)
    bits = [np.uint64(1 << place) for place in range(len(columns))]
    has = np.zeros(count, np.uint64)
    for bit, column in zip(bits, columns, strict=True):
        has[column.some] |= bit
    linked = np.flatnonzero((record != 0) & (has != 0))
    found = Judged(
        np.full(count, UNCOMPARED, np.uint8), np.full(count, NOBODY, np.uint8), np.full(count, -1, np.int16),
        np.ones(count), from_rows(*(np.empty(0, np.int64),) * 3, count),
    )  # fmt: skip
    found.surety[record != 0] = PROBABLE
    rows, versions = _wholly(register, linked, record[linked], columns)
    found.intervals = from_rows(rows, *register.times(versions), count)
    held = np.zeros(count, bool)
    held[rows] = True
    exact = np.flatnonzero(held)
    found.verdict[exact], found.telling[exact] = EXACT, _chance(has[exact], columns)
    found.surety[exact] = np.where(found.telling[exact] <= TELLING, CERTAIN, PROBABLE)
    rest = linked[found.verdict[linked] != EXACT]
    for pairs in paired(register, rest, record[rest]):
        _settle(found, pairs, _agreements(register, pairs, columns, bits), has[pairs.rows], columns)
    return found


def _wholly(register: Register, rows: Ints, record: Numbers, columns: Sequence[Cells]) -> tuple[Ints, Ints]:
    """(row, version) where all cells that the row has hold."""
    found: list[tuple[Ints, Ints]] = [(np.empty(0, np.int64),) * 2]
    order: list[Cells] = []
    for pairs in paired(register, rows, record):
        order = order or _seldom_first(register, pairs, columns)
        alive = np.arange(len(pairs.row))
        for column in order:
            # A month's payroll agrees in the month with one version of 27: the other columns are compared there only.
            alive = alive[_agrees(register, pairs, alive, column)]
        found.append((pairs.rows[pairs.row[alive]], pairs.versions[pairs.version[alive]]))
    return np.concatenate([each[0] for each in found]), np.concatenate([each[1] for each in found])


def _seldom_first(register: Register, pairs: Pairs, columns: Sequence[Cells]) -> list[Cells]:
    """The columns, first those in which few versions of the own record agree, by a look at some pairs."""
    some = np.arange(min(len(pairs.row), _LOOK))
    return sorted(columns, key=lambda column: int(_agrees(register, pairs, some, column).sum()))


def _agrees(register: Register, pairs: Pairs, which: Ints, column: Cells) -> Mask:
    """Of some pairs whether the row's cell, if it has one, is the version's."""
    rows, version = pairs.rows[pairs.row[which]], pairs.version[which]
    needed = np.zeros(len(pairs.versions), bool)
    needed[version] = True
    cells, missing = register.hashes(column.hashed, pairs.versions[needed])
    place = (np.cumsum(needed) - 1)[version]
    hit = same(gather(column.expected, rows), gather(cells, place))
    return np.asarray((hit & ~missing[place]) | ~column.some[rows])


def _agreements(register: Register, pairs: Pairs, columns: Sequence[Cells], bits: list[np.uint64]) -> Bits:
    """Of each pair of row and version the columns in which they agree, as bits."""
    agree = np.zeros(len(pairs.row), np.uint64)
    rows = pairs.rows[pairs.row]
    for bit, column in zip(bits, columns, strict=True):
        cells, missing = register.hashes(column.hashed, pairs.versions)
        hit = same(gather(column.expected, rows), gather(cells, pairs.version))
        hit &= column.some[rows] & ~missing[pairs.version]
        agree[hit] |= bit
    return agree


def _settle(found: Judged, pairs: Pairs, agree: Bits, has: Bits, columns: Sequence[Cells]) -> None:
    """Write the verdicts of rows that never stood so."""
    rows = pairs.rows
    number = np.bitwise_count(agree)
    most = np.maximum.reduceat(number, pairs.starts)
    best = number == most[pairs.row]
    chance = np.where(best, _chance(agree, columns), 1.0)
    telling = np.minimum.reduceat(chance, pairs.starts)
    differing = np.bitwise_count(has) - most
    invented = (differing >= 2) & (telling > TELLING)
    found.verdict[rows] = np.where(invented, INVENTED, ALTERED)
    found.surety[rows] = np.where(invented, NOBODY, np.where(telling <= TELLING, CERTAIN, PROBABLE))
    found.telling[rows] = telling
    # The one cell that differs in all of the best versions: what is common to their differences, if that is one cell.
    missing = has[pairs.row] & ~agree
    anywhere = np.bitwise_or.reduceat(np.where(best, missing, np.uint64(0)), pairs.starts)
    one = ~invented & (differing == 1) & (np.bitwise_count(anywhere) == 1)
    place = np.log2(np.where(one, anywhere, 1).astype(np.float64)).astype(np.int16)
    found.altered[rows] = np.where(one, place, -1)


def _chance(agree: Bits, columns: Sequence[Cells]) -> npt.NDArray[np.float64]:
    """How often another's row would agree in the same columns, taken as independent."""
    chance = np.ones(len(agree))
    for bit, column in enumerate(columns):
        chance[(agree >> np.uint64(bit)) & np.uint64(1) == 1] *= max(column.chance, 1e-6)
    return chance
