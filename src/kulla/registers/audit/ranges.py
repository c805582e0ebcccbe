"""Which numbered lines of which sessions a log holds: by it a line that is missing can be told from one that is no
access."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa

from kulla.registers.schema import LABEL, TIME

RANGES: Final = pa.schema([
    pa.field("session", LABEL),
    pa.field("line_num_from", pa.int64()),
    pa.field("line_num_to", pa.int64()),
    pa.field("time_from", TIME),
    pa.field("time_to", TIME),
])  # fmt: skip
"""Runs of consecutive line numbers of a session; a session with a gap has several."""


def ranges(lines: pa.Table) -> pa.Table:
    """The runs of consecutive line numbers in records (any table with session, line_num and time)."""
    some = lines.select(["session", "line_num", "time"])
    session = some.column("session").combine_chunks()
    number = some.column("line_num").combine_chunks()
    known = np.flatnonzero(session.is_valid().to_numpy(zero_copy_only=False) & number.is_valid().to_numpy(False))
    if not len(known):
        return RANGES.empty_table()
    code = session.indices.fill_null(0).to_numpy(zero_copy_only=False)[known].astype(np.int64)
    line = number.fill_null(0).to_numpy(zero_copy_only=False)[known]
    order = np.lexsort((line, code))
    code, line, at = code[order], line[order], known[order]
    breaks = np.flatnonzero((code[1:] != code[:-1]) | (line[1:] - line[:-1] > 1)) + 1
    starts = np.concatenate((np.zeros(1, np.int64), breaks))
    stops = np.concatenate((breaks, np.array([len(code)]))) - 1
    time = some.column("time").combine_chunks()
    return pa.table(
        {
            "session": session.take(pa.array(at[starts])),
            "line_num_from": line[starts],
            "line_num_to": line[stops],
            "time_from": time.take(pa.array(at[starts])),
            "time_to": time.take(pa.array(at[stops])),
        }
    ).cast(RANGES)


def joined(parts: pa.Table) -> pa.Table:
    """Ranges of several stretches as one table, those that touch joined."""
    if not len(parts):
        return parts
    session = parts.column("session").combine_chunks()
    code = session.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    first, last = (parts.column(name).to_numpy() for name in ("line_num_from", "line_num_to"))
    order = np.lexsort((first, code))
    code, first, last = code[order], first[order], last[order]
    breaks = np.flatnonzero((code[1:] != code[:-1]) | (first[1:] - last[:-1] > 1)) + 1
    starts = np.concatenate((np.zeros(1, np.int64), breaks))
    stops = np.concatenate((breaks, np.array([len(code)]))) - 1
    taken = parts.take(pa.array(order))
    return pa.table(
        {
            "session": taken.column("session").take(pa.array(starts)),
            "line_num_from": first[starts],
            "line_num_to": np.maximum.reduceat(last, starts),
            "time_from": taken.column("time_from").take(pa.array(starts)),
            "time_to": taken.column("time_to").take(pa.array(stops)),
        }
    ).cast(RANGES)
