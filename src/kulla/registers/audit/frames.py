"""Where CSV records and their cells lie in a stretch of bytes, and which of them are beyond doubt.

A record is beyond doubt when every quote in it opens a cell, closes one or is doubled inside one: then each reading of
CSV, lenient or strict, finds the same cells. Source: RFC 4180.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kulla.registers.audit.lines import Offsets

Mask = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]

QUOTE, COMMA, LF, CR = 34, 44, 10, 13


def _among(*values: int) -> Mask:
    table = np.zeros(256, np.bool_)
    table[list(values)] = True
    return table


_BEFORE = _among(QUOTE, COMMA, LF)
_AFTER = _among(QUOTE, COMMA, LF, CR)


@dataclass(frozen=True, slots=True)
class Frames:
    """The whole records of a stretch.

    Attributes:
        starts: offset of each record.
        stops: offset behind its LF.
        cells: how many cells each has.
        commas: offsets of all commas between cells.
        first: for each record, which of `commas` is its first (or would be).
        sound: whether it is beyond doubt.
        lines: offset behind each LF, those inside quotes too.
    """

    starts: Offsets
    stops: Offsets
    cells: Offsets
    commas: Offsets
    first: Offsets
    sound: Mask
    lines: Offsets

    def __len__(self) -> int:
        return len(self.starts)


def frames(data: bytes | memoryview) -> Frames:
    """The records of `data`, which must start where one starts. A record ends at the first LF before which its quotes
    close; what follows the last such LF is in no record."""
    found = np.frombuffer(data, np.uint8)
    marks = np.flatnonzero((found == QUOTE) | (found == COMMA) | (found == LF) | (found == CR))
    kinds = found[marks]
    quoted = kinds == QUOTE
    outside = np.bitwise_xor.accumulate(quoted.view(np.uint8)) == 0  # 4 × faster than a sum's parity
    stops = marks[(kinds == LF) & outside] + 1
    starts = np.concatenate((np.zeros(min(1, len(stops)), np.int64), stops[:-1]))
    commas = marks[(kinds == COMMA) & outside]
    first = np.searchsorted(commas, starts)
    cells = np.searchsorted(commas, stops) - first + 1
    sound = np.ones(len(stops), np.bool_)
    for doubtful in (_quotes(found, marks[quoted]), _returns(found, marks[(kinds == CR) & outside])):
        at = np.searchsorted(stops, doubtful, side="right")
        sound[at[at < len(stops)]] = False
    return Frames(starts, stops, cells, commas, first, sound, marks[kinds == LF] + 1)


def _quotes(found: Bytes, quotes: Offsets) -> Offsets:
    """Quotes that neither open nor close a cell nor are doubled. They open and close by turns."""
    opening, closing = quotes[0::2], quotes[1::2]
    opens = (opening == 0) | _BEFORE[found[np.maximum(opening - 1, 0)]]
    closes = (closing + 1 < len(found)) & _AFTER[found[np.minimum(closing + 1, len(found) - 1)]]
    return np.concatenate((opening[~opens], closing[~closes]))


def _returns(found: Bytes, returns: Offsets) -> Offsets:
    """Carriage returns outside quotes that are no part of a line end."""
    after = np.minimum(returns + 1, len(found) - 1)
    return np.asarray(returns[(found[after] != LF) | (returns + 1 >= len(found))])
