"""What recognising a leaked table against one register gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from kulla.leaks.intervals import Intervals

EXACT, ALTERED, INVENTED, NO_PERSON, AMBIGUOUS, DECOY, UNCOMPARED = range(7)
VERDICTS: Final = ("exact", "altered", "invented_data", "no_such_person", "ambiguous", "decoy", "uncompared")
"""Of a row: its cells held together at some time; a real record but a cell never so; a real id but nothing else fits;
no such person; several records fit equally; an invented person of a marked extract; too few cells to say."""

CERTAIN, PROBABLE, UNSURE, NOBODY = range(4)
SURETIES: Final = ("certain", "probable", "ambiguous", "none")
"""How sure it is that a row is about its record. Certain: the id and at least one more cell, or so many
quasi-identifiers at once that another person's coincidence is expected in less than 1 of 100,000 rows."""


@dataclass(frozen=True, slots=True)
class ColumnMatch:
    """A leaked column recognised as a register's.

    Attributes:
        column: place of the leaked column, from 0; several columns that together are one value (given and family
            name): the first, with the others in `joined`.
        register_column: the register's name for it.
        hits: share of compared values that are the linked record's at some time.
        chance: share expected by chance, from values permuted among the rows.
        margin: hits less those of the second-best register column.
        compared: how many rows were compared.
    """

    column: int
    register_column: str
    hits: float
    chance: float
    margin: float
    compared: int
    joined: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Matched:
    """A leaked table against one register; arrays have one item for each row of the table.

    Attributes:
        columns: the mapping, best first; empty when the table is not from this register.
        linked_by: `record` when rows were found by the record key, `blocks` by quasi-identifiers, `none`.
        record: record_no, 0 where none or ambiguous.
        verdict: one of VERDICTS' numbers; surety: one of SURETIES' numbers.
        intervals: when all mapped cells held together; none for rows that are not EXACT.
        altered: for ALTERED rows the place in `columns` of the one cell that never held, -1 otherwise or for several.
        records: how many records the register has; horizon: [first, last) of its history in microseconds.
    """

    register: str
    columns: tuple[ColumnMatch, ...]
    linked_by: Literal["record", "blocks", "none"]
    record: npt.NDArray[np.uint32]
    verdict: npt.NDArray[np.uint8]
    surety: npt.NDArray[np.uint8]
    intervals: Intervals
    altered: npt.NDArray[np.int16]
    records: int
    horizon: tuple[int, int]
